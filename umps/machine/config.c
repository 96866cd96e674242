/* SPDX-License-Identifier: LGPL-2.1-or-later */
/*
 * Machine files (section 15): JSON to struct umps_config and back.
 *
 * Numbers out of range are clamped and unknown keys ignored, as existing files expect; a value of
 * the wrong type is an error that names its field.
 */
#include <errno.h>
#include <stdlib.h>
#include <unistd.h>

#include <jansson.h>

#include "umps/machine/machine.h"

#define MAX_CONFIG_BYTES (1 << 20)

static const char *class_name(const struct umps_config *c, int line)
{
	static const char *const names[UMPS_N_LINES] = {"disk", NULL, "eth", "printer", "terminal"};

	return names[line] ? names[line] : variant_of(c->machine)->block_device->name;
}

struct reader {
	const char *path;
	struct umps_error *error;
};

struct umps_config *umps_config_new(void)
{
	struct umps_config *c = calloc(1, sizeof(*c));

	if (!c)
		return NULL;
	c->directory = strdup(".");
	c->processors = 1;
	c->clock_rate = 1;
	c->tlb_size = 16;
	c->ram_frames = 64;
	c->tlb_floor = 0xFFFFFFFF;
	c->load_core = true;
	c->core_file = strdup("kernel.core.umps");
	c->symbol_asid = UMPS_ASID_PHYS;
	if (c->directory && c->core_file)
		return c;
	umps_config_free(c);
	return NULL;
}

void umps_config_free(struct umps_config *c)
{
	if (!c)
		return;
	for (int line = 0; line < UMPS_N_LINES; line++)
		for (int i = 0; i < UMPS_N_DEVICES; i++)
			free(c->devices[line][i].file);
	free(c->directory);
	free(c->core_file);
	free(c->bootstrap_rom);
	free(c->execution_rom);
	free(c->symbol_file);
	free(c);
}

char *umps_config_path(const struct umps_config *c, const char *name)
{
	char *path;

	if (name[0] == '/')
		path = strdup(name);
	else if (asprintf(&path, "%s/%s", c->directory, name) < 0)
		path = NULL;
	return path;
}

/* ---- reading */

static int read_integer(const struct reader *r, json_t *object, const char *key, int min, int max,
			int *value)
{
	json_t *json = json_object_get(object, key);
	json_int_t n;

	if (!json)
		return 0;
	if (!json_is_integer(json))
		return fail(r->error, "%s: %s must be a whole number from %d to %d", r->path, key,
			    min, max);
	n = json_integer_value(json);
	*value = (int)(n < min ? min : n > max ? max : n);
	return 0;
}

static int read_string(const struct reader *r, json_t *object, const char *field, const char *key,
		       char **value)
{
	json_t *json = json_object_get(object, key);
	char *text;

	if (!json)
		return 0;
	if (!json_is_string(json))
		return fail(r->error, "%s: %s must be a string", r->path, field);
	text = strdup(json_string_value(json));
	if (!text)
		return fail(r->error, "%s: out of memory", r->path);
	free(*value);
	*value = text;
	return 0;
}

static int read_boolean(const struct reader *r, json_t *object, const char *field, const char *key,
			bool *value)
{
	json_t *json = json_object_get(object, key);

	if (!json)
		return 0;
	if (!json_is_boolean(json))
		return fail(r->error, "%s: %s must be true or false", r->path, field);
	*value = json_is_true(json);
	return 0;
}

static int read_floor(const struct reader *r, json_t *root, uint32_t *value)
{
	json_t *json = json_object_get(root, "tlb-floor-address");
	const char *text;
	char *end;
	unsigned long n;

	if (!json)
		return 0;
	text = json_is_string(json) ? json_string_value(json) : "";
	errno = 0;
	n = strtoul(text, &end, 16);
	if (end == text || *end || errno || n > UINT32_MAX)
		return fail(r->error,
			    "%s: tlb-floor-address must be hexadecimal text such as \"0x80000000\" "
			    "(\"0x00000000\": the "
			    "end of RAM)",
			    r->path);
	*value = (uint32_t)n;
	return 0;
}

/* An object whose listed keys must all be there when it is. */
static json_t *section(json_t *root, const char *key)
{
	json_t *json = json_object_get(root, key);

	return json && json_is_object(json) ? json : NULL;
}

static int require(const struct reader *r, json_t *object, const char *name, const char *key)
{
	if (json_object_get(object, key))
		return 0;
	return fail(r->error, "%s: %s has no \"%s\"", r->path, name, key);
}

