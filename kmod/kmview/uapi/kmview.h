/* SPDX-License-Identifier: GPL-2.0-only WITH Linux-syscall-note */
/*
 * kmview: system calls virtualised in the kernel. This header is the whole protocol.
 *
 * One open file of /dev/kmview is one session; whoever opened it is its manager.
 *
 *   open("/dev/kmview", O_RDWR | O_CLOEXEC)    ELOOP: KMVIEW_NESTING_MAX sessions are around the caller already
 *   ioctl KMVIEW_INIT         agree on the ABI; the session starts to exist
 *   mmap(kmview_init.ring_size) the ring: events out, answers in
 *   ioctl KMVIEW_RULES        what happens at which call (any time, any number of times)
 *   ioctl KMVIEW_JOIN         said by a child of the manager, before it executes a program
 *   ioctl KMVIEW_EXCHANGE     wake the tasks whose calls were answered, wait for events
 *   close                     every task of the session is killed
 *
 * A session has its tasks: who joined or was attached, and all descendants. Nobody leaves. A task has
 * no_new_privs, and io_uring answers ENOSYS to it. A session opened by a task of another session is
 * nested in it: calls are shown to the inner one first and, if they go on, to the outer one.
 *
 * The ring is a shared mapping: one struct kmview_ring, then, at slots_offset, the slots. Events and
 * notices are announced in ring->entry[]: the kernel writes entry[head & mask] and advances head; a
 * manager's thread takes entry[tail & mask] by advancing tail with a compare-and-swap.
 *
 * Life of a slot (kmview_slot.state):
 *
 *   FREE -> POSTED       by the kernel: the slot holds an event, its task is blocked
 *   POSTED -> TAKEN      by the manager, compare-and-swap
 *   TAKEN -> ANSWERED    by the manager, compare-and-swap, after it wrote the answer; if slot->waiting is
 *                        then not 0, the task sleeps: name the slot in KMVIEW_EXCHANGE
 *   ANSWERED -> FREE     by the kernel
 *   POSTED or TAKEN -> CANCELLED  by the kernel: the task got a signal or died; nobody waits for the answer.
 *                        If it was TAKEN, a KMVIEW_ENTRY_CANCEL is announced as well.
 *   CANCELLED -> RELEASED  by the manager, instead of the answer (its compare-and-swap failed)
 *
 * A session may only watch (KMVIEW_INIT_WATCH). Then no task waits: the kernel posts an event and the call goes on,
 * whatever the manager does; a task waits only while no slot is free. The life of a slot is
 *
 *   FREE -> POSTED -> TAKEN -> RELEASED -> FREE, by kernel, manager, manager, kernel
 *
 * and a manager that has taken all there is says so by KMVIEW_EXCHANGE, upon which tasks look for free slots. Rules
 * are PASS, NOTIFY and BPF, whose ANSWER and CHANGE are a PASS; a NOTIFY rule with KMVIEW_RULE_WAIT waits and is answered as
 * in other sessions, but whatever the verdict is, the call goes on. Tasks keep the right to gain privileges: one that
 * executes a program that gains any, or that its user may not read, leaves the session before that program
 * runs, unless the session was opened with CAP_SYS_PTRACE. When the manager ends, so does the session, and its tasks live on outside it. The ends of tasks and the
 * signals that they take are announced, too (KMVIEW_ENTRY_EXITED, KMVIEW_ENTRY_SIGNAL).
 *
 * The kernel trusts nothing it reads from the ring: what a manager writes wrongly ends as EIO in a call of its own
 * session, or as a slot that is never free again.
 *
 * Errors common to all ioctls: ENOTTY unknown command; EINVAL a reserved field not 0, an unknown flag or a value out
 * of range; EFAULT a bad pointer; ENOTCONN the session was not initialised, or is dead.
 *
 * Changes of the ABI: 1.0 first; 1.1 has KMVIEW_ENTER; 1.2 has KMVIEW_INIT_WATCH, KMVIEW_COPY_BUFFER, KMVIEW_COOKIE,
 * KMVIEW_MARK_COOKIE, KMVIEW_IMAGE, KMVIEW_BPF_CHANGE, KMVIEW_ENTER_NET, KMVIEW_FORMATS, kmview_slot.mark_cookie and time_ns, and
 * EACCES, ENOBUFS, ENOSYS of KMVIEW_INIT and KMVIEW_RULES. A manager of an older minor number runs unchanged.
 */
