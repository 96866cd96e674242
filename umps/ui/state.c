/* SPDX-License-Identifier: GPL-2.0-or-later */
/*
 * Everything a window shows, as one JSON object: it is small, and who always gets the whole truth
 * cannot miss a part of it. Only what terminals say (a stream), code, memory and symbols (large,
 * asked for) are elsewhere.
 */
#include <string.h>

#include "umps/front/names.h"
#include "umps/ui/session.h"

#define BUS_BASE 0x10000000u
#define ENTRYHI	 (UMPS_REG_CP0 + 10)

int symbol_space(const struct session *s, int cpu, uint32_t address)
{
	if (address < umps_tlb_floor(s->machine))
		return UMPS_ASID_PHYS;
	return (int)(umps_get_register(s->machine, cpu, ENTRYHI) >> 6 & 63);
}

static uint32_t bus_word(const struct session *s, uint32_t offset)
{
	uint32_t word = 0;

	umps_read_physical(s->machine, BUS_BASE + offset, &word, sizeof(word));
	return word;
}

/* Symbol tables may hold anything; JSON is UTF-8. */
static void make_ascii(char *text)
{
	for (; *text; text++)
		if (*text & 0x80)
			*text = '?';
}

void symbol_text(const struct session *s, int asid, uint32_t address, char *text, size_t size)
{
	const struct umps_symbol *symbol = umps_symbol_at(s->machine, asid, address);
	uint32_t boot = bus_word(s, 0x10);

	text[0] = 0;
	if (symbol && symbol->start == address)
		snprintf(text, size, "%s", symbol->name);
	else if (symbol)
		snprintf(text, size, "%s+0x%x", symbol->name, address - symbol->start);
	else if (address < bus_word(s, 0x0C))
		snprintf(text, size, "ExecROM+0x%x", address);
	else if (address - boot < bus_word(s, 0x14))
		snprintf(text, size, "BootROM+0x%x", address - boot);
	make_ascii(text);
}

static json_t *words(const uint32_t *values, size_t n)
{
	json_t *list = json_array();

	for (size_t i = 0; i < n; i++)
		json_array_append_new(list, json_integer(values[i]));
	return list;
}

static json_t *registers_json(const struct session *s, int cpu)
{
	json_t *list = json_array();

	for (int reg = 0; reg < UMPS_REG_CP0 + 16; reg++)
		if (umps_register_name(reg))
			json_array_append_new(
				list,
				json_pack("{s:i, s:s, s:I}", "number", reg, "name",
					  umps_register_name(reg), "value",
					  (json_int_t)umps_get_register(s->machine, cpu, reg)));
	return list;
}

static json_t *tlb_json(const struct session *s, int cpu)
{
	json_t *list = json_array();

	for (int i = 0; i < umps_tlb_size(s->machine); i++) {
		uint32_t entry[2];

		umps_get_tlb(s->machine, cpu, i, &entry[0], &entry[1]);
		json_array_append_new(list, words(entry, 2));
	}
	return list;
}

static json_t *cpu_json(const struct session *s, int cpu)
{
	static const char *const states[] = {"halted", "running", "waiting"};
	uint32_t pc = umps_get_register(s->machine, cpu, UMPS_REG_PC);
	char symbol[80];

	symbol_text(s, symbol_space(s, cpu, pc), pc, symbol, sizeof(symbol));
	return json_pack("{s:s, s:I, s:s, s:b, s:b, s:I, s:o, s:o}", "state",
			 states[umps_cpu_state(s->machine, cpu)], "pc", (json_int_t)pc, "symbol",
			 symbol, "slot", umps_in_delay_slot(s->machine, cpu), "load",
			 umps_load_pending(s->machine, cpu), "instructions",
			 (json_int_t)umps_instructions(s->machine, cpu), "registers",
			 registers_json(s, cpu), "tlb", tlb_json(s, cpu));
}

static json_t *bus_json(const struct session *s)
{
	/* the bitmaps lie just before the devices */
	uint32_t bitmaps[10], first = umps_device_address(s->machine, UMPS_DISK, 0) - 0x10000000 -
				      sizeof(bitmaps);

	for (uint32_t i = 0; i < 10; i++)
		bitmaps[i] = bus_word(s, first + 4 * i);
	return json_pack(
		"{s:s, s:I, s:I, s:I, s:I, s:o, s:o}", "block",
		umps_device_class(s->machine, UMPS_FLASH), "timer", (json_int_t)bus_word(s, 0x20),
		"ram", (json_int_t)umps_ram_size(s->machine), "floor",
		(json_int_t)umps_tlb_floor(s->machine), "scale", (json_int_t)bus_word(s, 0x24),
		"installed", words(bitmaps, 5), "interrupting", words(bitmaps + 5, 5));
}

