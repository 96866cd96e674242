// SPDX-License-Identifier: GPL-2.0-or-later
/*
 * What happens to one call: rules first, then print and let it go on.
 *
 * An engine that shows results shows most calls once, when they are over. Calls that change what
 * their arguments point to (execve) or never return (exit) are shown before too; what was seen then
 * is kept here, by thread, until they are over. Calls with a delay wait in a list, and the engines
 * ask trace_delayed() how long they may sleep.
 */
#include <stdlib.h>
#include <string.h>

#include "kmtrace.h"

#define NS_PER_S 1000000000ULL

static uint64_t now_ns(void)
{
	struct timespec now;

	clock_gettime(CLOCK_MONOTONIC, &now);
	return now.tv_sec * NS_PER_S + now.tv_nsec;
}

/* ---- what was seen of a call before it ran */

#define BUCKETS 256

static struct seen {
	struct seen *next;
	pid_t tid;
	uint64_t ns;
	char *args[6]; /* as text; NULL: they can still be read */
} * seen[BUCKETS];

static struct seen **seen_find(pid_t tid)
{
	struct seen **at = &seen[tid % BUCKETS];

	while (*at && (*at)->tid != tid)
		at = &(*at)->next;
	return at;
}

static void seen_forget(pid_t tid)
{
	struct seen **at = seen_find(tid), *found = *at;

	if (!found)
		return;
	*at = found->next;
	for (int i = 0; i < 6; i++)
		free(found->args[i]);
	free(found);
}

static void seen_keep(struct traced *traced, bool with_args)
{
	struct seen **at, *new;
	size_t size;

	seen_forget(traced->tid);
	at = seen_find(traced->tid);
	new = calloc(1, sizeof(*new));
	if (!new)
		return;
	new->tid = traced->tid;
	new->ns = now_ns();
	for (unsigned int i = 0; with_args && traced->call && i < traced->call->argc; i++) {
		FILE *text = open_memstream(&new->args[i], &size);

		if (!text)
			break;
		decode_arg(text, traced, i);
		fclose(text);
	}
	*at = new;
}

const char *trace_seen_arg(const struct traced *traced, unsigned int arg)
{
	struct seen *found = *seen_find(traced->tid);

	return traced->exit && found ? found->args[arg] : NULL;
}

/* ---- delays */

static struct delayed {
	struct delayed *next;
	uint64_t due_ns;
	struct traced traced;
} * delayed;

static bool delay(struct traced *traced, int64_t microseconds)
{
	struct delayed *new = malloc(sizeof(*new)), **at = &delayed;

	if (!new)
		return false;
	new->traced = *traced;
	new->due_ns = now_ns() + microseconds * 1000;
	while (*at && (*at)->due_ns <= new->due_ns)
		at = &(*at)->next;
	new->next = *at;
	*at = new;
	return true;
}

void trace_cancelled(uint64_t id)
{
	/* It is answered at once, which only tells the kernel that we know. */
	for (struct delayed *each = delayed; each; each = each->next)
		if (each->traced.id == id)
			each->due_ns = 0;
}

static void serve(const struct options *options, struct traced *traced, const struct rule *result);

int trace_delayed(const struct options *options)
{
	struct delayed **at = &delayed;
	uint64_t now = now_ns(), first = UINT64_MAX;

	while (*at) {
		struct delayed *each = *at;
		const struct rule *result, *unused;

		if (each->due_ns > now) {
			first = each->due_ns < first ? each->due_ns : first;
			at = &each->next;
			continue;
		}
		*at = each->next;
		rules_match(options, &each->traced, &result, &unused);
		serve(options, &each->traced, result);
		free(each);
	}
	return first == UINT64_MAX ? -1 : (int)((first - now + 999999) / 1000000);
}

/* ---- one call */

static bool printed(const struct options *options, const struct traced *traced)
{
	return !traced->call || options->trace.has[call_index(traced->call)];
}

static bool is_uname(const struct traced *traced)
{
	return traced->call && !strcmp(traced->call->family, "uname");
}

static void show(const struct options *options, struct traced *traced, bool known, bool ours)
{
	if (!printed(options, traced))
		return;
	if (options->count)
		output_count(traced, known && traced->result < 0 && traced->result >= -4095, 0);
	else
		output_call(options, traced, known, ours);
}

static void answer(const struct options *options, struct traced *traced, int64_t result)
{
	traced->result = result;
	show(options, traced, true, true);
	traced->engine->answer(traced, result);
}

/* A call that waits to run. */
static void serve(const struct options *options, struct traced *traced, const struct rule *result)
{
	bool executes = traced->call && (traced->call->flags & KMVIEW_CALL_NORETURN);
	bool never_back =
		executes && traced->call->argc < 2; /* exit and sigreturn, but not execve */

	if (result) {
		answer(options, traced, result->value);
	} else if (options->uname_faked && is_uname(traced) && !traced->engine->results) {
		answer(options, traced, uname_fake_whole(options, traced));
	} else if (!traced->engine->results || never_back) {
		show(options, traced, false, false);
		traced->engine->proceed(traced, false);
	} else if (printed(options, traced) || (options->uname_faked && is_uname(traced))) {
		seen_keep(traced, executes && !options->count);
		traced->engine->proceed(traced, true);
	} else {
		traced->engine->proceed(traced, false);
	}
}

/* A call that is over. */
static void finish(const struct options *options, struct traced *traced)
{
	struct seen *before = *seen_find(traced->tid);
	bool faked = options->uname_faked && is_uname(traced);
	bool failed;

	if (faked)
		traced->result = uname_fake_over(options, traced);
	failed = traced->result < 0 && traced->result >= -4095;
	if (printed(options, traced) && options->count)
		output_count(traced, failed, before ? now_ns() - before->ns : 0);
	else if (printed(options, traced))
		output_call(options, traced, true, faked);
	seen_forget(traced->tid);
	if (faked)
		traced->engine->answer(traced, traced->result);
	else
		traced->engine->proceed(traced, false);
}

void trace_call(const struct options *options, struct traced *traced)
{
	const struct rule *result, *wait;

	if (traced->exit) {
		finish(options, traced);
		return;
	}
	rules_match(options, traced, &result, &wait);
	if (wait && delay(traced, wait->value))
		return;
	serve(options, traced, result);
}