#ifndef _UAPI_KMVIEW_H
#define _UAPI_KMVIEW_H

#include <linux/ioctl.h>
#include <linux/types.h>

#define KMVIEW_DEVICE	 "/dev/kmview"
#define KMVIEW_ABI_MAJOR 1
#define KMVIEW_ABI_MINOR 2

/* ---- the session */

/* kmview_init.flags */
#define KMVIEW_INIT_MOUNT (1u << 0) /* mounts in a private namespace, see docs/kmview.md */
#define KMVIEW_INIT_WATCH (1u << 1) /* the session only watches, see above; not with INIT_MOUNT */

/* kmview_init.features */
#define KMVIEW_FEATURE_IA32    (1u << 0) /* 32-bit programs run on this kernel and their calls can be hooked */
#define KMVIEW_FEATURE_BPF     (1u << 1) /* KMVIEW_PROG works */
#define KMVIEW_FEATURE_MOUNT   (1u << 2) /* KMVIEW_INIT_MOUNT works */
#define KMVIEW_FEATURE_WATCH   (1u << 3) /* KMVIEW_INIT_WATCH works */
#define KMVIEW_FEATURE_IMAGE   (1u << 4) /* KMVIEW_IMAGE works */
#define KMVIEW_FEATURE_FORMATS (1u << 5) /* KMVIEW_FORMATS works */

#define KMVIEW_SLOTS_MAX     1024
#define KMVIEW_SLOT_SIZE_MIN 1024
#define KMVIEW_SLOT_SIZE_MAX 65536

#define KMVIEW_NESTING_MAX 8

/*
 * KMVIEW_INIT: once for each open file. EPROTO: the major number is not ours. EBUSY: done before. EPERM: the caller is
 * not the process that opened the file: only of that process the exit ends the session. (ENFILE of open: the user has
 * as many sessions as the parameter max_sessions allows.) ENOSYS: the kernel's function tracing, which hooks need, is
 * switched off (kernel.ftrace_enabled). ENOBUFS: the rings of the user's sessions would take more memory than the
 * parameter ring_kb and RLIMIT_MEMLOCK allow. KMVIEW_INIT_MOUNT, EOPNOTSUPP: this kernel lacks what it needs; EACCES: the
 * parameter user_mounts is off and the caller has no CAP_SYS_ADMIN. KMVIEW_INIT_WATCH, EOPNOTSUPP: the caller is a task
 * of another session, whose tasks could not leave.
 */
struct kmview_init {
	__u16 major; /* in: what the manager speaks; out: what the kernel speaks */
	__u16 minor;
	__u32 flags;
	__u32 slots;	 /* calls pending at once, a power of two; 0: 64; out: what was made */
	__u32 slot_size; /* bytes of a slot, a power of two; 0: 4096; out: what was made */
	__u64 session;	 /* out: its number, never used again */
	__u64 ring_size; /* out: bytes to map */
	__u32 features;	 /* out */
	__u32 reserved;
};

/* ---- the ring */

enum kmview_state {
	KMVIEW_FREE,
	KMVIEW_POSTED,
	KMVIEW_TAKEN,
	KMVIEW_ANSWERED,
	KMVIEW_CANCELLED,
	KMVIEW_RELEASED,
};

#define KMVIEW_ENTRY_EVENT  0 /* a slot was POSTED */
#define KMVIEW_ENTRY_CANCEL 1 /* the event of this id, which was TAKEN, is CANCELLED */
/*
 * Of sessions that watch; left out when the ring is full. slot is a process, the low half of id a thread of it:
 * EXITED: it ends; the high half is its status as of wait(2). SIGNAL: it takes the signal of which the number is in
 * bits 32 to 39, the si_code in bits 40 to 63. LEFT: it has left the session, because the program that it executes now
 * gains privileges.
 */
#define KMVIEW_ENTRY_EXITED 2
#define KMVIEW_ENTRY_SIGNAL 3
#define KMVIEW_ENTRY_LEFT   4

struct kmview_entry {
	__u64 id;
	__u32 slot;
	__u32 what; /* KMVIEW_ENTRY_ */
};

