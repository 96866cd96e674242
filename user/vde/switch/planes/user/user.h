/* SPDX-License-Identifier: GPL-2.0-or-later */
/*
 * The user plane: clients' datagram sockets and taps, served by threads of this process.
 */
#ifndef VDE_USER_PLANE_H
#define VDE_USER_PLANE_H

#include "user/vde/switch/planes/plane.h"

extern const struct plane_ops user_plane;

enum user_kind { USER_SOCKET, USER_TAP };

/*
 * An endpoint on a descriptor: a connected datagram socket, or a tap. The endpoint owns it from now
 * on; it is made non-blocking. The caller fills in the rest and calls port_join(). NULL: out of
 * memory, the descriptor stays the caller's.
 */
struct endpoint *user_endpoint_new(struct plane *plane, enum user_kind kind, int fd);
/* For an endpoint that no port took: closes the descriptor and frees. */
void user_endpoint_discard(struct endpoint *endpoint);

/*
 * At the end of the switch: let go of every tap at once, before all that takes time, because hooks
 * remove the interface right after they have ended the switch.
 */
void user_release_taps(struct vswitch *sw);

/* Frames and queue limits of one endpoint. */
struct user_queue {
	unsigned int frames, limit;
};
void user_endpoint_queue(struct endpoint *endpoint, struct user_queue *queue);
void user_endpoint_set_limit(struct endpoint *endpoint, unsigned int frames);

/* The descriptor of a client's socket; -1: it is another kind of endpoint, or another plane's. */
int user_endpoint_socket(const struct endpoint *endpoint);

/*
 * Let somebody else read a client's socket: when this returns, nothing is read any more, and all that was is forwarded.
 * False: frames wait to be sent to the client, whose order could be lost; nothing has changed. resume: read it again.
 */
bool user_endpoint_pause(struct endpoint *endpoint);
void user_endpoint_resume(struct endpoint *endpoint);

/* Endpoints made later get a queue of this many frames. */
void user_set_queue_limit(struct plane *plane, unsigned int frames);

#endif