static int read_boot(const struct reader *r, json_t *root, struct umps_config *c)
{
	json_t *boot = section(root, "boot");

	if (!boot)
		return json_object_get(root, "boot")
			       ? fail(r->error, "%s: boot must be an object", r->path)
			       : 0;
	if (require(r, boot, "boot", "load-core-file") < 0 ||
	    require(r, boot, "boot", "core-file") < 0 ||
	    read_boolean(r, boot, "boot.load-core-file", "load-core-file", &c->load_core) < 0 ||
	    read_string(r, boot, "boot.core-file", "core-file", &c->core_file) < 0)
		return -1;
	return 0;
}

static int read_symbols(const struct reader *r, json_t *root, struct umps_config *c)
{
	json_t *table = section(root, "symbol-table");

	if (!table)
		return json_object_get(root, "symbol-table")
			       ? fail(r->error, "%s: symbol-table must be an object", r->path)
			       : 0;
	if (require(r, table, "symbol-table", "file") < 0 ||
	    require(r, table, "symbol-table", "asid") < 0 ||
	    read_string(r, table, "symbol-table.file", "file", &c->symbol_file) < 0 ||
	    read_integer(r, table, "asid", 0, UMPS_ASID_PHYS, &c->symbol_asid) < 0)
		return -1;
	if (!*c->symbol_file)
		return fail(r->error,
			    "%s: symbol-table.file is empty; name a .stab.umps file or leave "
			    "symbol-table out",
			    r->path);
	return 0;
}

static void read_address(json_t *object, struct umps_device_config *d)
{
	const char *text = json_string_value(json_object_get(object, "address"));
	unsigned b[6];
	char rest;

	if (!text ||
	    sscanf(text, "%2x:%2x:%2x:%2x:%2x:%2x%c", &b[0], &b[1], &b[2], &b[3], &b[4], &b[5],
		   &rest) != 6 ||
	    (b[0] & 1))
		return;
	d->has_address = true;
	for (int i = 0; i < 6; i++)
		d->address[i] = (uint8_t)b[i];
}

static int read_device(const struct reader *r, json_t *devices, const char *key,
		       struct umps_device_config *d)
{
	json_t *object = json_object_get(devices, key);
	char field[64];

	if (!object)
		return 0;
	if (!json_is_object(object))
		return fail(r->error,
			    "%s: devices.%s must be an object with \"enabled\" and \"file\"",
			    r->path, key);
	snprintf(field, sizeof(field), "devices.%s.enabled", key);
	if (read_boolean(r, object, field, "enabled", &d->enabled) < 0)
		return -1;
	snprintf(field, sizeof(field), "devices.%s.file", key);
	if (read_string(r, object, field, "file", &d->file) < 0)
		return -1;
	read_address(object, d);
	return 0;
}

static int read_devices(const struct reader *r, json_t *root, struct umps_config *c)
{
	json_t *devices = section(root, "devices");
	char key[32];

	if (!devices)
		return json_object_get(root, "devices")
			       ? fail(r->error, "%s: devices must be an object", r->path)
			       : 0;
	for (int line = 0; line < UMPS_N_LINES; line++)
		for (int i = 0; i < UMPS_N_DEVICES; i++) {
			snprintf(key, sizeof(key), "%s%d", class_name(c, line), i);
			if (read_device(r, devices, key, &c->devices[line][i]) < 0)
				return -1;
		}
	return 0;
}

/* Masks of Random and Index need a power of two. */
static int power_of_two(int size)
{
	int power = 4;

	while (2 * power <= size)
		power *= 2;
	return power;
}

/*
 * Files of the family look alike, but kernels of one machine run wild on another: tell which it is.
 * NULL: nothing says so. *SIGN: what says so.
 */
static const char *machine_of(json_t *root, const char **sign)
{
	const char *const names[] = {
		json_string_value(json_object_get(root, "execution-rom")),
		json_string_value(json_object_get(root, "bootstrap-rom")),
		json_string_value(json_object_get(section(root, "boot"), "core-file")),
		json_string_value(json_object_get(section(root, "symbol-table"), "file"))};
	const char *key, *machine = json_string_value(json_object_get(root, "machine"));
	json_t *value;

	*sign = "its key \"machine\"";
	if (machine)
		return machine;
	*sign = "it has a TLB floor";
	if (json_object_get(root, "tlb-floor-address"))
		return "umps3";
	json_object_foreach (section(root, "devices"), key, value) {
		*sign = "it has a tape";
		if (!strncmp(key, "tape", 4) && json_is_true(json_object_get(value, "enabled")))
			return "umps2";
		*sign = "it has a flash device";
		if (!strncmp(key, "flash", 5) && json_is_true(json_object_get(value, "enabled")))
			return "umps3";
	}
	for (size_t i = 0; i < sizeof(names) / sizeof(names[0]); i++) {
		*sign = names[i];
		if (names[i] && strstr(names[i], "uriscv"))
			return "uRISCV";
		if (i < 2 && names[i] && strstr(names[i], "/umps2/"))
			return "umps2";
	}
	return NULL;
}

