// SPDX-License-Identifier: GPL-2.0-or-later
/*
 * Names of flags and commands. A type is a list of names; those of one bit, or of several, are
 * joined with "|"; what has no name is added as a number. Values come from the libc's headers.
 */
#include <fcntl.h>
#include <linux/futex.h>
#include <linux/sched.h>
#include <netinet/in.h>
#include <sched.h>
#include <signal.h>
#include <string.h>
#include <sys/epoll.h>
#include <sys/mman.h>
#include <sys/mount.h>
#include <sys/prctl.h>
#include <sys/resource.h>
#include <sys/socket.h>
#include <sys/stat.h>
#include <sys/wait.h>
#include <unistd.h>

#include "decode.h"

struct name {
	uint64_t value;
	const char *name;
};

/* clang-format off */
#define N(x) { (uint32_t)(x), #x }

static const struct name open_flags[] = {
	N(O_TMPFILE), N(O_SYNC), N(O_WRONLY), N(O_RDWR), N(O_CREAT), N(O_EXCL), N(O_NOCTTY),
	N(O_TRUNC), N(O_APPEND), N(O_NONBLOCK), N(O_DSYNC), N(O_ASYNC), N(O_DIRECT), { 0100000, "O_LARGEFILE" },
	N(O_DIRECTORY), N(O_NOFOLLOW), N(O_NOATIME), N(O_CLOEXEC), N(O_PATH), {},
};
static const struct name at_flags[] = {
	N(AT_SYMLINK_NOFOLLOW), N(AT_REMOVEDIR), N(AT_SYMLINK_FOLLOW), N(AT_NO_AUTOMOUNT),
	N(AT_EMPTY_PATH), N(AT_STATX_FORCE_SYNC), N(AT_STATX_DONT_SYNC), N(AT_RECURSIVE), {},
};
static const struct name access_modes[] = { N(R_OK), N(W_OK), N(X_OK), {} };
static const struct name prot[] = {
	N(PROT_READ), N(PROT_WRITE), N(PROT_EXEC), N(PROT_GROWSDOWN), N(PROT_GROWSUP), {},
};
static const struct name map[] = {
	N(MAP_SHARED_VALIDATE), N(MAP_SHARED), N(MAP_PRIVATE), N(MAP_FIXED), N(MAP_ANONYMOUS),
	N(MAP_GROWSDOWN), N(MAP_DENYWRITE), N(MAP_EXECUTABLE), N(MAP_LOCKED), N(MAP_NORESERVE),
	N(MAP_POPULATE), N(MAP_NONBLOCK), N(MAP_STACK), N(MAP_HUGETLB), N(MAP_SYNC),
	N(MAP_FIXED_NOREPLACE), N(MAP_32BIT), {},
};
static const struct name clone_flags[] = {
	N(CLONE_VM), N(CLONE_FS), N(CLONE_FILES), N(CLONE_SIGHAND), N(CLONE_PIDFD), N(CLONE_PTRACE),
	N(CLONE_VFORK), N(CLONE_PARENT), N(CLONE_THREAD), N(CLONE_NEWNS), N(CLONE_SYSVSEM),
	N(CLONE_SETTLS), N(CLONE_PARENT_SETTID), N(CLONE_CHILD_CLEARTID), N(CLONE_UNTRACED),
	N(CLONE_CHILD_SETTID), N(CLONE_NEWCGROUP), N(CLONE_NEWUTS), N(CLONE_NEWIPC),
	N(CLONE_NEWUSER), N(CLONE_NEWPID), N(CLONE_NEWNET), N(CLONE_IO), {},
};
static const struct name msg[] = {
	N(MSG_OOB), N(MSG_PEEK), N(MSG_DONTROUTE), N(MSG_CTRUNC), N(MSG_TRUNC), N(MSG_DONTWAIT),
	N(MSG_EOR), N(MSG_WAITALL), N(MSG_CONFIRM), N(MSG_ERRQUEUE), N(MSG_NOSIGNAL), N(MSG_MORE),
	N(MSG_WAITFORONE), N(MSG_FASTOPEN), N(MSG_CMSG_CLOEXEC), {},
};
static const struct name wait_flags[] = {
	N(WNOHANG), N(WSTOPPED), N(WEXITED), N(WCONTINUED), N(WNOWAIT), N(__WALL), N(__WCLONE), {},
};
static const struct name mount_flags[] = {
	N(MS_RDONLY), N(MS_NOSUID), N(MS_NODEV), N(MS_NOEXEC), N(MS_SYNCHRONOUS), N(MS_REMOUNT),
	N(MS_MANDLOCK), N(MS_DIRSYNC), N(MS_NOATIME), N(MS_NODIRATIME), N(MS_BIND), N(MS_MOVE),
	N(MS_REC), N(MS_SILENT), N(MS_PRIVATE), N(MS_SLAVE), N(MS_SHARED), N(MS_RELATIME),
	N(MS_STRICTATIME), N(MS_LAZYTIME), {},
};
static const struct name umount_flags[] = {
	N(MNT_FORCE), N(MNT_DETACH), N(MNT_EXPIRE), N(UMOUNT_NOFOLLOW), {},
};
static const struct name whence[] = {
	N(SEEK_SET), N(SEEK_CUR), N(SEEK_END), N(SEEK_DATA), N(SEEK_HOLE), {},
};
static const struct name fcntl_commands[] = {
	N(F_DUPFD), N(F_GETFD), N(F_SETFD), N(F_GETFL), N(F_SETFL), N(F_GETLK), N(F_SETLK),
	N(F_SETLKW), N(F_SETOWN), N(F_GETOWN), N(F_OFD_GETLK), N(F_OFD_SETLK), N(F_OFD_SETLKW),
	N(F_SETLEASE), N(F_GETLEASE), N(F_NOTIFY), N(F_DUPFD_CLOEXEC), N(F_SETPIPE_SZ),
	N(F_GETPIPE_SZ), N(F_ADD_SEALS), N(F_GET_SEALS), {},
};
static const struct name domains[] = {
	N(AF_UNSPEC), N(AF_UNIX), N(AF_INET), N(AF_INET6), N(AF_NETLINK), N(AF_PACKET), N(AF_BLUETOOTH),
	N(AF_ALG), N(AF_VSOCK), N(AF_XDP), {},
};
static const struct name madvise_values[] = {
	N(MADV_NORMAL), N(MADV_RANDOM), N(MADV_SEQUENTIAL), N(MADV_WILLNEED), N(MADV_DONTNEED),
	N(MADV_FREE), N(MADV_REMOVE), N(MADV_DONTFORK), N(MADV_DOFORK), N(MADV_MERGEABLE),
	N(MADV_UNMERGEABLE), N(MADV_HUGEPAGE), N(MADV_NOHUGEPAGE), N(MADV_DONTDUMP),
	N(MADV_DODUMP), N(MADV_WIPEONFORK), N(MADV_KEEPONFORK), N(MADV_COLD), N(MADV_PAGEOUT), {},
};
static const struct name clocks[] = {
	N(CLOCK_REALTIME), N(CLOCK_MONOTONIC), N(CLOCK_PROCESS_CPUTIME_ID),
	N(CLOCK_THREAD_CPUTIME_ID), N(CLOCK_MONOTONIC_RAW), N(CLOCK_REALTIME_COARSE),
	N(CLOCK_MONOTONIC_COARSE), N(CLOCK_BOOTTIME), N(CLOCK_REALTIME_ALARM),
	N(CLOCK_BOOTTIME_ALARM), N(CLOCK_TAI), {},
};
static const struct name epoll_commands[] = { N(EPOLL_CTL_ADD), N(EPOLL_CTL_DEL), N(EPOLL_CTL_MOD), {} };
static const struct name sigmask[] = { N(SIG_BLOCK), N(SIG_UNBLOCK), N(SIG_SETMASK), {} };
static const struct name futex_commands[] = {
	N(FUTEX_WAIT), N(FUTEX_WAKE), N(FUTEX_FD), N(FUTEX_REQUEUE), N(FUTEX_CMP_REQUEUE),
	N(FUTEX_WAKE_OP), N(FUTEX_LOCK_PI), N(FUTEX_UNLOCK_PI), N(FUTEX_TRYLOCK_PI),
	N(FUTEX_WAIT_BITSET), N(FUTEX_WAKE_BITSET), N(FUTEX_WAIT_REQUEUE_PI),
	N(FUTEX_CMP_REQUEUE_PI), N(FUTEX_LOCK_PI2), {},
};
static const struct name futex_flags[] = { N(FUTEX_PRIVATE_FLAG), N(FUTEX_CLOCK_REALTIME), {} };
static const struct name socket_types[] = {
	N(SOCK_STREAM), N(SOCK_DGRAM), N(SOCK_RAW), N(SOCK_RDM), N(SOCK_SEQPACKET), {},
};
static const struct name socket_flags[] = { N(SOCK_CLOEXEC), N(SOCK_NONBLOCK), {} };
static const struct name socket_levels[] = {
	N(SOL_SOCKET), { IPPROTO_IP, "SOL_IP" }, { IPPROTO_TCP, "SOL_TCP" }, { IPPROTO_UDP, "SOL_UDP" },
	{ IPPROTO_IPV6, "SOL_IPV6" }, { IPPROTO_ICMPV6, "SOL_ICMPV6" }, { IPPROTO_RAW, "SOL_RAW" },
	{ 263, "SOL_PACKET" }, { 270, "SOL_NETLINK" }, {},
};
static const struct name shutdown_sides[] = { N(SHUT_RD), N(SHUT_WR), N(SHUT_RDWR), {} };
static const struct name resources[] = {
	N(RLIMIT_CPU), N(RLIMIT_FSIZE), N(RLIMIT_DATA), N(RLIMIT_STACK), N(RLIMIT_CORE), N(RLIMIT_RSS),
	N(RLIMIT_NPROC), N(RLIMIT_NOFILE), N(RLIMIT_MEMLOCK), N(RLIMIT_AS), N(RLIMIT_LOCKS), N(RLIMIT_SIGPENDING),
	N(RLIMIT_MSGQUEUE), N(RLIMIT_NICE), N(RLIMIT_RTPRIO), N(RLIMIT_RTTIME), {},
};
static const struct name prctls[] = {
	N(PR_SET_PDEATHSIG), N(PR_GET_PDEATHSIG), N(PR_GET_DUMPABLE), N(PR_SET_DUMPABLE),
	N(PR_GET_KEEPCAPS), N(PR_SET_KEEPCAPS), N(PR_SET_NAME), N(PR_GET_NAME), N(PR_GET_SECCOMP),
	N(PR_SET_SECCOMP), N(PR_CAPBSET_READ), N(PR_CAPBSET_DROP), N(PR_GET_SECUREBITS),
	N(PR_SET_SECUREBITS), N(PR_SET_MM), N(PR_SET_CHILD_SUBREAPER), N(PR_GET_CHILD_SUBREAPER),
	N(PR_SET_NO_NEW_PRIVS), N(PR_GET_NO_NEW_PRIVS), N(PR_CAP_AMBIENT), N(PR_SET_VMA), {},
};

