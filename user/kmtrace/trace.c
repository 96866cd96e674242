// SPDX-License-Identifier: GPL-2.0-or-later
/*
 * What happens to one call: rules first, then print and let it go on.
 *
 * An engine that shows results shows most calls once, when they are over. Calls that change what
 * their arguments point to (execve) or never return (exit), and those whose time is asked for, are
 * shown before too; what was seen then is kept here, by thread, until they are over. So is what was
 * printed of a call that progress.c found unfinished; if the thread is then seen in another call,
 * the end of the first was missed, because it had begun before the tracing. Calls with a delay wait
 * in a list, and the engines ask trace_delayed() how long they may sleep.
 */
#include <signal.h>
#include <stdlib.h>
#include <string.h>
#include <sys/wait.h>

#include "guard.h"

#define NS_PER_S 1000000000ULL

static uint64_t clock_ns(clockid_t clock)
{
	struct timespec now;

	clock_gettime(clock, &now);
	return now.tv_sec * NS_PER_S + now.tv_nsec;
}

static uint64_t now_ns(void)
{
	return clock_ns(CLOCK_MONOTONIC);
}

int command_status(int wait_status)
{
	return WIFSIGNALED(wait_status) ? 128 + WTERMSIG(wait_status) : WEXITSTATUS(wait_status);
}

/* ---- what was seen of a call before it ran */

#define BUCKETS 256

static struct seen {
	struct seen *next;
	pid_t tid;
	unsigned int abi, nr;
	uint64_t ns;	   /* when it began, CLOCK_MONOTONIC */
	uint64_t began_ns; /* and CLOCK_REALTIME */
	bool wanted;	   /* its end is to be printed */
	int64_t delay_us;  /* and to be held for so long */
	bool unfinished;   /* its beginning was printed, without the arguments from this one on: */
	unsigned int from;
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

/* When the call began or ended: as the kernel says, or now. */
static uint64_t time_of(const struct traced *traced)
{
	return traced->at_ns ? traced->at_ns : now_ns();
}

static struct seen *seen_keep(struct traced *traced, bool with_args)
{
	struct seen **at, *new;
	size_t size;

