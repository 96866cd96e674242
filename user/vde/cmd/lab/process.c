// SPDX-License-Identifier: GPL-2.0-or-later
/* Programs that a lab runs: once, for ever, or inside one of its namespaces. */
#include <errno.h>
#include <fcntl.h>
#include <sched.h>
#include <signal.h>
#include <stdlib.h>
#include <string.h>
#include <sys/prctl.h>
#include <sys/wait.h>
#include <unistd.h>

#include "user/vde/cmd/command.h"
#include "user/vde/cmd/lab/lab.h"

const char *lab_self(void)
{
	static char path[512];
	ssize_t n = readlink("/proc/self/exe", path, sizeof(path) - 1);

	path[n < 0 ? 0 : n] = 0;
	return path;
}

/* In the child: stdin from nowhere, output to the log. */
static void to_log(const struct lab *lab, const char *name)
{
	char path[256];
	int null = open("/dev/null", O_RDONLY | O_CLOEXEC), log;

	lab_path(lab, name, ".log", path, sizeof(path));
	log = open(path, O_WRONLY | O_CREAT | O_APPEND | O_CLOEXEC, 0600);
	dup2(null, STDIN_FILENO);
	dup2(log, STDOUT_FILENO);
	dup2(log, STDERR_FILENO);
}

static void unblock(void)
{
	sigset_t none;

	sigemptyset(&none);
	sigprocmask(SIG_SETMASK, &none, NULL);
}

static void become(char *const argv[])
{
	unblock();
	execvp(argv[0], argv);
	complain("cannot run %s: %m", argv[0]);
	_exit(127);
}

static int status_of(pid_t child)
{
	int status;

	while (waitpid(child, &status, 0) < 0)
		if (errno != EINTR)
			return -1;
	return WIFEXITED(status) ? WEXITSTATUS(status) : 128 + WTERMSIG(status);
}

int lab_run(const struct lab *lab, const char *name, char *const argv[])
{
	pid_t child = fork();

	if (child == 0) {
		to_log(lab, name);
		become(argv);
	}
	return child < 0 ? -1 : status_of(child);
}

pid_t lab_start(const struct lab *lab, const char *name, char *const argv[])
{
	int failed[2], error = 0;
	pid_t child;

	/* Closed by exec; what comes through it instead is why there was none. */
	if (pipe2(failed, O_CLOEXEC) || (child = fork()) < 0) {
		complain("cannot start %s: %m", argv[0]);
		return -1;
	}
	if (child == 0) {
		setsid();
		to_log(lab, name);
		unblock();
		execvp(argv[0], argv);
		error = errno;
		_exit(write(failed[1], &error, sizeof(error)) == sizeof(error) ? 127 : 126);
	}
	close(failed[1]);
	if (read(failed[0], &error, sizeof(error)) != sizeof(error))
		error = 0;
	close(failed[0]);
	if (error) {
		status_of(child);
		complain("%s: cannot run %s: %s", name, argv[0], strerror(error));
		return -1;
	}
	return lab_note(lab, name, child) ? -1 : child;
}

void lab_complain_log(const struct lab *lab, const char *name, const char *what)
{
	char path[256], text[2048];
	FILE *log;
	size_t n = 0;

	lab_path(lab, name, ".log", path, sizeof(path));
	log = fopen(path, "re");
	if (log) {
		if (fseek(log, -(long)sizeof(text) + 1, SEEK_END))
			rewind(log);
		n = fread(text, 1, sizeof(text) - 1, log);
		fclose(log);
	}
	while (n && text[n - 1] == '\n')
		n--;
	text[n] = 0;
	complain("%s: %s%s%s", name, what, n ? ":\n" : "", text);
}

static int enter(pid_t pid, const char *kind, int type)
{
	char path[64];
	int fd, result;

	snprintf(path, sizeof(path), "/proc/%d/ns/%s", pid, kind);
	fd = open(path, O_RDONLY | O_CLOEXEC);
	result = fd < 0 ? -1 : setns(fd, type);
	if (fd >= 0)
		close(fd);
	return result;
}

int lab_exec_inside(const struct lab *lab, const struct lab_node *node, char *const argv[])
{
	pid_t pid = lab_pid(lab, node->name);

	if (!pid)
		return complain("%s does not run", node->name);
	if ((geteuid() && enter(pid, "user", CLONE_NEWUSER)) || enter(pid, "net", CLONE_NEWNET))
		return complain("cannot enter %s: %m", node->name);
	execvp(argv[0], argv);
	return complain("cannot run %s: %m", argv[0]);
}

int lab_run_inside(const struct lab *lab, const struct lab_node *node, char *const argv[],
		   char *output, size_t size)
{
	int ends[2], null;
	size_t used = 0;
	ssize_t n;
	pid_t child;
	char rest[512];

	if (pipe2(ends, O_CLOEXEC) || (child = fork()) < 0)
		return -1;
	if (child == 0) {
		prctl(PR_SET_PDEATHSIG, SIGKILL);
		null = open("/dev/null", O_RDONLY | O_CLOEXEC);
		dup2(null, STDIN_FILENO);
		dup2(ends[1], STDOUT_FILENO);
		dup2(ends[1], STDERR_FILENO);
		_exit(lab_exec_inside(lab, node, argv));
	}
	close(ends[1]);
	while ((n = read(ends[0], rest, sizeof(rest))) > 0) {
		size_t kept = size - 1 - used < (size_t)n ? size - 1 - used : (size_t)n;

		memcpy(output + used, rest, kept);
		used += kept;
	}
	output[used] = 0;
	close(ends[0]);
	return status_of(child);
}