/* What the file says it is for must be a machine that there is, and the one asked for. */
static int read_machine(const struct reader *r, json_t *root, const enum umps_machine *asked,
			struct umps_config *c)
{
	const char *sign, *name = machine_of(root, &sign);

	if (asked)
		c->machine = *asked;
	if (!name)
		return 0;
	if (!umps_machine_from_name(name, &c->machine))
		return fail(r->error,
			    "%s is the file of a %s machine (%s); machines here are umps3 and "
			    "umps2",
			    r->path, name, sign);
	if (asked && *asked != c->machine)
		return fail(r->error, "%s is the file of a %s machine (%s), not of a %s machine",
			    r->path, name, sign, umps_machine_name(*asked));
	return 0;
}

static int read_all(const struct reader *r, json_t *root, const enum umps_machine *asked,
		    struct umps_config *c)
{
	if (!json_is_object(root))
		return fail(r->error, "%s: the file must hold one JSON object", r->path);
	if (read_machine(r, root, asked, c) < 0)
		return -1;
	if (read_integer(r, root, "num-processors", 1, UMPS_MAX_CPUS, &c->processors) < 0 ||
	    read_integer(r, root, "clock-rate", 1, 99, &c->clock_rate) < 0 ||
	    read_integer(r, root, "tlb-size", 4, UMPS_MAX_TLB, &c->tlb_size) < 0 ||
	    read_integer(r, root, "num-ram-frames", 8, 512, &c->ram_frames) < 0 ||
	    read_floor(r, root, &c->tlb_floor) < 0 || read_boot(r, root, c) < 0 ||
	    read_string(r, root, "bootstrap-rom", "bootstrap-rom", &c->bootstrap_rom) < 0 ||
	    read_string(r, root, "execution-rom", "execution-rom", &c->execution_rom) < 0 ||
	    read_symbols(r, root, c) < 0 || read_devices(r, root, c) < 0)
		return -1;
	c->tlb_size = power_of_two(c->tlb_size);
	if (c->bootstrap_rom && !*c->bootstrap_rom)
		return fail(r->error,
			    "%s: bootstrap-rom is empty; leave it out for the built-in one",
			    r->path);
	if (c->execution_rom && !*c->execution_rom)
		return fail(r->error,
			    "%s: execution-rom is empty; leave it out for the built-in one",
			    r->path);
	return 0;
}

/* Existing files may have a comma before a closing brace, which JSON does not allow: blank it. */
static void allow_trailing_commas(char *text, size_t length)
{
	char *comma = NULL;
	bool in_string = false;

	for (size_t i = 0; i < length; i++) {
		if (in_string) {
			if (text[i] == '\\')
				i++;
			else if (text[i] == '"')
				in_string = false;
			continue;
		}
		if (text[i] == ',') {
			comma = text + i;
			continue;
		}
		if (text[i] == '}' && comma)
			*comma = ' ';
		in_string = text[i] == '"';
		if (!strchr(" \t\r\n", text[i]))
			comma = NULL;
	}
}

static char *directory_of(const char *path)
{
	const char *slash = strrchr(path, '/');
	char *real, *directory = slash ? strndup(path, slash == path ? 1 : (size_t)(slash - path))
				       : strdup(".");

	if (!directory)
		return NULL;
	real = realpath(directory, NULL);
	if (!real)
		return directory;
	free(directory);
	return real;
}

/* The first uMPS had a file of parameters, one a line. */
static bool is_umps1(const char *text)
{
	static const char *const names[] = {"COREFILE=", "RAMPAGESIZE=", "PROCSPEED=", "TLBSIZE="};
	int found = 0;

	for (size_t i = 0; i < sizeof(names) / sizeof(names[0]); i++)
		found += strstr(text, names[i]) != NULL;
	return found >= 2;
}

struct umps_config *umps_config_read(const char *path, struct umps_error *error)
{
	return umps_config_read_for(path, NULL, error);
}

