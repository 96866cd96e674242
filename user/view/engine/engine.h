/* SPDX-License-Identifier: GPL-2.0-or-later */
/*
 * An engine is what makes a view: how its processes are confined and how their calls are seen.
 *
 *	kmview	the kernel module: the user's own mount namespace, ids are real
 *	umview	no module: user, mount and UTS namespaces, seccomp user notification
 *
 * Everything else of the manager is the same for both.
 */
#ifndef VIEW_ENGINE_H
#define VIEW_ENGINE_H

#include <linux/filter.h>

#include "user/libkmview/libkmview.h"
#include "user/view/view.h"

struct branch;

/* One system call that waits for an answer. */
struct view_call {
	struct view *view;
	struct branch *branch; /* NULL: of a task in a mount namespace of its own */
	const char *name;
	pid_t tid;
	uint64_t args[6];
	uint64_t id;
	bool narrow;	   /* of a program whose pointers have 32 bits */
	bool own;	   /* kmview: it has the token of the keepers' calls */
	bool at_root;	   /* its paths are those of the branch's root by now, not of the task's */
	uint64_t attached; /* 1 + the number of the branch it was attached to; 0: it was not */
	int listener;	   /* umview: where it came from */
	struct kmview_request request; /* kmview */
};

struct engine {
	const char *name;
	bool changes;	 /* arguments can be changed, hooks added at any time */
	bool own_mounts; /* the kernel makes plain mounts for the tasks themselves */
	bool own_names;	 /* host and domain name are the branch's own, in the kernel */

	/* Prepare; hooks: names of calls to see, up to NULL. Why not goes to text. */
	int (*open)(struct view *view, const char *const *hooks, char *text, size_t size);
	void (*close)(struct view *view);
	int (*hook)(struct view *view, const char *name); /* one more; ENOTSUP */

	/*
	 * In the process that becomes the keeper: enter what the engine makes. It gives up
	 * set-user-ID programs when it is in (keeper_run), if the engine has not done so.
	 */
	int (*enter)(struct view *view, bool nested, char *text, size_t size);

	/* Take one: 1, 0: none just now, or an error: no more will come. */
	int (*next)(struct view *view, int fd, struct view_call *call);

	/* Does the task still wait? What was read from /proc before was then its own. */
	bool (*waits)(const struct view_call *call);
	ssize_t (*read)(struct view_call *call, uint64_t address, void *buffer, size_t length);
	ssize_t (*write)(struct view_call *call, uint64_t address, const void *bytes,
			 size_t length);
	ssize_t (*string)(struct view_call *call, uint64_t address, char *buffer, size_t size);
	void (*proceed)(struct view_call *call);
	void (*answer)(struct view_call *call, int64_t value);
	void (*install)(struct view_call *call, int fd, bool close_on_exec);
	int (*change)(struct view_call *call, const uint64_t args[6]);
};

extern const struct engine engine_umview, engine_kmview;

/* The filter of the first process: ask about the hooks, unless a call carries the token. */
struct sock_fprog *seccomp_filter_new(const char *const *hooks, uint64_t token);
void seccomp_filter_free(struct sock_fprog *filter);

#endif
