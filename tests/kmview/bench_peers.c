// SPDX-License-Identifier: GPL-2.0-only
/*
 * The kernel's other means of answering a call in another process: seccomp user notification and
 * ptrace, as a manager would use them. Each says what uname returns, with its 390 bytes, and looks
 * at the path of openat and lets it go on.
 */
#include <errno.h>
#include <fcntl.h>
#include <linux/filter.h>
#include <linux/seccomp.h>
#include <signal.h>
#include <stdbool.h>
#include <stddef.h>
#include <stdio.h>
#include <string.h>
#include <sys/ioctl.h>
#include <sys/prctl.h>
#include <sys/ptrace.h>
#include <sys/syscall.h>
#include <sys/time.h>
#include <sys/uio.h>
#include <sys/user.h>
#include <sys/utsname.h>
#include <sys/wait.h>
#include <unistd.h>

#include "bench.h"

#ifndef SECCOMP_IOCTL_NOTIF_SET_FLAGS /* Linux 6.6 */
#define SECCOMP_IOCTL_NOTIF_SET_FLAGS	   SECCOMP_IOW(4, __u64)
#define SECCOMP_USER_NOTIF_FD_SYNC_WAKE_UP 1
#endif

static long number_of(enum work work)
{
	return work == WORK_UNAME ? SYS_uname : SYS_openat;
}

/* A filter on the one call; returns the descriptor of the listener, or 0. */
static int filter(enum work work, unsigned int action, unsigned int flags)
{
	struct sock_filter code[] = {
		{BPF_LD | BPF_W | BPF_ABS, 0, 0, offsetof(struct seccomp_data, nr)},
		{BPF_JMP | BPF_JEQ | BPF_K, 0, 1, number_of(work)},
		{BPF_RET | BPF_K, 0, 0, action},
		{BPF_RET | BPF_K, 0, 0, SECCOMP_RET_ALLOW},
	};
	struct sock_fprog program = {sizeof(code) / sizeof(code[0]), code};

	if (prctl(PR_SET_NO_NEW_PRIVS, 1, 0, 0, 0) < 0)
		return -1;
	return syscall(SYS_seccomp, SECCOMP_SET_MODE_FILTER, flags, &program);
}

static void put_name(pid_t pid, unsigned long address)
{
	struct utsname name;
	struct iovec local = {&name, sizeof(name)}, remote = {(void *)address, sizeof(name)};

	uname(&name);
	process_vm_writev(pid, &local, 1, &remote, 1, 0);
}

static void look_at_path(pid_t pid, unsigned long address)
{
	char path[256];
	struct iovec local = {path, sizeof(BENCH_FILE)},
		     remote = {(void *)address, sizeof(BENCH_FILE)};

	if (process_vm_readv(pid, &local, 1, &remote, 1, 0) != sizeof(BENCH_FILE) ||
	    strcmp(path, BENCH_FILE))
		die("the path of openat is wrong");
}

/* ---- seccomp user notification */

/* Before 6.11 nothing else ends the wait for a notification when the child is gone. */
static void look_up(int signal)
{
}

static void look_up_each(int milliseconds)
{
	struct itimerval timer = {.it_interval.tv_usec = milliseconds * 1000,
				  .it_value.tv_usec = milliseconds * 1000};
	struct sigaction action = {.sa_handler = look_up};

	sigaction(SIGALRM, &action, NULL);
	setitimer(ITIMER_REAL, &timer, NULL);
}

static bool has_ended(pid_t child)
{
	siginfo_t info = {0};

	return waitid(P_PID, child, &info, WEXITED | WNOHANG | WNOWAIT) < 0 || info.si_pid == child;
}

static void notify_serve(int listener, pid_t child, enum work work)
{
	struct seccomp_notif notif;
	struct seccomp_notif_resp response;

	for (;;) {
		memset(&notif, 0, sizeof(notif));
		if (ioctl(listener, SECCOMP_IOCTL_NOTIF_RECV, &notif) < 0) {
			if (errno == EINTR && !has_ended(child))
				continue;
			return;
		}
		response = (struct seccomp_notif_resp){.id = notif.id};
		if (work == WORK_UNAME) {
			put_name(notif.pid, notif.data.args[0]);
		} else {
			look_at_path(notif.pid, notif.data.args[1]);
			response.flags = SECCOMP_USER_NOTIF_FLAG_CONTINUE;
		}
		if (ioctl(listener, SECCOMP_IOCTL_NOTIF_SEND, &response) < 0)
			return;
	}
}

/* The listener leaves the child before it makes the first call that is asked about. */
static int take_listener(int from, pid_t child)
{
	int pidfd = syscall(SYS_pidfd_open, child, 0), number, listener;

	if (pidfd < 0 || read(from, &number, sizeof(number)) != sizeof(number))
		die("no listener");
	listener = syscall(SYS_pidfd_getfd, pidfd, number, 0);
	if (listener < 0)
		die("pidfd_getfd");
	close(pidfd);
	close(from);
	return listener;
}

