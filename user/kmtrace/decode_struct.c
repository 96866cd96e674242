// SPDX-License-Identifier: GPL-2.0-or-later
/*
 * Structures as text, as the kernel lays them out for 64-bit programs; of 32-bit programs those that
 * are the same, others are shown as addresses. A structure is a function in
 * the table at the end; what the call writes is shown once the call is over and did not fail.
 */
#include <dirent.h>
#include <linux/openat2.h>
#include <linux/sched.h>
#include <linux/stat.h>
#include <poll.h>
#include <signal.h>
#include <string.h>
#include <sys/epoll.h>
#include <sys/resource.h>
#include <sys/stat.h>
#include <sys/sysmacros.h>
#include <sys/time.h>
#include <sys/vfs.h>
#include <sys/wait.h>

#include "decode.h"

#define ELEMENTS_SHOWN 16
#define DIRENTS_SHOWN  8

/* Read it into a local object; where that fails, the address is printed. */
#define READ(object)                                                                               \
	do {                                                                                       \
		if (!read_whole(traced, address, &(object), sizeof(object))) {                     \
			print_pointer(out, address);                                               \
			return;                                                                    \
		}                                                                                  \
	} while (0)

typedef void printer(FILE *out, struct traced *traced, uint64_t address, unsigned int arg);

/* ---- files */

static void print_mode(FILE *out, unsigned int mode)
{
	static const char *const types[16] = {
		[S_IFIFO >> 12] = "S_IFIFO",   [S_IFCHR >> 12] = "S_IFCHR",
		[S_IFDIR >> 12] = "S_IFDIR",   [S_IFBLK >> 12] = "S_IFBLK",
		[S_IFREG >> 12] = "S_IFREG",   [S_IFLNK >> 12] = "S_IFLNK",
		[S_IFSOCK >> 12] = "S_IFSOCK",
	};
	const char *type = types[mode >> 12 & 15];

	if (type)
		fprintf(out, "%s|%#o", type, mode & 07777);
	else
		fprintf(out, "%#o", mode);
}

static void print_stat(FILE *out, struct traced *traced, uint64_t address, unsigned int arg)
{
	struct stat s;

	READ(s);
	fputs("{st_mode=", out);
	print_mode(out, s.st_mode);
	if (S_ISCHR(s.st_mode) || S_ISBLK(s.st_mode))
		fprintf(out, ", st_rdev=makedev(%#x, %#x)", major(s.st_rdev), minor(s.st_rdev));
	else
		fprintf(out, ", st_size=%lld", (long long)s.st_size);
	fputs(", ...}", out);
}

static void print_statx(FILE *out, struct traced *traced, uint64_t address, unsigned int arg)
{
	struct statx s;

	READ(s);
	fprintf(out, "{stx_mask=%#x, stx_mode=", s.stx_mask);
	print_mode(out, s.stx_mode);
	fprintf(out, ", stx_size=%llu, ...}", (unsigned long long)s.stx_size);
}

static void print_statfs(FILE *out, struct traced *traced, uint64_t address, unsigned int arg)
{
	struct statfs s;

	READ(s);
	fprintf(out, "{f_type=%#lx, f_bsize=%ld, f_blocks=%lu, f_bfree=%lu, ...}", (long)s.f_type,
		(long)s.f_bsize, (unsigned long)s.f_blocks, (unsigned long)s.f_bfree);
}

static void print_dirents(FILE *out, struct traced *traced, uint64_t address, unsigned int arg)
{
	uint64_t end = address + traced->result;
	unsigned int count = 0;

	fputc('[', out);
	while (address < end && count < DIRENTS_SHOWN) {
		struct {
			uint64_t d_ino;
			int64_t d_off;
			uint16_t d_reclen;
			uint8_t d_type;
			char d_name[256];
		} __attribute__((packed)) entry = {};
		size_t room = end - address < sizeof(entry) ? end - address : sizeof(entry);

		if (traced->engine->read(traced, address, &entry, room) < 20 || entry.d_reclen < 20)
			break;
		fputs(count++ ? ", " : "", out);
		string_print(out, entry.d_name, strnlen(entry.d_name, sizeof(entry.d_name)), false);
		address += entry.d_reclen;
	}
	fputs(address < end ? ", ...]" : "]", out);
}

