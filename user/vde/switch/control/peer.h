/* SPDX-License-Identifier: GPL-2.0-or-later */
/* Whose is the socket that a datagram socket of ours is connected to? */
#ifndef VDE_PEER_H
#define VDE_PEER_H

#include <sys/types.h>

/*
 * The user that made the socket at the other end of fd. 0, or -errno: the kernel does not tell
 * (-ENOENT also when it belongs to another network namespace).
 */
int peer_owner(int fd, uid_t *user);

#endif
