/* SPDX-License-Identifier: LGPL-2.1-or-later */
/*
 * Power on and off: a configuration becomes a machine.
 */
#include <stdlib.h>
#include <unistd.h>

#include "umps/machine/machine.h"

/* By line; that of line 4 differs between the machines. */
static const struct device_kind *const kinds[UMPS_N_LINES] = {&disk_kind, NULL, &network_kind,
							      &printer_kind, &terminal_kind};

static bool copy(const char *text, char **to)
{
	*to = text ? strdup(text) : NULL;
	return !text || *to;
}

static struct umps_config *config_copy(const struct umps_config *from)
{
	struct umps_config *c = malloc(sizeof(*c));
	bool good = true;

	if (!c)
		return NULL;
	*c = *from;
	good &= copy(from->directory, &c->directory);
	good &= copy(from->core_file, &c->core_file);
	good &= copy(from->bootstrap_rom, &c->bootstrap_rom);
	good &= copy(from->execution_rom, &c->execution_rom);
	good &= copy(from->symbol_file, &c->symbol_file);
	for (int line = 0; line < UMPS_N_LINES; line++)
		for (int i = 0; i < UMPS_N_DEVICES; i++)
			good &= copy(from->devices[line][i].file, &c->devices[line][i].file);
	if (good)
		return c;
	umps_config_free(c);
	return NULL;
}

/*
 * Machine files that somebody else wrote often name files by their place in his home. What is not
 * there is taken from beside the machine file, if it is found there, and so are files that will be
 * CREATED in a folder that does not exist.
 */
char *machine_path(struct umps *m, const char *name, bool created)
{
	const char *base = strrchr(name, '/');
	char *beside, *folder;
	bool take;

	if (name[0] != '/' || !access(name, F_OK))
		return umps_config_path(m->config, name);
	beside = umps_config_path(m->config, base + 1);
	folder = strndup(name, base == name ? 1 : (size_t)(base - name));
	take = beside && folder && base[1] &&
	       (!access(beside, F_OK) ||
		(created && m->variant->status_vm && access(folder, F_OK) < 0));
	free(folder);
	if (!take) {
		free(beside);
		return strdup(name);
	}
	machine_warn(m, "%s does not exist here: %s beside the machine file is used", name,
		     base + 1);
	return beside;
}

static int open_devices(struct umps *m, struct umps_error *error)
{
	for (int line = 0; line < UMPS_N_LINES; line++)
		for (int i = 0; i < UMPS_N_DEVICES; i++)
			if (device_open(m, &m->devices[line][i], &m->config->devices[line][i],
					error) < 0)
				return -1;
	return 0;
}

/*
 * A machine file that names no symbol table means the one that umps-elf2umps wrote beside the kernel,
 * if it is there. One that cannot be used is told, but does not keep the machine from running.
 */
static void load_symbols_beside(struct umps *m)
{
	static const char core[] = ".core.umps";
	const char *name = m->config->core_file;
	size_t length = strlen(name), stem = length - (sizeof(core) - 1);
	struct umps_error error;
	char *path, *table;

	if (!m->config->load_core || length < sizeof(core) || strcmp(name + stem, core))
		return;
	path = machine_path(m, name, false);
	stem = path ? strlen(path) - (sizeof(core) - 1) : 0;
	if (path && asprintf(&table, "%.*s.stab.umps", (int)stem, path) >= 0) {
		if (!access(table, F_OK) &&
		    symbols_load(&m->symbols, table, UMPS_ASID_PHYS, &error) < 0)
			machine_warn(m, "%s; the machine runs without symbols", error.text);
		free(table);
	}
	free(path);
}

static int load_files(struct umps *m, struct umps_error *error)
{
	char *path;
	int result;

	if (rom_load(m, error) < 0)
		return -1;
	if (m->config->load_core) {
		path = machine_path(m, m->config->core_file, false);
		result = path ? image_load_core(m, path, error) : fail(error, "out of memory");
		free(path);
		if (result < 0)
			return -1;
	}
	m->symbols.asid = m->config->symbol_asid;
	if (!m->config->symbol_file) {
		load_symbols_beside(m);
		return 0;
	}
	path = machine_path(m, m->config->symbol_file, false);
	result = path ? symbols_load(&m->symbols, path, m->config->symbol_asid, error)
		      : fail(error, "out of memory");
	free(path);
	return result;
}

