// SPDX-License-Identifier: GPL-2.0-or-later
/*
 * The labels of processes: a set for each, which its children inherit and which it keeps when it
 * executes another program.
 *
 * With the engine kmview the set of a thread is its cookie, which the kernel hands on at fork. A
 * process with threads has a row in the table here, as they share it; a thread's cookie is brought
 * up to date before it forks. With seccomp all processes that were seen have a row; a new one
 * inherits that of its nearest ancestor that has one. If there is none, since the parents have ended,
 * it gets all labels that any process ever had: an alarm can then be false. A process that lets
 * itself be the parent of orphans (PR_SET_CHILD_SUBREAPER) passes its own labels on to them.
 *
 * A row is that of the process that started when it says; numbers of processes are used again.
 */
#include <stdlib.h>
#include <string.h>
#include <sys/stat.h>
#include <unistd.h>

#include "guard.h"

#define BUCKETS 1024
#define DEPTH	64 /* of ancestors that are looked at */

static struct row {
	struct row *next;
	pid_t pid;
	unsigned long long start;
	uint64_t labels;
} * table[BUCKETS];

static uint64_t ever;
static unsigned int rows, sweep_at = 256;

/* When the process started, and its parent. False: it is gone. */
static bool stat_of(pid_t pid, unsigned long long *start, pid_t *parent)
{
	char path[64], text[1024], *at;
	FILE *file;
	size_t length;

	snprintf(path, sizeof(path), "/proc/%d/stat", pid);
	file = fopen(path, "re");
	if (!file)
		return false;
	length = fread(text, 1, sizeof(text) - 1, file);
	fclose(file);
	text[length] = '\0';
	at = strrchr(text, ')'); /* the name before may contain anything */
	return at && sscanf(at + 1,
			    " %*c %d %*d %*d %*d %*d %*u %*u %*u %*u %*u %*u %*u %*d %*d %*d %*d "
			    "%*d %*d %llu",
			    parent, start) == 2;
}

static struct row **find(pid_t pid)
{
	struct row **at = &table[pid % BUCKETS];

	while (*at && (*at)->pid != pid)
		at = &(*at)->next;
	return at;
}

static void drop(struct row **at)
{
	struct row *row = *at;

	*at = row->next;
	free(row);
	rows--;
}

/* The row of a process that lives; NULL. */
static struct row *live(pid_t pid)
{
	struct row **at = find(pid);
	unsigned long long start;
	pid_t parent;

	if (!*at)
		return NULL;
	if (stat_of(pid, &start, &parent) && start == (*at)->start)
		return *at;
	drop(at);
	return NULL;
}

static void sweep(void)
{
	for (unsigned int i = 0; i < BUCKETS; i++)
		for (struct row **at = &table[i]; *at;) {
			struct row *row = *at;

			if (live(row->pid))
				at = &row->next;
		}
	sweep_at = rows < 128 ? 256 : 2 * rows;
}

static void put(pid_t pid, uint64_t labels)
{
	struct row *row = live(pid);
	pid_t parent;

	ever |= labels;
	if (!row) {
		if (rows >= sweep_at)
			sweep();
		row = calloc(1, sizeof(*row));
		if (!row)
			return;
		if (!stat_of(pid, &row->start, &parent)) {
			free(row);
			return;
		}
		row->pid = pid;
		row->next = table[pid % BUCKETS];
		table[pid % BUCKETS] = row;
		rows++;
	}
	row->labels = labels;
}

static uint64_t inherited(pid_t pid)
{
	unsigned long long start;
	pid_t parent;

	for (unsigned int depth = 0; depth < DEPTH && stat_of(pid, &start, &parent); depth++) {
		struct row *row = live(parent);

		if (row)
			return row->labels;
		if (parent == getpid() || parent <= 1)
			break;
		pid = parent;
	}
	return ever;
}

uint64_t guard_labels(struct traced *traced)
{
	pid_t pid = guard_process(traced);
	struct row *row = live(pid);
	uint64_t labels;

	if (row)
		return row->labels;
	if (traced->engine->cookies)
		return traced->cookie;
	labels = inherited(pid);
	put(pid, labels);
	return labels;
}

/* One thread, as far as can be seen. */
static bool alone(pid_t pid)
{
	char path[64];
	struct stat s;

	snprintf(path, sizeof(path), "/proc/%d/task", pid);
	return stat(path, &s) == 0 && s.st_nlink == 3;
}

void guard_labels_set(struct traced *traced, uint64_t labels)
{
	pid_t pid = guard_process(traced);

	if (!traced->engine->cookies || *find(pid) || !alone(pid))
		put(pid, labels);
	if (traced->engine->cookies && traced->cookie != labels &&
	    traced->engine->set_cookie(traced, labels) == 0)
		traced->cookie = labels;
}

void guard_labels_fork(struct traced *traced)
{
	uint64_t labels = guard_labels(traced);

	if (traced->engine->cookies && labels != traced->cookie)
		traced->engine->set_cookie(traced, labels);
}