struct kmview_ring {
	__u32 head; /* advanced by the kernel */
	__u32 reserved0[15];
	__u32 tail;	/* advanced by the manager */
	__u32 spinning; /* threads of the manager that poll head: for so many entries nobody need be woken */
	__u32 reserved1[14];
	__u32 mask; /* entries - 1; entries are twice the slots */
	__u32 slots;
	__u32 slot_size;
	__u32 slots_offset; /* from the start of the mapping */
	__u32 reserved2[12];
	struct kmview_entry entry[];
};

/* Which table of calls a number belongs to. */
enum kmview_abi {
	KMVIEW_ABI_X64,	 /* asm/unistd_64.h */
	KMVIEW_ABI_IA32, /* asm/unistd_32.h */
	KMVIEW_ABI_X32,	 /* asm/unistd_x32.h, without __X32_SYSCALL_BIT */
	KMVIEW_ABIS,
};
#define KMVIEW_CALLS 560 /* numbers of each table: 0 .. 559; the last in use is 547, of X32 */

#define KMVIEW_KIND_ENTRY 0
#define KMVIEW_KIND_EXIT  1

/* kmview_copied.flags */
#define KMVIEW_COPIED_CUT   (1u << 0) /* longer than what fits: read the rest with KMVIEW_MEM */
#define KMVIEW_COPIED_FAULT (1u << 1) /* not readable: the call itself would give EFAULT */

/* What the kernel copied of the memory that one argument points to (kmview_rule.copy). */
struct kmview_copied {
	__u32 offset; /* into kmview_slot.data; 0 and length 0: nothing copied */
	__u16 length; /* strings: with the final NUL, unless cut */
	__u16 flags;
};

struct kmview_event {
	__u64 id;   /* unique in the session */
	__u16 kind; /* KMVIEW_KIND_ */
	__u16 abi;
	__u32 nr;
	__u32 pid; /* of the process and of the thread, as the manager counts pids */
	__u32 tid;
	__u64 cookie; /* what was passed when the task or its ancestor joined, or by KMVIEW_COOKIE */
	__u64 args[6];
	__s64 result; /* KIND_EXIT: what the call gave, -errno for errors */
	struct kmview_copied copied[6];
};

/*
 * CHANGE is EIO while a thread of the manager is under a seccomp filter, or if the opener was: a filter sees only the
 * program's arguments.
 */
enum kmview_verdict {
	KMVIEW_CONTINUE, /* the call goes on: outer sessions, then the kernel. At exit: the result stands */
	KMVIEW_RETURN,	 /* the call returns value */
	KMVIEW_CHANGE,	 /* the call goes on with args[] in place of the program's; see above */
	KMVIEW_INSTALL,	 /* the file of KMVIEW_GIVE becomes a descriptor of the task, its number is returned */
};

/* kmview_answer.flags */
#define KMVIEW_ANSWER_EXIT    (1u << 0) /* with CONTINUE, CHANGE: tell me the result (a KIND_EXIT event) */
#define KMVIEW_ANSWER_COPY    (1u << 1) /* with RETURN: first copy copy_length bytes to copy_to of the task */
#define KMVIEW_ANSWER_CLOEXEC (1u << 2) /* with INSTALL: close-on-exec */

struct kmview_answer {
	__u64 id; /* of the event */
	__u32 verdict;
	__u32 flags;
	__s64 value;	   /* RETURN: the result. INSTALL: the wanted number, or -1 for the lowest */
	__u64 args[6];	   /* CHANGE */
	__u64 copy_to;	   /* ANSWER_COPY: address in the task; EFAULT is what the call returns if it is bad */
	__u32 copy_offset; /* into kmview_slot.data */
	__u32 copy_length;
};

struct kmview_slot {
	__u32 state;   /* enum kmview_state */
	__u32 waiting; /* not 0: the task sleeps, an answer needs KMVIEW_EXCHANGE */
	struct kmview_event event;
	struct kmview_answer answer;
	__u32 told; /* not 0: nobody waits for an answer; RELEASED is all that is to be said (1.2) */
	__u32 reserved0;
	__u64 mark_cookie; /* of the mark that RULE_FD found, see KMVIEW_MARK_COOKIE; 0: none (1.2) */
	__u64 time_ns;	   /* sessions that watch: when it was told, CLOCK_MONOTONIC; 0 in others (1.2) */
	__u8 data[];	   /* up to the end of the slot: what was copied; also room for ANSWER_COPY */
};

