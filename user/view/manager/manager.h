/* SPDX-License-Identifier: GPL-2.0-or-later */
/*
 * The manager of a view: what its files share.
 *
 *	main.c, options.c	the commands umview, kmview, view
 *	login.c			one of them as a login shell
 *	view.c			start, event loop, end
 *	branch.c		branches: the first, and those of views started inside
 *	call.c			one call, from the engine to whoever claimed it
 *	caller.c		who asks, and what that allows
 *	ask.c			requests to keepers
 *	mount.c, mount_fd.c	the calls that mount: mount(2), fsopen(2) and their kin
 *	mount_service.c		what services ask of a mount that they serve
 *	mount_image.c		their source: opened, locked, a part of it
 *	mount_kernel.c		mounts of the kernel's that the keeper makes
 *	missing.c		mount points that do not exist
 *	servers.c		file-system servers: which serves what, waiting for their end
 *	names.c			host and domain name
 *	services.c		service modules, aliases, claims
 *	registry.c, join.c	views without a terminal, and joining them
 *	control.c, commands.c	the control socket and what can be asked there
 *
 * The main thread runs the event loop and owns all lists but where a lock is named. Calls that may
 * take time are served each by a thread of its own.
 */
#ifndef VIEW_MANAGER_H
#define VIEW_MANAGER_H

#include <jansson.h>
#include <limits.h>
#include <pthread.h>
#include <stdbool.h>
#include <sys/types.h>

#include "caller.h"
#include "user/view/engine/engine.h"
#include "user/view/keeper/protocol.h"

struct options {
	const struct engine *engine; /* NULL: the best there is */
	const char *name;
	const char *scripts[3]; /* start-up files to run, up to NULL */
	bool quiet;
	bool linger;
	bool secure;
	int flush_limit;	  /* seconds for servers to write at the end; 0: no limit */
	const char *services[64]; /* NAME[,OPTIONS] to add at the start */
	unsigned int service_count;
	char **command;
	bool detach;	  /* without a terminal, to be joined */
	int ready;	  /* and then: who waits for the view to be there; else -1 */
	bool pids;	  /* process ids of its own */
	const char *join; /* the name of a view to join; NULL: none */
	const char *cow;  /* a directory of which changes are the view's own; NULL: none */
};

#define STATUS_FAILED 125 /* of the view itself, as of env(1) and the like */

/* ---- branches */

struct branch {
	struct branch *next;
	struct view *view;
	struct branch *parent;
	unsigned int number;
	uint64_t namespace; /* inode of the mount namespace; 0: not ready */
	int channel;	    /* to the keeper of servers */
	int control;	    /* listening socket */
	pid_t keeper;
	pid_t servers;
	pid_t first;
	uid_t owner;	/* the user whose keeper it is, see caller.h */
	bool capable;	/* who is root and has CAP_SYS_ADMIN, and so needs it */
	int keeper_fd;	/* pidfd of the keeper */
	bool single_id; /* the user has no id but his own */
	char name[64];
};

struct view {
	struct options options;
	const struct engine *engine;
	uint64_t token;		  /* see protocol.h */
	char directory[PATH_MAX]; /* of the installation: lib/vsquare/view */
	char own[PATH_MAX];	  /* the view's directory inside: directory/inside */
	char stand_in[PATH_MAX];  /* program that covers mount(8) */
	int events;		  /* epoll */
	int signals;
	bool ended;
	bool ending; /* a branch is: locks on what it had mounted are let go one after the other */
	int status;  /* exit status of the view */
	char reason[512]; /* why a service does not start; "": it did not say */
	pid_t keeper;	  /* of the first branch; 0: gone */
	pthread_rwlock_t branches_lock;
	struct branch *branches;
	unsigned int branch_count;
	/* umview */
	struct sock_fprog *filter;
	/* kmview */
	struct kmview *session;
	int holder; /* to the process that holds it; -1: none */
	struct kmview_loop *session_loop;
};

/* Something in the event loop. It is freed by its owner. */
struct source {
	void (*ready)(struct view *view, struct source *source, uint32_t events);
	void *data;
	int fd;
};

int source_add(struct view *view, struct source *source);
void source_remove(struct view *view, struct source *source);

/* The exit status of a view that runs a command. */
int view_run(const struct options *options);

/* The first branch is there. */
void view_is_ready(struct view *view);

/* Ask all processes of the first branch to end; KILL after delay_ms. */
void view_shutdown(struct view *view, int delay_ms);

void say(const struct view *view, const char *format, ...) __attribute__((format(printf, 2, 3)));

/* ---- branch.c */

/* owner: the user id of the keeper */
struct branch *branch_new(struct view *view, struct branch *parent, int channel, pid_t keeper,
			  uid_t owner);
