// SPDX-License-Identifier: GPL-2.0-only
/*
 * The session's image: a clock for programs that ask the vDSO, with clock_image.so. Dates are those that programs of
 * the system print.
 */
#include <errno.h>
#include <fcntl.h>
#include <signal.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/mman.h>
#include <sys/mount.h>
#include <sys/stat.h>
#include <sys/wait.h>
#include <time.h>
#include <unistd.h>

#include "inside.h"

#define IMAGE "build/tests/kmview/clock_image.so"
#define YEARS 400000000L /* seconds */

static struct kmview *session;
static int image, page;
static long *offset;

/* A page that we may write to, by another descriptor than the one that programs map. */
static int make_page(long **at)
{
	char path[64];
	int fd = memfd_create("page", MFD_CLOEXEC), reader;

	if (fd < 0 || ftruncate(fd, 4096))
		return -1;
	*at = mmap(NULL, 4096, PROT_READ | PROT_WRITE, MAP_SHARED, fd, 0);
	snprintf(path, sizeof(path), "/proc/self/fd/%d", fd);
	reader = open(path, O_RDONLY | O_CLOEXEC);
	close(fd);
	return *at == MAP_FAILED ? -1 : reader;
}

static const char *open_clock(void)
{
	EXPECT(kmview_open(&session, NULL), 0);
	CHECK(kmview_features(session) & KMVIEW_FEATURE_IMAGE);
	image = open(IMAGE, O_RDONLY | O_CLOEXEC);
	page = make_page(&offset);
	CHECK(image >= 0 && page >= 0);
	EXPECT(kmview_image(session, image, page), 0);
	*offset = YEARS;
	return NULL;
}

/* A command whose output is read from a pipe. */
static FILE *command_output(const char *command, pid_t *pid)
{
	int ends[2];

	if (pipe2(ends, O_CLOEXEC))
		return NULL;
	*pid = fork();
	if (*pid == 0) {
		dup2(ends[1], 1);
		execl("/bin/bash", "bash", "-c", command, NULL);
		_exit(127);
	}
	close(ends[1]);
	return fdopen(ends[0], "r");
}

/* How far ahead of ours the clock is that a command prints, in tens of seconds. */
static long ahead(FILE *output)
{
	long then;

	return fscanf(output, "%ld", &then) == 1 ? (then - time(NULL) + 5) / 10 : -1;
}

static const char *expect_ahead(const char *command, long seconds)
{
	pid_t pid;
	FILE *output = command_output(command, &pid);
	int status;

	CHECK(output);
	EXPECT(ahead(output), seconds / 10);
	fclose(output);
	CHECK(waitpid(pid, &status, 0) == pid);
	EXPECT(status, 0);
	return NULL;
}

static const char *ask_programs(void *data)
{
	TRY(expect_ahead("date +%s", YEARS));
	TRY(expect_ahead("echo $EPOCHSECONDS", YEARS));
	TRY(expect_ahead("perl -e 'print time'", YEARS));
	TRY(expect_ahead("exec busybox date +%s", YEARS));
	/* A script, and a program by its descriptor. */
	TRY(expect_ahead("printf '#!/bin/sh\ndate +%%s' >/tmp/image-script; chmod +x "
			 "/tmp/image-script; exec /tmp/image-script",
			 YEARS));
	/* The vector as /proc has it names the image. */
	TRY(expect_ahead("a=$(od -An -tx8 -w16 /proc/$$/auxv | sed -n 's/^ *0*21 *0*//p'); "
			 "grep -q \"^$a-.*clock_image\" /proc/$$/maps && exec date +%s",
			 YEARS));
	/* A debugger of its own. */
	TRY(expect_ahead("exec strace -f -o /dev/null date +%s", YEARS));
	return NULL;
}

static const char *programs(void)
{
	TRY(open_clock());
	return inside(session, ask_programs, NULL, let_go, NULL);
}

enum { CHANGED };

static const char *ask_twice(void *data)
{
	pid_t pid;
	FILE *output = command_output("echo $EPOCHSECONDS; read x </tmp/image-fifo; "
				      "echo $EPOCHSECONDS; (echo $EPOCHSECONDS)",
				      &pid);
	int fifo, status;

	CHECK(output);
	EXPECT(ahead(output), YEARS / 10);
	scratch->number[CHANGED] = 1;
	UNTIL(((volatile int *)scratch->number)[CHANGED] == 2);
	fifo = open("/tmp/image-fifo", O_WRONLY);
	CHECK(fifo >= 0);
	close(fifo);
	EXPECT(ahead(output), 2 * YEARS / 10);
	EXPECT(ahead(output), 2 * YEARS / 10); /* a child that did not execute anything */
	CHECK(waitpid(pid, &status, 0) == pid);
	return NULL;
}

