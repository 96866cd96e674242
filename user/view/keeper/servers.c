// SPDX-License-Identifier: GPL-2.0-or-later
/*
 * The keeper of servers: does in the branch what the manager asks for.
 *
 * Each request is served by a process of its own, at the root and working directory that came
 * along, so one that blocks (a path on a dead server) holds up nobody. Servers of file systems put
 * themselves into the background and become our children. At the end we unmount what was mounted
 * since the start, newest first, wait for the servers to write what they hold, and only then send
 * signals.
 */
#include <dirent.h>
#include <errno.h>
#include <fcntl.h>
#include <linux/capability.h>
#include <poll.h>
#include <signal.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/mman.h>
#include <sys/mount.h>
#include <sys/prctl.h>
#include <sys/signalfd.h>
#include <sys/stat.h>
#include <sys/syscall.h>
#include <sys/wait.h>
#include <unistd.h>

#include "keeper.h"
#include "protocol.h"

#define FLUSH_MS   30000 /* what an unmounted server may take to write */
#define TERM_MS	   2000
#define MOUNTS_MAX 4096
#define OUTPUT_END 2048 /* bytes of what a program wrote that are passed on */

union request {
	struct keeper_request head;
	char bytes[KEEPER_TEXT];
};

static uint64_t base_mounts[MOUNTS_MAX]; /* their ids in mountinfo, at the start */
static unsigned int base_count;

/* ---- one request, in a process of its own */

/*
 * Nothing of the branch is held any more when the reply is there: whoever gets it may unmount at
 * once what this request looked at.
 */
static void reply(const int *fds, int64_t result, const void *text, size_t length, int fd)
{
	struct keeper_reply head = {.result = result};

	for (int i = KEEPER_FD_ROOT; i < KEEPER_FDS; i++)
		if (fds[i] >= 0 && fds[i] != fd)
			close(fds[i]);
	for (int i = 0; i < KEEPER_FDS; i++)
		if (KEEPER_EXTRA(i) != fd)
			close(KEEPER_EXTRA(i));
	if (chdir("/") < 0)
		head.result = -errno;
	channel_send(fds[KEEPER_FD_REPLY], &head, sizeof(head), text, length, &fd, fd < 0 ? 0 : 1);
}

/* Who we are, before a call that may take long. */
static void announce(const int *fds)
{
	const struct keeper_reply head = {.result = getpid()};

	channel_send(fds[KEEPER_FD_REPLY], &head, sizeof(head), NULL, 0, NULL, 0);
	close(fds[KEEPER_FD_REPLY]);
}

/* To the root and working directory of the task; most have our root, and may change no other. */
static int go_to(const int *fds)
{
	struct stat ours, theirs;

	if (stat("/", &ours) < 0 || fstat(fds[KEEPER_FD_ROOT], &theirs) < 0)
		return -errno;
	if ((ours.st_ino != theirs.st_ino || ours.st_dev != theirs.st_dev) &&
	    (fchdir(fds[KEEPER_FD_ROOT]) < 0 || chroot(".") < 0))
		return -errno;
	return fchdir(fds[KEEPER_FD_CWD]) < 0 ? -errno : 0;
}

static void call(struct keeper *keeper, const struct keeper_request *request, size_t text,
		 const int *fds)
{
	uint64_t args[6];
	long result;

	for (int i = 0; i < 6; i++) {
		args[i] = request->args[i];
		if (request->kinds[i] != KEEPER_VALUE)
			args[i] = args[i] < text ? (uintptr_t)request->text + args[i] : 0;
	}
	if (request->flags & KEEPER_ANNOUNCE)
		announce(fds);
	result = keeper_call(keeper, request->nr, args[0], args[1], args[2], args[3], args[4]);
	if (request->flags & KEEPER_ANNOUNCE)
		return; /* nobody waits */
	if (result < 0)
		reply(fds, -errno, NULL, 0, -1);
	else if (request->flags & KEEPER_RESULT_FD)
		reply(fds, 0, NULL, 0, result);
	else
		reply(fds, result, NULL, 0, -1);
}

