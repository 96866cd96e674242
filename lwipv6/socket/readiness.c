/* SPDX-License-Identifier: LGPL-2.1-or-later */
/*
 * Readiness of a descriptor as the kernel sees it. The program holds one end of a stream pair; what
 * is done to the other end shows in poll, select, epoll and io_uring:
 *
 *   readable   a byte waits to be read; each byte more is an edge for EPOLLET
 *   writable   the send buffer is not full; one large message fills it
 *   RDHUP      the other end is shut for writing
 *   HUP, ERR   the other end is closed, for ERR with data unread in it; that is for good, so a
 *              stream that is not yet connected, which poll(2) calls hung up, does not show it,
 *              nor does a datagram socket its error, which is readable instead
 *
 * Only differences from what the kernel shows cost a system call, and nothing is shown while a
 * thread of ours is blocked on the socket: it will take the event itself.
 */
#include <errno.h>
#include <fcntl.h>
#include <sys/socket.h>
#include <unistd.h>
#include "lwipv6/socket/socket.h"

enum ready { READY_IN = 1, READY_OUT = 2, READY_RDHUP = 4, READY_HUP = 8 };

#define EDGES 128  /* bytes at most */
#define FILL  3000 /* with the smallest send buffer one message of this size makes it full */

int readiness_open(struct socket *s, bool cloexec)
{
	int pair[2];

	if (socketpair(AF_UNIX, SOCK_STREAM | SOCK_NONBLOCK | (cloexec ? SOCK_CLOEXEC : 0), 0,
		       pair) < 0)
		return -errno;
	fcntl(pair[1], F_SETFD, FD_CLOEXEC);
	s->fd = pair[0];
	s->kernel_end = pair[1];
	s->kernel_ready = READY_OUT;
	return 0;
}

void readiness_close(struct socket *s)
{
	if (s->kernel_end >= 0)
		close(s->kernel_end);
	if (s->fd >= 0)
		close(s->fd);
	s->fd = s->kernel_end = -1;
}

static void take_bytes(struct socket *s, uint8_t left)
{
	char bytes[EDGES];

	if (s->kernel_bytes > left)
		recv(s->fd, bytes, s->kernel_bytes - left, MSG_DONTWAIT);
	s->kernel_bytes = left;
}

static void set_in(struct socket *s, bool on)
{
	char byte = 0;

	if (!on)
		take_bytes(s, 0);
	else if (send(s->kernel_end, &byte, 1, MSG_DONTWAIT | MSG_NOSIGNAL) == 1)
		s->kernel_bytes++;
}

void readiness_edge(struct socket *s)
{
	if (s->kernel_end < 0 || !(s->kernel_ready & READY_IN))
		return;
	if (s->kernel_bytes == EDGES)
		take_bytes(s, 1);
	set_in(s, true);
}

static void set_out(struct socket *s, bool on)
{
	static const char filling[FILL];
	char drain[FILL];
	int smallest = 1;

	if (on) {
		recv(s->kernel_end, drain, sizeof(drain), MSG_DONTWAIT);
		return;
	}
	/* Asked for each time: most sockets never fill, and those that do can afford it. */
	setsockopt(s->fd, SOL_SOCKET, SO_SNDBUF, &smallest, sizeof(smallest));
	send(s->fd, filling, sizeof(filling), MSG_DONTWAIT | MSG_NOSIGNAL);
}

void readiness_update(struct socket *s, uint32_t events)
{
	uint8_t want = (events & POLLIN ? READY_IN : 0) | (events & POLLOUT ? READY_OUT : 0) |
		       (events & POLLRDHUP ? READY_RDHUP : 0) |
		       (s->type == SOCK_STREAM && (events & POLLERR ||
						   (events & POLLHUP && events & POLLRDHUP))
				? READY_HUP
				: 0);
	uint8_t change = want ^ s->kernel_ready;

	if (s->kernel_end < 0 || !change)
		return;
	if (want & READY_HUP) {
		if (events & POLLERR && s->kernel_ready & READY_OUT)
			set_out(s, false);
		close(s->kernel_end);
		s->kernel_end = -1;
		return;
	}
	if (change & READY_IN)
		set_in(s, want & READY_IN);
	if (change & READY_OUT)
		set_out(s, want & READY_OUT);
	if (change & want & READY_RDHUP)
		shutdown(s->kernel_end, SHUT_WR);
	s->kernel_ready = want;
}
