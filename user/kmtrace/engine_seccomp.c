// SPDX-License-Identifier: GPL-2.0-or-later
/*
 * The engine on seccomp user notification, for kernels without the module.
 *
 * The command gets a filter that asks us about the calls the options name; we answer, or let them
 * go on. Results are not visible to it. The child cannot make a call between having the filter and
 * being served, so it says the number of its listener by a store into shared memory and we take the
 * listener with pidfd_getfd(2).
 */
#include <errno.h>
#include <fcntl.h>
#include <linux/audit.h>
#include <linux/filter.h>
#include <linux/seccomp.h>
#include <poll.h>
#include <signal.h>
#include <stddef.h>
#include <stdlib.h>
#include <string.h>
#include <sys/ioctl.h>
#include <sys/mman.h>
#include <sys/prctl.h>
#include <sys/syscall.h>
#include <sys/uio.h>
#include <sys/wait.h>
#include <unistd.h>

#include "guard.h"

#define X32_BIT 0x40000000u

static int listener = -1;

/* ---- the engine's operations */

static bool still_valid(const struct traced *traced)
{
	return ioctl(listener, SECCOMP_IOCTL_NOTIF_ID_VALID, &traced->notif.id) == 0;
}

static ssize_t move(struct traced *traced, uint64_t address, void *buffer, size_t length,
		    bool write)
{
	struct iovec local = {buffer, length}, remote = {(void *)(uintptr_t)address, length};
	ssize_t moved = write ? process_vm_writev(traced->tid, &local, 1, &remote, 1, 0)
			      : process_vm_readv(traced->tid, &local, 1, &remote, 1, 0);

	/* The thread may be gone and its number another's. */
	if (moved >= 0 && !still_valid(traced))
		return -ESTALE;
	return moved < 0 ? -errno : moved;
}

static ssize_t memory_read(struct traced *traced, uint64_t address, void *buffer, size_t length)
{
	return move(traced, address, buffer, length, false);
}

static ssize_t memory_write(struct traced *traced, uint64_t address, const void *bytes,
			    size_t length)
{
	return move(traced, address, (void *)bytes, length, true);
}

