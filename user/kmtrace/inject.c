// SPDX-License-Identifier: GPL-2.0-or-later
/*
 * -e inject= and -e fault= of strace(1), as rules: what is done to calls, and to which of a thread's calls.
 *
 *	inject=SET[:error=ERROR|:retval=VALUE][:signal=SIGNAL][:delay_enter=TIME][:delay_exit=TIME][:when=FIRST[..LAST][+[STEP]]]
 *
 * Calls that a rule is about are counted for each thread, in a table by thread and rule.
 */
#include <errno.h>
#include <limits.h>
#include <stdlib.h>
#include <string.h>

#include "kmtrace.h"

/* ---- which of the calls */

#define BUCKETS 256

static struct counter {
	struct counter *next;
	pid_t tid;
	const struct rule *rule;
	unsigned long calls;
} * counters[BUCKETS];

bool inject_now(const struct rule *rule, pid_t tid)
{
	struct counter **at = &counters[tid % BUCKETS], *found;

	if (!rule->when.first)
		return true;
	while (*at && ((*at)->tid != tid || (*at)->rule != rule))
		at = &(*at)->next;
	if (!*at) {
		*at = calloc(1, sizeof(**at));
		if (!*at)
			return false;
		(*at)->tid = tid;
		(*at)->rule = rule;
	}
	found = *at;
	found->calls++;
	if (found->calls < rule->when.first || found->calls > rule->when.last)
		return false;
	return found->calls == rule->when.first ||
	       (rule->when.step && (found->calls - rule->when.first) % rule->when.step == 0);
}

void inject_forget(pid_t tid)
{
	struct counter **at = &counters[tid % BUCKETS];

	while (*at) {
		struct counter *each = *at;

		if (each->tid != tid) {
			at = &each->next;
			continue;
		}
		*at = each->next;
		free(each);
	}
}

/* A number from 1 on at the beginning of the text. */
static bool ordinal(const char **text, unsigned long *number)
{
	char *end;

	if (**text < '0' || **text > '9')
		return false;
	*number = strtoul(*text, &end, 10);
	*text = end;
	return *number > 0 && *number < ULONG_MAX;
}

/* "FIRST[..LAST][+[STEP]]": one call, those from FIRST on, or each STEPth of them. */
static bool parse_when(const char *text, struct rule *rule)
{
	rule->when.step = 0;
	if (!ordinal(&text, &rule->when.first))
		return false;
	rule->when.last = ULONG_MAX;
	if (!strncmp(text, "..", 2)) {
		text += 2;
		if (!ordinal(&text, &rule->when.last) || rule->when.last < rule->when.first)
			return false;
		rule->when.step = 1;
	}
	if (*text == '+') {
		text++;
		rule->when.step = 1;
		if (*text && !ordinal(&text, &rule->when.step))
			return false;
	}
	return !*text;
}

/* ---- what is done */

static int wrong(char **why, const char *format, const char *word, const char *text)
{
	if (asprintf(why, format, word, text) < 0)
		*why = NULL;
	return -1;
}

/* Microseconds, or with a unit. */
static bool parse_delay(const char *text, int64_t *microseconds)
{
	char *end;
	double number = strtod(text, &end);
	double unit = !*end || !strcmp(end, "us") ? 1
		      : !strcmp(end, "ns")	  ? 1e-3
		      : !strcmp(end, "ms")	  ? 1e3
		      : !strcmp(end, "s")	  ? 1e6
						  : 0;

	if (end == text || unit == 0 || number < 0 || number * unit > 3600e6)
		return false;
	*microseconds = number * unit;
	return true;
}

/* One "NAME=VALUE" of the expression. */
static int parse_part(struct rule *rule, char *part, const char *text, char **why)
{
	char *value = strchr(part, '=');

	if (!value)
		return wrong(why, "\"%s\" in \"%s\" lacks \"=\" and a value", part, text);
	*value++ = '\0';
	if (!strcmp(part, "error") || !strcmp(part, "retval")) {
		if (rule->returns)
			return wrong(why, "\"%s\" in \"%s\" is a second result; give one", part,
				     text);
		rule->returns = true;
		if (!rule_value(value, &rule->value))
			return wrong(why, "\"%s\" in \"%s\" is no result; try EACCES or a number",
				     value, text);
		/* The number of an error is one, too. */
		if (*part == 'e' && rule->value > 0 && rule->value < 4096)
			rule->value = -rule->value;
		if (*part == 'e' && (rule->value >= 0 || rule->value <= -4096))
			return wrong(why, "\"%s\" in \"%s\" is no error; try EACCES or ENOENT",
				     value, text);
	} else if (!strcmp(part, "signal")) {
		rule->signal = signal_number(value);
		if (!rule->signal)
			return wrong(why, "\"%s\" in \"%s\" is no signal; kill -l lists them",
				     value, text);
	} else if (!strcmp(part, "delay_enter")) {
		if (!parse_delay(value, &rule->delay_us))
			return wrong(
				why,
				"\"%s\" in \"%s\" is no time of up to an hour, as 200 (us) or 20ms",
				value, text);
	} else if (!strcmp(part, "delay_exit")) {
		if (!parse_delay(value, &rule->delay_exit_us))
			return wrong(
				why,
				"\"%s\" in \"%s\" is no time of up to an hour, as 200 (us) or 20ms",
				value, text);
	} else if (!strcmp(part, "when")) {
		if (!parse_when(value, rule))
			return wrong(
				why,
				"\"%s\" in \"%s\" does not say which calls; try 3, 3+, 3+2 or 3..5",
				value, text);
	} else {
		return wrong(why,
			     "\"%s\" in \"%s\" is not known here: there are error, retval, signal, "
			     "delay_enter, delay_exit "
			     "and when",
			     part, text);
	}
	return 0;
}

int rule_add_inject(struct options *options, const char *text, bool fault, char **why)
{
	struct rule *rule = rule_new(options);
	char *copy = strdup(text), *rest = copy, *part, *unknown;
	int result = 0;

	if (!rule || !copy)
		return wrong(why, "%s", "out of memory", text);
	part = strsep(&rest, ":");
	if (call_set_add(&rule->calls, part, &unknown) < 0) {
		result = wrong(why, "\"%s\" in \"%s\" is no system call; man 2 syscalls lists them",
			       unknown, text);
		free(unknown);
	}
	while (!result && (part = strsep(&rest, ":")))
		result = parse_part(rule, part, text, why);
	if (!result && fault && !rule->returns) {
		rule->returns = true;
		rule->value = -ENOSYS;
	}
	if (!result && !rule->returns && !rule->signal && !rule->delay_us && !rule->delay_exit_us)
		result = wrong(
			why, "%s in \"%s\": say with error=, retval=, signal= or delay_enter= what",
			"nothing is done", text);
	free(copy);
	return result;
}
