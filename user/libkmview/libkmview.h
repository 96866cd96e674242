/* SPDX-License-Identifier: LGPL-2.1-or-later */
/*
 * libkmview: managers of kmview sessions.
 *
 * A manager opens a session, says which system calls it wants to see (kmview_hook), starts a first
 * process in it (kmview_spawn) and answers the calls of that process and all its descendants:
 *
 *	struct kmview *session;
 *	struct kmview_child child;
 *	char *argv[] = { "ls", NULL };
 *
 *	kmview_open(&session, NULL);
 *	kmview_hook(session, "openat", NULL);
 *	kmview_spawn(session, argv, NULL, 0, &child);
 *	kmview_run(session, &operations, NULL, 1);
 *	kmview_close(session);
 *
 * Functions return 0 or a positive number, or a negative errno; errno itself is not kept. They
 * never print and never end the process. Unless a function says otherwise, any thread may call it.
 *
 * Errors of the kernel's protocol are those of kmview.h; ENOTCONN everywhere: the session is dead.
 */
#ifndef LIBKMVIEW_H
#define LIBKMVIEW_H

#include <stdbool.h>
#include <stddef.h>
#include <stdint.h>
#include <sys/types.h>

#include "kmview.h"

#ifdef __cplusplus
extern "C" {
#endif

/* ---- the session */

struct kmview;

struct kmview_options {
	uint32_t flags;	    /* KMVIEW_INIT_ */
	uint32_t slots;	    /* calls pending at once, a power of two; 0: as the kernel likes */
	uint32_t slot_size; /* bytes of strings and other data of one call, a power of two; 0 too */
};

/*
 * Open a session; options may be NULL. ENOENT, ENXIO: there is no device, the module is not loaded.
 * EACCES: it is not for this user. EPROTO: module and library do not speak the same ABI.
 */
int kmview_open(struct kmview **session, const struct kmview_options *options);

/*
 * What an error of kmview_open() means, as a clause that can follow "as" or a colon. The text stays
 * the library's; it is never NULL.
 */
const char *kmview_open_why(int error);

/*
 * A session lives as long as the process that opened it. So one process can open it and hand its
 * descriptor and kmview_init_of() to another, which adopts it and serves it; when that one dies, the
 * first may go on serving. fd is the new session's, also when this fails.
 */
int kmview_adopt(struct kmview **session, int fd, const struct kmview_init *init);
const struct kmview_init *kmview_init_of(const struct kmview *session); /* as long as the session */

/* Close it and kill all its tasks. No thread may use the session any more. NULL is allowed. */
void kmview_close(struct kmview *session);

/* The descriptor of the session: readable when a request can be taken, for an outer poll(2) loop.
 */
int kmview_fd(const struct kmview *session);

uint64_t kmview_session(const struct kmview *session);	/* its number */
uint32_t kmview_features(const struct kmview *session); /* KMVIEW_FEATURE_ */
int kmview_stats(struct kmview *session, struct kmview_stats *stats);

/* ---- system calls by name */

/* What an argument or a result is. */
enum kmview_type {
	KMVIEW_T_INT,
	KMVIEW_T_UINT,
	KMVIEW_T_LONG,
	KMVIEW_T_HEX,
	KMVIEW_T_SIZE,
	KMVIEW_T_OFF,
	KMVIEW_T_PTR,
	KMVIEW_T_ID, /* of a user or group */
	KMVIEW_T_PID,
	KMVIEW_T_FD,
	KMVIEW_T_DIRFD, /* where the relative path after it starts, or AT_FDCWD */
	KMVIEW_T_PATH,
	KMVIEW_T_STR,	   /* a string that is no path */
	KMVIEW_T_IN,	   /* bytes the call reads; their number is the next argument */
	KMVIEW_T_OUT,	   /* bytes the call writes; their number is the result */
	KMVIEW_T_SOCKADDR, /* its length is the next argument */
	KMVIEW_T_ARGV,	   /* pointers to strings, the last is NULL */
	KMVIEW_T_FDPAIR,   /* int[2] the call writes */
	KMVIEW_T_UTSNAME,
	KMVIEW_T_TIMESPEC,
	KMVIEW_T_SIGSET,
	KMVIEW_T_MODE, /* of a file */
	KMVIEW_T_SIGNAL,
	KMVIEW_T_IOCTL, /* the rest are sets of flags or numbered commands */
	KMVIEW_T_OPEN,
	KMVIEW_T_AT,
	KMVIEW_T_ACCESS,
	KMVIEW_T_PROT,
	KMVIEW_T_MAP,
	KMVIEW_T_MADVISE,
	KMVIEW_T_WHENCE,
	KMVIEW_T_FCNTL,
	KMVIEW_T_CLONE,
	KMVIEW_T_DOMAIN,
	KMVIEW_T_SOCKTYPE,
	KMVIEW_T_MSG,
	KMVIEW_T_WAIT,
	KMVIEW_T_CLOCKID,
	KMVIEW_T_EPOLL,
	KMVIEW_T_FUTEX,
	KMVIEW_T_MOUNT,
	KMVIEW_T_UMOUNT,
	KMVIEW_T_PRCTL,
	KMVIEW_T_SIGMASK,
	KMVIEW_T_SOCKLEVEL, /* of a socket option */
	KMVIEW_T_SOCKOPT,   /* the option; its level is the argument before */
	KMVIEW_T_SHUT,	    /* which side of a socket */
	KMVIEW_T_RESOURCE,  /* of a limit */
	KMVIEW_T_POLLFDS, /* the rest are addresses of structures; their number is the next argument */
	KMVIEW_T_IOV_IN, /* the call reads what they point to; their number is the next argument */
	KMVIEW_T_MSGHDR, /* to be sent */
	KMVIEW_T_TIMEVAL,
	KMVIEW_T_ITIMERVAL,
	KMVIEW_T_ITIMERSPEC,
	KMVIEW_T_TIMESPECS,	/* two: times of a file */
	KMVIEW_T_FUTEX_TIMEOUT, /* a timespec, or a number, as the command of futex(2) says */
	KMVIEW_T_RLIMIT,
	KMVIEW_T_SIGACTION,
	KMVIEW_T_EPOLL_EVENT,
	KMVIEW_T_OPEN_HOW,
	KMVIEW_T_CLONE_ARGS,
	KMVIEW_T_SOCKVAL, /* an option's value; its length is the next argument */
	KMVIEW_T_STAT,	  /* from here on the call writes them */
	KMVIEW_T_STATX,
	KMVIEW_T_STATFS,
	KMVIEW_T_WSTATUS,
	KMVIEW_T_RUSAGE,
	KMVIEW_T_EPOLL_EVENTS, /* their number is the result */
	KMVIEW_T_DIRENTS,      /* their bytes are the result */
	KMVIEW_T_IOV_OUT,
	KMVIEW_T_MSGHDR_OUT,
	KMVIEW_T_SOCKADDR_OUT, /* the next argument points to its length */
	KMVIEW_T_TIMESPEC_OUT,
	KMVIEW_T_TIMEVAL_OUT,
	KMVIEW_T_ITIMERVAL_OUT,
	KMVIEW_T_ITIMERSPEC_OUT,
	KMVIEW_T_RLIMIT_OUT,
	KMVIEW_T_SIGACTION_OUT,
	KMVIEW_T_SIGSET_OUT,
	KMVIEW_T_SIGINFO_OUT,
	KMVIEW_T_SOCKVAL_OUT, /* the next argument points to its length */
	KMVIEW_T_INT_OUT,
	KMVIEW_TYPES,
};

#define KMVIEW_CALL_INTERRUPTIBLE (1u << 0) /* a signal ends it */
#define KMVIEW_CALL_NOFOLLOW                                                                       \
	(1u << 1)		       /* a symbolic link at the end of its path is not followed   \
					*/
#define KMVIEW_CALL_NORETURN (1u << 2) /* does not come back when it succeeds: exit, execve */

struct kmview_syscall {
	const char *name;   /* as in the kernel's headers */
	const char *family; /* the call it is a form of: "stat" of stat64; else the name itself */
	short nr[KMVIEW_ABIS]; /* its number in each table, -1: none */
	uint8_t argc;
	uint8_t flags; /* KMVIEW_CALL_ */
	uint8_t result;
	uint8_t args[6]; /* enum kmview_type */
};

/* NULL: no such call. */
const struct kmview_syscall *kmview_syscall(const char *name);
const struct kmview_syscall *kmview_syscall_by_number(unsigned int abi, unsigned int nr);

/* All of them, in one array: from NULL to the first, from each to the next, NULL after the last. */
const struct kmview_syscall *kmview_syscall_next(const struct kmview_syscall *call);

/* ---- rules */

/* What happens at a call. All 0, but for action: at every such call. */
struct kmview_hook {
	uint32_t action;     /* enum kmview_action */
	uint32_t flags;	     /* KMVIEW_RULE_EXIT, _BOTH, _WAIT; what else a rule has is filled in */
	int64_t value;	     /* of KMVIEW_VALUE; -errno for errors */
	uint32_t prog;	     /* of KMVIEW_BPF */
	uint32_t fd_marks;   /* not 0: only with a descriptor marked so */
	uint32_t path_marks; /* not 0: only with a path below a prefix marked so. With both: one is
				enough */
	uint32_t bytes; /* not 0: structures, and so many bytes of buffers, come along as well */
};

/*
 * Say what happens at a call, in all its forms: those of 64-bit, 32-bit and x32 programs, older and
 * newer ones (stat and stat64), and, for calls on sockets, socketcall(2) of 32-bit programs. hook
 * NULL means: ask the manager (KMVIEW_NOTIFY). Paths, other strings and socket addresses come along
 * with the event. A call without a path is not narrowed by path_marks, nor one without a descriptor
 * by fd_marks.
 *
 * ENOENT: no such call, here or on this kernel. EBUSY: something else in the kernel has hold of it.
 */
int kmview_hook(struct kmview *session, const char *name, const struct kmview_hook *hook);

struct kmview_named_hook {
	const char *name;
	struct kmview_hook hook;
};

/*
 * Many at once, which is much faster than one by one. Returns how many of the calls this kernel has
 * not got. On an error *failed (may be NULL) is the index of the one at fault, and none took
 * effect.
 */
int kmview_hooks(struct kmview *session, const struct kmview_named_hook *hooks, size_t count,
		 size_t *failed);

/* One form of a call only; the rule is what kmview_hook would set. EINVAL: no such number. */
int kmview_rule_init(struct kmview_rule *rule, unsigned int abi, unsigned int nr,
		     const struct kmview_hook *hook);
int kmview_rules(struct kmview *session, const struct kmview_rule *rules, size_t count);

/* Does all that the arguments of a call point to come along with an event, if bytes says so? */
bool kmview_copies_all(const struct kmview_syscall *call);

/* Mark what is at or below an absolute path, and what comes of an open descriptor of ours. 0
 * unmarks. */
int kmview_prefix(struct kmview *session, const char *path, uint32_t marks);
int kmview_mark(struct kmview *session, int fd, uint32_t marks);

/* The same with a number that kmview_mark_found() tells of requests that the mark led to. ENOSYS: the
 * module is older. */
int kmview_mark_cookie(struct kmview *session, int fd, uint32_t marks, uint64_t cookie);

/*
 * Programs of the session find the ELF file image in place of the kernel's vDSO, with the first page of the file page
 * (-1: none), which is open for reading only, at hand; image -1: no more. See KMVIEW_IMAGE. ENOSYS: the module is
 * older.
 */
int kmview_image(struct kmview *session, int image, int page);

/*
 * Files of these formats are run by interpreters in the session; count 0: none. See KMVIEW_FORMATS. ENOSYS: the
 * module is older.
 */
int kmview_formats(struct kmview *session, const struct kmview_format *formats, uint32_t count);

/* Put a loaded BPF program, type raw_tracepoint.w, into a place; -1 empties it. ENOSYS: no BPF
 * here. */
int kmview_prog(struct kmview *session, uint32_t place, int fd);

/* ---- tasks */

struct kmview_child {
	pid_t pid;
	int closed_fd; /* these two are for kmview_spawn_error */
	struct kmview_spawned *shared;
};

/*
 * Start a program (searched in PATH) in the session; envp NULL: our environment. It is a child of
 * the caller, who waits for it. On return it is inside but may not have executed the program yet:
 * that call may itself wait for an answer of ours. Errors are those of fork and KMVIEW_JOIN.
 */
int kmview_spawn(struct kmview *session, char *const argv[], char *const envp[], uint64_t cookie,
		 struct kmview_child *child);

/*
 * Why the program could not be executed: waits until it was, and returns 0, or a negative errno
 * (the child then exits with status 127). Once for each child; not while it is the caller who must
 * answer.
 */
int kmview_spawn_error(struct kmview_child *child);

/* Let the caller itself join. The single thread of a child calls this, never the manager. */
int kmview_join(struct kmview *session, uint64_t cookie);

/* Bring a running process in, for good. EPERM: we could not ptrace it. ESRCH: there is none. */
int kmview_attach(struct kmview *session, pid_t pid, uint64_t cookie);

/*
 * Let a process of the session, which was attached, enter the mount namespace that another one,
 * like, has made (KMVIEW_INIT_MOUNT). It enters when it next leaves the kernel, and its working
 * directory is looked up by its path. EMLINK: it has threads, or shares its working directory.
 * EXDEV: its mount namespace or its root is not ours. EINVAL: like is not in a namespace that the
 * session made. The others are those of KMVIEW_ENTER (kmview.h).
 */
int kmview_enter(struct kmview *session, pid_t pid, pid_t like);

/*
 * A process of the session enters a network namespace, of which net is a descriptor and which its
 * user owns, in the same way. ENOSYS: the module is older; the others are those of KMVIEW_ENTER_NET.
 */
int kmview_enter_network(struct kmview *session, pid_t pid, int net);

/* Who is inside: an array to free(3). */
int kmview_tasks(struct kmview *session, struct kmview_task_info **tasks, size_t *count);

int kmview_kill(struct kmview *session, int signal);

/* ---- requests: calls that wait for an answer */

/*
 * In a session that only watches (KMVIEW_INIT_WATCH) answers say only that the request is done with;
 * its task has gone on, so that what did not come along is read from what its memory holds now.
 *
 * A request that was taken must be answered exactly once, by any thread; it may be copied and kept
 * until then. What an answer returns: 0, or ECANCELED: the task died or was interrupted, nobody
 * heard.
 */
struct kmview_request {
	struct kmview *session;
	const struct kmview_syscall *call; /* NULL: a number the tables do not know */
	struct kmview_event event;	   /* of socketcall(2): already the call it stands for */
	uint32_t slot;
	bool cancel; /* not a request: event.id, taken before, is cancelled; answer it all the same
		      */
	bool socketcall; /* came as socketcall(2) */
	bool tell;	 /* and its exit was asked for by the hook */
	uint32_t
		notice; /* not 0: not a request; KMVIEW_ENTRY_EXITED, _SIGNAL or _LEFT of event.tid;
			    event.result is the status, or the signal, whose code is event.nr */
	struct kmview_loop *loop;
};

int kmview_continue(struct kmview_request *request);
int kmview_continue_tell(
	struct kmview_request *request); /* another request, KIND_EXIT, will follow */
int kmview_return(struct kmview_request *request, int64_t value);
int kmview_change(struct kmview_request *request, const uint64_t args[6], bool tell);

/* Return value after length bytes were copied to address; the call gives EFAULT if it is bad. */
int kmview_return_bytes(struct kmview_request *request, int64_t value, uint64_t address,
			const void *bytes, size_t length);

/* The number of the mark that the request came by, of a request not answered yet; 0: none. */
uint64_t kmview_mark_found(const struct kmview_request *request);

/*
 * The task of a request not answered yet gets another cookie, which its children inherit. EPERM: it is
 * in a session nested in ours. ESTALE: it is answered, or cancelled. ENOSYS: the module is older.
 */
int kmview_cookie(struct kmview_request *request, uint64_t cookie);

/* The task gets our open file fd, as number wanted (-1: the lowest free), which the call returns.
 */
int kmview_install(struct kmview_request *request, int fd, int wanted, bool close_on_exec);

/* The task's memory; returns the bytes moved, fewer where it ends. ESTALE: cancelled. EFAULT: none.
 */
ssize_t kmview_read(struct kmview_request *request, uint64_t address, void *buffer, size_t length);
ssize_t kmview_write(struct kmview_request *request, uint64_t address, const void *bytes,
		     size_t length);

/*
 * The string an argument points to, with its NUL; returns its length. It came with the event, the
 * rest of a long one is fetched. ENAMETOOLONG: more than size. EFAULT: not readable. ESTALE:
 * cancelled.
 */
ssize_t kmview_string(struct kmview_request *request, unsigned int arg, char *buffer, size_t size);

/* The same of any address. */
ssize_t kmview_string_at(struct kmview_request *request, uint64_t address, char *buffer,
			 size_t size);

/* The bytes an argument points to, up to length: those that came along, else fetched. */
ssize_t kmview_bytes(struct kmview_request *request, unsigned int arg, void *buffer, size_t length);

/* ---- the loop */

/* One thread that takes requests: create, use and free it in that thread. */
struct kmview_loop;

int kmview_loop_new(struct kmview_loop **loop, struct kmview *session);
void kmview_loop_free(struct kmview_loop *loop);

/*
 * Send the answers given since, and take a request. timeout_ms: 0 do not wait, -1 no limit. Where
 * there is more than one processor, polls a moment before it sleeps; how long adapts itself.
 * Returns 1: *request is one; 0: none in time. EINTR: a signal. ESRCH: no task is left in the
 * session.
 */
int kmview_next(struct kmview_loop *loop, struct kmview_request *request, int timeout_ms);

struct kmview_operations {
	void (*request)(struct kmview_request *request, void *data);
	void (*cancelled)(struct kmview *session, uint64_t id, void *data); /* or NULL */
};

/*
 * Serve with so many threads, the caller one of them, until no task is left: 0. Or until
 * kmview_stop or, EINTR, a signal that the calling thread got.
 */
int kmview_run(struct kmview *session, const struct kmview_operations *operations, void *data,
	       unsigned int threads);
void kmview_stop(struct kmview *session); /* from a request, or before a signal to that thread */

/*
 * End all tasks: SIGTERM, and SIGKILL to those that are left after delay_ms. Serves requests
 * meanwhile (operations NULL: lets every call go on) and returns when all are gone.
 */
int kmview_shutdown(struct kmview *session, const struct kmview_operations *operations, void *data,
		    int delay_ms);

#ifdef __cplusplus
}
#endif

#endif