static const char *changed_at_once(void)
{
	pid_t child;

	TRY(open_clock());
	unlink("/tmp/image-fifo");
	EXPECT(mkfifo("/tmp/image-fifo", 0600), 0);
	child = inside_start(session, ask_twice, NULL);
	CHECK(child > 0);
	UNTIL(((volatile int *)scratch->number)[CHANGED] == 1);
	*offset = 2 * YEARS;
	scratch->number[CHANGED] = 2;
	TRY(inside_serve(session, child, let_go, NULL));
	unlink("/tmp/image-fifo");
	return NULL;
}

/* What the memory of a program looks like: from /proc/self/maps of cat. */
static const char *look_at_memory(void *data)
{
	FILE *maps = popen("cat /proc/self/maps", "r");
	bool code = false, shared = false;
	char line[512];

	CHECK(maps);
	while (fgets(line, sizeof(line), maps)) {
		code |= strstr(line, "r-xp") && strstr(line, "clock_image.so");
		shared |= strstr(line, "r--s") && strstr(line, "memfd:page");
		CHECK(!strstr(line, "rw-s"));
	}
	pclose(maps);
	CHECK(code && shared);
	return NULL;
}

static const char *memory(void)
{
	TRY(open_clock());
	return inside(session, look_at_memory, NULL, let_go, NULL);
}

static const char *ask_natively(void *data)
{
	return expect_ahead("date +%s", 0);
}

static const char *taken_back(void)
{
	TRY(open_clock());
	EXPECT(kmview_image(session, -1, -1), 0);
	return inside(session, ask_natively, NULL, let_go, NULL);
}

/* A page is not needed: then the image says what the kernel's does. */
static const char *without_page(void)
{
	TRY(open_clock());
	EXPECT(kmview_image(session, image, -1), 0);
	return inside(session, ask_natively, NULL, let_go, NULL);
}

static const char *ask_nested(void *data)
{
	return expect_ahead("date +%s", YEARS + 1000);
}

static const char *manage_inner(void *data)
{
	TRY(open_clock());
	*offset = 1000;
	return inside(session, ask_nested, NULL, let_go, NULL);
}

static const char *nested(void)
{
	TRY(open_clock());
	return inside(session, manage_inner, NULL, let_go, NULL);
}

static const char *run_32_bit(void *data)
{
	pid_t pid = fork();
	int status;

	if (pid == 0) {
		execl("build/tests/kmview/calls32", "calls32", NULL);
		_exit(127);
	}
	CHECK(waitpid(pid, &status, 0) == pid);
	CHECK(WIFEXITED(status) && WEXITSTATUS(status) != 127);
	return NULL;
}

static const char *other_programs(void)
{
	TRY(open_clock());
	return inside(session, run_32_bit, NULL, let_go, NULL);
}

static const char *run_unreadable(void *data)
{
	pid_t pid;
	FILE *output;

	EXPECT(setresuid(1000, 1000, 1000), 0);
	output = command_output("exec /tmp/image-unreadable +%s", &pid);
	CHECK(output);
	EXPECT(ahead(output), 0);
	CHECK(waitpid(pid, NULL, 0) == pid);
	return NULL;
}

/* What its user may execute but not read is not for code of the manager's. */
static const char *unreadable(void)
{
	EXPECT(system("cp /bin/date /tmp/image-unreadable && chmod 711 /tmp/image-unreadable"), 0);
	TRY(open_clock());
	TRY(inside(session, run_unreadable, NULL, let_go, NULL));
	unlink("/tmp/image-unreadable");
	return NULL;
}

static int set(int image_fd, int page_fd)
{
	return kmview_image(session, image_fd, page_fd);
}