static json_t *devices_json(const struct session *s)
{
	json_t *list = json_array();

	for (int line = UMPS_FIRST_LINE; line < UMPS_FIRST_LINE + UMPS_N_LINES; line++)
		for (int i = 0; i < UMPS_N_DEVICES; i++) {
			struct umps_device d;
			char name[16];

			umps_get_device(s->machine, (enum umps_line)line, i, &d);
			if (!d.installed)
				continue;
			snprintf(name, sizeof(name), "%s%d",
				 umps_device_class(s->machine, (enum umps_line)line), i);
			json_array_append_new(
				list,
				json_pack("{s:s, s:I, s:i, s:i, s:s, s:b, s:o, s:[I,I]}", "name",
					  name, "address",
					  (json_int_t)umps_device_address(s->machine,
									  (enum umps_line)line, i),
					  "line", line, "number", i, "status", d.status, "failing",
					  d.failing, "registers", words(d.registers, 4),
					  "completes", (json_int_t)d.completes[0],
					  (json_int_t)d.completes[1]));
		}
	return list;
}

static json_t *points_json(const struct session *s)
{
	json_t *list = json_array();

	for (int i = 0; i < s->n_points; i++) {
		const struct umps_stop_point *p = &s->points[i].point;
		char symbol[80];

		symbol_text(s, p->asid < 0 ? umps_symbol_asid(s->machine) : p->asid, p->first,
			    symbol, sizeof(symbol));
		json_array_append_new(
			list,
			json_pack("{s:i, s:s, s:b, s:i, s:I, s:I, s:b, s:b, s:s}", "id", p->id,
				  "kind", p->kind == UMPS_BREAKPOINT ? "breakpoint" : "suspect",
				  "enabled", p->enabled, "asid", p->asid, "first",
				  (json_int_t)p->first, "last", (json_int_t)p->last, "read",
				  p->on_read, "write", p->on_write, "symbol", symbol));
	}
	return list;
}

static json_t *trace_json(const struct session *s, const struct trace *t)
{
	uint32_t values[MAX_TRACE_WORDS];
	size_t n = umps_read_physical(s->machine, t->address, values, t->words * 4) / 4;

	return json_pack("{s:i, s:s, s:I, s:o}", "id", t->id, "name", t->name, "address",
			 (json_int_t)t->address, "words", words(values, n));
}

json_t *state_json(const struct session *s)
{
	json_t *state = json_pack("{s:b, s:b, s:b, s:s, s:i, s:i}", "on", s->machine != NULL,
				  "running", s->running, "idle", s->idle, "status", s->status,
				  "speed", s->speed, "mask", (int)s->stop_mask);
	json_t *cpus = json_array(), *traces = json_array();

	json_object_set_new(state, "path", json_string(s->path));
	if (s->layout)
		json_object_set(state, "layout", s->layout);
	if (!s->machine) {
		json_decref(cpus);
		json_decref(traces);
		return state;
	}
	for (int i = 0; i < umps_cpus(s->machine); i++)
		json_array_append_new(cpus, cpu_json(s, i));
	for (int i = 0; i < s->n_traces; i++)
		json_array_append_new(traces, trace_json(s, &s->traces[i]));
	json_object_set_new(state, "tick", json_integer((json_int_t)umps_ticks(s->machine)));
	json_object_set_new(state, "recorded",
			    json_boolean(umps_recorded_since(s->machine) != UINT64_MAX));
	json_object_set_new(state, "start",
			    json_string(umps_symbol_named(s->machine, "main") ? "main" : ""));
	json_object_set_new(state, "starved", json_boolean(umps_is_starved(s->machine)));
	json_object_set_new(state, "cpus", cpus);
	json_object_set_new(state, "bus", bus_json(s));
	json_object_set_new(state, "devices", devices_json(s));
	json_object_set_new(state, "points", points_json(s));
	json_object_set_new(state, "traces", traces);
	return state;
}