static ssize_t string(struct traced *traced, unsigned int arg, char *buffer, size_t size)
{
	size_t page = sysconf(_SC_PAGESIZE), have = 0;

	while (have < size) {
		uint64_t address = traced->args[arg] + have;
		size_t chunk =
			page - address % page < size - have ? page - address % page : size - have;
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

static int respond(struct traced *traced, int64_t result, uint32_t flags)
{
	struct seccomp_notif_resp response = {.id = traced->notif.id, .flags = flags};

	if (result < 0 && result >= -4095)
		response.error = result;
	else
		response.val = result;
	return ioctl(listener, SECCOMP_IOCTL_NOTIF_SEND, &response) < 0 ? -errno : 0;
}

static int proceed(struct traced *traced, bool tell)
{
	return respond(traced, 0, SECCOMP_USER_NOTIF_FLAG_CONTINUE);
}

static int answer(struct traced *traced, int64_t result)
{
	return respond(traced, result, 0);
}

const struct engine engine_seccomp = {
	.sentence = "engine: seccomp user notification, as %s; results of calls cannot be seen",
	.results = false,
	.read = memory_read,
	.write = memory_write,
	.string = string,
	.proceed = proceed,
	.answer = answer,
};

/* ---- the filter */

struct filter {
	struct sock_filter code[BPF_MAXINSNS];
	unsigned short length;
};

static void emit(struct filter *filter, uint16_t code, uint32_t k, uint8_t jt, uint8_t jf)
{
	filter->code[filter->length++] = (struct sock_filter){code, jt, jf, k};
}

static bool wanted(const struct options *options, const struct kmview_syscall *call)
{
	if (options->guard)
		return guard_wants(options->guard, call);
	return options->trace.has[call_index(call)] || rules_want(options, call) ||
	       (options->uname_faked && !strcmp(call->family, "uname"));
}

/* Ask about the wanted calls of one table, allow the rest. */
static void emit_table(struct filter *filter, const struct options *options, unsigned int abi,
		       uint32_t bit)
{
	const struct kmview_syscall *call = NULL;

	while ((call = kmview_syscall_next(call))) {
		if (call->nr[abi] < 0)
			continue;
		if (options->guard && guard_hides(call)) {
			emit(filter, BPF_JMP | BPF_JEQ | BPF_K, call->nr[abi] | bit, 0, 1);
			emit(filter, BPF_RET | BPF_K, SECCOMP_RET_ERRNO | ENOSYS, 0, 0);
			continue;
		}
		if (!wanted(options, call))
			continue;
		emit(filter, BPF_JMP | BPF_JEQ | BPF_K, call->nr[abi] | bit, 0, 1);
		emit(filter, BPF_RET | BPF_K, SECCOMP_RET_USER_NOTIF, 0, 0);
	}
}

static void make_filter(struct filter *filter, const struct options *options)
{
	unsigned short to_native;

	filter->length = 0;
	emit(filter, BPF_LD | BPF_W | BPF_ABS, offsetof(struct seccomp_data, arch), 0, 0);
	emit(filter, BPF_JMP | BPF_JEQ | BPF_K, AUDIT_ARCH_I386, 1, 0);
	to_native = filter->length;
	emit(filter, BPF_JMP | BPF_JA, 0, 0, 0);
	emit(filter, BPF_LD | BPF_W | BPF_ABS, offsetof(struct seccomp_data, nr), 0, 0);
	emit_table(filter, options, KMVIEW_ABI_IA32, 0);
	emit(filter, BPF_RET | BPF_K, SECCOMP_RET_ALLOW, 0, 0);
	filter->code[to_native].k = filter->length - to_native - 1;
	emit(filter, BPF_LD | BPF_W | BPF_ABS, offsetof(struct seccomp_data, nr), 0, 0);
	emit_table(filter, options, KMVIEW_ABI_X64, 0);
	emit_table(filter, options, KMVIEW_ABI_X32, X32_BIT);
	emit(filter, BPF_RET | BPF_K, SECCOMP_RET_ALLOW, 0, 0);
}

/* ---- the command */

struct shared {
	int listener; /* 0: not yet; -errno: no filter; else the number, plus 1 */
	int taken;    /* we have it: the program may be executed, which closes it */
	int exec_error;
};

static _Noreturn void child_main(const struct options *options, const struct filter *filter,
				 struct shared *shared)
{
	struct sock_fprog program = {filter->length, (struct sock_filter *)filter->code};
	int fd = -1;

	/* Once we are gone its calls would give ENOSYS, at which programs spin. */
	prctl(PR_SET_PDEATHSIG, SIGKILL);
	if (prctl(PR_SET_NO_NEW_PRIVS, 1, 0, 0, 0) == 0) {
		/* Linux before 5.19 does not know WAIT_KILLABLE_RECV. */
		fd = syscall(SYS_seccomp, SECCOMP_SET_MODE_FILTER,
			     SECCOMP_FILTER_FLAG_NEW_LISTENER |
				     SECCOMP_FILTER_FLAG_WAIT_KILLABLE_RECV,
			     &program);
		if (fd < 0 && errno == EINVAL)
			fd = syscall(SYS_seccomp, SECCOMP_SET_MODE_FILTER,
				     SECCOMP_FILTER_FLAG_NEW_LISTENER, &program);
	}
	__atomic_store_n(&shared->listener, fd < 0 ? -errno : fd + 1, __ATOMIC_RELEASE);
	if (fd >= 0) {
		while (!__atomic_load_n(&shared->taken, __ATOMIC_ACQUIRE))
			__builtin_ia32_pause();
		execvp(options->command[0], options->command);
		shared->exec_error = errno;
	}
	_exit(127);
}

/* Wait for the child's listener and take it. */
static int take_listener(int pidfd, struct shared *shared)
{
	struct pollfd ended = {.fd = pidfd, .events = POLLIN};
	int said = 0, fd;

	do
		said = __atomic_load_n(&shared->listener, __ATOMIC_ACQUIRE);
	while (!said && poll(&ended, 1, 1) == 0);
	if (said <= 0)
		return said ? said : -ESRCH;
	fd = syscall(SYS_pidfd_getfd, pidfd, said - 1, 0);
	if (fd < 0)
		fd = -errno;
	__atomic_store_n(&shared->taken, 1, __ATOMIC_RELEASE);
	return fd;
}

static void fill(struct traced *traced, const struct seccomp_notif *notif)
{
	*traced = (struct traced){
		.engine = &engine_seccomp,
		.notif = *notif,
		.id = notif->id,
		.pid = notif->pid,
		.tid = notif->pid,
		.nr = notif->data.nr,
		.abi = KMVIEW_ABI_X64,
	};
	if (notif->data.arch == AUDIT_ARCH_I386) {
		traced->abi = KMVIEW_ABI_IA32;
	} else if (notif->data.nr & X32_BIT) {
		traced->abi = KMVIEW_ABI_X32;
		traced->nr &= ~X32_BIT;
	}
	traced->call = kmview_syscall_by_number(traced->abi, traced->nr);
	for (unsigned int i = 0; i < 6; i++)
		traced->args[i] = notif->data.args[i];
}

static void reap(pid_t pid, int *status)
{
	while (waitpid(pid, status, 0) < 0 && errno == EINTR)
		;
}

/*
 * Until no task with the filter is left. The command is reaped as soon as it has ended: before
 * Linux 6.11 a zombie keeps its filter.
 */
static int serve(const struct options *options, pid_t pid, int pidfd, int *status)
{
	struct pollfd fds[] = {{.fd = listener, .events = POLLIN}, {.fd = pidfd, .events = POLLIN}};
	struct pollfd *ready = &fds[0], *ended = &fds[1];
	struct seccomp_notif notif;
	struct traced traced;

	for (;;) {
		output_flush();
		if (poll(fds, 2, trace_delayed(options)) < 0) {
			if (errno != EINTR)
				return -errno;
			continue;
		}
		if (ended->revents & POLLIN) {
			reap(pid, status);
			ended->fd = -1;
		}
		if (ready->revents & POLLIN) {
			memset(&notif, 0, sizeof(notif));
			if (ioctl(listener, SECCOMP_IOCTL_NOTIF_RECV, &notif) < 0) {
				if (errno != ENOENT && errno != EINTR)
					return -errno;
				continue;
			}
			fill(&traced, &notif);
			trace_call(options, &traced);
		} else if (ready->revents & POLLHUP) {
			if (ended->fd >= 0)
				reap(pid, status);
			return 0;
		}
	}
}

static int run(const struct options *options, const struct filter *filter, struct shared *shared)
{
	int status = 0, error, pidfd;
	pid_t pid = fork();

	if (pid == 0)
		child_main(options, filter, shared);
	if (pid < 0) {
		complain("cannot start a process: %s", strerror(errno));
		return STATUS_FAILED;
	}
	pidfd = syscall(SYS_pidfd_open, pid, 0);
	listener = pidfd < 0 ? -errno : take_listener(pidfd, shared);
	error = listener < 0 ? listener : 0;
	if (error == -EBUSY)
		complain("a seccomp filter above this process asks a listener already; only one "
			 "may");
	else if (error)
		complain("cannot watch the command with seccomp: %s", strerror(-error));
	if (error) {
		kill(pid, SIGKILL);
		reap(pid, &status);
	} else {
		/* The terminal's signals are for the command; we end when it has. */
		signal(SIGINT, SIG_IGN);
		signal(SIGQUIT, SIG_IGN);
		signal(SIGPIPE, SIG_IGN); /* if nobody reads the trace, that is told at the end */
		error = serve(options, pid, pidfd, &status);
		close(listener);
	}
	close(pidfd);
	if (error)
		return STATUS_FAILED;
	if (shared->exec_error) {
		complain("cannot execute %s: %s", options->command[0],
			 strerror(shared->exec_error));
		return shared->exec_error == ENOENT ? 127 : 126;
	}
	return command_status(status);
}

int seccomp_engine_run(const struct options *options)
{
	static struct filter filter;
	struct shared *shared = mmap(NULL, sizeof(*shared), PROT_READ | PROT_WRITE,
				     MAP_SHARED | MAP_ANONYMOUS, -1, 0);
	int status;

	if (shared == MAP_FAILED) {
		complain("%s", strerror(errno));
		return STATUS_FAILED;
	}
	make_filter(&filter, options);
	status = run(options, &filter, shared);
	munmap(shared, sizeof(*shared));
	return status;
}