static void print_open_how(FILE *out, struct traced *traced, uint64_t address, unsigned int arg)
{
	struct open_how how;

	READ(how);
	fputs("{flags=", out);
	name_print(out, KMVIEW_T_OPEN, how.flags);
	fprintf(out, ", mode=%#llo, resolve=%#llx}", (unsigned long long)how.mode,
		(unsigned long long)how.resolve);
}

/* ---- time */

static void print_timespec_value(FILE *out, const struct timespec *time)
{
	fprintf(out, "{tv_sec=%lld, tv_nsec=%ld}", (long long)time->tv_sec, time->tv_nsec);
}

static void print_timeval_value(FILE *out, const struct timeval *time)
{
	fprintf(out, "{tv_sec=%lld, tv_usec=%ld}", (long long)time->tv_sec, (long)time->tv_usec);
}

static void print_timespec(FILE *out, struct traced *traced, uint64_t address, unsigned int arg)
{
	struct timespec time;
	int32_t narrow[2];

	if (traced->abi == KMVIEW_ABI_IA32) {
		READ(narrow);
		time = (struct timespec){narrow[0], narrow[1]};
	} else {
		READ(time);
	}
	print_timespec_value(out, &time);
}

/* Only the commands of futex(2) that wait have a time there; others have a number. */
static void print_futex_timeout(FILE *out, struct traced *traced, uint64_t address,
				unsigned int arg)
{
	unsigned int command = traced->args[1] & 0x7f;

	if (command == 0 || command == 6 || command == 9 || command == 11 || command == 13)
		print_timespec(out, traced, address, arg);
	else
		fprintf(out, "%u", (unsigned int)address);
}

static void print_timespecs(FILE *out, struct traced *traced, uint64_t address, unsigned int arg)
{
	struct timespec times[2];

	READ(times);
	for (int i = 0; i < 2; i++) {
		fputs(i ? ", " : "[", out);
		if (times[i].tv_nsec == UTIME_NOW)
			fputs("UTIME_NOW", out);
		else if (times[i].tv_nsec == UTIME_OMIT)
			fputs("UTIME_OMIT", out);
		else
			print_timespec_value(out, &times[i]);
	}
	fputc(']', out);
}

static void print_timeval(FILE *out, struct traced *traced, uint64_t address, unsigned int arg)
{
	struct timeval time;

	READ(time);
	print_timeval_value(out, &time);
}

static void print_itimerspec(FILE *out, struct traced *traced, uint64_t address, unsigned int arg)
{
	struct itimerspec timer;

	READ(timer);
	fputs("{it_interval=", out);
	print_timespec_value(out, &timer.it_interval);
	fputs(", it_value=", out);
	print_timespec_value(out, &timer.it_value);
	fputc('}', out);
}

static void print_itimerval(FILE *out, struct traced *traced, uint64_t address, unsigned int arg)
{
	struct itimerval timer;

	READ(timer);
	fputs("{it_interval=", out);
	print_timeval_value(out, &timer.it_interval);
	fputs(", it_value=", out);
	print_timeval_value(out, &timer.it_value);
	fputc('}', out);
}

/* ---- processes */

static void print_signal_name(FILE *out, int signal)
{
	name_print(out, KMVIEW_T_SIGNAL, signal);
}

static void print_wait_status(FILE *out, struct traced *traced, uint64_t address, unsigned int arg)
{
	int status;

	READ(status);
	if (!traced->result) {
		print_pointer(out, address);
	} else if (WIFEXITED(status)) {
		fprintf(out, "[{WIFEXITED(s) && WEXITSTATUS(s) == %d}]", WEXITSTATUS(status));
	} else if (WIFSIGNALED(status)) {
		fputs("[{WIFSIGNALED(s) && WTERMSIG(s) == ", out);
		print_signal_name(out, WTERMSIG(status));
		fputs(WCOREDUMP(status) ? " && WCOREDUMP(s)}]" : "}]", out);
	} else if (WIFSTOPPED(status)) {
		fputs("[{WIFSTOPPED(s) && WSTOPSIG(s) == ", out);
		print_signal_name(out, WSTOPSIG(status));
		fputs("}]", out);
	} else {
		fputs(WIFCONTINUED(status) ? "[{WIFCONTINUED(s)}]" : "[?]", out);
	}
}

