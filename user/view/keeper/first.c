// SPDX-License-Identifier: GPL-2.0-or-later
/*
 * The first process of a branch.
 *
 * With seccomp it installs the filter itself and then can make no call that needs the manager
 * before the manager has the listener. So it says the listener's number by a store into shared
 * memory, and goes on when the keeper, having handed it over, says so by another.
 *
 * Start-up scripts run here, one after the other, then the command takes this process's place.
 */
#include <errno.h>
#include <fcntl.h>
#include <linux/seccomp.h>
#include <poll.h>
#include <sched.h>
#include <signal.h>
#include <stdio.h>
#include <string.h>
#include <sys/mman.h>
#include <sys/prctl.h>
#include <sys/stat.h>
#include <sys/syscall.h>
#include <sys/wait.h>
#include <unistd.h>

#include "changes.h"
#include "keeper.h"
#include "protocol.h"
#include "user/view/client/ids.h"

#define STATUS_NOT_BEGUN 125

static struct shared {
	int listener; /* 0: not yet; -errno; else its number, plus 1 */
	int go;
} * shared;

static int install(const struct sock_fprog *filter)
{
	/* Linux before 5.19 does not know WAIT_KILLABLE_RECV. */
	int fd = syscall(SYS_seccomp, SECCOMP_SET_MODE_FILTER,
			 SECCOMP_FILTER_FLAG_NEW_LISTENER | SECCOMP_FILTER_FLAG_WAIT_KILLABLE_RECV,
			 filter);

	if (fd < 0 && errno == EINVAL)
		fd = syscall(SYS_seccomp, SECCOMP_SET_MODE_FILTER, SECCOMP_FILTER_FLAG_NEW_LISTENER,
			     filter);
	return fd < 0 ? -errno : fd + 1;
}

/* Their input is not the command's. */
static void run_script(const struct keeper *keeper, const char *script)
{
	pid_t pid = fork();
	int null;

	if (pid == 0) {
		null = open("/dev/null", O_RDONLY);
		dup2(null, 0);
		close(null);
		execlp(script, script, keeper->nested ? "nested" : NULL, NULL);
		fprintf(stderr, "view: cannot execute the start-up file %s: %s\n", script,
			strerror(errno));
		_exit(126);
	}
	while (pid > 0 && waitpid(pid, NULL, 0) < 0 && errno == EINTR)
		;
}

/* Of what joins: the mounts that it is brought into are there at the next system call or soon. */
static void enter(const struct keeper *keeper)
{
	struct stat namespace;

	while (keeper->namespace && stat("/proc/self/ns/mnt", &namespace) == 0 &&
	       namespace.st_ino != keeper->namespace)
		sched_yield();
	if (!keeper->working_directory || chdir(keeper->working_directory) < 0) {
		fprintf(stderr,
			"view: there is no such working directory in the view: going to /\n");
		if (chdir("/") < 0)
			_exit(126);
	}
}

static _Noreturn void first_main(struct keeper *keeper)
{
	sigset_t none;

	signal(SIGINT, SIG_DFL);
	signal(SIGQUIT, SIG_DFL);
	signal(SIGPIPE, SIG_DFL);
	signal(SIGTTOU, SIG_DFL);
	sigemptyset(&none);
	sigprocmask(SIG_SETMASK, &none, NULL);
	__atomic_store_n(&shared->listener, keeper->filter ? install(keeper->filter) : 1,
			 __ATOMIC_RELEASE);
	while (!__atomic_load_n(&shared->go, __ATOMIC_ACQUIRE))
		__builtin_ia32_pause();
	if (keeper->hand_over)
		enter(keeper);
	if (keeper->cow && changes_begin(keeper->directory, keeper->cow) < 0)
		_exit(STATUS_NOT_BEGUN);
	if (keeper->root && ids_become("root", 0, 0) < 0) {
		fprintf(stderr, "view: cannot be root here, not even virtually: %s\n",
			strerror(errno));
		_exit(126);
	}
	for (const char *const *script = keeper->scripts; script && *script; script++)
		run_script(keeper, *script);
	execvp(keeper->command[0], keeper->command);
	/* As shells say it. */
	fprintf(stderr, "view: cannot execute %s: %s\n", keeper->command[0], strerror(errno));
	_exit(errno == ENOENT ? 127 : 126);
}

static int wait_listener(pid_t pid)
{
	int pidfd = syscall(SYS_pidfd_open, pid, 0), said, fd = -ESRCH;
	struct pollfd ended = {.fd = pidfd, .events = POLLIN};

	if (pidfd < 0)
		return -errno;
	do
		said = __atomic_load_n(&shared->listener, __ATOMIC_ACQUIRE);
	while (!said && poll(&ended, 1, 1) == 0);
	if (said < 0)
		fd = said;
	if (said > 0) {
		fd = syscall(SYS_pidfd_getfd, pidfd, said - 1, 0);
		fd = fd < 0 ? -errno : fd;
	}
	close(pidfd);
	return fd;
}

int keeper_start_first(struct keeper *keeper)
{
	int listener = -1;

	shared = mmap(NULL, sizeof(*shared), PROT_READ | PROT_WRITE, MAP_SHARED | MAP_ANONYMOUS, -1,
		      0);
	if (shared == MAP_FAILED) {
		keeper_failed(keeper, errno, "share memory with the first process");
		return -2;
	}
	keeper->first = fork();
	if (keeper->first == 0)
		first_main(keeper);
	if (keeper->first < 0) {
		keeper_failed(keeper, errno, "start the first process");
		return -2;
	}
	if (!keeper->filter)
		return -1;
	listener = wait_listener(keeper->first);
	if (listener < 0) {
		keeper_failed(
			keeper, -listener,
			listener == -EBUSY
				? "watch system calls: another program watches already (seccomp)"
				: "watch system calls with seccomp");
		return -2;
	}
	return listener;
}

void keeper_let_first_go(struct keeper *keeper)
{
	__atomic_store_n(&shared->go, 1, __ATOMIC_RELEASE);
}
