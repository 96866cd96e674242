/* SPDX-License-Identifier: GPL-2.0-or-later */
/* The keeper of a branch: what starts it, and what its files share. */
#ifndef VIEW_KEEPER_H
#define VIEW_KEEPER_H

#include <linux/filter.h>
#include <stdbool.h>
#include <stdint.h>
#include <stdio.h>
#include <sys/types.h>

#define KEEPER_DELAY_MS 2000 /* from SIGTERM to SIGKILL */
/*
 * A server that does nothing for so long does not write any more: one that is stopped, or owes the kernel an
 * answer; any other, which may wait for something that we do not know.
 */
#define KEEPER_STALL_MS 10000
#define KEEPER_IDLE_MS	30000

/*
 * Variables of a server's environment, by which it is known however often it forks: which mount it
 * serves, and "w" or "r" and what it may write to.
 */
#define KEEPER_MARK  "VIEW_SERVER"
#define KEEPER_IMAGE "VIEW_SERVER_IMAGE"

struct keeper {
	int channel;		   /* to the manager */
	const char *directory;	   /* the view's own; a tmpfs covers it in the branch */
	const char *mount_program; /* stands in for mount(8) and the like; NULL: nothing does */
	uint64_t token;		   /* sixth argument of calls that are the keeper's own */
	char *const *command;
	const struct sock_fprog *filter; /* of the first process; NULL: none */
	const char *const *scripts;	 /* run before the command, up to NULL; NULL: none */
	const char *cow;		 /* a directory whose changes are kept apart; NULL: none */
	bool nested;			 /* a branch in a branch: scripts are told */
	bool root;			 /* the command is root to itself */
	bool linger;			 /* wait for all processes, not only the first */
	int flush_limit;		 /* seconds for servers to write at the end; 0: no limit */
	bool cut_off;			 /* some were killed before they had */
	/*
	 * Not NULL: no branch is kept, but what joins one that is there. It is told of the first
	 * process, which waits, and of its listener (-1: none): 0, or a negative errno.
	 */
	int (*hand_over)(struct keeper *keeper, int listener);
	const char *working_directory; /* of the first process then */
	uint64_t namespace;	       /* of mounts that it is brought into; 0: it is there */
	pid_t servers;		       /* keeper of servers */
	pid_t first;		       /* process */
};

/* Keep the branch that the caller has just entered, until it has ended: the wait status of its
 * first process, or -1 when there was none: the manager knows why. keeper->cut_off says more. */
int keeper_run(struct keeper *keeper);

/* prepare.c: the view's directory and stand-in programs; the control socket, or -1. */
int keeper_prepare(struct keeper *keeper);

/* first.c: start the first process; its listener, or -1 without a filter; -2: failed. */
int keeper_start_first(struct keeper *keeper);
void keeper_let_first_go(struct keeper *keeper);

/*
 * programs.c: programs that who reads them has as they are, and who runs them gets the stand-in for. add: a program, by
 * its real path; cover: those added, before anything runs. 0 or a negative errno. The rest is for the keeper of servers:
 * what to wait for, after that, when a child has ended, and at the end.
 */
#define PROGRAMS_MAX 4
struct pollfd;
int programs_add(const char *path);
int programs_cover(struct keeper *keeper);
unsigned int programs_wait(struct pollfd *ready); /* room for PROGRAMS_MAX; how many */
void programs_serve(const struct pollfd *ready);
void programs_ended(pid_t pid);
void programs_stop(void);

/* servers.c: the process that serves requests; does not return. */
_Noreturn void servers_main(struct keeper *keeper);

/* request.c: serve one request in the process that was forked for it; its descriptors as they
 * came. */
union keeper_message;
_Noreturn void request_serve(struct keeper *keeper, union keeper_message *message, size_t length,
			     const int *fds, unsigned int count);
/* The reply; nothing of the branch is held any more when it is sent. fd: to go with it, -1: none. */
void request_reply(const int *fds, int64_t result, const void *text, size_t length, int fd);