static void print_rusage(FILE *out, struct traced *traced, uint64_t address, unsigned int arg)
{
	struct rusage usage;

	READ(usage);
	fputs("{ru_utime=", out);
	print_timeval_value(out, &usage.ru_utime);
	fputs(", ru_stime=", out);
	print_timeval_value(out, &usage.ru_stime);
	fputs(", ...}", out);
}

static void print_rlimit(FILE *out, struct traced *traced, uint64_t address, unsigned int arg)
{
	struct rlimit limit;

	READ(limit);
	for (int i = 0; i < 2; i++) {
		rlim_t value = i ? limit.rlim_max : limit.rlim_cur;

		fputs(i ? ", rlim_max=" : "{rlim_cur=", out);
		if (value == RLIM_INFINITY)
			fputs("RLIM64_INFINITY", out);
		else
			fprintf(out, "%llu", (unsigned long long)value);
	}
	fputc('}', out);
}

static void print_clone_args(FILE *out, struct traced *traced, uint64_t address, unsigned int arg)
{
	struct clone_args args = {};
	size_t size = traced->args[1] < sizeof(args) ? traced->args[1] : sizeof(args);

	if (!read_whole(traced, address, &args, size)) {
		print_pointer(out, address);
		return;
	}
	fputs("{flags=", out);
	name_print(out, KMVIEW_T_CLONE, args.flags);
	fputs(", exit_signal=", out);
	print_signal_name(out, args.exit_signal);
	fprintf(out, ", stack=%#llx, stack_size=%#llx}", (unsigned long long)args.stack,
		(unsigned long long)args.stack_size);
}

/* ---- signals */

void print_signals(FILE *out, uint64_t set)
{
	const char *separator = "";

	/* Nearly full sets are shown by what they lack. */
	if (__builtin_popcountll(set) > 32) {
		fputc('~', out);
		set = ~set;
	}
	fputc('[', out);
	for (int i = 0; i < 64; i++) {
		if (!(set >> i & 1))
			continue;
		fputs(separator, out);
		separator = " ";
		if (sigabbrev_np(i + 1))
			fputs(sigabbrev_np(i + 1), out);
		else
			fprintf(out, "%d", i + 1);
	}
	fputc(']', out);
}

static void print_sigset(FILE *out, struct traced *traced, uint64_t address, unsigned int arg)
{
	uint64_t set;

	READ(set);
	print_signals(out, set);
}

static void print_sigaction(FILE *out, struct traced *traced, uint64_t address, unsigned int arg)
{
	struct {
		uint64_t handler, flags, restorer, mask;
	} action;

	READ(action);
	fputs("{sa_handler=", out);
	if (action.handler == (uintptr_t)SIG_DFL || action.handler == (uintptr_t)SIG_IGN)
		fputs(action.handler ? "SIG_IGN" : "SIG_DFL", out);
	else
		print_pointer(out, action.handler);
	fputs(", sa_mask=", out);
	print_signals(out, action.mask);
	fprintf(out, ", sa_flags=%#llx}", (unsigned long long)action.flags);
}

static void print_siginfo(FILE *out, struct traced *traced, uint64_t address, unsigned int arg)
{
	static const char *const codes[] = {
		[CLD_EXITED] = "CLD_EXITED",   [CLD_KILLED] = "CLD_KILLED",
		[CLD_DUMPED] = "CLD_DUMPED",   [CLD_TRAPPED] = "CLD_TRAPPED",
		[CLD_STOPPED] = "CLD_STOPPED", [CLD_CONTINUED] = "CLD_CONTINUED"};
	siginfo_t info;

	READ(info);
	if (!info.si_pid) {
		fputs("{}", out);
		return;
	}
	fputs("{si_signo=", out);
	print_signal_name(out, info.si_signo);
	if (info.si_code > 0 && (size_t)info.si_code < sizeof(codes) / sizeof(codes[0]))
		fprintf(out, ", si_code=%s", codes[info.si_code]);
	fprintf(out, ", si_pid=%d, si_uid=%u, si_status=%d, ...}", info.si_pid, info.si_uid,
		info.si_status);
}