static void look(const struct keeper_request *request, const int *fds)
{
	struct statx about;

	if (statx(AT_FDCWD, request->text, AT_NO_AUTOMOUNT | request->args[0],
		  STATX_MODE | STATX_MNT_ID, &about) < 0)
		reply(fds, -errno, NULL, 0, -1);
	else
		reply(fds, 0, &about, sizeof(about), -1);
}

/* A server mounts by itself: where we have the right to, it keeps it over the exec. */
static void keep_capabilities(void)
{
	struct __user_cap_header_struct header = {.version = _LINUX_CAPABILITY_VERSION_3};
	struct __user_cap_data_struct data[2];

	if (syscall(SYS_capget, &header, data) < 0 || !data[0].permitted)
		return;
	data[0].inheritable = data[0].permitted;
	data[1].inheritable = data[1].permitted;
	if (syscall(SYS_capset, &header, data) == 0)
		prctl(PR_CAP_AMBIENT, PR_CAP_AMBIENT_RAISE, CAP_SYS_ADMIN, 0, 0);
}

static _Noreturn void run_program(char *variable, char **argv, int output)
{
	struct sigaction defaults = {.sa_handler = SIG_DFL};
	int null = open("/dev/null", O_RDONLY);
	sigset_t none;

	for (int signal = 1; signal < NSIG; signal++)
		sigaction(signal, &defaults, NULL);
	sigemptyset(&none);
	sigprocmask(SIG_SETMASK, &none, NULL);
	dup2(null, 0);
	dup2(output, 1);
	dup2(output, 2);
	keep_capabilities();
	putenv(variable);
	execvp(argv[0], argv);
	_exit(errno == ENOENT ? 127 : 126);
}

static uint64_t mount_at(const char *target)
{
	struct statx about;

	if (statx(AT_FDCWD, target, AT_NO_AUTOMOUNT, STATX_MNT_ID | STATX_MODE, &about) < 0)
		return 0;
	return about.stx_mnt_id;
}

/* The end of what was written, without the last line's end. */
static size_t output_end(int output, char *text)
{
	off_t size = lseek(output, 0, SEEK_END);
	ssize_t got = pread(output, text, OUTPUT_END, size > OUTPUT_END ? size - OUTPUT_END : 0);

	while (got > 0 && text[got - 1] == '\n')
		got--;
	return got > 0 ? got : 0;
}

static void run(const struct keeper_request *request, size_t text, const int *fds)
{
	int output = memfd_create("output", MFD_CLOEXEC), status, result;
	char *variable = (char *)request->text, *next = variable + strlen(variable) + 1;
	const char *end = request->text + text;
	char *argv[256], written[OUTPUT_END];
	uint64_t before = 0;
	pid_t pid;

	if (request->count == 0 || request->count >= 256 || next >= end || output < 0) {
		reply(fds, -E2BIG, NULL, 0, -1);
		return;
	}
	for (uint32_t i = 0; i < request->count && next < end; i++, next += strlen(next) + 1) {
		argv[i] = next;
		argv[i + 1] = NULL;
	}
	if (request->flags & KEEPER_MOUNTS)
		before = mount_at(next);
	pid = fork();
	if (pid == 0)
		run_program(variable, argv, output);
	if (pid < 0) {
		reply(fds, -errno, NULL, 0, -1);
		return;
	}
	while (waitpid(pid, &status, 0) < 0 && errno == EINTR)
		;
	result = WIFEXITED(status) ? WEXITSTATUS(status) : 128 + WTERMSIG(status);
	/* Asking for attributes waits until the server has answered the kernel's first question. */
	if (!result && (request->flags & KEEPER_MOUNTS)) {
		uint64_t after = mount_at(next);

		if (!after || after == before)
			result = -ENOTCONN;
	}
	reply(fds, result, written, output_end(output, written), -1);
}

