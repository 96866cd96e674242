/* SPDX-License-Identifier: GPL-2.0-or-later */
/*
 * What a window asks to do: {"do": NAME, ...}. One function per name; what it needs from the
 * request it takes with the readers below, which explain what is missing.
 */
#include <stdarg.h>
#include <stdlib.h>
#include <string.h>

#include "umps/front/names.h"
#include "umps/ui/session.h"

struct request {
	struct session *session;
	const json_t *fields;
	struct umps_error error;
};

__attribute__((format(printf, 2, 3))) static int refuse(struct request *r, const char *format, ...)
{
	va_list args;

	va_start(args, format);
	vsnprintf(r->error.text, sizeof(r->error.text), format, args);
	va_end(args);
	return -1;
}

/* ---- readers: 0, or -1 with a sentence */

static int number(struct request *r, const char *name, int64_t min, int64_t max, int64_t *value)
{
	const json_t *field = json_object_get(r->fields, name);

	*value = json_integer_value(field);
	if (!json_is_integer(field) || *value < min || *value > max)
		return refuse(r, "\"%s\" must be a number from %lld to %lld", name, (long long)min,
			      (long long)max);
	return 0;
}

static int text(struct request *r, const char *name, const char **value)
{
	*value = json_string_value(json_object_get(r->fields, name));
	return *value ? 0 : refuse(r, "\"%s\" must be a text", name);
}

/* An address is written by the user: a number or a symbol. */
static int address(struct request *r, const char *name, uint32_t *value)
{
	const char *written;

	if (text(r, name, &written) < 0)
		return -1;
	if (!parse_address(r->session, written, value))
		return refuse(r,
			      "\"%s\" is neither an address (0x20001000) nor a symbol of the "
			      "symbol table",
			      written);
	return 0;
}

static bool is_set(const struct request *r, const char *name)
{
	return json_is_true(json_object_get(r->fields, name));
}

static int cpu_number(struct request *r, int64_t *cpu)
{
	return number(r, "cpu", 0, umps_cpus(r->session->machine) - 1, cpu);
}

/* ---- running */

static int do_power(struct request *r)
{
	if (is_set(r, "on"))
		return session_power_on(r->session, &r->error);
	session_power_off(r->session);
	return 0;
}

static int do_continue(struct request *r)
{
	session_continue(r->session);
	return 0;
}

static int do_stop(struct request *r)
{
	session_pause(r->session);
	return 0;
}

static int do_step(struct request *r)
{
	session_step(r->session);
	return 0;
}

static int do_back(struct request *r)
{
	return session_back(r->session, is_set(r, "far"), &r->error);
}

static int do_speed(struct request *r)
{
	int64_t speed;

	if (number(r, "speed", 0, N_SPEEDS - 1, &speed) < 0)
		return -1;
	session_set_speed(r->session, (int)speed);
	return 0;
}

static int do_mask(struct request *r)
{
	int64_t mask;

	if (number(r, "mask", 0, 63, &mask) < 0)
		return -1;
	r->session->stop_mask = (unsigned)mask & STOP_MASK;
	if (r->session->machine)
		umps_set_exception_stops(r->session->machine, r->session->stop_mask);
	r->session->changes++;
	return 0;
}

static int do_layout(struct request *r)
{
	if (!session_set_layout(r->session, json_object_get(r->fields, "layout")))
		return refuse(r, "\"layout\" must be an object of at most %d bytes", MAX_LAYOUT);
	return 0;
}

static int do_quit(struct request *r)
{
	r->session->quit = true;
	return 0;
}

/* ---- stop points and traces */

static int do_breakpoint(struct request *r)
{
	struct umps_stop_point point = {.kind = UMPS_BREAKPOINT, .enabled = true};
	int64_t asid;

	if (number(r, "asid", -1, UMPS_ASID_PHYS, &asid) < 0 ||
	    address(r, "address", &point.first) < 0)
		return -1;
	point.asid = (int)asid;
	point.last = point.first;
	return session_add_point(r->session, &point, &r->error);
}

static int do_suspect(struct request *r)
{
	struct umps_stop_point point = {.kind = UMPS_SUSPECT,
					.enabled = true,
					.on_read = is_set(r, "read"),
					.on_write = is_set(r, "write")};
	int64_t asid, bytes;

	if (number(r, "asid", -1, UMPS_ASID_PHYS, &asid) < 0 ||
	    address(r, "address", &point.first) < 0 ||
	    number(r, "bytes", 1, UINT32_MAX, &bytes) < 0)
		return -1;
	if (!point.on_read && !point.on_write)
		return refuse(r, "choose whether reading, writing or both is suspect");
	point.asid = (int)asid;
	point.last = point.first + (uint32_t)(bytes - 1);
	return session_add_point(r->session, &point, &r->error);
}

static int do_remove(struct request *r)
{
	int64_t id;

	if (number(r, "id", 0, INT32_MAX, &id) < 0)
		return -1;
	return session_remove_point(r->session, (int)id) < 0
		       ? refuse(r, "there is no stop point %d", (int)id)
		       : 0;
}

static int do_enable(struct request *r)
{
	int64_t id;

	if (number(r, "id", 0, INT32_MAX, &id) < 0)
		return -1;
	if (session_enable_point(r->session, (int)id, is_set(r, "enabled")) < 0)
		return refuse(r, "there is no stop point %d", (int)id);
	return 0;
}

