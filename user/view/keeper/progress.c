// SPDX-License-Identifier: GPL-2.0-or-later
/*
 * Does a process work? By its processor time and the bytes that it moved, and those of all its
 * descendants (sshfs has ssh for that). A process that waits for a disk moves none, so whoever asks
 * looks for longer than a disk takes.
 */
#include <stdlib.h>
#include <string.h>
#include <time.h>
#include <unistd.h>

#include "keeper.h"

#define TELL_MS 3000

static void add_one(pid_t pid, struct progress *progress)
{
	unsigned long user = 0, system = 0;
	unsigned long long bytes;
	char line[512] = "";
	const char *end;
	FILE *file = proc_file("%d/stat", pid);

	end = file && fgets(line, sizeof(line), file) ? strrchr(line, ')') : NULL;
	if (end)
		sscanf(end + 1, " %*c %*d %*d %*d %*d %*d %*u %*u %*u %*u %*u %lu %lu", &user,
		       &system);
	progress->ticks += user + system;
	if (file)
		fclose(file);
	/* Not to be read of a process with other ids than ours. */
	file = proc_file("%d/io", pid);
	while (file && fgets(line, sizeof(line), file))
		if (sscanf(line, "rchar: %llu", &bytes) == 1 ||
		    sscanf(line, "wchar: %llu", &bytes) == 1)
			progress->bytes += bytes;
	if (file)
		fclose(file);
}

void progress_add(pid_t pid, struct progress *progress)
{
	FILE *file = proc_file("%d/task/%d/children", pid, pid);
	int child;

	add_one(pid, progress);
	while (file && fscanf(file, "%d", &child) == 1)
		progress_add(child, progress);
	if (file)
		fclose(file);
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
	patience->stalled = time - patience->moved >= KEEPER_STALL_MS;
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