void branch_free(struct branch *branch);
/* Take the news that keepers sent and that nobody has read yet. */
void branches_drain(struct view *view);
/* The branch of a mount namespace or of a task. NULL: none. */
struct branch *branch_of_namespace(struct view *view, uint64_t namespace);
struct branch *branch_of_number(struct view *view, unsigned int number);
struct branch *branch_of_task(struct view *view, pid_t tid);
/* inside.c: run a command in a branch of the view that we are in; the exit status. */
int branch_run_inside(const struct options *options);

/* ---- call.c */

/* Serve the calls that this descriptor brings. */
int calls_listen(struct view *view, int fd);
/* Serve in a thread; free(3)s call. */
void call_in_thread(struct view_call *call, void (*serve)(struct view_call *call));
void call_return(struct view_call *call, int64_t value);
void call_continue(struct view_call *call);
/* Does the kernel make plain mounts for this task: is that the engine's way, and are its ids ours?
 */
bool call_mounts_itself(const struct view_call *call);
/* A string argument, to free(3): NULL with *error 0 if the pointer is NULL. */
char *call_string(struct view_call *call, unsigned int index, size_t size, int *error);
/* The process of a thread. */
pid_t task_process(pid_t tid);
/*
 * Numbers of processes in the process namespace that they are in (--pid), which is the keeper's. A
 * line of /proc/PID/status, "NSpid" or the like: the innermost number; 0: none. And back: the
 * descendant of a process that has this number for itself.
 */
pid_t task_inside(pid_t pid, const char *line);
pid_t task_outside(pid_t ancestor, pid_t inside);
/* A descriptor of the task: ours to close, or -errno. */
int call_fd(struct view_call *call, int number);

/* ---- ask.c: a request to the keeper of servers, on behalf of a task */

struct ask {
	struct branch *branch;
	pid_t tid;
	size_t length; /* of the text */
	int fds[KEEPER_FDS];
	unsigned int fd_count;
	int reply;
	struct keeper_reply answer;
	union {
		struct keeper_request request;
		char bytes[KEEPER_TEXT];
	};
	char text[2048]; /* what a program wrote */
};

/* To be freed by ask_free. *error: why NULL. */
struct ask *ask_new(struct branch *branch, pid_t tid, int *error);
/* The same for the task of a call. */
struct ask *ask_of(const struct view_call *call, int *error);
void ask_free(struct ask *ask);
void ask_value(struct ask *ask, unsigned int index, uint64_t value);
void ask_string(struct ask *ask, unsigned int index, const char *string); /* NULL: a null pointer */
void ask_bytes(struct ask *ask, unsigned int index, const void *bytes, size_t length);
int ask_fd(struct ask *ask, int fd); /* its number in the keeper; fd stays the caller's */
/* The result of the call, or -errno. With fd: that of the descriptor it gave. */
int64_t ask_call(struct ask *ask, long nr, int *fd);
/* The same with the ids and capabilities of the task, not those of the keeper. */
int64_t ask_call_as_caller(struct ask *ask, long nr, int *fd);
/* Begin a call whose result nobody needs: until it waits for something, or is done. */
int ask_begin(struct ask *ask, long nr);
struct statx;
/* The attributes of a path; flags: AT_. */
int ask_stat(struct ask *ask, const char *path, int flags, struct statx *about);
/* A program to run as the task that asks, protocol.h. */
struct ask_program {
	char *const *argv;
	const char *mark, *image; /* of its environment, keeper.h */
	const char *mounted;	  /* what must be a mount afterwards; NULL: nothing */
	unsigned int timeout;	  /* seconds; 0: none */
	const int *files;	  /* for the program: KEEPER_EXTRA(i) there */
	unsigned int file_count;
};
/* Exit status or -errno. */
int64_t ask_run(struct ask *ask, const struct ask_program *program);
/* umount2(2) of a target that consists of parts, count strings, newest first. */
int ask_unmount(struct ask *ask, const char *target, int flags, const char *parts,
		unsigned int count);

/* Map the user namespace of a process, protocol.h. */
int ask_ids(struct ask *ask, pid_t pid, const unsigned int ids[4]);

/* In one go: a call with a path and a value. */
int64_t ask_path(struct view_call *call, long nr, const char *path, uint64_t value);

/* ---- mounts */

extern const char *const mount_hooks[]; /* calls to see, up to NULL */
/* Is it one of those, or of their kin, that need the authority of the branch's owner? */
bool mount_needs_authority(const struct view_call *call);

struct view_mount {
	struct view_call *call;
	char *source;
	char *target;
	char *type;
	char *options;
	unsigned long flags;
	uint64_t service;	   /* of the claim being asked */
	int image;		   /* the source, opened, or the part of it meant; -1: not yet */
	int whole;		   /* and then the source itself; -1: that is the image */
	bool locked;		   /* the source is */
	bool unasked;		   /* files are opened without the server */
	char aside[PATH_MAX + 64]; /* where the image is mounted for its server; "": it is not */
	unsigned int timeout;	   /* seconds that a server may take to answer; 0: any time */
	char place[PATH_MAX + 32]; /* where servers mount */
	char mark[64];		   /* of the servers, see servers.c */
	char message[1024];
	char note[1024]; /* what is to be said although it works */
};

