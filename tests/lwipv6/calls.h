/* SPDX-License-Identifier: GPL-2.0-only */
/*
 * The socket API of the kernel and ours behind one table, so that a scenario is written once and run
 * over both; each says lines, and the lines are compared.
 */
#ifndef TESTS_LWIPV6_CALLS_H
#define TESTS_LWIPV6_CALLS_H

#include <sys/epoll.h>
#include <sys/ioctl.h>
#include "tests/lwipv6/wire.h"

struct calls {
	const char *name;
	int (*socket)(int family, int type, int protocol);
	int (*bind)(int fd, const struct sockaddr *sa, socklen_t len);
	int (*connect)(int fd, const struct sockaddr *sa, socklen_t len);
	int (*listen)(int fd, int backlog);
	int (*accept)(int fd, int flags);
	int (*getsockname)(int fd, struct sockaddr *sa, socklen_t *len);
	int (*getpeername)(int fd, struct sockaddr *sa, socklen_t *len);
	int (*shutdown)(int fd, int how);
	int (*close)(int fd);
	int (*poll)(struct pollfd *p, nfds_t n, int timeout);
	ssize_t (*send)(int fd, const void *buf, size_t len, int flags);
	ssize_t (*sendto)(int fd, const void *buf, size_t len, int flags, const struct sockaddr *sa,
			  socklen_t salen);
	ssize_t (*recv)(int fd, void *buf, size_t len, int flags);
	ssize_t (*recvmsg)(int fd, struct msghdr *m, int flags);
	ssize_t (*read)(int fd, void *buf, size_t len);
	ssize_t (*readv)(int fd, struct iovec *iov, int n);
	int (*setsockopt)(int fd, int level, int name, const void *value, socklen_t len);
	int (*getsockopt)(int fd, int level, int name, void *value, socklen_t *len);
	int (*ioctl)(int fd, unsigned long cmd, void *arg);
};

/* The API in use, and whether it is ours. */
extern const struct calls *c;
/* One line of what was seen: the name of the case, then what came out. */
__attribute__((format(printf, 2, 3))) void say(const char *name, const char *format, ...);
/* "5" or "EAGAIN". */
const char *outcome(ssize_t r);
/* Wait until poll gives one of @events. */
short until(int fd, short events);
/* A connected pair over loopback of @family, made in the API in use. */
void pair(int family, int fds[2]);

/* calls_options.c, calls_states.c, calls_extras.c: scenarios */
void options(void);
void extras(void);
void states(void);
#endif
