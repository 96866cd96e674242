/* SPDX-License-Identifier: GPL-2.0-only */
/*
 * The socket API against the kernel's: every scenario runs over the kernel's loopback and over ours,
 * and each line must be the same, but for the differences that the table in docs/lwipv6.md has too.
 */
#include "tests/lwipv6/calls.h"
#include <fnmatch.h>
#include <sys/uio.h>

#define LINES 20000

/* Names of lines that may differ, as fnmatch(3) has patterns, and why. */
static const struct {
	const char *names, *why;
} differences[] = {
#include "tests/lwipv6/calls_differences.h"
};

const struct calls *c;
static struct stack *stack;
static struct line {
	char name[120], text[200];
} lines[2][LINES];
static unsigned int nlines[2];

static int our_socket(int family, int type, int protocol)
{
	return lwip_msocket(stack, family, type, protocol);
}

static int our_accept(int fd, int flags)
{
	return lwip_accept4(fd, NULL, NULL, flags);
}

static int kernel_accept(int fd, int flags)
{
	return accept4(fd, NULL, NULL, flags);
}

static ssize_t our_send(int fd, const void *buf, size_t len, int flags)
{
	return lwip_send(fd, buf, len, flags);
}

static ssize_t kernel_send(int fd, const void *buf, size_t len, int flags)
{
	return send(fd, buf, len, flags | MSG_NOSIGNAL);
}

static ssize_t our_sendto(int fd, const void *buf, size_t len, int flags, const struct sockaddr *sa,
			  socklen_t salen)
{
	return lwip_sendto(fd, buf, len, flags, sa, salen);
}

static ssize_t kernel_sendto(int fd, const void *buf, size_t len, int flags,
			     const struct sockaddr *sa, socklen_t salen)
{
	return sendto(fd, buf, len, flags | MSG_NOSIGNAL, sa, salen);
}

static ssize_t our_recv(int fd, void *buf, size_t len, int flags)
{
	return lwip_recv(fd, buf, len, flags);
}

static ssize_t our_read(int fd, void *buf, size_t len)
{
	return lwip_read(fd, buf, len);
}

static ssize_t our_readv(int fd, struct iovec *iov, int n)
{
	return lwip_readv(fd, iov, n);
}

static ssize_t kernel_readv(int fd, struct iovec *iov, int n)
{
	return readv(fd, iov, n);
}

static int our_ioctl(int fd, unsigned long cmd, void *arg)
{
	return lwip_ioctl(fd, cmd, arg);
}

static int kernel_ioctl(int fd, unsigned long cmd, void *arg)
{
	return ioctl(fd, cmd, arg);
}

static int kernel_bind(int fd, const struct sockaddr *sa, socklen_t len)
{
	return bind(fd, sa, len);
}

static int kernel_connect(int fd, const struct sockaddr *sa, socklen_t len)
{
	return connect(fd, sa, len);
}

static int kernel_getsockname(int fd, struct sockaddr *sa, socklen_t *len)
{
	return getsockname(fd, sa, len);
}

static int kernel_getpeername(int fd, struct sockaddr *sa, socklen_t *len)
{
	return getpeername(fd, sa, len);
}

static const struct calls both[2] = {
	{"kernel",
	 socket,
	 kernel_bind,
	 kernel_connect,
	 listen,
	 kernel_accept,
	 kernel_getsockname,
	 kernel_getpeername,
	 shutdown,
	 close,
	 poll,
	 kernel_send,
	 kernel_sendto,
	 recv,
	 recvmsg,
	 read,
	 kernel_readv,
	 setsockopt,
	 getsockopt,
	 kernel_ioctl},
	{"lwipv6",   our_socket,       lwip_bind,	 lwip_connect,	  lwip_listen,
	 our_accept, lwip_getsockname, lwip_getpeername, lwip_shutdown,	  lwip_close,
	 lwip_poll,  our_send,	       our_sendto,	 our_recv,	  lwip_recvmsg,
	 our_read,   our_readv,	       lwip_setsockopt,	 lwip_getsockopt, our_ioctl},
};

void say(const char *name, const char *format, ...)
{
	int which = c - both;
	struct line *l = &lines[which][nlines[which]++];
	va_list args;

	snprintf(l->name, sizeof(l->name), "%s", name);
	va_start(args, format);
	vsnprintf(l->text, sizeof(l->text), format, args);
	va_end(args);
}

const char *outcome(ssize_t r)
{
	static char text[8][20];
	static int next;
	char *to = text[next++ % 8];

	if (r < 0)
		return strerrorname_np(errno);
	snprintf(to, sizeof(text[0]), "%zd", r);
	return to;
}

short until(int fd, short events)
{
	struct pollfd p = {.fd = fd, .events = events};

	c->poll(&p, 1, 5000);
	return p.revents;
}

void pair(int family, int fds[2])
{
	struct sockaddr_in a = name4("127.0.0.1", 0);
	struct sockaddr_in6 b = name6("::1", 0);
	struct sockaddr *name = family == AF_INET ? (void *)&a : (void *)&b;
	socklen_t len = family == AF_INET ? sizeof(a) : sizeof(b);
	int l = c->socket(family, SOCK_STREAM, 0);

	c->bind(l, name, len);
	c->listen(l, 5);
	c->getsockname(l, name, &len);
	fds[0] = c->socket(family, SOCK_STREAM, 0);
	c->connect(fds[0], name, len);
	until(l, POLLIN);
	fds[1] = c->accept(l, 0);
	c->close(l);
}

static const char *explained(const char *name)
{
	for (size_t i = 0; i < sizeof(differences) / sizeof(differences[0]); i++)
		if (!fnmatch(differences[i].names, name, 0))
			return differences[i].why;
	return NULL;
}

int main(void)
{
	unsigned int differ = 0, known = 0;

	stack = lwip_stack_create("lo", NULL, 0);
	for (int i = 0; i < 2; i++) {
		c = &both[i];
		states();
		options();
		extras();
	}
	ok(nlines[0] == nlines[1], "%u and %u lines", nlines[0], nlines[1]);
	for (unsigned int i = 0; i < nlines[0]; i++) {
		const struct line *k = &lines[0][i], *o = &lines[1][i];
		const char *why;

		if (strcmp(k->name, o->name)) {
			printf("# %s beside %s\n", k->name, o->name);
			differ++;
			break;
		}
		if (!strcmp(k->text, o->text))
			continue;
		why = explained(k->name);
		known += !!why;
		differ += !why;
		printf("# %s%s: kernel %s, ours %s%s%s\n", why ? "" : "DIFFERS ", k->name, k->text,
		       o->text, why ? "; " : "", why ? why : "");
	}
	ok(!differ, "%u lines of the kernel and of ours: %u explained differences, %u others",
	   nlines[0], known, differ);
	lwip_stack_free(stack);
	return done_testing();
}