static int do_trace(struct request *r)
{
	uint32_t start;
	int64_t n;
	const char *name;

	if (address(r, "address", &start) < 0 || number(r, "words", 1, MAX_TRACE_WORDS, &n) < 0 ||
	    text(r, "address", &name) < 0)
		return -1;
	return session_add_trace(r->session, name, start, (uint32_t)n, &r->error);
}

static int do_untrace(struct request *r)
{
	int64_t id;

	if (number(r, "id", 0, INT32_MAX, &id) < 0)
		return -1;
	return session_remove_trace(r->session, (int)id) < 0
		       ? refuse(r, "there is no traced region %d", (int)id)
		       : 0;
}

/* ---- changing the machine */

static int do_register(struct request *r)
{
	int64_t cpu, reg, value;

	if (cpu_number(r, &cpu) < 0 || number(r, "register", 0, UMPS_REG_CP0 + 15, &reg) < 0 ||
	    number(r, "value", 0, UINT32_MAX, &value) < 0)
		return -1;
	if (umps_set_register(r->session->machine, (int)cpu, (int)reg, (uint32_t)value) < 0)
		return refuse(r, "this register cannot be changed");
	session_touched(r->session);
	return 0;
}

static int do_tlb(struct request *r)
{
	int64_t cpu, entry, hi, lo;

	if (cpu_number(r, &cpu) < 0 ||
	    number(r, "entry", 0, umps_tlb_size(r->session->machine) - 1, &entry) < 0 ||
	    number(r, "hi", 0, UINT32_MAX, &hi) < 0 || number(r, "lo", 0, UINT32_MAX, &lo) < 0)
		return -1;
	umps_set_tlb(r->session->machine, (int)cpu, (int)entry, (uint32_t)hi, (uint32_t)lo);
	session_touched(r->session);
	return 0;
}

static int do_memory(struct request *r)
{
	int64_t at, value;
	uint32_t word;

	if (number(r, "address", 0, UINT32_MAX, &at) < 0 ||
	    number(r, "value", 0, UINT32_MAX, &value) < 0)
		return -1;
	word = (uint32_t)value;
	if (umps_write_physical(r->session->machine, (uint32_t)at, &word, sizeof(word)) !=
	    sizeof(word))
		return refuse(r, "there is no memory at physical address 0x%08X", (uint32_t)at);
	session_touched(r->session);
	return 0;
}

static int do_fail(struct request *r)
{
	enum umps_line line;
	const char *name;
	int n;

	if (text(r, "device", &name) < 0)
		return -1;
	if (!device_from_name(name, &line, &n) ||
	    umps_set_failing(r->session->machine, line, n, is_set(r, "failing")) < 0)
		return refuse(r, "this machine has no device \"%s\"", name);
	session_touched(r->session);
	return 0;
}

/* Another tape in a drive; an empty name takes it out. */
static int do_tape(struct request *r)
{
	const char *name, *file;
	enum umps_line line;
	int n;

	if (text(r, "device", &name) < 0 || text(r, "file", &file) < 0)
		return -1;
	if (!device_from_name(name, &line, &n) || line != UMPS_TAPE)
		return refuse(r, "there is no drive \"%s\"", name);
	if (umps_change_tape(r->session->machine, n, *file ? file : NULL, &r->error) < 0)
		return -1;
	session_touched(r->session);
	return 0;
}

static int do_input(struct request *r)
{
	int64_t terminal;
	const char *typed;

	if (number(r, "terminal", 0, UMPS_N_DEVICES - 1, &terminal) < 0 ||
	    text(r, "text", &typed) < 0)
		return -1;
	if (umps_terminal_input(r->session->machine, (int)terminal, typed, strlen(typed)) < 0)
		return refuse(r, "this machine has no terminal %d", (int)terminal);
	session_touched(r->session);
	return 0;
}

static const struct {
	const char *name;
	int (*run)(struct request *r);
	bool when_off;
	bool setting; /* kept for the next time */
} commands[] = {
	{"power", do_power, true, false},     {"continue", do_continue, false, false},
	{"stop", do_stop, false, false},      {"step", do_step, false, false},
	{"back", do_back, false, false},      {"speed", do_speed, true, true},
	{"mask", do_mask, true, true},	      {"layout", do_layout, true, true},
	{"quit", do_quit, true, false},	      {"breakpoint", do_breakpoint, false, true},
	{"suspect", do_suspect, false, true}, {"remove", do_remove, false, true},
	{"enable", do_enable, false, true},   {"trace", do_trace, false, true},
	{"untrace", do_untrace, true, true},  {"register", do_register, false, false},
	{"tlb", do_tlb, false, false},	      {"memory", do_memory, false, false},
	{"fail", do_fail, false, false},      {"input", do_input, false, false},
	{"tape", do_tape, false, false},
};

static int run(struct request *r)
{
	const char *name = json_string_value(json_object_get(r->fields, "do"));

	for (size_t i = 0; name && i < sizeof(commands) / sizeof(commands[0]); i++) {
		if (strcmp(commands[i].name, name))
			continue;
		if (!r->session->machine && !commands[i].when_off)
			return refuse(r, "the machine is off; power it on first");
		r->session->settings_changed |= commands[i].setting;
		return commands[i].run(r);
	}
	return refuse(r, "there is no command \"%s\"", name ? name : "");
}

json_t *command_run(struct session *s, const json_t *fields)
{
	struct request r = {.session = s, .fields = fields};

	if (run(&r) < 0)
		return json_pack("{s:s}", "error", r.error.text);
	return json_object();
}
