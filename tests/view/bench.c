// SPDX-License-Identifier: GPL-2.0-only
/*
 * Workloads of the measurements of views. Prints nanoseconds for one operation: of time, and of
 * processor time of this process and what it started, which says more where the machine has other
 * work. BENCH_SHARE=N in the environment: one Nth of the operations, where they are counted rather
 * than timed.
 *
 *	bench stat FILE			stat(2)
 *	bench open-read-close FILE	open(2), read(2) of 512 bytes, close(2)
 *	bench getppid			getppid(2), the call that does least
 *	bench fork-exec PROGRAM		200 times fork(2), execve(2), wait
 *	bench unlink DIRECTORY		unlink(2) of all its files, once it was listed
 *	bench read-4k FILE, read-1m	a whole file, dropped from the page cache before; one block
 *	bench run COMMAND...		a command, its output dropped
 */
#include <dirent.h>
#include <errno.h>
#include <fcntl.h>
#include <stdint.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/resource.h>
#include <sys/stat.h>
#include <sys/syscall.h>
#include <sys/wait.h>
#include <time.h>
#include <unistd.h>

struct cost {
	double time, processor;
};

static double seconds_ns(const struct timeval *time)
{
	return time->tv_sec * 1e9 + time->tv_usec * 1e3;
}

static struct cost now(void)
{
	struct timespec time, processor;
	struct rusage children;

	getrusage(RUSAGE_CHILDREN, &children);
	clock_gettime(CLOCK_PROCESS_CPUTIME_ID, &processor);
	clock_gettime(CLOCK_MONOTONIC, &time);
	return (struct cost){
		time.tv_sec * 1e9 + time.tv_nsec,
		processor.tv_sec * 1e9 + processor.tv_nsec + seconds_ns(&children.ru_utime) +
			seconds_ns(&children.ru_stime),
	};
}

/* What one of so many operations cost since then. */
static struct cost since(struct cost start, double count)
{
	struct cost end = now();

	return (struct cost){(end.time - start.time) / count,
			     (end.processor - start.processor) / count};
}

static void fail(const char *what)
{
	fprintf(stderr, "bench: %s: %s\n", what, strerror(errno));
	exit(1);
}

static struct cost repeat(int count, void (*operation)(const char *), const char *path)
{
	const char *share = getenv("BENCH_SHARE");
	struct cost start;

	count /= share && atoi(share) > 0 ? atoi(share) : 1;
	for (int i = 0; i < count / 10 + 1; i++)
		operation(path);
	start = now();
	for (int i = 0; i < count; i++)
		operation(path);
	return since(start, count);
}

static void do_stat(const char *path)
{
	struct stat about;

	if (stat(path, &about) < 0)
		fail(path);
}

static void do_open_read_close(const char *path)
{
	char bytes[512];
	int fd = open(path, O_RDONLY);

	if (fd < 0 || read(fd, bytes, sizeof(bytes)) < 0)
		fail(path);
	close(fd);
}

static void do_getppid(const char *path)
{
	syscall(SYS_getppid);
}

static void run(char **argv)
{
	pid_t pid = fork();
	int status;

	if (pid == 0) {
		int null = open("/dev/null", O_WRONLY);

		dup2(null, 1);
		execvp(argv[0], argv);
		_exit(127);
	}
	if (pid < 0 || waitpid(pid, &status, 0) < 0)
		fail(argv[0]);
	if (status) {
		fprintf(stderr, "bench: %s: status %d\n", argv[0], status);
		exit(1);
	}
}

static void do_fork_exec(const char *path)
{
	run((char *[]){(char *)path, NULL});
}

static struct cost read_file(const char *path, size_t block)
{
	int fd = open(path, O_RDONLY);
	char *bytes = malloc(block);
	struct cost start;
	double count = 0;
	ssize_t got;

	if (fd < 0 || !bytes || posix_fadvise(fd, 0, 0, POSIX_FADV_DONTNEED))
		fail(path);
	start = now();
	while ((got = read(fd, bytes, block)) > 0)
		count++;
	if (got < 0 || count == 0)
		fail(path);
	return since(start, count);
}

static struct cost unlink_all(const char *path)
{
	DIR *dir = opendir(path);
	struct dirent *entry;
	char **names = NULL;
	size_t count = 0;
	struct cost start;

	while (dir && (entry = readdir(dir))) {
		if (entry->d_name[0] == '.')
			continue;
		names = reallocarray(names, count + 1, sizeof(*names));
		if (!names)
			fail(path);
		names[count++] = strdup(entry->d_name);
	}
	if (!dir || !count)
		fail(path);
	start = now();
	for (size_t i = 0; i < count; i++)
		if (unlinkat(dirfd(dir), names[i], 0) < 0)
			fail(names[i]);
	return since(start, count);
}

int main(int argc, char **argv)
{
	const char *what = argc > 1 ? argv[1] : "", *path = argc > 2 ? argv[2] : NULL;
	struct cost start = now(), cost;

	if (!strcmp(what, "getppid")) {
		cost = repeat(200000, do_getppid, NULL);
	} else if (!path) {
		fprintf(stderr, "bench: see the head of bench.c\n");
		return 2;
	} else if (!strcmp(what, "stat")) {
		cost = repeat(20000, do_stat, path);
	} else if (!strcmp(what, "open-read-close")) {
		cost = repeat(10000, do_open_read_close, path);
	} else if (!strcmp(what, "fork-exec")) {
		cost = repeat(200, do_fork_exec, path);
	} else if (!strcmp(what, "unlink")) {
		cost = unlink_all(path);
	} else if (!strcmp(what, "read-4k")) {
		cost = read_file(path, 4096);
	} else if (!strcmp(what, "read-1m")) {
		cost = read_file(path, 1 << 20);
	} else {
		run(argv + 2);
		cost = since(start, 1);
	}
	printf("%.0f %.0f\n", cost.time, cost.processor);
	return 0;
}
