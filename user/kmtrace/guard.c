// SPDX-License-Identifier: GPL-2.0-or-later
/*
 * One call under kmtrace guard.
 *
 * When it waits to run, the rules are asked about each of its objects, in the order of the file: all
 * that match are carried out, up to one that has the last word (allow, refuse, deny, stop, kill).
 * Conditions look at the labels that the process had before the call. Marks take effect when the
 * call has succeeded, as far as the engine shows that; of a process with threads, and with an engine
 * that does not, at once.
 *
 * What was opened is looked at again when the call is over if the name could have been changed
 * meanwhile: by other threads, with --strict always. If the rules forbid what is open now, the
 * process is killed, since it has the descriptor already.
 */
#include <errno.h>
#include <signal.h>
#include <stdlib.h>
#include <string.h>
#include <sys/stat.h>

#include "guard.h"

/* What the rules say about a call. */
struct decision {
	uint64_t mark, unmark;
	const struct guard_rule *last; /* the one with the strictest verdict; NULL */
	enum guard_verdict verdict;
};

/* ---- calls whose end is awaited */

#define BUCKETS 256

static struct pending {
	struct pending *next;
	pid_t tid;
	uint64_t mark, unmark;
	bool look_again;
	char seen[GUARD_TEXT]; /* the file that was looked at */
} * pending[BUCKETS];

static struct pending *take_pending(pid_t tid)
{
	struct pending **at = &pending[tid % BUCKETS], *found;

	while (*at && (*at)->tid != tid)
		at = &(*at)->next;
	found = *at;
	if (found)
		*at = found->next;
	return found;
}

static bool keep_pending(pid_t tid, const struct decision *decision, bool look_again,
			 const char *seen)
{
	struct pending *new = calloc(1, sizeof(*new));

	free(take_pending(tid));
	if (!new)
		return false;
	new->tid = tid;
	new->mark = decision->mark;
	new->unmark = decision->unmark;
	new->look_again = look_again;
	strcpy(new->seen, seen);
	new->next = pending[tid % BUCKETS];
	pending[tid % BUCKETS] = new;
	return true;
}

/* ---- the rules */

/* What is found out about the caller at most once for each call. */
struct caller {
	struct traced *traced;
	uint64_t labels;
	bool program_known;
	char program[GUARD_TEXT];
};

static const char *program_of(struct caller *caller)
{
	if (!caller->program_known)
		guard_program(caller->traced, caller->program);
	caller->program_known = true;
	return caller->program;
}

static bool matches(const struct guard_rule *rule, struct caller *caller,
		    const struct guard_object *object)
{
	if (rule->event != object->event)
		return false;
	if ((caller->labels & rule->with) != rule->with || caller->labels & rule->without)
		return false;
	if (rule->event == GUARD_CALL && !rule->calls.has[call_index(caller->traced->call)])
		return false;
	if (rule->objects) {
		bool found = rule->event <= GUARD_EXEC
				     ? guard_path_matches(rule->objects, object->text)
				     : guard_address_matches(rule->objects, object);

		if (found == rule->objects_not)
			return false;
	}
	if (rule->programs &&
	    guard_path_matches(rule->programs, program_of(caller)) == rule->programs_not)
		return false;
	return !rule->writable || guard_writable(caller->traced, object->text);
}

static const char *done(const struct guard_rule *rule)
{
	return rule->verdict == GUARD_DENY   ? "denied"
	       : rule->verdict == GUARD_STOP ? "stopped"
	       : rule->verdict == GUARD_KILL ? "killed"
					     : "logged";
}

static bool is_told(const struct guard_rule *rule)
{
	return rule->log || rule->run || rule->tell >= 0 || rule->verdict >= GUARD_DENY;
}

/* What the rules say about one object. tell: report it. */
static void decide(struct guard *guard, struct caller *caller, const struct guard_object *object,
		   bool tell, struct decision *decision)
{
	for (const struct guard_rule *rule = guard->rules; rule; rule = rule->next) {
		struct guard_incident incident = {
			.rule = rule, .object = object, .labels = caller->labels};

		if (!matches(rule, caller, object))
			continue;
		decision->mark |= rule->mark;
		decision->unmark = (decision->unmark & ~rule->mark) | rule->unmark;
		decision->mark &= ~rule->unmark;
		incident.what = done(rule);
		if (rule->verdict == GUARD_DENY)
			incident.error = rule->error;
		if (tell && is_told(rule))
			guard_report(guard, caller->traced, &incident);
		if (rule->verdict == GUARD_GO_ON)
			continue;
		if (rule->verdict > decision->verdict) {
			decision->verdict = rule->verdict;
			decision->last = rule;
		}
		break;
	}
}