/* clang-format on */
static const char *name_of(const struct name *names, uint64_t value)
{
	for (; names->name; names++)
		if (names->value == value)
			return names->name;
	return NULL;
}

static void print_value(FILE *out, const struct name *names, uint64_t value)
{
	const char *name = name_of(names, value);

	if (name)
		fputs(name, out);
	else
		fprintf(out, "%#llx", (unsigned long long)value);
}

/* zero: what no flag at all is called, NULL: "0" */
static void print_flags(FILE *out, const struct name *names, uint64_t value, const char *zero)
{
	const char *separator = "";

	if (!value) {
		fputs(zero ? zero : "0", out);
		return;
	}
	for (; names->name; names++) {
		if ((value & names->value) != names->value)
			continue;
		fputs(separator, out);
		fputs(names->name, out);
		separator = "|";
		value &= ~names->value;
	}
	if (value)
		fprintf(out, "%s%#llx", separator, (unsigned long long)value);
}

/* A number in the low bits, with flags above. */
static void print_both(FILE *out, const struct name *names, uint64_t value,
		       const struct name *flags, uint64_t flag_bits)
{
	print_value(out, names, value & ~flag_bits);
	if (value & flag_bits) {
		fputc('|', out);
		print_flags(out, flags, value & flag_bits, NULL);
	}
}

