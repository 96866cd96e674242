/* SPDX-License-Identifier: GPL-2.0-or-later */
/* The keeper of a branch: what starts it, and what its files share. */
#ifndef VIEW_KEEPER_H
#define VIEW_KEEPER_H

#include <linux/filter.h>
#include <stdbool.h>
#include <stdint.h>
#include <sys/types.h>

#define KEEPER_DELAY_MS 2000 /* from SIGTERM to SIGKILL */

struct keeper {
	int channel;		   /* to the manager */
	const char *directory;	   /* the view's own; a tmpfs covers it in the branch */
	const char *mount_program; /* stands in for mount(8) and the like; NULL: nothing does */
	uint64_t token;		   /* sixth argument of calls that are the keeper's own */
	char *const *command;
	const struct sock_fprog *filter; /* of the first process; NULL: none */
	const char *const *scripts;	 /* run before the command, up to NULL; NULL: none */
	bool nested;			 /* a branch in a branch: scripts are told */
	bool root;			 /* the command is root to itself */
	bool linger;			 /* wait for all processes, not only the first */
	pid_t servers;			 /* keeper of servers */
	pid_t first;			 /* process */
};

/* Keep the branch that the caller has just entered, until it has ended: the wait status of its
 * first process, or -1 when there was none: the manager knows why. */
int keeper_run(struct keeper *keeper);

/* prepare.c: the view's directory and stand-in programs; the control socket, or -1. */
int keeper_prepare(struct keeper *keeper);

/* first.c: start the first process; its listener, or -1 without a filter; -2: failed. */
int keeper_start_first(struct keeper *keeper);
void keeper_let_first_go(struct keeper *keeper);

/* servers.c: the process that serves requests; does not return. */
_Noreturn void servers_main(struct keeper *keeper);

/* idmap.c: give the new user namespace of a process all ids of ours, two of them exchanged. */
int keeper_map_ids(pid_t pid, uid_t uid, uid_t outer_uid, gid_t gid, gid_t outer_gid);

/* A system call of the keeper's own. */
long keeper_call(const struct keeper *keeper, long nr, uint64_t a, uint64_t b, uint64_t c,
		 uint64_t d, uint64_t e);

void keeper_failed(struct keeper *keeper, int error, const char *what);

/* tree.c: send a signal to all descendants of a process but those of one child; how many. 0: count
 * only. */
unsigned int tree_signal(pid_t root, pid_t except, int signal);

#endif
