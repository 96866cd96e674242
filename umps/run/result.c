/* SPDX-License-Identifier: GPL-2.0-or-later */
/*
 * How a run ended, for people, for shells (exit status) and for graders (JSON).
 */
#include <jansson.h>

#include "umps/front/names.h"
#include "umps/front/why.h"
#include "umps/run/run.h"

enum outcome outcome_of(const struct run *run, const struct umps_stop *stop)
{
	switch (stop->reason) {
	case UMPS_STOP_HALT:
	case UMPS_STOP_POWEROFF:
		return OUTCOME_HALT;
	case UMPS_STOP_PANIC:
		return OUTCOME_PANIC;
	case UMPS_STOP_DEAD:
	case UMPS_STOP_MEMORY:
		return OUTCOME_FAULT;
	case UMPS_STOP_REQUEST:
		return OUTCOME_SIGNAL;
	default:
		return OUTCOME_LIMIT;
	}
}

const char *outcome_name(enum outcome outcome)
{
	switch (outcome) {
	case OUTCOME_HALT:
		return "halt";
	case OUTCOME_PANIC:
		return "panic";
	case OUTCOME_FAULT:
		return "fault";
	case OUTCOME_SCRIPT:
		return "script";
	case OUTCOME_STARVED:
		return "starved";
	case OUTCOME_SIGNAL:
		return "interrupted";
	default:
		return "limit";
	}
}

static const char *explanation(enum outcome outcome, const struct umps_stop *stop)
{
	switch (outcome) {
	case OUTCOME_HALT:
		return stop->reason == UMPS_STOP_POWEROFF ? "the guest switched the power off"
							  : "the guest halted";
	case OUTCOME_PANIC:
		return "the guest panicked";
	case OUTCOME_FAULT:
		return stop->reason == UMPS_STOP_MEMORY ? "the host has no memory for it any more"
							: "no processor can ever go on";
	case OUTCOME_SCRIPT:
		return "the script waited for something that never came";
	case OUTCOME_STARVED:
		return "the guest waits for input and none can come any more";
	case OUTCOME_SIGNAL:
		return "interrupted";
	default:
		return "the limit was reached";
	}
}

static json_t *exceptions_json(const struct umps *m, int cpu)
{
	json_t *counts = json_object();

	for (uint32_t code = 0; code <= 12; code++) {
		uint64_t refills = umps_exceptions(m, cpu, code | UMPS_REFILL);
		uint64_t others = umps_exceptions(m, cpu, code) - refills;
		char name[24];

		if (others)
			json_object_set_new(counts, exception_name(code),
					    json_integer((json_int_t)others));
		snprintf(name, sizeof(name), "%s refill", exception_name(code));
		if (refills)
			json_object_set_new(counts, name, json_integer((json_int_t)refills));
	}
	return counts;
}

static json_t *place_json(const struct umps *m, uint32_t address, uint32_t entry_hi)
{
	char text[96];

	place_text(m, entry_hi, address, text, sizeof(text));
	return json_string(text);
}

/* What CPU took last: any exception, or a fault. */
static json_t *exception_json(const struct umps *m, int cpu, bool fault)
{
	struct umps_exception e;

	if (!umps_last_exception(m, cpu, fault, &e))
		return json_null();
	return json_pack("{s:s, s:s, s:i, s:b, s:I, s:o, s:o, s:I, s:s, s:i, s:I}", "name",
			 exception_name(e.code), "meaning", exception_meaning(e.code), "code",
			 (int)(e.code & ~UMPS_REFILL), "refill", (e.code & UMPS_REFILL) != 0, "epc",
			 (json_int_t)e.epc, "at", place_json(m, e.epc, e.entry_hi), "ra",
			 place_json(m, e.caller, e.entry_hi), "badvaddr", (json_int_t)e.bad_vaddr,
			 "mode", e.status & 8 ? "user" : "kernel", "asid",
			 (int)(e.entry_hi >> 6 & 63), "tick", (json_int_t)e.tick);
}

static json_t *processors_json(const struct umps *m)
{
	static const char *const states[] = {"halted", "running", "waiting"};
	json_t *list = json_array();

	for (int i = 0; i < umps_cpus(m); i++)
		json_array_append_new(
			list, json_pack("{s:s, s:I, s:o, s:I, s:o, s:o, s:o}", "state",
					states[umps_cpu_state(m, i)], "pc",
					(json_int_t)umps_get_register(m, i, UMPS_REG_PC), "at",
					place_json(m, umps_get_register(m, i, UMPS_REG_PC),
						   umps_get_register(m, i, UMPS_REG_CP0 + 10)),
					"instructions", (json_int_t)umps_instructions(m, i),
					"exceptions", exceptions_json(m, i), "last-exception",
					exception_json(m, i, false), "last-fault",
					exception_json(m, i, true)));
	return list;
}

static void print_json(const struct run *run, enum outcome outcome, const struct umps_stop *stop,
		       double seconds, FILE *out)
{
	json_t *root = json_pack(
		"{s:s, s:s, s:i, s:I, s:f, s:s, s:o}", "outcome", outcome_name(outcome), "why",
		explanation(outcome, stop), "status", (int)outcome, "ticks",
		(json_int_t)umps_ticks(run->machine), "seconds", seconds, "engine",
		umps_get_engine(run->machine) == UMPS_TRANSLATOR ? "translator" : "interpreter",
		"processors", processors_json(run->machine));

	char because[WHY_SIZE];
	json_t *script = script_json(run->script);

	why_it_ended(run->machine, stop, because);
	if (because[0])
		json_object_set_new(root, "because", json_string(because));
	if (script)
		json_object_set_new(root, "script", script);
	json_dumpf(root, out, JSON_COMPACT);
	fputc('\n', out);
	json_decref(root);
}

void result_print(const struct run *run, enum outcome outcome, const struct umps_stop *stop,
		  double seconds, FILE *out)
{
	char because[WHY_SIZE], at[96];
	uint32_t pc = umps_get_register(run->machine, stop->cpu, UMPS_REG_PC);

	if (run->json) {
		print_json(run, outcome, stop, seconds, out);
		return;
	}
	if (outcome == OUTCOME_HALT)
		return;
	place_text(run->machine, umps_get_register(run->machine, stop->cpu, UMPS_REG_CP0 + 10), pc,
		   at, sizeof(at));
	fprintf(out, "%s: %s, after %llu ticks, processor %d at %s\n", run->program,
		explanation(outcome, stop), (unsigned long long)umps_ticks(run->machine), stop->cpu,
		at);
	why_it_ended(run->machine, stop, because);
	if (because[0])
		fprintf(out, "%s: %s\n", run->program, because);
}

void result_print_failure(const struct run *run, const char *sentence, FILE *out)
{
	json_t *root;

	if (!run->json) {
		fprintf(out, "%s: %s\n", run->program, sentence);
		return;
	}
	root = json_pack("{s:s, s:s, s:i}", "outcome", "files", "why", sentence, "status",
			 OUTCOME_FILES);
	if (root)
		json_dumpf(root, out, JSON_COMPACT);
	else /* a file's name that is not UTF-8 */
		fprintf(out, "{\"outcome\":\"files\",\"status\":%d}", OUTCOME_FILES);
	fputc('\n', out);
	json_decref(root);
}