#define KMVIEW_EXCHANGE_WAIT (1u << 0) /* wait until there is an event, timeout or signal */

/*
 * KMVIEW_EXCHANGE: wake the tasks of answered slots, then wait. Returns 1: there are entries to take, 0: none.
 * EINTR: a signal. ETIMEDOUT: none came in time. ESRCH: none, and the session has no task any more.
 */
struct kmview_exchange {
	__u32 flags;
	__s32 timeout_ms; /* -1: no limit */
	__u32 count;	  /* slots to wake: 0, 1 (then it is in slot) or more (an array at slots) */
	__u32 slot;
	__u64 slots; /* pointer to __u32[count], count up to KMVIEW_SLOTS_MAX */
};

/* ---- rules: what happens at a call */

enum kmview_action {
	KMVIEW_PASS,   /* no rule: the next outer session, or the kernel, serves the call */
	KMVIEW_VALUE,  /* return kmview_rule.value; errors are negative */
	KMVIEW_NOTIFY, /* an event for the manager */
	KMVIEW_BPF,    /* the program of kmview_rule.prog decides */
};

/* kmview_rule.flags */
#define KMVIEW_RULE_EXIT	  (1u << 0) /* NOTIFY: no event before the call, one after it; with _BOTH: both */
#define KMVIEW_RULE_BOTH	  (1u << 1)
#define KMVIEW_RULE_INTERRUPTIBLE (1u << 2) /* a signal ends the wait for the answer with EINTR (or a restart) */
#define KMVIEW_RULE_FD		  (1u << 3) /* only if the descriptor in fd_arg is marked with a bit of fd_marks */
#define KMVIEW_RULE_PATH	  (1u << 4) /* only if the path in path_arg is at or below a prefix, of path_marks */
#define KMVIEW_RULE_NOFOLLOW	  (1u << 5) /* PATH: a symbolic link as last component is not followed */
#define KMVIEW_RULE_PATH2	  (1u << 6) /* PATH: or the path in path2_arg is */
#define KMVIEW_RULE_WAIT	  (1u << 7) /* NOTIFY in a session that watches: the task waits for the answer */
/* With FD and PATH, one of the two is enough. */

enum kmview_copy {
	KMVIEW_COPY_NONE,
	KMVIEW_COPY_STRING,   /* NUL-terminated */
	KMVIEW_COPY_SOCKADDR, /* length in the next argument */
	KMVIEW_COPY_BYTES,    /* copy_bytes[i] of them */
	KMVIEW_COPY_BUFFER,   /* as many as the next argument says, at most copy_bytes[i] */
};

#define KMVIEW_NO_ARGUMENT 255 /* in place of the number of an argument */

struct kmview_rule {
	__u16 abi;
	__u16 nr;
	__u32 action;
	__u32 flags;
	__u32 prog; /* BPF: 0 .. KMVIEW_PROGS - 1 */
	__s64 value;
	__u8 copy[6]; /* enum kmview_copy, of each argument */
	__u8 fd_arg;
	__u8 path_arg;
	__u8 dirfd_arg;	   /* where relative paths start; NO_ARGUMENT: the working directory */
	__u8 nofollow_arg; /* argument with flags of which nofollow_mask means NOFOLLOW; NO_ARGUMENT: none */
	__u16 copy_bytes[6];
	__u8 path2_arg; /* PATH2 */
	__u8 dirfd2_arg;
	__u32 nofollow_mask;
	__u32 fd_marks;
	__u32 path_marks;
	__u32 reserved2;
};

/*
 * KMVIEW_RULES: set count rules; the last one for a call counts. All or none take effect, except that after ENOMEM
 * some may. done: how many were understood, so that it is the index of the one at fault after an error.
 * ENOENT: this kernel has no such call. EBUSY: something else in the kernel has taken over the function; the kernel's log
 * says which. EACCES: the administrator does not let ordinary users hook it (the parameter user_calls).
 */
struct kmview_rules {
	__u64 rules; /* struct kmview_rule * */
	__u32 count;
	__u32 done; /* out */
};

#define KMVIEW_PREFIXES 64

/*
 * KMVIEW_PREFIX: remember a path prefix: absolute, no "." or "..", as seen from the root of the task that makes a call.
 * marks 0 removes it. ENOSPC: there are KMVIEW_PREFIXES already.
 */
