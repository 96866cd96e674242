/* SPDX-License-Identifier: GPL-2.0-or-later */
/*
 * What a run can tell about the guest: traces by instruction, call, exception and device; a profile
 * by symbol; which code was executed; the kernel's log buffer.
 *
 * Addresses are shown as symbol+offset where the symbol table knows them.
 */
#include <errno.h>
#include <stdlib.h>
#include <string.h>

#include "umps/machine/instruction.h"
#include "umps/front/names.h"
#include "umps/run/run.h"
#include "umps/tools/disassemble.h"

static const struct umps_symbol *symbol_of(const struct umps *m, int cpu, uint32_t address)
{
	int asid = UMPS_ASID_PHYS;

	if (address >= umps_tlb_floor(m))
		asid = (int)(umps_get_register(m, cpu, UMPS_REG_CP0 + 10) >> 6 & 63);
	return umps_symbol_at(m, asid, address);
}

static void print_place(const struct run *run, int cpu, uint32_t address)
{
	const struct umps_symbol *s = symbol_of(run->machine, cpu, address);

	if (!s)
		fprintf(run->trace_file, "0x%08X", address);
	else if (s->start == address)
		fprintf(run->trace_file, "%s", s->name);
	else
		fprintf(run->trace_file, "%s+0x%X", s->name, address - s->start);
}

static void print_head(const struct run *run, int cpu, const char *what)
{
	fprintf(run->trace_file, "%llu cpu%d %s ", (unsigned long long)umps_ticks(run->machine),
		cpu, what);
}

static void count(struct run *run, int cpu, uint32_t pc)
{
	const struct umps_symbol *s = symbol_of(run->machine, cpu, pc),
				 *first = umps_symbol(run->machine, 0);

	if (run->hits)
		run->hits[s ? s - first + 1 : 0]++;
	if (run->covered && pc < umps_tlb_floor(run->machine) &&
	    pc - UMPS_RAM_BASE < umps_ram_size(run->machine))
		run->covered[(pc - UMPS_RAM_BASE) / 4] = 1;
}

static void trace_call(const struct run *run, int cpu, uint32_t pc, uint32_t word)
{
	struct instruction i = decode(word);
	uint32_t target;
	const char *what = "call";

	if (i.op == OP_JAL) {
		target = ((pc + 4) & 0xF0000000) | (word << 2 & 0x0FFFFFFC);
	} else if (i.op == OP_SPECIAL && i.function == FN_JALR) {
		target = umps_get_register(run->machine, cpu, (int)i.rs);
	} else if (i.op == OP_SPECIAL && i.function == FN_JR && i.rs == 31) {
		target = umps_get_register(run->machine, cpu, 31);
		what = "return";
	} else {
		return;
	}
	print_head(run, cpu, what);
	print_place(run, cpu, pc);
	fprintf(run->trace_file, " -> ");
	print_place(run, cpu, target);
	fprintf(run->trace_file, "\n");
}

static void on_instruction(void *context, int cpu, uint32_t pc, uint32_t word)
{
	struct run *run = context;
	char text[DISASSEMBLY_SIZE];

	count(run, cpu, pc);
	if (run->trace & TRACE_INSTRUCTIONS) {
		print_head(run, cpu, "instruction");
		print_place(run, cpu, pc);
		disassemble(word, text);
		fprintf(run->trace_file, " %08X %s\n", word, text);
	}
	if (run->trace & TRACE_CALLS)
		trace_call(run, cpu, pc, word);
}

static void on_exception(void *context, int cpu, uint32_t code, uint32_t epc)
{
	const struct run *run = context;

	print_head(run, cpu, "exception");
	fprintf(run->trace_file, "%s%s at ", exception_name(code),
		code & UMPS_REFILL ? " refill" : "");
	print_place(run, cpu, epc);
	fprintf(run->trace_file, " BadVAddr=0x%08X\n",
		umps_get_register(run->machine, cpu, UMPS_REG_CP0 + 8));
}

static void on_device_command(void *context, enum umps_line line, int number, int reg,
			      uint32_t value)
{
	const struct run *run = context;

	fprintf(run->trace_file, "%llu %s%d register %d = 0x%08X\n",
		(unsigned long long)umps_ticks(run->machine), umps_device_class(run->machine, line),
		number, reg, value);
}

static void on_device_done(void *context, enum umps_line line, int number, int sub, uint32_t status)
{
	const struct run *run = context;

	fprintf(run->trace_file, "%llu %s%d%s done, status 0x%X\n",
		(unsigned long long)umps_ticks(run->machine), umps_device_class(run->machine, line),
		number, sub ? " transmitter" : "", status);
}

