/* SPDX-License-Identifier: GPL-2.0-or-later */
/*
 * Views that live without a terminal: where they are found from outside, and what is asked there.
 *
 *	$XDG_RUNTIME_DIR/vsquare-view/NAME, or /tmp/vsquare-view-UID/NAME: a socket of the manager
 *
 * The directory is the user's and nobody else's, and the manager answers nobody else. A connection
 * that joins stays: it ends with the view, or with what joined.
 */
#ifndef VIEW_REGISTRY_H
#define VIEW_REGISTRY_H

#include <jansson.h>
#include <stdint.h>

#include "manager.h"

#define REGISTRY_ABI 1

enum registry_what {
	REGISTRY_INFO = 1, /* the reply */
	REGISTRY_JOIN,	   /* the reply, and the filter of system calls (umview) */
	REGISTRY_LISTENER, /* umview: no reply; the listener of that filter comes along */
	REGISTRY_ATTACH,   /* kmview: bring a process into the view */
};

struct registry_request {
	uint32_t abi, what;
	int32_t pid; /* ATTACH */
	int32_t reserved;
};

struct registry_reply {
	uint32_t abi;
	int32_t error; /* negative errno; text: why */
	int32_t manager, servers;
	uint64_t token;
	uint64_t namespace; /* of mounts */
	char engine[16];
	char text[256];
};

/* Listen under the view's name; 0, or a negative errno: why not was said. */
int registry_listen(struct view *view, const char *name);
void registry_close(struct view *view);
/* What joined shall end. */
void registry_end_joined(struct view *view);

/* Connect to the view of that name: a socket or a negative errno; ECONNREFUSED: it is no more. */
int registry_connect(const char *name);
/* Ask over a connection; fd to go along, -1: none. filter: room for *size bytes, what came. */
int registry_ask(int socket, const struct registry_request *request, int fd,
		 struct registry_reply *reply, void *filter, size_t *size);
/* All that live: name, engine, manager. */
json_t *registry_list(void);
/* Where the messages of a view without a terminal go. */
int registry_log(const char *name, char *path, size_t size);

/* join.c: run a command in the view of that name: the exit status. */
int join_run(const struct options *options);

#endif
