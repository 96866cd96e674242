// SPDX-License-Identifier: GPL-2.0-or-later
/*
 * Does a process work? By its processor time and the bytes that it moved, and those of all its
 * descendants (sshfs has ssh for that).
 *
 * To do nothing for a moment is not to be stuck: a disk or a far end may be slow, a server may try again after a while. So
 * who does nothing has half a minute, unless it is plain that nothing will come: it is stopped, or the kernel waits for its answer.
 */
#include <stdlib.h>
#include <string.h>
#include <time.h>
#include <unistd.h>

#include "keeper.h"

#define TELL_MS 3000

/* A line of /proc: the state of a process or thread, '?': it is gone; and its processor time, or NULL. */
static char read_state(FILE *file, uint64_t *ticks)
{
	unsigned long user = 0, system = 0;
	char line[512] = "", state = '?';
	const char *end;

	end = file && fgets(line, sizeof(line), file) ? strrchr(line, ')') : NULL;
	if (end)
		sscanf(end + 1, " %c %*d %*d %*d %*d %*d %*u %*u %*u %*u %*u %lu %lu", &state,
		       &user, &system);
	if (ticks)
		*ticks += user + system;
	if (file)
		fclose(file);
	return state;
}

static void add_one(pid_t pid, struct progress *progress)
{
	unsigned long long bytes;
	char line[512];
	FILE *file;

	read_state(proc_file("%d/stat", pid), &progress->ticks);
	/* Not to be read of a process with other ids than ours. */
	file = proc_file("%d/io", pid);
	while (file && fgets(line, sizeof(line), file))
		if (sscanf(line, "rchar: %llu", &bytes) == 1 ||
		    sscanf(line, "wchar: %llu", &bytes) == 1)
			progress->bytes += bytes;
	if (file)
		fclose(file);
}

char progress_state(pid_t pid)
{
	return read_state(proc_file("%d/stat", pid), NULL);
}

static void add_family(pid_t pid, struct progress *progress)
{
	FILE *file = proc_file("%d/task/%d/children", pid, pid);
	int child;

	add_one(pid, progress);
	while (file && fscanf(file, "%d", &child) == 1)
		add_family(child, progress);
	if (file)
		fclose(file);
}

void progress_add(pid_t pid, struct progress *progress)
{
	char state = progress_state(pid);

	progress->may_go_on |= !strchr("TtZ?", state);
	add_family(pid, progress);
}

int64_t now_ms(void)
{
	struct timespec now;

	clock_gettime(CLOCK_MONOTONIC, &now);
	return now.tv_sec * 1000LL + now.tv_nsec / 1000000;
}

bool patience_look(struct patience *patience, const struct progress *now, int limit, char *words,
		   size_t size)
{
	int64_t time = now_ms(), waited;

	words[0] = '\0';
	if (!patience->begun) {
		patience->begun = patience->moved = patience->told = time;
		patience->first = patience->last = *now;
	}
	/* Less than before: one of them has ended. */
	if (now->ticks != patience->last.ticks || now->bytes != patience->last.bytes)
		patience->moved = time;
	patience->last = *now;
	waited = time - patience->begun;
	patience->stalled = time - patience->moved >=
			    (now->may_go_on && !now->asked ? KEEPER_IDLE_MS : KEEPER_STALL_MS);
	if (patience->stalled || (limit && waited >= limit * 1000LL))
		return false;
	if (time - patience->told >= TELL_MS) {
		patience->told = time;
		snprintf(words, size, "%lld s, %.1f MB read and written meanwhile",
			 (long long)waited / 1000,
			 now->bytes > patience->first.bytes
				 ? (now->bytes - patience->first.bytes) / 1e6
				 : 0.0);
	}
	return true;
}

bool progress_variable(pid_t pid, const char *name, char *value, size_t size)
{
	char *variable = NULL;
	size_t room = 0, length = strlen(name);
	FILE *file = proc_file("%d/environ", pid);
	bool found = false;

	while (file && !found && getdelim(&variable, &room, '\0', file) > 0) {
		found = !strncmp(variable, name, length) && variable[length] == '=';
		if (found)
			snprintf(value, size, "%s", variable + length + 1);
	}
	free(variable);
	if (file)
		fclose(file);
	return found;
}