static _Noreturn void serve(struct keeper *keeper, union request *request, size_t length, int *fds,
			    unsigned int count, int begin)
{
	size_t text = length - sizeof(request->head);
	sigset_t none;
	int error;
	char byte;

	if (read(begin, &byte, 1) < 0)
		_exit(1);
	sigemptyset(&none);
	sigprocmask(SIG_SETMASK, &none, NULL);
	request->bytes[length < sizeof(request->bytes) ? length : length - 1] = '\0';
	for (unsigned int i = KEEPER_FD_EXTRA; i < count; i++)
		if (dup2(fds[i], KEEPER_EXTRA(i - KEEPER_FD_EXTRA)) < 0)
			_exit(1);
	error = go_to(fds);
	if (error < 0)
		reply(fds, error, NULL, 0, -1);
	else if (request->head.operation == KEEPER_CALL)
		call(keeper, &request->head, text, fds);
	else if (request->head.operation == KEEPER_RUN)
		run(&request->head, text, fds);
	else if (request->head.operation == KEEPER_STAT)
		look(&request->head, fds);
	else if (request->head.operation == KEEPER_IDS)
		reply(fds,
		      keeper_map_ids(request->head.args[0], request->head.args[1],
				     request->head.args[2], request->head.args[3],
				     request->head.args[4]),
		      NULL, 0, -1);
	else
		reply(fds, -EINVAL, NULL, 0, -1);
	_exit(0);
}

/* The process that serves begins when we have closed our copies of the descriptors. */
static void start_serving(struct keeper *keeper, union request *request, size_t length, int *fds,
			  unsigned int count)
{
	int begin[2];
	pid_t pid;

	if (pipe2(begin, O_CLOEXEC) < 0) {
		reply(fds, -errno, NULL, 0, -1);
		return;
	}
	pid = fork();
	if (pid == 0) {
		close(begin[1]);
		serve(keeper, request, length, fds, count, begin[0]);
	}
	if (pid < 0)
		reply(fds, -errno, NULL, 0, -1);
	for (unsigned int i = 0; i < count; i++)
		close(fds[i]);
	close(begin[0]);
	close(begin[1]);
}

/* False: the manager is gone. */
static bool take(struct keeper *keeper)
{
	static union request request;
	unsigned int count = KEEPER_FDS;
	int fds[KEEPER_FDS];
	ssize_t got;

	memset(fds, -1, sizeof(fds));
	got = channel_receive(keeper->channel, &request, sizeof(request), fds, &count);
	if (got <= 0 && got != -EMSGSIZE)
		return false;
	if (got >= (ssize_t)sizeof(request.head) && count >= KEEPER_FD_EXTRA) {
		start_serving(keeper, &request, got, fds, count);
		return true;
	}
	for (unsigned int i = 0; i < count; i++)
		close(fds[i]);
	return true;
}

/* ---- the end */

struct mounted {
	uint64_t id;
	char point[4096];
};

/* mountinfo escapes blanks and backslashes as \ooo. */
static void unescape(char *text)
{
	char *to = text;

	for (; *text; text++) {
		unsigned int code;

		if (*text == '\\' && sscanf(text + 1, "%3o", &code) == 1) {
			*to++ = code;
			text += 3;
		} else {
			*to++ = *text;
		}
	}
	*to = '\0';
}

/* Call use for each mount of the branch. */
static void each_mount(void (*use)(const struct mounted *mounted, void *data), void *data)
{
	FILE *file = fopen("/proc/self/mountinfo", "re");
	struct mounted mounted;
	char *line = NULL;
	size_t size = 0;

	while (file && getline(&line, &size, file) > 0) {
		unsigned long id;

		if (sscanf(line, "%lu %*u %*s %*s %4095s", &id, mounted.point) != 2)
			continue;
		mounted.id = id;
		unescape(mounted.point);
		use(&mounted, data);
	}
	free(line);
	if (file)
		fclose(file);
}

static void remember(const struct mounted *mounted, void *data)
{
	if (base_count < MOUNTS_MAX)
		base_mounts[base_count++] = mounted->id;
}

struct newest {
	struct mounted mounted;
	bool found;
};

