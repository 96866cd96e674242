/* SPDX-License-Identifier: GPL-2.0-or-later */
/*
 * How a run ended, for people, for shells (exit status) and for graders (JSON).
 */
#include <jansson.h>

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
		return "no processor can ever go on";
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

static json_t *processors_json(const struct umps *m)
{
	static const char *const states[] = {"halted", "running", "waiting"};
	json_t *list = json_array();

	for (int i = 0; i < umps_cpus(m); i++)
		json_array_append_new(
			list, json_pack("{s:s, s:I, s:I}", "state", states[umps_cpu_state(m, i)],
					"pc", (json_int_t)umps_get_register(m, i, UMPS_REG_PC),
					"instructions", (json_int_t)umps_instructions(m, i)));
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

	json_dumpf(root, out, JSON_COMPACT);
	fputc('\n', out);
	json_decref(root);
}

void result_print(const struct run *run, enum outcome outcome, const struct umps_stop *stop,
		  double seconds, FILE *out)
{
	if (run->json)
		print_json(run, outcome, stop, seconds, out);
	else if (outcome != OUTCOME_HALT)
		fprintf(out, "%s: %s, after %llu ticks, processor %d at 0x%08X\n", run->program,
			explanation(outcome, stop), (unsigned long long)umps_ticks(run->machine),
			stop->cpu, umps_get_register(run->machine, stop->cpu, UMPS_REG_PC));
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
