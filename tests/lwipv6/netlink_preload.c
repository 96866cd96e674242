/* SPDX-License-Identifier: GPL-2.0-only */
/*
 * Lets an unchanged program, iproute2's ip, speak netlink with a stack of ours: preloaded, it hands
 * AF_NETLINK sockets, and what is done with them, to the stack that $LWIP_CONFIG describes. Only a
 * test: one thread, no more calls than ip makes.
 */
#include <dlfcn.h>
#include <stdarg.h>
#include <stdbool.h>
#include <stdio.h>
#include <stdlib.h>
#include <sys/ioctl.h>
#include "lwipv6/lwipv6.h"

#define FDS 1024

static struct stack *stack;
static bool ours[FDS];
/* The library itself uses these calls on the same descriptors. */
static __thread int inside;

#define REAL(name)  ((typeof(&name))dlsym(RTLD_NEXT, #name))
#define IS_OURS(fd) (!inside && (fd) >= 0 && (fd) < FDS && ours[fd])
#define OURS(call)                                                                                 \
	({                                                                                         \
		inside++;                                                                          \
		typeof(call) r_ = (call);                                                          \
		inside--;                                                                          \
		r_;                                                                                \
	})

static bool ready(void)
{
	char error[256];

	if (!stack && getenv("LWIP_CONFIG")) {
		inside++;
		stack = lwip_stack_create(getenv("LWIP_CONFIG"), error, sizeof(error));
		inside--;
		if (!stack) {
			fprintf(stderr, "%s\n", error);
			exit(99);
		}
	}
	return stack != NULL;
}

int socket(int family, int type, int protocol)
{
	int fd;

	if (inside || (family != AF_NETLINK && family != AF_INET && family != AF_INET6) || !ready())
		return REAL(socket)(family, type, protocol);
	fd = OURS(lwip_msocket(stack, family, type, protocol));
	if (fd >= 0 && fd < FDS)
		ours[fd] = true;
	return fd;
}

int close(int fd)
{
	if (!IS_OURS(fd))
		return REAL(close)(fd);
	ours[fd] = false;
	return OURS(lwip_close(fd));
}

int bind(int fd, const struct sockaddr *name, socklen_t len)
{
	return IS_OURS(fd) ? OURS(lwip_bind(fd, name, len)) : REAL(bind)(fd, name, len);
}

int getsockname(int fd, struct sockaddr *name, socklen_t *len)
{
	return IS_OURS(fd) ? OURS(lwip_getsockname(fd, name, len))
			   : REAL(getsockname)(fd, name, len);
}

int setsockopt(int fd, int level, int name, const void *value, socklen_t len)
{
	return IS_OURS(fd) ? OURS(lwip_setsockopt(fd, level, name, value, len))
			   : REAL(setsockopt)(fd, level, name, value, len);
}

ssize_t send(int fd, const void *buf, size_t len, int flags)
{
	return IS_OURS(fd) ? OURS(lwip_send(fd, buf, len, flags)) : REAL(send)(fd, buf, len, flags);
}

ssize_t sendmsg(int fd, const struct msghdr *m, int flags)
{
	return IS_OURS(fd) ? OURS(lwip_sendmsg(fd, m, flags)) : REAL(sendmsg)(fd, m, flags);
}

ssize_t recv(int fd, void *buf, size_t len, int flags)
{
	return IS_OURS(fd) ? OURS(lwip_recv(fd, buf, len, flags)) : REAL(recv)(fd, buf, len, flags);
}

ssize_t recvmsg(int fd, struct msghdr *m, int flags)
{
	return IS_OURS(fd) ? OURS(lwip_recvmsg(fd, m, flags)) : REAL(recvmsg)(fd, m, flags);
}

int ioctl(int fd, unsigned long cmd, ...)
{
	va_list args;
	void *arg;

	va_start(args, cmd);
	arg = va_arg(args, void *);
	va_end(args);
	return IS_OURS(fd) ? OURS(lwip_ioctl(fd, cmd, arg)) : REAL(ioctl)(fd, cmd, arg);
}