	seen_forget(traced->tid);
	at = seen_find(traced->tid);
	new = calloc(1, sizeof(*new));
	if (!new)
		return NULL;
	new->tid = traced->tid;
	new->abi = traced->abi;
	new->nr = traced->nr;
	new->ns = time_of(traced);
	new->began_ns = clock_ns(CLOCK_REALTIME) - (now_ns() - new->ns);
	new->wanted = true;
	for (unsigned int i = 0; with_args && traced->call && i < traced->call->argc; i++) {
		FILE *text = open_memstream(&new->args[i], &size);

		if (!text)
			break;
		decode_arg(text, traced, i);
		fclose(text);
	}
	*at = new;
	return new;
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
	struct met met;
} * delayed;

static bool delay(struct traced *traced, const struct met *met, int64_t microseconds)
{
	struct delayed *new = malloc(sizeof(*new)), **at = &delayed;

	if (!new)
		return false;
	new->traced = *traced;
	new->met = *met;
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

static void serve(const struct options *options, struct traced *traced, const struct met *met);
static void finish(const struct options *options, struct traced *traced);

int trace_delayed(const struct options *options)
{
	struct delayed **at = &delayed;
	uint64_t now = now_ns(), first = UINT64_MAX;

	while (*at) {
		struct delayed *each = *at;

		if (each->due_ns > now) {
			first = each->due_ns < first ? each->due_ns : first;
			at = &each->next;
			continue;
		}
		*at = each->next;
		if (each->traced.exit)
			finish(options, &each->traced);
		else
			serve(options, &each->traced, &each->met);
		free(each);
	}
	return first == UINT64_MAX ? -1 : (int)((first - now + 999999) / 1000000);
}

/* ---- one call */

/* Is it one of the calls of -e? */
static bool selected(const struct options *options, const struct traced *traced)
{
	return !traced->call || options->trace.has[call_index(traced->call)];
}

/* And, as far as can be told now, of -P? */
static bool printed(const struct options *options, struct traced *traced)
{
	return selected(options, traced) &&
	       (!options->path_count || on_traced_path(options, traced));
}

/* After close(2) nobody can tell what the descriptor was. */
static bool closes(const struct kmview_syscall *call)
{
	return call && !strcmp(call->name, "close");
}

static bool wants_times(const struct options *options)
{
	return options->summary || options->stamp || options->relative || options->spent;
}

bool trace_wants_entry(const struct options *options, const struct kmview_syscall *call)
{
	return wants_times(options) || (call->flags & KMVIEW_CALL_NORETURN) ||
	       ((options->fd_paths || options->path_count) && closes(call));
}

static bool as_wanted(const struct options *options, bool known, bool failed)
{
	if (!known)
		return !options->successful && !options->failed;
	return (!options->successful || !failed) && (!options->failed || failed);
}

static bool is_uname(const struct traced *traced)
{
	return traced->call && !strcmp(traced->call->family, "uname");
}

static void show(const struct options *options, struct traced *traced, bool known, bool ours)
{
	bool failed = known && traced->result < 0 && traced->result >= -4095;

	if (!printed(options, traced) || !as_wanted(options, known, failed))
		return;
	if (options->summary)
		counts_call(traced->call, failed, 0);
	if (!options->count)
		output_call(options, traced, known, ours);
}

static void answer(const struct options *options, struct traced *traced, int64_t result)
{
	traced->result = result;
	show(options, traced, true, true);
	traced->engine->answer(traced, result);
}

/* The signal of a rule: it comes when the call goes on, not to begin it anew. */
static void send_signal(const struct traced *traced, const struct rule *rule)
{
	char path[64], line[64];
	pid_t pid = traced->pid;
	FILE *status;

	/* The seccomp engine knows the thread alone. */
	snprintf(path, sizeof(path), "/proc/%d/status", traced->tid);
	status = fopen(path, "re");
	while (status && fgets(line, sizeof(line), status))
		if (sscanf(line, "Tgid: %d", &pid) == 1)
			break;
	if (status)
		fclose(status);
	tgkill(pid, traced->tid, rule->signal);
}

/* A call that waits to run. */
static void serve(const struct options *options, struct traced *traced, const struct met *met)
{
	const struct rule *result = met->returns;
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
	} else if (selected(options, traced) || met->delay_exit ||
		   (options->uname_faked && is_uname(traced))) {
		bool kept_as_text = (executes || (options->fd_paths && closes(traced->call))) &&
				    !options->count;
		struct seen *kept = seen_keep(traced, kept_as_text);

		/* What it is about can be told now; of close and execve not afterwards. */
		if (kept && options->path_count)
			kept->wanted = on_traced_path(options, traced);
		if (kept && met->delay_exit)
			kept->delay_us = met->delay_exit->delay_exit_us;
		traced->engine->proceed(traced, true);
	} else {
		traced->engine->proceed(traced, false);
	}
	if (met->signal)
		send_signal(traced, met->signal);
}

/* A call that is over. */
static void finish(const struct options *options, struct traced *traced)
{
	struct seen *before = *seen_find(traced->tid);
	bool faked = options->uname_faked && is_uname(traced);
	bool failed, wanted;

	if (faked)
		traced->result = uname_fake_over(options, traced);
	failed = traced->result < 0 && traced->result >= -4095;
	wanted = selected(options, traced) && (before ? before->wanted : printed(options, traced));
	if (before && !before->unfinished) {
		traced->began_ns = before->began_ns;
		traced->spent_ns = time_of(traced) - before->ns;
	}
	wanted = wanted && as_wanted(options, true, failed);
	if (wanted && options->summary)
		counts_call(traced->call, failed, traced->spent_ns);
	if (before && before->unfinished)
		output_resumed(options, traced, before->from, true, faked);
	else if (wanted && !options->count)
		output_call(options, traced, true, faked);
	seen_forget(traced->tid);
	if (faked)
		traced->engine->answer(traced, traced->result);
	else
		traced->engine->proceed(traced, false);
}

void trace_in_progress(const struct options *options, struct traced *traced)
{
	struct seen *found = *seen_find(traced->tid);

	if (found && (found->unfinished || !found->wanted))
		return;
	if (!printed(options, traced) || !as_wanted(options, false, false))
		return;
	if (!found)
		found = seen_keep(traced, false);
	else
		traced->began_ns = found->began_ns;
	if (!found)
		return;
	found->unfinished = true;
	found->from = output_unfinished(options, traced);
}

/* The call that the thread was in has no end. */
static void cut_off(const struct options *options, pid_t pid, pid_t tid)
{
	struct seen *found = *seen_find(tid);
	struct traced missed = {.pid = pid, .tid = tid};

	if (found && found->unfinished) {
		missed.abi = found->abi;
		missed.nr = found->nr;
		missed.call = kmview_syscall_by_number(found->abi, found->nr);
		output_resumed(options, &missed, found->from, false, false);
	}
	seen_forget(tid);
}

void trace_signal(const struct options *options, pid_t pid, pid_t tid, int number, int code)
{
	if (!options->count && number >= 0 && number <= 64 && options->signals[number])
		output_signal(options, pid, tid, number, code);
}

void trace_end(const struct options *options, pid_t pid, pid_t tid, int status)
{
	cut_off(options, pid, tid);
	inject_forget(tid);
	if (!options->count)
		output_end(options, pid, tid, status);
}

void trace_left(const struct options *options, pid_t pid, pid_t tid)
{
	cut_off(options, pid, tid);
	if (!options->count)
		output_left(options, pid, tid);
}

/* The thread is in another call than the one that was printed as unfinished. */
static void end_missed(const struct options *options, const struct traced *traced)
{
	struct seen *found = *seen_find(traced->tid);
	struct traced missed = *traced;

	if (!found || !found->unfinished ||
	    (traced->exit && found->nr == traced->nr && found->abi == traced->abi))
		return;
	missed.abi = found->abi;
	missed.nr = found->nr;
	missed.call = kmview_syscall_by_number(found->abi, found->nr);
	output_resumed(options, &missed, found->from, false, false);
	seen_forget(traced->tid);
}

void trace_call(const struct options *options, struct traced *traced)
{
	struct seen *before;
	struct met met;
	int64_t held;

	if (options->guard) {
		guard_call(options->guard, traced);
		return;
	}
	end_missed(options, traced);
	if (traced->exit) {
		before = *seen_find(traced->tid);
		held = before ? before->delay_us : 0;
		met = (struct met){};
		if (held && delay(traced, &met, held))
			before->delay_us = 0;
		else
			finish(options, traced);
		return;
	}
	rules_match(options, traced, &met);
	if (met.delay && delay(traced, &met, met.delay->delay_us))
		return;
	serve(options, traced, &met);
}