static const char *refused(void)
{
	struct kmview_options watching = {.flags = KMVIEW_INIT_WATCH};
	int empty = memfd_create("empty", 0), large = memfd_create("large", 0),
	    writable = memfd_create("page", 0), ends[2], noexec;

	TRY(open_clock());
	EXPECT(ftruncate(large, KMVIEW_IMAGE_BYTES + 1), 0);
	EXPECT(ftruncate(writable, 4096), 0);
	EXPECT(pipe(ends), 0);
	EXPECT(set(999, -1), -EBADF);
	EXPECT(set(image, 999), -EBADF);
	EXPECT(set(-2, -1), -EINVAL);
	EXPECT(set(-1, page), -EINVAL);
	EXPECT(set(empty, -1), -EINVAL);
	EXPECT(set(large, -1), -EINVAL);
	EXPECT(set(ends[0], -1), -EINVAL);
	EXPECT(set(open("/tmp", O_RDONLY | O_DIRECTORY), -1), -EINVAL);
	EXPECT(set(open("/tmp", O_PATH), -1), -EBADF);
	EXPECT(set(open("/dev/zero", O_RDWR), -1), -EINVAL);
	EXPECT(set(image, writable), -EINVAL);
	EXPECT(set(image, open("/dev/null", O_RDONLY)), -EINVAL);
	EXPECT(set(image, open("/proc/version", O_RDONLY)), -EINVAL);
	/* The image stays what it was. */
	TRY(inside(session, ask_programs, NULL, let_go, NULL));
	EXPECT(mount("x", "/mnt", "tmpfs", MS_NOEXEC, NULL), 0);
	EXPECT(system("cp " IMAGE " /mnt/image"), 0);
	noexec = open("/mnt/image", O_RDONLY);
	EXPECT(umount2("/mnt", MNT_DETACH), 0);
	EXPECT(set(noexec, page), -EPERM);
	EXPECT(kmview_open(&session, &watching), 0);
	EXPECT(set(image, page), -EINVAL);
	return NULL;
}

static const char *run_with_shrunk(void *data)
{
	pid_t pid;
	FILE *output = command_output("exec date +%s", &pid);
	int status;

	CHECK(output);
	CHECK(waitpid(pid, &status, 0) == pid);
	CHECK(WIFSIGNALED(status));
	fclose(output);
	scratch->number[CHANGED] = 1;
	UNTIL(((volatile int *)scratch->number)[CHANGED] == 2);
	return expect_ahead("date +%s", 0);
}

/* Files that lose their pages: the programs suffer, nobody else. */
static const char *shrunk(void)
{
	char bytes[4096] = {0};
	int copy = memfd_create("image", 0);
	ssize_t length;
	pid_t child;

	TRY(open_clock());
	length = read(image, bytes, sizeof(bytes));
	CHECK(length > 0 && write(copy, bytes, length) == length);
	EXPECT(set(copy, page), 0);
	EXPECT(ftruncate(copy, 0), 0);
	child = inside_start(session, run_with_shrunk, NULL);
	CHECK(child > 0);
	UNTIL(((volatile int *)scratch->number)[CHANGED] == 1);
	EXPECT(set(-1, -1), 0);
	scratch->number[CHANGED] = 2;
	return inside_serve(session, child, let_go, NULL);
}

/* A program with so much memory, in KiB: its wait status. One that runs has the image. */
static const char *run_limited(int kilobytes, int *status)
{
	char command[80];
	FILE *output;
	pid_t pid;

	snprintf(command, sizeof(command), "ulimit -v %d; exec busybox date +%%s 2>/dev/null",
		 kilobytes);
	output = command_output(command, &pid);
	CHECK(output);
	CHECK(waitpid(pid, status, 0) == pid);
	if (*status == 0)
		EXPECT(ahead(output), YEARS / 10);
	fclose(output);
	return NULL;
}

/* Less and less, and slowly where it begins to matter, until one is killed for want of the image. */
static const char *run_without_memory(void *data)
{
	int kilobytes = 8000, status;

	do {
		kilobytes -= 200;
		TRY(run_limited(kilobytes, &status));
	} while (status == 0);
	CHECK(kilobytes < 7800);
	kilobytes += 200;
	do {
		kilobytes -= 4;
		TRY(run_limited(kilobytes, &status));
	} while (kilobytes > 4 && !(WIFSIGNALED(status) && WTERMSIG(status) == SIGKILL));
	CHECK(kilobytes > 4);
	return NULL;
}

static const char *without_memory(void)
{
	TRY(open_clock());
	return inside(session, run_without_memory, NULL, let_go, NULL);
}

const struct test image_tests[] = {
	{"image: programs ask it in place of the vDSO", programs},
	{"image: a change of the shared page is seen at once", changed_at_once},
	{"image: its code cannot be written to, nor the page that all share", memory},
	{"image: it can be taken back", taken_back},
	{"image: it can do without a page", without_page},
	{"image: that of the outer session is the inner one's vDSO", nested},
	{"image: 32-bit programs have none", other_programs},
	{"image: nor have programs that their user may not read", unreadable},
	{"image: what is none is refused", refused},
	{"image: files that shrink harm those that use them", shrunk},
	{"image: where there is no memory for it nothing runs without", without_memory},
	{},
};