/* mount_image.c: what it mounted for the server is needed no more. */
void mount_image_let_go(struct view_mount *mount);

/* The image as servers have it. */
#define IMAGE_PATH "/proc/self/fd/100"
_Static_assert(KEEPER_EXTRA(0) == 100, "what a request passes has this number");

/* Flags that say: no new file system. */
#define MS_CHANGES                                                                                 \
	(MS_REMOUNT | MS_BIND | MS_MOVE | MS_SHARED | MS_PRIVATE | MS_SLAVE | MS_UNBINDABLE)

/* mount(2) by the keeper of the task's branch; what takes a type is nosuid and nodev. */
int mount_by_kernel(struct view_call *call, const char *source, const char *target,
		    const char *type, unsigned long flags, const char *options);
/* A path of mountinfo, where blanks and backslashes are \\ooo, becomes the real one. */
void mount_unescape(char *path);
int mounts_below(struct view_call *call, const char *path); /* how many; -1: not known */

/* A mount to be filled in; its number makes its place unique. */
void mount_init(struct view_mount *mount, struct view_call *call);

bool mount_serve(struct view_call *call); /* true: it was one of ours, and is or will be answered */
bool mount_fd_serve(struct view_call *call); /* the same for fsopen(2) and its kin */
bool names_serve(struct view_call *call);
bool names_change(const struct view_call *call); /* is it a call that sets one */
int names_set(struct branch *branch, const char *field, const char *value);

/* Where a descriptor of a branch's is in it; path has PATH_MAX bytes. False: nowhere. */
bool mount_path_of(int fd, char *path);
/* Open a path as the task of a call would: ours to close, or -errno. */
int mount_open_path(struct view_call *call, const char *path, int flags);

/* Take the options that are the manager's own out of a mount's. EINVAL: said in its message. */
int mount_take_options(struct view_mount *mount);

/* Let services try, newest claim first. VIEW_PASS: nobody's. */
int mount_by_service(struct view_mount *mount);
void mount_free(struct view_mount *mount);
/* view_mount_serve for a mount at another place. */
int view_mount_program(struct view_mount *mount, char *const argv[], const char *place);

/* missing.c: make a mount point that does not exist, in this branch only: 1: made, 0: it is there;
 * undo that for all on which nothing is mounted. */
int missing_make(struct view_mount *mount);
void missing_remove(struct view_call *call);

/* ---- servers.c */

/* Note that what is mounted at target now was mounted by service, its servers having this mark. */
void servers_note(struct view_mount *mount, const char *mark);
/* Mounts that go with another: their paths, newest first, each with its NUL; paths to free(3). */
struct parts {
	char *paths;
	unsigned int count;
};
/* Before an unmount: the device at target if a service mounted it, else 0, and of what more it
 * consists; after it: wait for its servers as long as they work: ETIMEDOUT: one does not end. */
uint64_t servers_device(struct view_call *call, const char *target, int flags, struct parts *parts);
bool servers_read_only(struct view *view, uint64_t device); /* what is mounted of it */
int servers_wait(struct view_call *call, uint64_t device);
void servers_forget(struct view *view);			      /* what is mounted no more */
bool servers_of_service(struct view *view, uint64_t service); /* is any mounted */
json_t *servers_list(struct view *view);
/* Where a file that is locked is mounted; "": not known. */
struct stat;
void servers_locked(struct view *view, const struct stat *about, char *target, size_t size);

/* ---- services.c */

int services_add(struct view *view, const char *text, bool permanent, char *why, size_t size);
int services_remove(struct view *view, const char *name, char *why, size_t size);
json_t *services_list(void);
int services_alias(const char *alias, const char *type); /* type NULL or "": remove */
json_t *services_aliases(void);
void services_resolve(const char *type, char *resolved, size_t size);
void services_stop(void);
bool services_claim(const char *type); /* does anybody claim mounts of this type */
/* Ask for a call. True: answered, or kept. */
bool services_call(struct view_call *call);
/* All calls claimed now, added to hooks (room for size); how many. */
size_t services_hooks(const char **hooks, size_t size);

/* ---- control */

void control_listen(struct branch *branch);
struct ucred;
json_t *command_run(struct branch *branch, const struct ucred *peer, json_t *request,
		    const int *fds, unsigned int count);
/* The last thing that went wrong for a process, for whoever asks once. */
void message_keep(pid_t pid, const char *text);
json_t *message_take(pid_t pid);
/* A string of bytes that may be no UTF-8: those that are not are written as \\xNN. */
json_t *json_bytes(const char *text);

#endif