struct umps_config *umps_config_read_for(const char *path, const enum umps_machine *machine,
					 struct umps_error *error)
{
	struct reader r = {path, error};
	struct umps_config *c;
	json_error_t where;
	json_t *root;
	bool umps1;
	size_t length;
	char *text = (char *)file_read(path, MAX_CONFIG_BYTES, &length, error);

	if (!text)
		return NULL;
	allow_trailing_commas(text, length);
	root = json_loadb(text, length, 0, &where);
	umps1 = !root && is_umps1(text);
	free(text);
	if (umps1) {
		fail(error,
		     "%s is the file of a uMPS 1 machine (NAME=value lines); its kernel runs on "
		     "umps2, with a machine file for that",
		     path);
		return NULL;
	}
	if (!root) {
		fail(error, "%s: line %d, column %d: %s", path, where.line, where.column,
		     where.text);
		return NULL;
	}
	c = umps_config_new();
	if (c) {
		free(c->directory);
		c->directory = directory_of(path);
	}
	if (!c || !c->directory) {
		fail(error, "%s: out of memory", path);
		umps_config_free(c);
		c = NULL;
	} else if (read_all(&r, root, machine, c) < 0) {
		umps_config_free(c);
		c = NULL;
	}
	json_decref(root);
	return c;
}

/* ---- writing */

/* Both NULL if there is no memory, or a text is not UTF-8. */
static json_t *device_json(const struct umps_device_config *d)
{
	char address[20];

	if (!d->has_address)
		return json_pack("{s:b, s:s}", "enabled", d->enabled, "file",
				 d->file ? d->file : "");
	snprintf(address, sizeof(address), "%02x:%02x:%02x:%02x:%02x:%02x", d->address[0],
		 d->address[1], d->address[2], d->address[3], d->address[4], d->address[5]);
	return json_pack("{s:b, s:s, s:s}", "enabled", d->enabled, "file", d->file ? d->file : "",
			 "address", address);
}

static json_t *devices_json(const struct umps_config *c)
{
	json_t *devices = json_object();
	char key[32];
	int bad = 0;

	for (int line = 0; line < UMPS_N_LINES; line++)
		for (int i = 0; i < UMPS_N_DEVICES; i++) {
			snprintf(key, sizeof(key), "%s%d", class_name(c, line), i);
			if (c->devices[line][i].file)
				bad |= json_object_set_new(devices, key,
							   device_json(&c->devices[line][i]));
		}
	if (!bad)
		return devices;
	json_decref(devices);
	return NULL;
}

static json_t *config_json(const struct umps_config *c)
{
	char floor[16];
	json_t *root;
	int bad = 0;

	snprintf(floor, sizeof(floor), "0x%08X", c->tlb_floor);
	root = json_pack("{s:i, s:i, s:i, s:i, s:{s:b, s:s}}", "num-processors", c->processors,
			 "clock-rate", c->clock_rate, "tlb-size", c->tlb_size, "num-ram-frames",
			 c->ram_frames, "boot", "load-core-file", c->load_core, "core-file",
			 c->core_file);
	if (variant_of(c->machine)->has_floor)
		bad |= json_object_set_new(root, "tlb-floor-address", json_string(floor));
	else
		bad |= json_object_set_new(root, "machine",
					   json_string(umps_machine_name(c->machine)));
	if (c->bootstrap_rom)
		bad |= json_object_set_new(root, "bootstrap-rom", json_string(c->bootstrap_rom));
	if (c->execution_rom)
		bad |= json_object_set_new(root, "execution-rom", json_string(c->execution_rom));
	if (c->symbol_file)
		bad |= json_object_set_new(
			root, "symbol-table",
			json_pack("{s:s, s:i}", "file", c->symbol_file, "asid", c->symbol_asid));
	bad |= json_object_set_new(root, "devices", devices_json(c));
	if (!bad)
		return root;
	json_decref(root);
	return NULL;
}

int umps_config_write(const struct umps_config *c, const char *path, struct umps_error *error)
{
	json_t *root = config_json(c);
	char *temporary = NULL;
	int result = 0;

	if (!root || asprintf(&temporary, "%s.new", path) < 0) {
		json_decref(root);
		return fail(error,
			    "cannot write the machine file %s: out of memory, or a name in it is "
			    "not UTF-8",
			    path);
	}
	if (json_dump_file(root, temporary, JSON_INDENT(4) | JSON_SORT_KEYS) < 0 ||
	    rename(temporary, path) < 0) {
		result = fail(error, "cannot write the machine file %s: %s", path, strerror(errno));
		unlink(temporary);
	}
	free(temporary);
	json_decref(root);
	return result;
}