struct kmview_prefix {
	__u64 path; /* char *, NUL-terminated */
	__u32 marks;
	__u32 reserved;
};

/*
 * KMVIEW_MARK: mark an open file of the caller; marks 0 unmarks it. Every descriptor that comes from it by dup,
 * fork, exec or SCM_RIGHTS is marked.
 */
struct kmview_mark {
	__s32 fd;
	__u32 marks;
};

/*
 * KMVIEW_MARK_COOKIE: as KMVIEW_MARK, with a number of the manager's that comes in kmview_slot.mark_cookie of events whose
 * rule the mark has matched. It is the session's own: other sessions that mark the file have others. (1.2)
 */
struct kmview_mark_cookie {
	__s32 fd;
	__u32 marks;
	__u64 cookie;
};

#define KMVIEW_PROGS	 4
#define KMVIEW_BPF_BYTES 400

/* What a BPF program returns in kmview_call.verdict. */
#define KMVIEW_BPF_PASS	  0
#define KMVIEW_BPF_ANSWER 1 /* copy out_length bytes of out to out_address, return value */
#define KMVIEW_BPF_NOTIFY 2
#define KMVIEW_BPF_CHANGE 3 /* the call goes on with args[] as they are then; as the verdict KMVIEW_CHANGE (1.2) */

/* The record that a BPF program (raw_tracepoint.w, argument 0) reads and writes. */
struct kmview_call {
	__u64 session;
	__u32 abi;
	__u32 nr;
	__u32 pid;
	__u32 tid;
	__u64 cookie;
	__u64 args[6];
	__u32 verdict;		    /* out: KMVIEW_BPF_ */
	__u32 out_length;	    /* out: up to KMVIEW_BPF_BYTES */
	__u64 out_address;	    /* out */
	__s64 value;		    /* out */
	__u8 out[KMVIEW_BPF_BYTES]; /* keeps what this program wrote at the last call of the task; zeros at first */
};

/* KMVIEW_PROG: put a program into a place, or -1 to empty it. EINVAL: it is not a raw_tracepoint.w that fits. */
struct kmview_prog {
	__u32 prog;
	__s32 fd;
};

/* ---- tasks */

/*
 * KMVIEW_JOIN: the caller enters the session. EBUSY: it has threads, or an io_uring, or is in another session that
 * this one is not nested in. EINVAL: it is the manager.
 */
struct kmview_join {
	__u64 cookie;
};

/*
 * KMVIEW_ATTACH: a running process enters. As JOIN; EPERM: the caller could not ptrace it, or the manager is under a
 * seccomp filter, as of CHANGE.
 */
struct kmview_attach {
	__s32 pidfd;
	__u32 reserved;
	__u64 cookie;
};

/*
 * KMVIEW_ENTER: a process of the session enters the mount namespace that another process of the session has made by
 * unshare(2) (KMVIEW_INIT_MOUNT). It does so by itself, when it next leaves the kernel; a call that it sleeps in is
 * interrupted, or restarted, as by a signal that it ignores. Root is the namespace's; the working directory what its
 * path leads to there, else the root; open files stay.
 * EMLINK: it has threads, or shares its working directory with other processes. EXDEV: its mount namespace or its root
 * is not the caller's. EINVAL: like is not in a namespace of this session. ESRCH: it is not in this session.
 * EPERM: the caller could not ptrace it. EALREADY: it has not yet followed the last KMVIEW_ENTER. EOPNOTSUPP: the
 * session has no KMVIEW_INIT_MOUNT.
 */
struct kmview_enter {
	__s32 pidfd;
	__s32 like; /* a pidfd, too */
};

/*
 * KMVIEW_ENTER_NET: a process of the session enters a network namespace, of which net is a descriptor (/proc/PID/ns/net).
 * When and how is as of KMVIEW_ENTER. It gains what setns(2) gives who owns the namespace, and stays where it is if it has
 * itself, when it gets there, no CAP_SYS_ADMIN over the user namespace that owns the network namespace, or is in
 * another user namespace than the initial one. Sockets that it has stay where they are.
 * EPERM: the caller has no CAP_SYS_ADMIN over that user namespace, could not ptrace the process, or the manager is
 * under a seccomp filter, as of CHANGE. EMLINK: the process has threads. EINVAL: net is no network namespace. EALREADY: it has not
 * yet followed the last KMVIEW_ENTER or KMVIEW_ENTER_NET. EOPNOTSUPP: the session only watches. (1.2)
 */