/* ---- readiness */

static void print_events(FILE *out, unsigned int events)
{
	static const struct {
		unsigned int bit;
		const char *name;
	} names[] = {{POLLIN, "IN"},	   {POLLPRI, "PRI"},
		     {POLLOUT, "OUT"},	   {POLLERR, "ERR"},
		     {POLLHUP, "HUP"},	   {POLLNVAL, "NVAL"},
		     {POLLRDHUP, "RDHUP"}, {EPOLLONESHOT, "ONESHOT"},
		     {EPOLLET, "ET"},	   {EPOLLEXCLUSIVE, "EXCLUSIVE"}};
	const char *separator = "";

	for (size_t i = 0; i < sizeof(names) / sizeof(names[0]); i++) {
		if (!(events & names[i].bit))
			continue;
		fprintf(out, "%s%s", separator, names[i].name);
		separator = "|";
		events &= ~names[i].bit;
	}
	if (events || !*separator)
		fprintf(out, "%s%#x", separator, events);
}

static void print_pollfds(FILE *out, struct traced *traced, uint64_t address, unsigned int arg)
{
	struct pollfd fds[ELEMENTS_SHOWN];
	uint64_t count = traced->args[arg + 1];
	size_t shown = count < ELEMENTS_SHOWN ? count : ELEMENTS_SHOWN;

	if (shown && !read_whole(traced, address, fds, shown * sizeof(fds[0]))) {
		print_pointer(out, address);
		return;
	}
	fputc('[', out);
	for (size_t i = 0; i < shown; i++) {
		fprintf(out, "%s{fd=%d, events=", i ? ", " : "", fds[i].fd);
		print_events(out, fds[i].events);
		if (succeeded(traced) && fds[i].revents) {
			fputs(", revents=", out);
			print_events(out, fds[i].revents);
		}
		fputc('}', out);
	}
	fputs(count > shown ? ", ...]" : "]", out);
}

static void print_epoll(FILE *out, const struct epoll_event *event)
{
	fputs("{events=", out);
	print_events(out, event->events);
	fprintf(out, ", data=%#llx}", (unsigned long long)event->data.u64);
}

static void print_epoll_event(FILE *out, struct traced *traced, uint64_t address, unsigned int arg)
{
	struct epoll_event event;

	READ(event);
	print_epoll(out, &event);
}

static void print_epoll_events(FILE *out, struct traced *traced, uint64_t address, unsigned int arg)
{
	struct epoll_event events[ELEMENTS_SHOWN];
	size_t shown = traced->result < ELEMENTS_SHOWN ? traced->result : ELEMENTS_SHOWN;

	if (shown && !read_whole(traced, address, events, shown * sizeof(events[0]))) {
		print_pointer(out, address);
		return;
	}
	fputc('[', out);
	for (size_t i = 0; i < shown; i++) {
		fputs(i ? ", " : "", out);
		print_epoll(out, &events[i]);
	}
	fputs((size_t)traced->result > shown ? ", ...]" : "]", out);
}

/* ---- vectors, sockets and numbers */

static void print_iov(FILE *out, struct traced *traced, uint64_t address, unsigned int arg)
{
	bool written = traced->call->args[arg] == KMVIEW_T_IOV_OUT;

	print_iovecs(out, traced, address, traced->args[arg + 1],
		     written ? (uint64_t)traced->result : UINT64_MAX);
}

static void print_msghdr(FILE *out, struct traced *traced, uint64_t address, unsigned int arg)
{
	bool written = traced->call->args[arg] == KMVIEW_T_MSGHDR_OUT;

	print_message(out, traced, arg, written ? (uint64_t)traced->result : UINT64_MAX);
}

