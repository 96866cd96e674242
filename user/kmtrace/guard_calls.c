// SPDX-License-Identifier: GPL-2.0-or-later
/*
 * Which system calls a set of rules needs to see, and what the kernel sorts out before.
 *
 * A call that no rule is about is not hooked. Where all rules about files of a kind (read, write,
 * exec) name them below some directory, these directories are path prefixes of the session, and the
 * kernel asks only about names that lead there. Opens that only read are let go on by a BPF program
 * where only writing is of interest. A call that one rule refuses in any case has a value in the
 * kernel's table.
 */
#include <errno.h>
#include <fcntl.h>
#include <stdlib.h>
#include <string.h>

#include "guard.h"

static const struct {
	enum guard_kind kind;
	enum guard_event event;
	const char *calls; /* families, between blanks */
} kinds[] = {
	{GUARD_OPEN, 0, " open openat openat2 creat "},
	{GUARD_HANDLE, 0, " open_by_handle_at "},
	{GUARD_PATHS, GUARD_WRITE,
	 " truncate mkdir mkdirat mknod mknodat symlink symlinkat rename renameat renameat2 unlink "
	 "unlinkat rmdir chmod fchmodat fchmodat2 chown lchown fchownat setxattr lsetxattr "
	 "setxattrat "
	 "removexattr lremovexattr removexattrat utime utimes futimesat utimensat "},
	{GUARD_LINK, GUARD_WRITE, " link linkat "},
	{GUARD_FD, GUARD_WRITE, " fchmod fchown fsetxattr fremovexattr "},
	{GUARD_EXECVE, GUARD_EXEC, " execve execveat "},
	{GUARD_ADDRESS, GUARD_CONNECT, " connect sendto "},
	{GUARD_MESSAGE, GUARD_CONNECT, " sendmsg "},
	{GUARD_MESSAGES, GUARD_CONNECT, " sendmmsg "},
	{GUARD_ADDRESS, GUARD_BIND, " bind "},
	{GUARD_ADDRESS, GUARD_LISTEN, " listen "},
	{GUARD_ADDRESS, GUARD_ACCEPT, " accept accept4 "},
	{GUARD_FORK, 0, " fork vfork clone clone3 "},
};

/* The row of a call and 1; 0: none. Made at first use. */
static unsigned int row_of(const struct kmview_syscall *call)
{
	static unsigned char rows[CALLS_MAX];
	static bool made;

	if (!made) {
		const struct kmview_syscall *each = NULL;

		while ((each = kmview_syscall_next(each)))
			for (size_t i = 0; i < sizeof(kinds) / sizeof(kinds[0]); i++) {
				char word[80];

				snprintf(word, sizeof(word), " %s ", each->family);
				if (strstr(kinds[i].calls, word))
					rows[call_index(each)] = i + 1;
			}
		made = true;
	}
	return call ? rows[call_index(call)] : 0;
}

enum guard_kind guard_kind(const struct kmview_syscall *call)
{
	unsigned int row = row_of(call);

	return row ? kinds[row - 1].kind : GUARD_NONE;
}

enum guard_event guard_event_of(const struct kmview_syscall *call)
{
	unsigned int row = row_of(call);

	return row ? kinds[row - 1].event : GUARD_CALL;
}

/* Does a rule name the call itself? */
static bool named(const struct guard *guard, const struct kmview_syscall *call)
{
	for (const struct guard_rule *rule = guard->rules; rule; rule = rule->next)
		if (rule->event == GUARD_CALL && rule->calls.has[call_index(call)])
			return true;
	return false;
}

static bool wants_kind(const struct guard *guard, const struct kmview_syscall *call)
{
	switch (guard_kind(call)) {
	case GUARD_NONE:
		return false;
	case GUARD_OPEN:
	case GUARD_HANDLE:
		return guard->uses[GUARD_READ] || guard->uses[GUARD_WRITE];
	case GUARD_LINK:
		return guard->uses[GUARD_READ] || guard->uses[GUARD_WRITE];
	case GUARD_FORK: /* threads of a process share its labels, its children inherit them */
		return guard->label_count;
	default:
		return guard->uses[guard_event_of(call)];
	}
}

bool guard_wants(const struct guard *guard, const struct kmview_syscall *call)
{
	return wants_kind(guard, call) || named(guard, call);
}

/* Requests in the rings of io_uring open files and make connections. */
bool guard_hides(const struct kmview_syscall *call)
{
	return !strcmp(call->name, "io_uring_setup");
}

/* ---- prefixes */

/* The directory below which all that the pattern matches is, or the one file. False: "/". */
static bool prefix_of(const struct guard_pattern *pattern, char prefix[PATH_MAX])
{
	const char *text = pattern->resolved;
	size_t length = strcspn(text, "*?");

	if (text[length])
		while (length && text[length - 1] != '/')
			length--;
	while (length > 1 && text[length - 1] == '/')
		length--;
	if (length < 2 || length >= PATH_MAX)
		return false;
	memcpy(prefix, text, length);
	prefix[length] = '\0';
	/* A prefix has neither "." nor ".."; such a part stays where the file does not exist yet. */
	return !strstr(prefix, "/.");
}