struct kmview_enter_net {
	__s32 pidfd;
	__s32 net;
};

struct kmview_task_info {
	__u32 pid;
	__u32 tid;
	__u64 cookie;
	__u64 session; /* the innermost one of the task: this one, or one nested in it */
};

/* KMVIEW_TASKS: who is inside. count: in, room at tasks; out, how many there are (maybe more than fitted). */
struct kmview_tasks {
	__u64 tasks; /* struct kmview_task_info * */
	__u32 count;
	__u32 reserved;
};

/* KMVIEW_KILL: send a signal to every process of the session. */
struct kmview_kill {
	__u32 signal;
	__u32 reserved;
};

/* ---- the task of a pending event; ESTALE: the event is not pending (any more) */

/* KMVIEW_MEM: read or write its memory. Returns the bytes moved, less than length where memory ends. */
struct kmview_mem {
	__u64 id;
	__u32 slot;
	__u32 write; /* 0: task to buffer, 1: buffer to task */
	__u64 address;
	__u64 buffer;
	__u64 length; /* up to 16 MiB */
};

/* KMVIEW_GIVE: the file that the verdict KMVIEW_INSTALL will install. */
struct kmview_give {
	__u64 id;
	__u32 slot;
	__s32 fd;
};

/*
 * KMVIEW_COOKIE: the task gets another cookie, which those that it forks from then on inherit. EPERM: the task is in a
 * session nested in this one, which has the cookie. (1.2)
 */
struct kmview_cookie {
	__u64 id;
	__u32 slot;
	__u32 reserved;
	__u64 cookie;
};

/* ---- the image: code that programs find in place of the kernel's vDSO */

#define KMVIEW_IMAGE_BYTES 65536

/*
 * KMVIEW_IMAGE: from now on each 64-bit program that a task of the session executes finds in its memory, one after the
 * other: the file image, readable and executable; a private page, writable, which begins with struct kmview_image_page; and,
 * unless page is -1, the first page of the file page, readable, shared by all. The auxiliary vector of the program names
 * the image as the vDSO (AT_SYSINFO_EHDR), on its stack and in /proc/PID/auxv. So it is to be an ELF file like
 * the vDSO: one segment, loaded as it is in the file, and symbols of the same names and versions. image -1: no image from
 * now on; programs that have one keep it.
 *
 * A program for which there is no memory, or that may not map the files, is killed. No image: 32-bit programs; those that
 * their user may not read; programs of a kernel without vDSO; processes that were attached, until they execute a program.
 * In a nested session the image of the outer one is the vDSO of the inner one's. (1.2)
 *
 * EINVAL: a file is not a regular one that is open for reading; image is empty or longer than KMVIEW_IMAGE_BYTES; page is
 * shorter than a page or open for writing: who maps it could write to it; the session only watches. EPERM: it may not be
 * executed, say from a file system that is mounted noexec; and other errors of mmap(2).
 */
struct kmview_image {
	__s32 image;
	__s32 page;
	__u64 reserved;
};

struct kmview_image_page {
	__u64 vdso;   /* the address that AT_SYSINFO_EHDR would have had */
	__u64 shared; /* the address of the shared page; 0: there is none */
};

/* ---- executable formats: files that an interpreter runs */

#define KMVIEW_FORMATS_MAX  64
#define KMVIEW_FORMAT_BYTES 32
#define KMVIEW_FORMAT_REACH 256 /* bytes of the file that are looked at; a shorter one goes on with zeros */

/* kmview_format.flags: tests, of which there is one at least and all must hold; and how to go on */
#define KMVIEW_FORMAT_MAGIC	(1u << 0) /* length bytes at offset, where mask has ones, are magic */
#define KMVIEW_FORMAT_SUFFIX	(1u << 1) /* the name as it was executed ends with suffix, and is longer */
#define KMVIEW_FORMAT_DIRECTORY (1u << 2) /* the file is at or below directory, as the task sees it */
#define KMVIEW_FORMAT_ARGV0	(1u << 3) /* argv[0] is kept: INTERPRETER FILE ARGV0 ARGUMENTS */

