/* SPDX-License-Identifier: LGPL-2.1-or-later */
/*
 * poll and select. Descriptors carry their readiness in the kernel, so ours and others' are mixed
 * by the system's own ppoll; afterwards the exact events of ours are asked from the socket, because
 * the kernel's pair cannot show all of them (urgent data).
 */
#include <errno.h>
#include <stdlib.h>
#include "lwipv6/socket/socket.h"

/* The events of one of our descriptors now; false when it is not ours. */
static bool events_now(int fd, uint32_t *events)
{
	struct socket *s = fd >= 0 ? descriptor_get(fd) : NULL;

	if (!s)
		return false;
	stack_enter(s->stack);
	*events = s->ops->poll(s);
	readiness_update(s, *events);
	stack_leave(s->stack);
	descriptor_release(s);
	return true;
}

static int look(struct pollfd *fds, nfds_t n)
{
	int ready = 0;

	for (nfds_t i = 0; i < n; i++) {
		uint32_t events;

		if (events_now(fds[i].fd, &events))
			fds[i].revents = events & (fds[i].events | POLLERR | POLLHUP);
		ready += fds[i].revents != 0;
	}
	return ready;
}

static int64_t clock_ns(void)
{
	struct timespec ts;

	clock_gettime(CLOCK_MONOTONIC, &ts);
	return ts.tv_sec * (int64_t)NSEC_PER_SEC + ts.tv_nsec;
}

int lwip_ppoll(struct pollfd *fds, nfds_t nfds, const struct timespec *timeout,
	       const sigset_t *sigmask)
{
	struct timespec left = timeout ? *timeout : (struct timespec){0};
	int64_t end =
		timeout ? clock_ns() + timeout->tv_sec * (int64_t)NSEC_PER_SEC + timeout->tv_nsec
			: 0;
	int ready;

	/* Urgent data is ready before the kernel could tell. */
	for (nfds_t i = 0; i < nfds; i++)
		fds[i].revents = 0;
	if (look(fds, nfds)) {
		left = (struct timespec){0};
		ready = ppoll(fds, nfds, &left, sigmask);
		return ready < 0 ? ready : look(fds, nfds);
	}
	for (;;) {
		ready = ppoll(fds, nfds, timeout ? &left : NULL, sigmask);
		if (ready <= 0)
			return ready;
		ready = look(fds, nfds);
		if (ready)
			return ready;
		/* The kernel still showed what somebody has taken: looking put that right. */
		if (timeout) {
			int64_t rest = end - clock_ns();

			if (rest <= 0)
				return 0;
			left = (struct timespec){rest / (int64_t)NSEC_PER_SEC,
						 rest % (int64_t)NSEC_PER_SEC};
		}
	}
}

int lwip_poll(struct pollfd *fds, nfds_t nfds, int timeout)
{
	struct timespec ts = {timeout / 1000, timeout % 1000 * 1000000L};

	return lwip_ppoll(fds, nfds, timeout < 0 ? NULL : &ts, NULL);
}

/* select over poll: which events make a descriptor readable, writable, exceptional (select(2)). */
#define SELECT_READ   (POLLIN | POLLRDNORM | POLLRDHUP | POLLHUP | POLLERR)
#define SELECT_WRITE  (POLLOUT | POLLWRNORM | POLLERR)
#define SELECT_EXCEPT POLLPRI

int lwip_pselect(int nfds, fd_set *readfds, fd_set *writefds, fd_set *exceptfds,
		 const struct timespec *timeout, const sigset_t *sigmask)
{
	struct pollfd *fds;
	int n = 0, ready;

	if (nfds < 0 || nfds > FD_SETSIZE) {
		errno = EINVAL;
		return -1;
	}
	fds = calloc(nfds ? nfds : 1, sizeof(*fds));
	if (!fds) {
		errno = ENOMEM;
		return -1;
	}
	for (int fd = 0; fd < nfds; fd++) {
		short events = (readfds && FD_ISSET(fd, readfds) ? POLLIN : 0) |
			       (writefds && FD_ISSET(fd, writefds) ? POLLOUT : 0) |
			       (exceptfds && FD_ISSET(fd, exceptfds) ? POLLPRI : 0);

		if (events)
			fds[n++] = (struct pollfd){.fd = fd, .events = events};
	}
	ready = lwip_ppoll(fds, n, timeout, sigmask);
	if (ready < 0) {
		free(fds);
		return -1;
	}
	ready = 0;
	for (int i = 0; i < n; i++) {
		const struct pollfd *p = &fds[i];

		if (p->revents & POLLNVAL) {
			free(fds);
			errno = EBADF;
			return -1;
		}
		if (readfds && FD_ISSET(p->fd, readfds)) {
			if (p->revents & SELECT_READ)
				ready++;
			else
				FD_CLR(p->fd, readfds);
		}
		if (writefds && FD_ISSET(p->fd, writefds)) {
			if (p->revents & SELECT_WRITE)
				ready++;
			else
				FD_CLR(p->fd, writefds);
		}
		if (exceptfds && FD_ISSET(p->fd, exceptfds)) {
			if (p->revents & SELECT_EXCEPT)
				ready++;
			else
				FD_CLR(p->fd, exceptfds);
		}
	}
	free(fds);
	return ready;
}

int lwip_select(int nfds, fd_set *readfds, fd_set *writefds, fd_set *exceptfds,
		struct timeval *timeout)
{
	struct timespec ts = {0};

	if (timeout)
		ts = (struct timespec){timeout->tv_sec, timeout->tv_usec * 1000L};
	return lwip_pselect(nfds, readfds, writefds, exceptfds, timeout ? &ts : NULL, NULL);
}