/* Zeroed whole pages: engines rely on guest and host offsets within a page being equal. */
uint8_t *pages_alloc(size_t bytes)
{
	size_t size = (bytes + UMPS_PAGE - 1) / UMPS_PAGE * UMPS_PAGE;
	uint8_t *pages = aligned_alloc(UMPS_PAGE, size ? size : UMPS_PAGE);

	if (pages)
		memset(pages, 0, size);
	return pages;
}

static int make_memory(struct umps *m, struct umps_error *error)
{
	m->ram_size = (uint32_t)m->config->ram_frames * UMPS_PAGE;
	m->ram = pages_alloc(m->ram_size);
	m->bios_data = pages_alloc(UMPS_PAGE);
	m->code_pages = calloc(1, m->ram_size / UMPS_PAGE + 1);
	m->cpus = calloc((size_t)m->config->processors, sizeof(*m->cpus));
	if (!m->ram || !m->bios_data || !m->code_pages || !m->cpus)
		return fail(error, "out of memory for a machine with %d RAM frames",
			    m->config->ram_frames);
	return 0;
}

static void make_processors(struct umps *m)
{
	m->n_cpus = m->config->processors;
	for (int i = 0; i < m->n_cpus; i++) {
		struct cpu *cpu = &m->cpus[i];

		cpu->machine = m;
		cpu->number = (uint8_t)i;
		cpu->tpr = 15;
		cpu_reset(m, cpu, BOOT_ROM_BASE, 0);
		if (i > 0)
			cpu_halt(m, cpu);
	}
}

struct umps *umps_create(const struct umps_config *config, const struct umps_host *host,
			 struct umps_error *error)
{
	struct umps *m = calloc(1, sizeof(*m));

	if (!m) {
		fail(error, "out of memory");
		return NULL;
	}
	m->variant = variant_of(config->machine);
	m->config = config_copy(config);
	for (int line = 0; line < UMPS_N_LINES; line++)
		for (int i = 0; i < UMPS_N_DEVICES; i++)
			m->devices[line][i] =
				(struct device){.kind = line == UMPS_FLASH - UMPS_FIRST_LINE
								? m->variant->block_device
								: kinds[line],
						.line = (uint8_t)(UMPS_FIRST_LINE + line),
						.number = (uint8_t)i,
						.fd = -1,
						.routed_to = -1};
	if (!m->config) {
		fail(error, "out of memory");
		goto fail;
	}
	if (host)
		m->host = *host;
	m->tlb_size = (uint32_t)config->tlb_size;
	m->clock_rate = (uint32_t)config->clock_rate;
	m->interval_timer = 0xFFFFFFFF;
	m->interval_routed = -1;
	m->boot_pc = BOOT_ROM_BASE;
	if (!events_reserve(m, 1))
		fail(error, "out of memory");
	if (!m->events || make_memory(m, error) < 0)
		goto fail;
	m->tlb_floor = !m->variant->has_floor ? KUSEG_BASE
		       : config->tlb_floor    ? config->tlb_floor
					      : UMPS_RAM_BASE + m->ram_size;
	/* Files that are only read come first: nothing is truncated if one of them is bad. */
	if (load_files(m, error) < 0 || open_devices(m, error) < 0)
		goto fail;
	make_processors(m);
	timers_changed(m);
	return m;
fail:
	umps_destroy(m);
	return NULL;
}

void umps_destroy(struct umps *m)
{
	if (!m)
		return;
	record_free(m);
	translator_free(m->translator);
	for (int line = 0; line < UMPS_N_LINES; line++)
		for (int i = 0; i < UMPS_N_DEVICES; i++)
			device_close(m, &m->devices[line][i]);
	symbols_free(&m->symbols);
	umps_config_free(m->config);
	free(m->points);
	free(m->events);
	free(m->exec_rom.bytes);
	free(m->boot_rom.bytes);
	free(m->ram);
	free(m->bios_data);
	free(m->code_pages);
	free(m->cpus);
	free(m);
}

const struct umps_config *umps_get_config(const struct umps *m)
{
	return m->config;
}
