/* SPDX-License-Identifier: GPL-2.0-or-later */
/*
 * What the manager and the keeper of a branch say to each other.
 *
 * A branch of a view is one private mount namespace. Its keeper is a process inside it that does
 * there what the manager, outside, decides. They share a SOCK_SEQPACKET pair. Each request brings
 * the socket that its reply goes to, so any number of them are under way at once and any thread of
 * the manager may ask.
 *
 *	manager -> keeper	struct keeper_request, strings; descriptors: reply, root, cwd, more
 *	keeper -> manager	struct keeper_reply, text; descriptor: a result (reply socket)
 *	keeper -> manager	struct keeper_news, on the pair itself
 *
 * A request is a system call to make, or a program to run until it ends, both at the root and the
 * working directory of the task on whose behalf it is.
 */
#ifndef VIEW_KEEPER_PROTOCOL_H
#define VIEW_KEEPER_PROTOCOL_H

#include <stddef.h>
#include <stdint.h>
#include <sys/types.h>

#define VIEW_SOURCE   "view" /* what a view's own directory is mounted from */
#define KEEPER_TEXT   65536  /* bytes of a message, all its strings included */
#define KEEPER_FDS    16
#define KEEPER_GROUPS 256

enum keeper_operation {
	KEEPER_CALL = 1, /* make a system call */
	KEEPER_RUN,	 /* run a program, say how it ended and what it wrote */
	KEEPER_STAT,	 /* the attributes of a path: the text; args[0]: flags of statx(2) */
	KEEPER_IDS,	 /* map a user namespace: pid; uid inside, outside; gid inside, outside */
	KEEPER_UNMOUNT,	 /* text: a path and those of mounts below it that go with it; args[0]:
			    flags of umount2(2), args[1]: how many paths */
};

/* What an argument of KEEPER_CALL is. */
enum keeper_argument {
	KEEPER_VALUE,
	KEEPER_STRING, /* args[i]: its offset in the text */
	KEEPER_BYTES,  /* the same, for what is no string */
};

#define KEEPER_RESULT_FD (1u << 0) /* CALL: the result is a descriptor: pass it on */
#define KEEPER_ANNOUNCE	 (1u << 2) /* CALL: the reply comes before the call, and is who makes it */
/* CALL: with the task's ids and capabilities. */
#define KEEPER_AS_CALLER (1u << 3)
/* RUN: a file system must be mounted on the target when it ends. */
#define KEEPER_MOUNTS (1u << 1)

/* Descriptors of a request, in this order; what is passed beyond them has these numbers there. */
enum { KEEPER_FD_REPLY, KEEPER_FD_ROOT, KEEPER_FD_CWD, KEEPER_FD_EXTRA };
#define KEEPER_EXTRA(i) (100 + (i))

/*
 * Of RUN: the task's environment (/proc/PID/environ), standard input and error, and pidfd; its
 * process group and session are args[0] and args[1], and args[2] is after how many seconds without
 * an answer the server is given up (0: never). What is passed beyond them is the
 * program's, in which it has the numbers from KEEPER_EXTRA(0) on.
 */
enum { RUN_ENVIRONMENT, RUN_INPUT, RUN_ERROR, RUN_TASK, RUN_FDS };

/* The ids of a process, in the user namespace in which they are to be set. */
struct keeper_ids {
	uint32_t uid, gid;
	uint64_t capabilities; /* effective */
	uint32_t enter;	      /* in the user namespace that is the last descriptor of the request */
	uint32_t keep_groups; /* the supplementary groups are those that the keeper has */
	uint32_t group_count;
	uint32_t groups[KEEPER_GROUPS]; /* -1: has no number here */
};

struct keeper_request {
	uint32_t operation;
	uint32_t flags;
	uint32_t nr;	/* CALL: of the native table */
	uint32_t count; /* RUN: the text is two variables for the environment, so many arguments,
			   the target */
	uint64_t args[6];
	uint8_t kinds[6];
	uint8_t reserved[2];
	struct keeper_ids ids; /* CALL with AS_CALLER, RUN: of the task */
	char text[];
};

struct keeper_reply {
	int64_t result; /* CALL: of the call; RUN: exit status, 128 + signal; or -errno: not done */
	char text[];	/* RUN: the end of what it wrote; STAT: struct statx */
};

enum keeper_event {
	KEEPER_READY = 1, /* descriptors: the control socket and, with seccomp, the listener */
	KEEPER_FAILED,	  /* value: errno; text: what could not be done */
	KEEPER_EXITED,	  /* the first process ended: value is the wait status */
	KEEPER_CUT_OFF,	  /* a server was killed before it had written everything */
};

struct keeper_news {
	uint32_t event;
	int32_t value;
	uint64_t namespace; /* READY: inode of the mount namespace */
	int32_t pid;	    /* READY: of the first process */
	int32_t servers;    /* READY: of the keeper of servers */
	char text[128];
};

/* ---- sending with descriptors: 0 or bytes received, or a negative errno */

int channel_send(int socket, const void *head, size_t head_length, const void *text,
		 size_t text_length, const int *fds, unsigned int count);

/* *count: room in fds, then how many came. All are close-on-exec and the caller's. 0: hung up. */
ssize_t channel_receive(int socket, void *buffer, size_t size, int *fds, unsigned int *count);

#endif
