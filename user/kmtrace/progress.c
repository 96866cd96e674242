// SPDX-License-Identifier: GPL-2.0-or-later
/*
 * Calls that have begun and are not over, as /proc/TID/syscall tells them.
 *
 * Most calls are shown to the tracer once, when they are over, which costs half of what showing
 * their beginning would. So a thread that blocks is found by looking: a call is printed as
 * unfinished when two looks in a row find the thread in it with the same arguments. A call that
 * began before the process was attached is found in the same way. While nothing happens the looks
 * become rarer, and they never take more than a twentieth of the time.
 */
#include <elf.h>
#include <errno.h>
#include <fcntl.h>
#include <stdlib.h>
#include <string.h>
#include <sys/uio.h>
#include <time.h>
#include <unistd.h>

#include "kmtrace.h"

#define FIRST_MS  100
#define LAST_MS	  1000
#define SHARE	  20 /* of the time at most one part in so many is spent looking */
#define ARGUMENTS 6
#define X32_BIT	  0x40000000u

struct found {
	pid_t tid;
	unsigned long nr;
	uint64_t args[ARGUMENTS], stack;
};

static struct found *last; /* those of the look before */
static size_t last_count;
static uint64_t due_ms;
static unsigned int interval_ms = FIRST_MS;

static uint64_t now_ms(void)
{
	struct timespec now;

	clock_gettime(CLOCK_MONOTONIC, &now);
	return now.tv_sec * 1000ULL + now.tv_nsec / 1000000;
}

/* ---- one thread */

/* The line is "NUMBER ARG0 ... ARG5 STACK PROGRAM", "running", or "-1 STACK PROGRAM". */
static bool read_call(pid_t tid, struct found *found)
{
	char path[64], text[256];
	ssize_t length;
	long nr;
	int fd, fields;

	snprintf(path, sizeof(path), "/proc/%d/syscall", tid);
	fd = open(path, O_RDONLY | O_CLOEXEC);
	if (fd < 0)
		return false;
	length = read(fd, text, sizeof(text) - 1);
	close(fd);
	if (length <= 0)
		return false;
	text[length] = '\0';
	*found = (struct found){.tid = tid};
	fields = sscanf(text, "%ld %lx %lx %lx %lx %lx %lx %lx", &nr, &found->args[0],
			&found->args[1], &found->args[2], &found->args[3], &found->args[4],
			&found->args[5], &found->stack);
	found->nr = nr;
	return fields == 8 && nr >= 0;
}

/* Is the thread's program of 32 bits? Then its numbers are of another table. */
static bool is_ia32(pid_t tid)
{
	unsigned char header[EI_NIDENT + 4];
	char path[64];
	ssize_t length = -1;
	int fd;

	snprintf(path, sizeof(path), "/proc/%d/exe", tid);
	fd = open(path, O_RDONLY | O_CLOEXEC);
	if (fd >= 0) {
		length = read(fd, header, sizeof(header));
		close(fd);
	}
	return length == sizeof(header) && header[EI_CLASS] == ELFCLASS32 &&
	       header[EI_NIDENT + 2] == EM_386;
}

static ssize_t memory_read(struct traced *traced, uint64_t address, void *buffer, size_t length)
{
	struct iovec local = {buffer, length}, remote = {(void *)(uintptr_t)address, length};
	ssize_t moved = process_vm_readv(traced->tid, &local, 1, &remote, 1, 0);

	return moved < 0 ? -errno : moved;
}

static ssize_t string(struct traced *traced, unsigned int arg, char *buffer, size_t size)
{
	size_t have = 0;

	while (have < size) {
		uint64_t address = traced->args[arg] + have;
		size_t room = 4096 - address % 4096,
		       chunk = room < size - have ? room : size - have;
		ssize_t moved = memory_read(traced, address, buffer + have, chunk);
		char *end = moved > 0 ? memchr(buffer + have, 0, moved) : NULL;

		if (moved <= 0)
			return moved ? moved : -EFAULT;
		if (end)
			return end - buffer;
		have += moved;
	}
	return -ENAMETOOLONG;
}

/* A thread that is only looked at: its memory can be read, it cannot be answered. */
static const struct engine looker = {.results = true, .read = memory_read, .string = string};

static void show(const struct options *options, pid_t pid, const struct found *found)
{
	struct traced traced = {
		.engine = &looker,
		.pid = pid,
		.tid = found->tid,
		.nr = found->nr & ~X32_BIT,
		.abi = found->nr & X32_BIT   ? KMVIEW_ABI_X32
		       : is_ia32(found->tid) ? KMVIEW_ABI_IA32
					     : KMVIEW_ABI_X64,
	};

	memcpy(traced.args, found->args, sizeof(traced.args));
	traced.call = kmview_syscall_by_number(traced.abi, traced.nr);
	if (traced.call)
		trace_in_progress(options, &traced);
}

/* ---- all of them */

static bool was_there(const struct found *found)
{
	for (size_t i = 0; i < last_count; i++)
		if (last[i].tid == found->tid)
			return !memcmp(&last[i], found, sizeof(*found));
	return false;
}

/* Returns true when a thread is in another call than at the last look. */
static bool look(const struct options *options, struct kmview *session)
{
	struct kmview_task_info *tasks;
	struct found *now;
	size_t count, found = 0;
	bool changed = false;

	if (kmview_tasks(session, &tasks, &count) < 0)
		return false;
	now = calloc(count ? count : 1, sizeof(*now));
	for (size_t i = 0; now && i < count; i++) {
		if (!read_call(tasks[i].tid, &now[found]))
			continue;
		if (was_there(&now[found]))
			show(options, tasks[i].pid, &now[found]);
		else
			changed = true;
		found++;
	}
	free(tasks);
	free(last);
	last = now;
	last_count = now ? found : 0;
	return changed;
}

int progress_look(const struct options *options, struct kmview *session)
{
	uint64_t now = now_ms();

	if (!due_ms)
		due_ms = now + interval_ms;
	if (now >= due_ms) {
		bool changed = look(options, session);
		uint64_t took = now_ms() - now;

		interval_ms = changed ? FIRST_MS : interval_ms * 2;
		if (interval_ms > LAST_MS)
			interval_ms = LAST_MS;
		if (interval_ms < took * SHARE)
			interval_ms = took * SHARE;
		now += took;
		due_ms = now + interval_ms;
	}
	return due_ms - now;
}

void progress_reset(void)
{
	if (interval_ms > FIRST_MS) {
		interval_ms = FIRST_MS;
		due_ms = 0;
	}
}