static void print_open(FILE *out, uint64_t value)
{
	if ((value & O_ACCMODE) == O_RDONLY && (value & O_PATH) == 0) {
		fputs("O_RDONLY", out);
		if (!value)
			return;
		fputc('|', out);
	}
	print_flags(out, open_flags, value, NULL);
}

static void print_signal(FILE *out, uint64_t value)
{
	const char *name = sigabbrev_np((int)value);

	if (name)
		fprintf(out, "SIG%s", name);
	else
		fprintf(out, "%d", (int)value);
}

static void print_clone(FILE *out, uint64_t value)
{
	print_flags(out, clone_flags, value & ~(uint64_t)CSIGNAL, "0");
	if (value & CSIGNAL) {
		fputc('|', out);
		print_signal(out, value & CSIGNAL);
	}
}

void name_print(FILE *out, enum kmview_type type, uint64_t value)
{
	static const struct name *const values[KMVIEW_TYPES] = {
		[KMVIEW_T_WHENCE] = whence,	      [KMVIEW_T_FCNTL] = fcntl_commands,
		[KMVIEW_T_DOMAIN] = domains,	      [KMVIEW_T_MADVISE] = madvise_values,
		[KMVIEW_T_CLOCKID] = clocks,	      [KMVIEW_T_EPOLL] = epoll_commands,
		[KMVIEW_T_SIGMASK] = sigmask,	      [KMVIEW_T_PRCTL] = prctls,
		[KMVIEW_T_SOCKLEVEL] = socket_levels, [KMVIEW_T_SHUT] = shutdown_sides,
		[KMVIEW_T_RESOURCE] = resources,
	};
	static const struct name *const flags[KMVIEW_TYPES] = {
		[KMVIEW_T_AT] = at_flags,	[KMVIEW_T_ACCESS] = access_modes,
		[KMVIEW_T_PROT] = prot,		[KMVIEW_T_MAP] = map,
		[KMVIEW_T_MSG] = msg,		[KMVIEW_T_WAIT] = wait_flags,
		[KMVIEW_T_MOUNT] = mount_flags, [KMVIEW_T_UMOUNT] = umount_flags,
	};
	const char *zero = type == KMVIEW_T_ACCESS ? "F_OK"
			   : type == KMVIEW_T_PROT ? "PROT_NONE"
						   : NULL;

	value = (uint32_t)value;
	if (type == KMVIEW_T_IOCTL && ioctl_name(value))
		fputs(ioctl_name(value), out);
	else if (values[type])
		print_value(out, values[type], value);
	else if (flags[type])
		print_flags(out, flags[type], value, zero);
	else if (type == KMVIEW_T_OPEN)
		print_open(out, value);
	else if (type == KMVIEW_T_SIGNAL)
		print_signal(out, value);
	else if (type == KMVIEW_T_CLONE)
		print_clone(out, value);
	else if (type == KMVIEW_T_SOCKTYPE)
		print_both(out, socket_types, value, socket_flags, SOCK_CLOEXEC | SOCK_NONBLOCK);
	else if (type == KMVIEW_T_FUTEX)
		print_both(out, futex_commands, value, futex_flags,
			   FUTEX_PRIVATE_FLAG | FUTEX_CLOCK_REALTIME);
	else
		fprintf(out, "%#llx", (unsigned long long)value);
}