/* Can the kernel sort out the files of these events, by so many prefixes? */
static bool filters(const struct guard *guard)
{
	char prefix[PATH_MAX];
	unsigned int count = 0;

	if (guard->strict || guard->learnt)
		return false;
	for (const struct guard_rule *rule = guard->rules; rule; rule = rule->next)
		for (const struct guard_pattern *p = rule->objects; p; p = p->next)
			count += rule->event <= GUARD_EXEC && prefix_of(p, prefix);
	return count <= KMVIEW_PREFIXES;
}

static bool event_filters(const struct guard *guard, enum guard_event event)
{
	char prefix[PATH_MAX];

	for (const struct guard_rule *rule = guard->rules; rule; rule = rule->next) {
		if (rule->event != event)
			continue;
		if (!rule->objects || rule->objects_not)
			return false;
		for (const struct guard_pattern *p = rule->objects; p; p = p->next)
			if (!prefix_of(p, prefix))
				return false;
	}
	return true;
}

/* The marks of prefixes that concern a call; 0: all its names concern us. */
static uint32_t marks_of(const struct guard *guard, const struct kmview_syscall *call)
{
	enum guard_kind kind = guard_kind(call);
	uint32_t marks = 0;

	if (!filters(guard))
		return 0;
	for (enum guard_event event = GUARD_READ; event <= GUARD_EXEC; event++) {
		bool concerned = kind == GUARD_EXECVE  ? event == GUARD_EXEC
				 : kind == GUARD_PATHS ? event == GUARD_WRITE
						       : event <= GUARD_WRITE;

		if (!concerned || !guard->uses[event])
			continue;
		if (!event_filters(guard, event))
			return 0;
		marks |= 1u << event;
	}
	return kind == GUARD_OPEN || kind == GUARD_PATHS || kind == GUARD_LINK ||
			       kind == GUARD_EXECVE
		       ? marks
		       : 0;
}

int guard_prefixes(const struct guard *guard, struct kmview *session)
{
	struct made {
		char prefix[PATH_MAX];
		uint32_t marks;
	} * made;
	unsigned int count = 0, i;
	char prefix[PATH_MAX];
	int error = 0;

	if (!filters(guard))
		return 0;
	made = calloc(KMVIEW_PREFIXES, sizeof(*made));
	if (!made)
		return -ENOMEM;
	for (const struct guard_rule *rule = guard->rules; rule; rule = rule->next)
		for (const struct guard_pattern *p = rule->objects; p; p = p->next) {
			if (rule->event > GUARD_EXEC || !prefix_of(p, prefix))
				continue;
			for (i = 0; i < count && strcmp(made[i].prefix, prefix); i++)
				;
			if (i == count)
				strcpy(made[count++].prefix, prefix);
			made[i].marks |= 1u << rule->event;
		}
	for (i = 0; !error && i < count; i++)
		error = kmview_prefix(session, made[i].prefix, made[i].marks);
	free(made);
	return error;
}

/* ---- rules of the kernel */

/* The only rule about a call that has no other meaning, and one that does not look at who calls. */
static const struct guard_rule *constant(const struct guard *guard,
					 const struct kmview_syscall *call)
{
	const struct guard_rule *rule = guard->rules;

	while (rule && (rule->event != GUARD_CALL || !rule->calls.has[call_index(call)]))
		rule = rule->next;
	if (!rule || rule->verdict != GUARD_REFUSE || rule->programs || rule->with ||
	    rule->without || rule->mark || rule->unmark || rule->log || rule->run ||
	    rule->tell >= 0)
		return NULL;
	return rule;
}

bool guard_flags(const struct guard *guard, const struct kmview_syscall *call, unsigned int *arg,
		 uint32_t *mask)
{
	if (named(guard, call))
		return false;
	if (!strcmp(call->family, "sendto")) { /* with an address */
		*arg = 4;
		*mask = UINT32_MAX;
		return true;
	}
	if (guard_kind(call) != GUARD_OPEN || guard->uses[GUARD_READ])
		return false;
	for (*arg = 0; *arg < call->argc; ++*arg)
		if (call->args[*arg] == KMVIEW_T_OPEN) {
			*mask = O_ACCMODE | O_CREAT | O_TRUNC;
			return true;
		}
	return false;
}

bool guard_hook(const struct guard *guard, const struct kmview_syscall *call, bool bpf,
		struct kmview_hook *hook)
{
	bool by_kind = wants_kind(guard, call), by_name = named(guard, call);
	const struct guard_rule *rule = by_name && !by_kind ? constant(guard, call) : NULL;
	unsigned int arg;
	uint32_t mask;

	*hook = (struct kmview_hook){.action = KMVIEW_NOTIFY};
	if (guard_hides(call)) {
		hook->action = KMVIEW_VALUE;
		hook->value = -ENOSYS;
		return true;
	}
	if (rule) {
		hook->action = KMVIEW_VALUE;
		hook->value = -rule->error;
	}
	if (by_kind && !by_name) {
		hook->path_marks = marks_of(guard, call);
		if (bpf && guard_flags(guard, call, &arg, &mask))
			hook->action = KMVIEW_BPF;
	}
	return by_kind || by_name;
}
