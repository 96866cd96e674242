/* SPDX-License-Identifier: GPL-2.0-or-later */
/*
 * Questions of a window: the code around an address, a piece of memory, the symbols.
 */
#include <stdlib.h>
#include <string.h>

#include "umps/tools/disassemble.h"
#include "umps/ui/session.h"
#include "umps/ui/source.h"

#define LINES_BEFORE 8
#define MAX_LINES    400
#define LINES_AFTER  48
#define MAX_MEMORY   4096
#define MAX_GAP	     8 /* source lines without code that are shown with the next one */
#define OP_BEQ	     4u
#define OP_BGTZ	     7u

bool parse_address(const struct session *s, const char *text, uint32_t *address)
{
	char name[64], *end;
	size_t length = strcspn(text, "+");
	const struct umps_symbol *symbol;

	*address = (uint32_t)strtoul(text, &end, 0);
	if (*text && !*end)
		return true;
	if (length >= sizeof(name))
		return false;
	snprintf(name, length + 1, "%s", text);
	symbol = umps_symbol_named(s->machine, name);
	if (!symbol)
		return false;
	*address = symbol->start;
	if (text[length] == '+') {
		*address += (uint32_t)strtoul(text + length + 1, &end, 0);
		return text[length + 1] && !*end;
	}
	return true;
}

/* Where a branch or jump at ADDRESS goes; false: it is neither, or a register knows. */
static bool target_of(uint32_t word, uint32_t address, uint32_t *target)
{
	uint32_t op = word >> 26;

	if (op == 2 || op == 3)
		*target = ((address + 4) & 0xF0000000) | (word << 2 & 0x0FFFFFFC);
	else if (op == 1 || (op >= OP_BEQ && op <= OP_BGTZ))
		*target = address + 4 + ((uint32_t)(int16_t)word << 2);
	else
		return false;
	return true;
}

/*
 * The source lines that the code at ADDRESS begins, as [[number, text]...]: its own line, and those
 * since *SHOWN, what was shown last of the same file, if they are few (declarations, comments).
 */
static json_t *source_json(const struct session *s, uint32_t address, struct source_line *shown)
{
	json_t *list = json_array();
	struct source_line line;
	int first;

	if (!source_at(s->source, address, &line) ||
	    (line.place == shown->place && line.number == shown->number))
		return list;
	first = line.number;
	if (line.place == shown->place && line.number > shown->number &&
	    line.number - shown->number <= MAX_GAP)
		first = shown->number + 1;
	if (shown->place < 0 && first > 1) { /* a function's first line is that of its brace */
		const char *text = source_text(s->source, &line, first);

		first -= text && text[strspn(text, " \t")] == '{';
	}
	for (int number = first; number <= line.number; number++) {
		const char *text = source_text(s->source, &line, number);
		json_t *shown_text = text ? json_string(text) : NULL;

		if (!shown_text) /* not there, or not UTF-8 */
			shown_text = json_sprintf("%s:%d", line.file, number);
		json_array_append_new(list, json_pack("[i, o]", number, shown_text));
	}
	*shown = line;
	return list;
}

static json_t *line_json(const struct session *s, int asid, uint32_t address, uint32_t word,
			 struct source_line *shown)
{
	char text[DISASSEMBLY_SIZE], label[80] = "", target_text[80] = "";
	const struct umps_symbol *symbol = umps_symbol_at(s->machine, asid, address);
	uint32_t target;

	disassemble(word, text);
	if (symbol && symbol->start == address)
		symbol_text(s, asid, address, label, sizeof(label));
	if (target_of(word, address, &target)) {
		symbol_text(s, asid, target, target_text, sizeof(target_text));
		if (!*target_text)
			snprintf(target_text, sizeof(target_text), "0x%08X", target);
	}
	return json_pack("{s:I, s:I, s:s, s:s, s:s, s:o}", "address", (json_int_t)address, "word",
			 (json_int_t)word, "text", text, "label", label, "target", target_text,
			 "source",
			 asid == UMPS_ASID_PHYS ? source_json(s, address, shown) : json_array());
}

json_t *view_code(const struct session *s, int cpu, const char *at)
{
	uint32_t address, start, end, word;
	const struct umps_symbol *symbol;
	struct source_line shown = {.place = -1}, line;
	char function[80] = "";
	json_t *lines;
	int asid;

	if (!s->machine || cpu < 0 || cpu >= umps_cpus(s->machine) ||
	    !parse_address(s, at, &address))
		return NULL;
	address &= ~3u;
	asid = symbol_space(s, cpu, address);
	symbol = umps_symbol_at(s->machine, asid, address);
	if (symbol && symbol->function && symbol->size / 4 <= MAX_LINES) {
		start = symbol->start;
		end = symbol->start + symbol->size;
	} else {
		start = address > LINES_BEFORE * 4 ? address - LINES_BEFORE * 4 : 0;
		end = address + LINES_AFTER * 4;
	}
	if (symbol)
		symbol_text(s, asid, symbol->start, function, sizeof(function));
	lines = json_array();
	for (uint32_t a = start; a < end && a >= start; a += 4)
		if (umps_read_virtual(s->machine, cpu, -1, a, &word, sizeof(word)) == sizeof(word))
			json_array_append_new(lines, line_json(s, asid, a, word, &shown));
	return json_pack("{s:I, s:s, s:s, s:o}", "address", (json_int_t)address, "function",
			 function, "file", source_at(s->source, address, &line) ? line.file : "",
			 "lines", lines);
}

json_t *view_memory(const struct session *s, int cpu, int asid, const char *at, uint32_t length)
{
	uint32_t address, values[MAX_MEMORY / 4];
	json_t *list;
	size_t n;

	if (!s->machine || cpu < 0 || cpu >= umps_cpus(s->machine) || asid < -1 ||
	    asid > UMPS_ASID_PHYS || !parse_address(s, at, &address))
		return NULL;
	address &= ~3u;
	if (length > MAX_MEMORY)
		length = MAX_MEMORY;
	if (asid == UMPS_ASID_PHYS)
		n = umps_read_physical(s->machine, address, values, length);
	else
		n = umps_read_virtual(s->machine, cpu, asid, address, values, length);
	list = json_array();
	for (size_t i = 0; i < n / 4; i++)
		json_array_append_new(list, json_integer(values[i]));
	return json_pack("{s:I, s:o}", "address", (json_int_t)address, "words", list);
}

json_t *view_symbols(const struct session *s)
{
	json_t *list = json_array();
	const struct umps_symbol *symbol;

	for (int i = 0; s->machine && (symbol = umps_symbol(s->machine, i)); i++)
		json_array_append_new(list, json_pack("{s:s, s:I, s:I, s:b}", "name", symbol->name,
						      "start", (json_int_t)symbol->start, "size",
						      (json_int_t)symbol->size, "function",
						      symbol->function));
	return json_pack("{s:i, s:o}", "asid",
			 s->machine ? umps_symbol_asid(s->machine) : UMPS_ASID_PHYS, "symbols",
			 list);
}