void peer_seccomp_notify(enum work work, unsigned int times)
{
	int ends[2], fds[2], gate[2], listener;
	pid_t child;
	double ns;
	char byte = 0;

	if (pipe2(ends, O_CLOEXEC) < 0 || pipe2(fds, O_CLOEXEC) < 0 || pipe2(gate, O_CLOEXEC) < 0)
		die("pipe");
	child = fork();
	if (child == 0) {
		listener = filter(work, SECCOMP_RET_USER_NOTIF, SECCOMP_FILTER_FLAG_NEW_LISTENER);
		if (listener < 0 || write(fds[1], &listener, sizeof(listener)) < 0 ||
		    read(gate[0], &byte, 1) != 1)
			_exit(1);
		close(listener); /* else the manager never sees the end */
		ns = work_measure(work, times);
		_exit(write(ends[1], &ns, sizeof(ns)) != sizeof(ns));
	}
	close(ends[1]);
	close(fds[1]);
	listener = take_listener(fds[0], child);
	/* The fastest it can be, where the kernel knows it: the notified process goes to our
	 * processor. */
	ioctl(listener, SECCOMP_IOCTL_NOTIF_SET_FLAGS, SECCOMP_USER_NOTIF_FD_SYNC_WAKE_UP);
	if (write(gate[1], &byte, 1) != 1)
		die("pipe");
	look_up_each(200);
	notify_serve(listener, child, work);
	look_up_each(0);
	close(listener);
	close(gate[0]);
	close(gate[1]);
	report(work, "seccomp-notify", measured(ends[0], child));
}

/* ---- ptrace */

static bool wait_stop(pid_t child, int *status)
{
	return waitpid(child, status, __WALL) == child && WIFSTOPPED(*status);
}

/* A child that waits, stopped, to measure. */
static pid_t traced_child(enum work work, unsigned int times, int ends[2], bool filtered)
{
	int status;
	pid_t child;
	double ns;

	if (pipe2(ends, O_CLOEXEC) < 0)
		die("pipe");
	child = fork();
	if (child == 0) {
		ptrace(PTRACE_TRACEME, 0, 0, 0);
		raise(SIGSTOP);
		if (filtered && filter(work, SECCOMP_RET_TRACE, 0) < 0)
			_exit(1);
		ns = work_measure(work, times);
		_exit(write(ends[1], &ns, sizeof(ns)) != sizeof(ns));
	}
	close(ends[1]);
	if (!wait_stop(child, &status))
		die("waitpid");
	ptrace(PTRACE_SETOPTIONS, child, 0,
	       PTRACE_O_TRACESYSGOOD | PTRACE_O_EXITKILL | (filtered ? PTRACE_O_TRACESECCOMP : 0));
	return child;
}

/* At the entry of a call: answer it, or let it go on. */
static void serve_entry(pid_t child, enum work work, struct user_regs_struct *regs)
{
	if ((long)regs->orig_rax != number_of(work))
		return;
	if (work == WORK_OPEN) {
		look_at_path(child, regs->rsi);
		return;
	}
	put_name(child, regs->rdi);
	regs->orig_rax = -1;
	regs->rax = 0;
	ptrace(PTRACE_SETREGS, child, 0, regs);
}

/* What the kernel made of a skipped call: the result is written again. */
static void serve_exit(pid_t child, struct user_regs_struct *regs)
{
	if ((long)regs->orig_rax != -1)
		return;
	regs->rax = 0;
	ptrace(PTRACE_SETREGS, child, 0, regs);
}

void peer_ptrace(enum work work, unsigned int times)
{
	int ends[2], status;
	pid_t child = traced_child(work, times, ends, false);
	struct user_regs_struct regs;
	bool entry = true;

	do {
		ptrace(PTRACE_SYSCALL, child, 0, 0);
		if (!wait_stop(child, &status))
			break;
		if (WSTOPSIG(status) != (SIGTRAP | 0x80))
			continue;
		ptrace(PTRACE_GETREGS, child, 0, &regs);
		if (entry)
			serve_entry(child, work, &regs);
		else
			serve_exit(child, &regs);
		entry = !entry;
	} while (true);
	report(work, "ptrace", measured(ends[0], child));
}

void peer_ptrace_event(enum work work, unsigned int times)
{
	int ends[2], status;
	pid_t child = traced_child(work, times, ends, true);
	struct user_regs_struct regs;

	do {
		ptrace(PTRACE_CONT, child, 0, 0);
		if (!wait_stop(child, &status))
			break;
		if (status >> 8 != (SIGTRAP | PTRACE_EVENT_SECCOMP << 8))
			continue;
		ptrace(PTRACE_GETREGS, child, 0, &regs);
		serve_entry(child, work, &regs);
	} while (true);
	report(work, "ptrace-event", measured(ends[0], child));
}