static void find_newest(const struct mounted *mounted, void *data)
{
	struct newest *newest = data;

	for (unsigned int i = 0; i < base_count; i++)
		if (base_mounts[i] == mounted->id)
			return;
	newest->mounted = *mounted; /* the last line is the newest */
	newest->found = true;
}

static void unmount_all(struct keeper *keeper)
{
	static struct newest newest;

	for (;;) {
		newest.found = false;
		each_mount(find_newest, &newest);
		if (!newest.found)
			return;
		if (keeper_call(keeper, SYS_umount2, (uintptr_t)newest.mounted.point,
				MNT_DETACH | UMOUNT_NOFOLLOW, 0, 0, 0) < 0 &&
		    base_count < MOUNTS_MAX)
			base_mounts[base_count++] = newest.mounted.id; /* not to be had */
		else if (base_count >= MOUNTS_MAX)
			return;
	}
}

/* A request that was under way may mount something yet, so it is looked again and again. */
static bool wait_children(struct keeper *keeper, int signals, int timeout_ms)
{
	struct pollfd ready = {.fd = signals, .events = POLLIN};
	struct signalfd_siginfo info;

	for (int waited = 0; waited <= timeout_ms; waited += 100) {
		unmount_all(keeper);
		while (waitpid(-1, NULL, WNOHANG) > 0)
			;
		if (tree_signal(getpid(), 0, 0) == 0)
			return true;
		if (poll(&ready, 1, 100) > 0 && read(signals, &info, sizeof(info)) < 0)
			return false;
	}
	return false;
}

static _Noreturn void finish(struct keeper *keeper, int signals)
{
	if (chdir("/") < 0)
		_exit(1);
	if (!wait_children(keeper, signals, FLUSH_MS)) {
		tree_signal(getpid(), 0, SIGTERM);
		if (!wait_children(keeper, signals, TERM_MS))
			tree_signal(getpid(), 0, SIGKILL);
	}
	_exit(0);
}

/* Servers of ours are in bin/ of the installation, of which the stand-in is lib/vsquare/view/NAME.
 */
static void extend_path(const char *stand_in)
{
	const char *path = getenv("PATH"), *slash = strrchr(stand_in, '/');
	char *longer;

	if (slash && asprintf(&longer, "%s:%.*s/../../../bin", path ? path : "/usr/bin:/bin",
			      (int)(slash - stand_in), stand_in) >= 0)
		setenv("PATH", longer, 1);
}

_Noreturn void servers_main(struct keeper *keeper)
{
	struct pollfd ready[2];
	sigset_t set;
	int signals;
	bool ended = false;

	prctl(PR_SET_NAME, "view-servers");
	extend_path(keeper->mount_program);
	prctl(PR_SET_CHILD_SUBREAPER, 1, 0, 0, 0);
	prctl(PR_SET_PDEATHSIG, SIGTERM, 0, 0, 0);
	setpgid(0, 0); /* the terminal's signals are not for servers */
	signal(SIGINT, SIG_DFL);
	signal(SIGQUIT, SIG_DFL);
	sigemptyset(&set);
	sigaddset(&set, SIGCHLD);
	sigaddset(&set, SIGTERM);
	sigprocmask(SIG_SETMASK, &set, NULL);
	signals = signalfd(-1, &set, SFD_CLOEXEC);
	each_mount(remember, NULL);
	ready[0] = (struct pollfd){.fd = keeper->channel, .events = POLLIN};
	ready[1] = (struct pollfd){.fd = signals, .events = POLLIN};
	while (!ended) {
		struct signalfd_siginfo info;

		if (poll(ready, 2, -1) < 0 && errno != EINTR)
			break;
		if ((ready[1].revents & POLLIN) &&
		    read(signals, &info, sizeof(info)) == sizeof(info) && info.ssi_signo == SIGTERM)
			ended = true;
		while (waitpid(-1, NULL, WNOHANG) > 0)
			;
		if (!ended && ready[0].revents && !take(keeper)) {
			/* The manager is gone; the keeper ends the processes first. */
			ready[0].fd = -1;
			ready[0].revents = 0;
		}
	}
	finish(keeper, signals);
}