struct kmview_format {
	__u32 flags;
	__u16 offset;
	__u8 length;
	__u8 reserved;
	__u8 magic[KMVIEW_FORMAT_BYTES];
	__u8 mask[KMVIEW_FORMAT_BYTES];
	char suffix[32];   /* NUL-terminated, without '/' */
	__u64 directory;   /* char *, a path as of KMVIEW_PREFIX */
	__u64 interpreter; /* char *, the same */
};

/*
 * KMVIEW_FORMATS: these rules, in their order, take the place of all that the session has; count 0: none. They come
 * before the formats of the kernel and those of binfmt_misc; in a nested session those of the inner one come first.
 * execve(2) of a file that a rule is for executes the interpreter, with the task's rights, as it does that of a script:
 * INTERPRETER FILE ARGUMENTS. It is looked up at each exec, where the task is. (Of binfmt_misc's flags, P is
 * KMVIEW_FORMAT_ARGV0; there is no O, C or F, by which it may get a file, or be one, that the task has no right to.) An
 * interpreter may have an interpreter, up to the kernel's limit (ELOOP). ENOENT of
 * execve: there is no interpreter, or the file was executed by a descriptor that is closed by then; ELIBBAD: the file
 * system with the interpreter said ENOEXEC when it was opened.
 * EINVAL: more than KMVIEW_FORMATS_MAX, a rule without test, or the session only watches. (1.2)
 */
struct kmview_formats {
	__u64 formats; /* struct kmview_format * */
	__u32 count;
	__u32 reserved;
};

/* ---- counters */

struct kmview_stats {
	__u64 events;
	__u64 answers;	   /* accepted */
	__u64 bad_answers; /* wrong id or verdict: the call returned EIO */
	__u64 cancelled;
	__u64 slept; /* waits of tasks that had to sleep, not only to spin */
	__u32 tasks;
	__u32 session_bytes; /* kernel memory of the session, ring included */
	__u32 task_bytes;    /* and of each task */
	__u32 reserved;
};

#define KMVIEW_MAGIC	   0xb6
#define KMVIEW_INIT	   _IOWR(KMVIEW_MAGIC, 1, struct kmview_init)
#define KMVIEW_RULES	   _IOWR(KMVIEW_MAGIC, 2, struct kmview_rules)
#define KMVIEW_JOIN	   _IOW(KMVIEW_MAGIC, 3, struct kmview_join)
#define KMVIEW_EXCHANGE	   _IOW(KMVIEW_MAGIC, 4, struct kmview_exchange)
#define KMVIEW_PREFIX	   _IOW(KMVIEW_MAGIC, 5, struct kmview_prefix)
#define KMVIEW_MARK	   _IOW(KMVIEW_MAGIC, 6, struct kmview_mark)
#define KMVIEW_PROG	   _IOW(KMVIEW_MAGIC, 7, struct kmview_prog)
#define KMVIEW_ATTACH	   _IOW(KMVIEW_MAGIC, 8, struct kmview_attach)
#define KMVIEW_TASKS	   _IOWR(KMVIEW_MAGIC, 9, struct kmview_tasks)
#define KMVIEW_KILL	   _IOW(KMVIEW_MAGIC, 10, struct kmview_kill)
#define KMVIEW_MEM	   _IOW(KMVIEW_MAGIC, 11, struct kmview_mem)
#define KMVIEW_GIVE	   _IOW(KMVIEW_MAGIC, 12, struct kmview_give)
#define KMVIEW_ENTER	   _IOW(KMVIEW_MAGIC, 14, struct kmview_enter)
#define KMVIEW_COOKIE	   _IOW(KMVIEW_MAGIC, 15, struct kmview_cookie)
#define KMVIEW_MARK_COOKIE _IOW(KMVIEW_MAGIC, 16, struct kmview_mark_cookie)
#define KMVIEW_IMAGE	   _IOW(KMVIEW_MAGIC, 17, struct kmview_image)
#define KMVIEW_ENTER_NET   _IOW(KMVIEW_MAGIC, 18, struct kmview_enter_net)
#define KMVIEW_FORMATS	   _IOW(KMVIEW_MAGIC, 19, struct kmview_formats)
#define KMVIEW_STATS	   _IOR(KMVIEW_MAGIC, 13, struct kmview_stats)

#endif