/* run.c: run a program for a task, which is a RUN request. */
struct keeper_request;
void run_serve(const struct keeper_request *request, size_t text, const int *fds,
	       unsigned int count);

/*
 * watch.c: give up a server, known by its mark and its device's minor number, that does not answer for so
 * long; who waits for it gets EIO. image: see KEEPER_IMAGE. A process of its own does so.
 */
void watch_start(const char *mark, unsigned int minor, const char *image, unsigned int seconds);

/* become.c: take over a task's ids: for a program that is to be executed, with the right to mount;
 * for a call, with exactly the task's capabilities, in its user namespace if it has another (its
 * descriptor; -1: it has not). 0 or -errno. */
struct keeper_ids;
int become_for_program(const struct keeper_ids *ids);
int become_for_call(const struct keeper_ids *ids, int user_namespace);

/* unmount.c: unmount a path and what stands below it; all or nothing. 0 or -errno. */
int unmount_stack(struct keeper *keeper, const char *paths, unsigned int count, int flags);

/* mounts.c: the mounts of the branch. */
struct mounted {
	uint64_t id, parent;
	unsigned int minor;
	bool fuse;
	char point[4096];
};
/* Call use for each, oldest first. */
void mounts_each(void (*use)(const struct mounted *mounted, void *data), void *data);

/* flush.c: unmount what was mounted since flush_begin, wait for the servers to write; the exit
 * status of the keeper of servers. SIGUSR1: wait no longer. */
void flush_begin(void);
int flush_end(struct keeper *keeper, int signals);
#define FLUSH_CUT_OFF 3 /* exit status: a server was killed before it had written everything */

/* proc.c: files of the /proc that was there when the keeper started, whatever is mounted on it in
 * the branch. NULL, -1: no such file. */
void proc_keep(void);
FILE *proc_file(const char *format, ...) __attribute__((format(printf, 1, 2)));
int proc_open(int flags, const char *format, ...) __attribute__((format(printf, 2, 3)));

/* Close all descriptors but the first three and ours. */
void proc_close_others(void);

/*
 * progress.c: what processes and their descendants have done: processor time in ticks and bytes read
 * and written, files and pipes alike. Add one process after the other to what is all 0.
 */
struct progress {
	uint64_t ticks, bytes;
	bool may_go_on; /* not all of the processes are stopped */
	bool asked;	/* set by who knows: the kernel waits for an answer of theirs */
};
void progress_add(pid_t pid, struct progress *progress);
/* A process's state as proc(5) has it, '?': it is gone. */
char progress_state(pid_t pid);
/*
 * Waiting as long as somebody works: each look is told what has been done by now. FALSE: nothing
 * was for KEEPER_STALL_MS or KEEPER_IDLE_MS, or the limit in seconds (0: none) is over. words: what to
 * say about it now and then, "" when it is not the time.
 */
struct patience {
	struct progress last, first;
	int64_t begun, moved, told;
	bool stalled;
};
bool patience_look(struct patience *patience, const struct progress *now, int limit, char *words,
		   size_t size);
int64_t now_ms(void);

/* A variable of a process's environment; false: it has none. */
bool progress_variable(pid_t pid, const char *name, char *value, size_t size);

/* idmap.c: give the new user namespace of a process all ids of ours, two of them exchanged. */
int keeper_map_ids(pid_t pid, uid_t uid, uid_t outer_uid, gid_t gid, gid_t outer_gid);

/* A system call of the keeper's own. */
long keeper_call(const struct keeper *keeper, long nr, uint64_t a, uint64_t b, uint64_t c,
		 uint64_t d, uint64_t e);

void keeper_failed(struct keeper *keeper, int error, const char *what);

/* tree.c: send a signal to all descendants of a process but those of one child; how many. 0: count
 * only. */
unsigned int tree_signal(pid_t root, pid_t except, int signal);

/* The same but for those that are spared, and their descendants. */
typedef bool spared_fn(pid_t pid);
unsigned int tree_signal_but(pid_t root, pid_t except, int signal, spared_fn *spared);

#endif