void observe_start(struct run *run)
{
	struct umps_observer observer = {.context = run};
	size_t symbols = 0;

	while (umps_symbol(run->machine, (int)symbols))
		symbols++;
	if (run->profile)
		run->hits = calloc(symbols + 1, sizeof(*run->hits));
	if (run->coverage_file)
		run->covered = calloc(umps_ram_size(run->machine) / 4, 1);
	if (run->hits || run->covered || (run->trace & (TRACE_INSTRUCTIONS | TRACE_CALLS)))
		observer.instruction = on_instruction;
	if (run->trace & TRACE_EXCEPTIONS)
		observer.exception = on_exception;
	if (run->trace & TRACE_DEVICES) {
		observer.device_command = on_device_command;
		observer.device_done = on_device_done;
	}
	umps_observe(run->machine, &observer);
}

/* ---- at the end */

struct share {
	const char *name;
	uint64_t hits;
};

static int by_hits(const void *a, const void *b)
{
	const struct share *x = a, *y = b;

	return x->hits < y->hits ? 1 : x->hits > y->hits ? -1 : 0;
}

static void print_profile(const struct run *run)
{
	struct share *shares;
	uint64_t total = 0;
	size_t n = 0, symbols = 0;

	while (umps_symbol(run->machine, (int)symbols))
		symbols++;
	shares = calloc(symbols + 1, sizeof(*shares));
	if (!shares)
		return;
	for (size_t i = 0; i <= symbols; i++) {
		total += run->hits[i];
		if (run->hits[i])
			shares[n++] = (struct share){i ? umps_symbol(run->machine, (int)i - 1)->name
						       : "(elsewhere)",
						     run->hits[i]};
	}
	qsort(shares, n, sizeof(*shares), by_hits);
	fprintf(stderr, "%12s %6s  %s\n", "instructions", "share", "function");
	for (size_t i = 0; i < n; i++)
		fprintf(stderr, "%12llu %5.1f%%  %s\n", (unsigned long long)shares[i].hits,
			100.0 * (double)shares[i].hits / (double)total, shares[i].name);
	free(shares);
}

/* One line per function: words executed, words there are, name. */
static int write_coverage(const struct run *run, struct umps_error *error)
{
	FILE *file = fopen(run->coverage_file, "w");
	const struct umps_symbol *s;
	bool failed;

	if (!file) {
		snprintf(error->text, sizeof(error->text), "cannot write the coverage to %s: %s",
			 run->coverage_file, strerror(errno));
		return -1;
	}
	for (int i = 0; (s = umps_symbol(run->machine, i)) && s->function; i++) {
		uint32_t executed = 0, words = s->size / 4;

		if (s->start - UMPS_RAM_BASE >= umps_ram_size(run->machine) ||
		    s->size > umps_ram_size(run->machine) - (s->start - UMPS_RAM_BASE))
			continue;
		for (uint32_t w = 0; w < words; w++)
			executed += run->covered[(s->start - UMPS_RAM_BASE) / 4 + w];
		fprintf(file, "%6u %6u %5.1f%% %s\n", executed, words,
			words ? 100.0 * executed / words : 0.0, s->name);
	}
	failed = ferror(file) != 0;
	if (fclose(file) || failed) {
		snprintf(error->text, sizeof(error->text), "cannot write the coverage to %s: %s",
			 run->coverage_file, strerror(errno));
		return -1;
	}
	return 0;
}

/* The texts in a kernel's log buffer: what lies between zero bytes, a line each. */
static int print_klog(const struct run *run, struct umps_error *error)
{
	const struct umps_symbol *s = umps_symbol_named(run->machine, run->klog);
	size_t length;
	char *text;

	if (!s) {
		snprintf(error->text, sizeof(error->text),
			 "--klog: there is no symbol \"%s\"; does the machine file name a symbol "
			 "table?",
			 run->klog);
		return -1;
	}
	text = calloc(1, s->size + 1);
	if (!text)
		return -1;
	length = umps_read_physical(run->machine, s->start, text, s->size);
	for (size_t at = 0; at < length; at += strlen(text + at) + 1)
		if (text[at])
			fprintf(stderr, "klog: %s\n", text + at);
	free(text);
	return 0;
}

int observe_end(struct run *run, struct umps_error *error)
{
	int result = 0;

	if (run->hits)
		print_profile(run);
	if (run->covered && write_coverage(run, error) < 0)
		result = -1;
	if (run->klog && print_klog(run, error) < 0)
		result = -1;
	free(run->hits);
	free(run->covered);
	return result;
}