static void print_int(FILE *out, struct traced *traced, uint64_t address, unsigned int arg)
{
	int value;

	READ(value);
	fprintf(out, "[%d]", value);
}

/* ---- the table */

static printer *const printers[KMVIEW_TYPES] = {
	[KMVIEW_T_STAT] = print_stat,
	[KMVIEW_T_STATX] = print_statx,
	[KMVIEW_T_STATFS] = print_statfs,
	[KMVIEW_T_DIRENTS] = print_dirents,
	[KMVIEW_T_OPEN_HOW] = print_open_how,
	[KMVIEW_T_TIMESPEC] = print_timespec,
	[KMVIEW_T_TIMESPEC_OUT] = print_timespec,
	[KMVIEW_T_TIMESPECS] = print_timespecs,
	[KMVIEW_T_FUTEX_TIMEOUT] = print_futex_timeout,
	[KMVIEW_T_TIMEVAL] = print_timeval,
	[KMVIEW_T_TIMEVAL_OUT] = print_timeval,
	[KMVIEW_T_ITIMERSPEC] = print_itimerspec,
	[KMVIEW_T_ITIMERSPEC_OUT] = print_itimerspec,
	[KMVIEW_T_ITIMERVAL] = print_itimerval,
	[KMVIEW_T_ITIMERVAL_OUT] = print_itimerval,
	[KMVIEW_T_WSTATUS] = print_wait_status,
	[KMVIEW_T_RUSAGE] = print_rusage,
	[KMVIEW_T_RLIMIT] = print_rlimit,
	[KMVIEW_T_RLIMIT_OUT] = print_rlimit,
	[KMVIEW_T_CLONE_ARGS] = print_clone_args,
	[KMVIEW_T_SIGSET] = print_sigset,
	[KMVIEW_T_SIGSET_OUT] = print_sigset,
	[KMVIEW_T_SIGACTION] = print_sigaction,
	[KMVIEW_T_SIGACTION_OUT] = print_sigaction,
	[KMVIEW_T_SIGINFO_OUT] = print_siginfo,
	[KMVIEW_T_POLLFDS] = print_pollfds,
	[KMVIEW_T_EPOLL_EVENT] = print_epoll_event,
	[KMVIEW_T_EPOLL_EVENTS] = print_epoll_events,
	[KMVIEW_T_IOV_IN] = print_iov,
	[KMVIEW_T_IOV_OUT] = print_iov,
	[KMVIEW_T_MSGHDR] = print_msghdr,
	[KMVIEW_T_MSGHDR_OUT] = print_msghdr,
	[KMVIEW_T_INT_OUT] = print_int,
};

bool is_struct(enum kmview_type type)
{
	return printers[type];
}

/* Is it laid out alike for programs of any width? */
static bool any_width(enum kmview_type type)
{
	return type == KMVIEW_T_SIGSET || type == KMVIEW_T_SIGSET_OUT || type == KMVIEW_T_STATX ||
	       type == KMVIEW_T_TIMESPEC || type == KMVIEW_T_TIMESPEC_OUT ||
	       type == KMVIEW_T_FUTEX_TIMEOUT || type == KMVIEW_T_POLLFDS ||
	       type == KMVIEW_T_EPOLL_EVENT || type == KMVIEW_T_EPOLL_EVENTS ||
	       type == KMVIEW_T_WSTATUS || type == KMVIEW_T_INT_OUT;
}

bool is_written(enum kmview_type type)
{
	return type >= KMVIEW_T_STAT || type == KMVIEW_T_OUT || type == KMVIEW_T_FDPAIR ||
	       type == KMVIEW_T_UTSNAME;
}

void print_struct(FILE *out, struct traced *traced, unsigned int arg)
{
	enum kmview_type type = traced->call->args[arg];
	uint64_t address = traced->args[arg];

	if (!address || (word_size(traced) != 8 && !any_width(type)) ||
	    (is_written(type) && !succeeded(traced)))
		print_pointer(out, address);
	else
		printers[type](out, traced, address, arg);
}