/* Could another thread change what the arguments point to? */
static bool has_threads(struct traced *traced)
{
	char path[64];
	struct stat s;

	snprintf(path, sizeof(path), "/proc/%d/task", guard_process(traced));
	return stat(path, &s) < 0 || s.st_nlink != 3;
}

static void carry_out(struct guard *guard, struct traced *traced, const struct guard_rule *rule)
{
	pid_t pid = guard_process(traced);

	if (rule->verdict == GUARD_STOP) {
		guard->stopped++;
		kill(pid, SIGSTOP);
	} else if (rule->verdict == GUARD_KILL) {
		guard->killed++;
		kill(pid, SIGKILL);
	} else {
		guard->denied++;
	}
	traced->engine->answer(traced, -rule->error);
}

/* ---- the two moments of a call */

static unsigned int all_objects(const struct guard *guard, struct traced *traced,
				struct guard_object *objects)
{
	unsigned int count = guard_objects(traced, objects);

	if (guard->uses[GUARD_CALL] && count < GUARD_OBJECTS) {
		objects[count].event = GUARD_CALL;
		snprintf(objects[count++].text, sizeof(objects->text), "%s", traced->call->name);
	}
	return count;
}

static void before(struct guard *guard, struct traced *traced)
{
	static struct guard_object objects[GUARD_OBJECTS]; /* there is one thread */
	struct caller caller = {.traced = traced, .labels = guard_labels(traced)};
	enum guard_kind kind = guard_kind(traced->call);
	unsigned int count = all_objects(guard, traced, objects);
	struct decision decision = {}, of_missing = {};
	bool opens = kind == GUARD_OPEN || kind == GUARD_HANDLE, look_again, wait;
	uint64_t labels;

	for (unsigned int i = 0; i < count; i++) {
		if (objects[i].missing) {
			decide(guard, &caller, &objects[i], false, &of_missing);
			continue;
		}
		decide(guard, &caller, &objects[i], true, &decision);
		if (guard->learnt)
			guard_learn(guard->learnt, program_of(&caller), &objects[i]);
	}
	if (decision.verdict >= GUARD_REFUSE) {
		carry_out(guard, traced, decision.last);
		return;
	}
	/* A shell looks along PATH: no incident. But the file could be there in an instant. */
	if (of_missing.verdict >= GUARD_REFUSE) {
		traced->engine->answer(traced, -ENOENT);
		return;
	}
	look_again = traced->engine->results && opens &&
		     (kind == GUARD_HANDLE || guard->strict || has_threads(traced));
	labels = (caller.labels | decision.mark) & ~decision.unmark;
	wait = traced->engine->results && (look_again || labels != caller.labels);
	if (labels != caller.labels && (!wait || has_threads(traced))) {
		guard_labels_set(traced, labels);
		wait = look_again;
	}
	if (wait)
		wait = keep_pending(kind == GUARD_EXECVE ? traced->pid : traced->tid, &decision,
				    look_again, count ? objects[0].text : "");
	traced->engine->proceed(traced, wait);
}

/* The file that is open now is not the one that was looked at. */
static void look_again(struct guard *guard, struct traced *traced, struct pending *kept)
{
	static struct guard_object objects[GUARD_OBJECTS];
	struct caller caller = {.traced = traced, .labels = guard_labels(traced)};
	unsigned int count = guard_opened(traced, traced->result, objects);
	struct decision decision = {};
	bool other = count && strcmp(kept->seen, objects[0].text);

	for (unsigned int i = 0; other && i < count; i++)
		decide(guard, &caller, &objects[i], false, &decision);
	kept->mark |= decision.mark;
	if (decision.verdict >= GUARD_REFUSE) {
		struct guard_incident incident = {.rule = decision.last,
						  .object = &objects[0],
						  .what = "killed, as it got by another name",
						  .labels = caller.labels};

		kill(guard_process(traced), SIGKILL);
		guard->killed++;
		guard_report(guard, traced, &incident);
	}
}

static void after(struct guard *guard, struct traced *traced)
{
	struct pending *kept =
		take_pending(guard_kind(traced->call) == GUARD_EXECVE ? traced->pid : traced->tid);
	bool good = traced->result >= 0 || traced->result == -EINPROGRESS;

	if (kept && good) {
		uint64_t labels = guard_labels(traced), then;

		if (kept->look_again)
			look_again(guard, traced, kept);
		then = (labels | kept->mark) & ~kept->unmark;
		if (then != labels)
			guard_labels_set(traced, then);
	}
	free(kept);
	traced->engine->proceed(traced, false);
}

void guard_call(struct guard *guard, struct traced *traced)
{
	if (traced->exit) {
		after(guard, traced);
	} else if (!traced->call) {
		traced->engine->proceed(traced, false);
	} else {
		if (guard_kind(traced->call) == GUARD_FORK)
			guard_labels_fork(traced);
		before(guard, traced);
	}
}
