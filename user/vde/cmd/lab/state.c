// SPDX-License-Identifier: GPL-2.0-or-later
/*
 * What is kept of a lab that is up: a directory of its own, with NAME.pid for each process. A pid
 * file holds the number and the start time (field 22 of /proc/PID/stat): both must still fit.
 */
#include <dirent.h>
#include <errno.h>
#include <fcntl.h>
#include <signal.h>
#include <stdlib.h>
#include <string.h>
#include <sys/stat.h>
#include <sys/wait.h>
#include <time.h>
#include <unistd.h>

#include "user/vde/cmd/command.h"
#include "user/vde/cmd/lab/lab.h"

#define END_PATIENCE 3000 /* milliseconds between SIGTERM and SIGKILL */

/*
 * A directory of ours, that nobody else can write to. In /tmp somebody else could have been there
 * first, with a lab of his own making, whose commands would be run as us.
 */
static bool is_ours(const char *path)
{
	struct stat about;

	return lstat(path, &about) == 0 && S_ISDIR(about.st_mode) && about.st_uid == geteuid() &&
	       !(about.st_mode & 0022);
}

static int check_directory(const char *path)
{
	if (is_ours(path))
		return 0;
	complain("%s is not a directory that only we can write to; remove it, or set "
		 "XDG_RUNTIME_DIR",
		 path);
	return -1;
}

static int make_directory(const char *path)
{
	if (mkdir(path, 0700) && errno != EEXIST) {
		complain("cannot make %s: %m", path);
		return -1;
	}
	return check_directory(path);
}

static int set_directory(struct lab *lab, char *parent, size_t size)
{
	const char *base = getenv("XDG_RUNTIME_DIR");
	int length;

	snprintf(parent, size, "%s/vde-lab-%u", base && *base ? base : "/tmp", geteuid());
	length = snprintf(lab->directory, sizeof(lab->directory), "%s/%s", parent, lab->name);
	if (length < (int)sizeof(lab->directory) - LAB_NAME)
		return 0;
	complain("%s/%s is too long for names of sockets; set XDG_RUNTIME_DIR", parent, lab->name);
	return -1;
}

bool lab_is_up(struct lab *lab)
{
	char parent[LAB_PATH + 32];

	return set_directory(lab, parent, sizeof(parent)) == 0 && is_ours(parent) &&
	       is_ours(lab->directory);
}

int lab_open_state(struct lab *lab, bool make)
{
	char parent[LAB_PATH + 32];

	if (set_directory(lab, parent, sizeof(parent)))
		return -1;
	if (make)
		return make_directory(parent) || make_directory(lab->directory) ? -1 : 0;
	if (access(lab->directory, F_OK) == 0)
		return check_directory(parent) || check_directory(lab->directory) ? -1 : 0;
	complain("lab %s is not up", lab->name);
	return -1;
}

void lab_path(const struct lab *lab, const char *name, const char *suffix, char *path, size_t size)
{
	snprintf(path, size, "%s/%s%s", lab->directory, name, suffix);
}

/* Start time of a process, 0 when there is none (or only its zombie). */
static unsigned long long start_time(pid_t pid)
{
	char path[64], text[1024], *at, state;
	unsigned long long start = 0;
	FILE *file;
	size_t n;

	snprintf(path, sizeof(path), "/proc/%d/stat", pid);
	file = fopen(path, "re");
	if (!file)
		return 0;
	n = fread(text, 1, sizeof(text) - 1, file);
	fclose(file);
	text[n] = 0;
	/* The name, in parentheses, may contain anything: count from behind it. */
	at = strrchr(text, ')');
	if (!at ||
	    sscanf(at + 1,
		   " %c %*d %*d %*d %*d %*d %*u %*u %*u %*u %*u %*u %*u %*d %*d %*d "
		   "%*d %*d %*d %llu",
		   &state, &start) != 2 ||
	    state == 'Z')
		return 0;
	return start;
}

int lab_note(const struct lab *lab, const char *name, pid_t pid)
{
	char path[256];
	FILE *file;

	lab_path(lab, name, ".pid", path, sizeof(path));
	file = fopen(path, "we");
	if (file && fprintf(file, "%d %llu\n", pid, start_time(pid)) > 0 && fclose(file) == 0)
		return 0;
	complain("cannot write %s: %m", path);
	return -1;
}

pid_t lab_pid(const struct lab *lab, const char *name)
{
	unsigned long long start;
	char path[256];
	FILE *file;
	int pid;

	lab_path(lab, name, ".pid", path, sizeof(path));
	file = fopen(path, "re");
	if (!file)
		return 0;
	if (fscanf(file, "%d %llu", &pid, &start) != 2 || pid <= 1 || !start ||
	    start_time(pid) != start)
		pid = 0;
	fclose(file);
	return pid;
}

static void pause_ms(long ms)
{
	nanosleep(&(struct timespec){.tv_sec = ms / 1000, .tv_nsec = ms % 1000 * 1000000}, NULL);
}

static void wait_gone(const struct lab *lab, const char *name, pid_t pid)
{
	for (int waited = 0; lab_pid(lab, name) == pid; waited += 10) {
		waitpid(pid, NULL, WNOHANG); /* it may be a child of ours */
		if (waited == END_PATIENCE)
			kill(pid, SIGKILL);
		if (waited > 2 * END_PATIENCE)
			return;
		pause_ms(10);
	}
}

void lab_end(const struct lab *lab, const char *name)
{
	pid_t pid = lab_pid(lab, name);
	char path[256];

	if (pid) {
		kill(pid, SIGTERM);
		wait_gone(lab, name, pid);
	}
	lab_path(lab, name, ".pid", path, sizeof(path));
	unlink(path);
}

/* Call for every NAME.pid of the state directory. */
static void each_process(const struct lab *lab, void (*call)(const struct lab *, const char *))
{
	DIR *directory = opendir(lab->directory);
	struct dirent *entry;

	while (directory && (entry = readdir(directory))) {
		char *suffix = strrchr(entry->d_name, '.');

		if (suffix && strcmp(suffix, ".pid") == 0) {
			*suffix = 0;
			call(lab, entry->d_name);
		}
	}
	if (directory)
		closedir(directory);
}

static void terminate(const struct lab *lab, const char *name)
{
	pid_t pid = lab_pid(lab, name);

	if (pid)
		kill(pid, SIGTERM);
}

/* A directory and what is in it; switches' directories are one level down. */
static int remove_tree(int parent, const char *name, int depth)
{
	int fd = openat(parent, name, O_RDONLY | O_DIRECTORY | O_NOFOLLOW | O_CLOEXEC);
	DIR *directory = fd < 0 ? NULL : fdopendir(fd);
	struct dirent *entry;

	while (directory && (entry = readdir(directory))) {
		if (strcmp(entry->d_name, ".") == 0 || strcmp(entry->d_name, "..") == 0)
			continue;
		if (unlinkat(fd, entry->d_name, 0) && (errno == EISDIR || errno == EPERM) &&
		    depth < 2)
			remove_tree(fd, entry->d_name, depth + 1);
	}
	if (directory)
		closedir(directory);
	return unlinkat(parent, name, AT_REMOVEDIR);
}

int lab_down(struct lab *lab)
{
	if (lab_open_state(lab, false))
		return -1;
	/* All at once first, so that down takes as long as the slowest, not as all together. */
	each_process(lab, terminate);
	each_process(lab, lab_end);
	if (remove_tree(AT_FDCWD, lab->directory, 0)) {
		complain("cannot remove %s: %m", lab->directory);
		return -1;
	}
	return 0;
}
