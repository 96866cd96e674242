/* SPDX-License-Identifier: LGPL-2.1-or-later */
/*
 * The public socket calls: find the socket, enter its stack, try, wait when the try would block and
 * the socket may, leave. Blocking is decided here and nowhere below.
 */
#include <errno.h>
#include <fcntl.h>
#include <limits.h>
#include <sys/ioctl.h>
#include <linux/sockios.h>
#include <stdlib.h>
#include "lwipv6/socket/socket.h"
#include "lwipv6/socket/families.h"

#define SOCK_TYPES 11 /* types that exist; SOCK_PACKET is the last */

static struct stack *default_stack;

struct stack *lwip_stack_get(void)
{
	return __atomic_load_n(&default_stack, __ATOMIC_ACQUIRE);
}

void lwip_stack_set(struct stack *stack)
{
	__atomic_store_n(&default_stack, stack, __ATOMIC_RELEASE);
}

static int fail(int error)
{
	errno = -error;
	return -1;
}

static ssize_t result(ssize_t r)
{
	return r < 0 ? fail(r) : r;
}

/* Enter and leave around the use of one socket. */
static struct socket *use(int fd)
{
	struct socket *s = descriptor_get(fd);

	if (s)
		stack_enter(s->stack);
	return s;
}

static ssize_t done(struct socket *s, ssize_t r)
{
	stack_leave(s->stack);
	descriptor_release(s);
	return result(r);
}

static uint64_t deadline_of(const struct socket *s, uint64_t timeout)
{
	return timeout == TIME_NEVER ? TIME_NEVER : s->stack->now + timeout;
}

/* ---- making sockets */

static const struct socket_family *family_find(int family, int type, int protocol, int *error)
{
	static const struct socket_family *const all[] = {
		socket_stream_families, socket_datagram_families, socket_packet_families,
		socket_netlink_families};

	*error = -EAFNOSUPPORT;
	for (size_t i = 0; i < sizeof(all) / sizeof(all[0]); i++) {
		for (const struct socket_family *f = all[i]; f->family; f++) {
			if (f->family != family)
				continue;
			if (*error == -EAFNOSUPPORT)
				*error = type > 0 && type < SOCK_TYPES ? -ESOCKTNOSUPPORT : -EINVAL;
			if (f->type != type)
				continue;
			if (f->protocol < 0 || !protocol || f->protocol == protocol)
				return f;
			*error = -EPROTONOSUPPORT;
		}
	}
	return NULL;
}

int lwip_msocket(struct stack *stack, int domain, int type, int protocol)
{
	int flags = type & (SOCK_NONBLOCK | SOCK_CLOEXEC), error, fd;
	const struct socket_family *f;
	struct socket *s;

	if (!stack)
		return fail(-ENONET);
	f = family_find(domain, type & ~flags, protocol, &error);
	if (!f)
		return fail(error);
	if (f->capability && !stack_capable(stack, f->capability))
		return fail(-EPERM);
	stack_enter(stack);
	s = f->create(stack, domain, f->type, f->protocol < 0 ? protocol : f->protocol);
	if (s) {
		s->nonblock = flags & SOCK_NONBLOCK;
		fd = descriptor_open(s, flags & SOCK_CLOEXEC);
		if (fd < 0)
			s->ops->close(s);
	} else {
		fd = -ENOBUFS;
	}
	stack_leave(stack);
	return result(fd);
}

int lwip_socket(int domain, int type, int protocol)
{
	return lwip_msocket(lwip_stack_get(), domain, type, protocol);
}

/* SO_LINGER with a time: close returns when the peer has everything, or the time is over. */
static void linger(int fd)
{
	struct socket *s = use(fd);
	uint64_t deadline;
	int left;

	if (!s)
		return;
	deadline = s->stack->now + (s->linger > 0 ? s->linger : 0) * NSEC_PER_SEC;
	if (s->linger > 0 && s->type == SOCK_STREAM && !s->ops->shutdown(s, SHUT_WR))
		while (!s->ops->ioctl(s, SIOCOUTQ, &left) && left > 0 &&
		       !socket_wait(s, POLLOUT, deadline))
			;
	stack_leave(s->stack);
	descriptor_release(s);
}

int lwip_close(int fd)
{
	linger(fd);
	return result(descriptor_close(fd));
}

/* ---- names and connections */

int lwip_bind(int fd, const struct sockaddr *name, socklen_t len)
{
	struct socket *s = use(fd);

	if (!s)
		return -1;
	return done(s, s->ops->bind ? s->ops->bind(s, name, len) : -EOPNOTSUPP);
}

int lwip_connect(int fd, const struct sockaddr *name, socklen_t len)
{
	struct socket *s = use(fd);
	uint64_t deadline;
	int r;

	if (!s)
		return -1;
	r = s->ops->connect ? s->ops->connect(s, name, len) : -EOPNOTSUPP;
	deadline = deadline_of(s, s->sndtimeo);
	if (r == -EINPROGRESS && s->nonblock) {
		readiness_update(s, s->ops->poll(s));
	} else if (r == -EINPROGRESS) {
		r = 0;
		while (!r && !(s->ops->poll(s) & (POLLOUT | POLLERR | POLLHUP)))
			r = socket_wait(s, POLLOUT, deadline);
		if (r == -EAGAIN)
			r = -EINPROGRESS;
		else if (!r)
			r = -socket_take_error(s);
		readiness_update(s, s->ops->poll(s));
	}
	return done(s, r);
}

int lwip_listen(int fd, int backlog)
{
	struct socket *s = use(fd);

	if (!s)
		return -1;
	return done(s, s->ops->listen ? s->ops->listen(s, backlog) : -EOPNOTSUPP);
}

static int copy_name(const struct sockaddr_storage *sa, socklen_t have, struct sockaddr *name,
		     socklen_t *len)
{
	if (!name || !len)
		return 0;
	memcpy(name, sa, *len < have ? *len : have);
	*len = have;
	return 0;
}

int lwip_accept4(int fd, struct sockaddr *name, socklen_t *len, int flags)
{
	struct socket *s, *child = NULL;
	struct sockaddr_storage sa;
	uint64_t deadline;
	socklen_t have;
	int r;

	if (flags & ~(SOCK_NONBLOCK | SOCK_CLOEXEC))
		return fail(-EINVAL);
	s = use(fd);
	if (!s)
		return -1;
	if (!s->ops->accept)
		return done(s, -EOPNOTSUPP);
	deadline = deadline_of(s, s->rcvtimeo);
	while ((r = s->ops->accept(s, &child)) == -EAGAIN && !s->nonblock) {
		r = socket_wait(s, POLLIN, deadline);
		if (r)
			break;
	}
	if (!r) {
		child->nonblock = flags & SOCK_NONBLOCK;
		if (!child->ops->name(child, true, &sa, &have))
			copy_name(&sa, have, name, len);
		else if (len)
			*len = 0;
		r = descriptor_open(child, flags & SOCK_CLOEXEC);
		if (r < 0)
			child->ops->close(child);
	}
	readiness_update(s, s->ops->poll(s));
	return done(s, r);
}

int lwip_accept(int fd, struct sockaddr *name, socklen_t *len)
{
	return lwip_accept4(fd, name, len, 0);
}

static int get_name(int fd, bool peer, struct sockaddr *name, socklen_t *len)
{
	struct socket *s = use(fd);
	struct sockaddr_storage sa;
	socklen_t have;
	int r;

	if (!s)
		return -1;
	r = s->ops->name ? s->ops->name(s, peer, &sa, &have) : -EOPNOTSUPP;
	if (!r)
		r = name && len ? copy_name(&sa, have, name, len) : -EFAULT;
	return done(s, r);
}

int lwip_getsockname(int fd, struct sockaddr *name, socklen_t *len)
{
	return get_name(fd, false, name, len);
}

int lwip_getpeername(int fd, struct sockaddr *name, socklen_t *len)
{
	return get_name(fd, true, name, len);
}

int lwip_shutdown(int fd, int how)
{
	struct socket *s = use(fd);

	if (!s)
		return -1;
	if (how < SHUT_RD || how > SHUT_RDWR)
		return done(s, -EINVAL);
	return done(s, s->ops->shutdown ? s->ops->shutdown(s, how) : -EOPNOTSUPP);
}

/* ---- receiving */

static ssize_t receive(struct socket *s, struct msghdr *m, int flags)
{
	uint64_t deadline = deadline_of(s, s->rcvtimeo);
	bool wait = !(s->nonblock || flags & (MSG_DONTWAIT | MSG_ERRQUEUE));
	ssize_t r;

	m->msg_flags = 0;
	if (!wait)
		flags &= ~MSG_WAITALL;
	while ((r = s->ops->receive(s, m, flags)) == -EAGAIN && wait) {
		r = socket_wait(s, POLLIN | POLLRDHUP, deadline);
		if (r) {
			/* What came before a timeout or signal is not kept back. */
			if (flags & MSG_WAITALL && (r == -EAGAIN || r == -EINTR)) {
				ssize_t got = s->ops->receive(s, m, flags & ~MSG_WAITALL);

				return got == -EAGAIN ? r : got;
			}
			return r;
		}
		/* MSG_WAITALL sleeps again until enough is there: the queue grows by events. */
	}
	return r;
}

ssize_t lwip_recvmsg(int fd, struct msghdr *msg, int flags)
{
	struct socket *s = use(fd);

	if (!s)
		return -1;
	return done(s, receive(s, msg, flags));
}

ssize_t lwip_recvfrom(int fd, void *buf, int len, unsigned int flags, struct sockaddr *from,
		      socklen_t *fromlen)
{
	struct iovec iov = {buf, len};
	struct msghdr m = {.msg_name = from,
			   .msg_namelen = from && fromlen ? *fromlen : 0,
			   .msg_iov = &iov,
			   .msg_iovlen = 1};
	struct socket *s;
	ssize_t r;

	if (len < 0)
		return fail(-EINVAL);
	s = use(fd);
	if (!s)
		return -1;
	r = receive(s, &m, flags);
	if (r >= 0 && fromlen)
		*fromlen = m.msg_namelen;
	return done(s, r);
}

ssize_t lwip_recv(int fd, void *buf, int len, unsigned int flags)
{
	return lwip_recvfrom(fd, buf, len, flags, NULL, NULL);
}

/* read() and readv() of nothing look at the descriptor only, as in System V; recv() may wait. */
static int read_nothing(int fd)
{
	struct socket *s = descriptor_get(fd);

	if (!s)
		return -1;
	descriptor_release(s);
	return 0;
}

ssize_t lwip_read(int fd, void *buf, int len)
{
	return len ? lwip_recvfrom(fd, buf, len, 0, NULL, NULL) : read_nothing(fd);
}

static ssize_t total_of(const struct iovec *iov, int count)
{
	size_t total = 0;

	if (count < 0 || count > IOV_MAX)
		return -EINVAL;
	for (int i = 0; i < count; i++)
		total += iov[i].iov_len;
	return total > SSIZE_MAX ? -EINVAL : (ssize_t)total;
}

ssize_t lwip_readv(int fd, struct iovec *iov, int count)
{
	struct msghdr m = {.msg_iov = iov, .msg_iovlen = count};
	ssize_t total = total_of(iov, count);

	if (total < 0)
		return fail(-EINVAL);
	return total ? lwip_recvmsg(fd, &m, 0) : read_nothing(fd);
}

int lwip_recvmmsg(int fd, struct mmsghdr *msgs, unsigned int n, int flags, struct timespec *timeout)
{
	struct socket *s = use(fd);
	uint64_t deadline;
	unsigned int i;
	ssize_t r = 0;

	if (!s)
		return -1;
	deadline = timeout ? s->stack->now + timeout->tv_sec * NSEC_PER_SEC + timeout->tv_nsec
			   : TIME_NEVER;
	for (i = 0; i < n; i++) {
		r = receive(s, &msgs[i].msg_hdr, flags & ~MSG_WAITFORONE);
		if (r < 0)
			break;
		msgs[i].msg_len = r;
		if (flags & MSG_WAITFORONE)
			flags |= MSG_DONTWAIT;
		if (s->stack->now >= deadline) {
			i++;
			break;
		}
	}
	return done(s, i ? (ssize_t)i : r);
}

/* ---- sending */

/* The message without its first @skip bytes; @iov holds what remains. */
static void skip_bytes(struct msghdr *m, struct iovec *iov, size_t skip)
{
	size_t n = 0;

	for (size_t i = 0; i < m->msg_iovlen; i++) {
		struct iovec v = m->msg_iov[i];

		if (skip >= v.iov_len) {
			skip -= v.iov_len;
			continue;
		}
		iov[n++] = (struct iovec){(uint8_t *)v.iov_base + skip, v.iov_len - skip};
		skip = 0;
	}
	m->msg_iov = iov;
	m->msg_iovlen = n;
}

static ssize_t transmit(struct socket *s, const struct msghdr *msg, int flags)
{
	uint64_t deadline = deadline_of(s, s->sndtimeo);
	bool wait = !(s->nonblock || flags & MSG_DONTWAIT);
	ssize_t total = total_of(msg->msg_iov, msg->msg_iovlen), sent = 0, r;
	struct msghdr m = *msg;
	struct iovec rest[16];

	if (total < 0)
		return -EMSGSIZE;
	for (;;) {
		r = s->ops->send(s, &m, flags);
		if (r >= 0) {
			sent += r;
			/* Only streams take a part; a blocking call goes on until all is queued. */
			if (sent >= total || !wait || s->type != SOCK_STREAM)
				return sent;
			if (msg->msg_iovlen > 16)
				return sent;
			m = *msg;
			skip_bytes(&m, rest, sent);
		} else if (r != -EAGAIN || !wait) {
			break;
		}
		if (!(s->ops->poll(s) & (POLLOUT | POLLERR | POLLHUP))) {
			r = socket_wait(s, POLLOUT, deadline);
			if (r)
				break;
		}
	}
	/* EPIPE comes without SIGPIPE: a library does not signal its program. */
	return sent ? sent : r;
}

ssize_t lwip_sendmsg(int fd, const struct msghdr *msg, int flags)
{
	struct socket *s = use(fd);

	if (!s)
		return -1;
	return done(s, transmit(s, msg, flags));
}

ssize_t lwip_sendto(int fd, const void *buf, int len, unsigned int flags, const struct sockaddr *to,
		    socklen_t tolen)
{
	struct iovec iov = {(void *)buf, len};
	struct msghdr m = {.msg_name = (void *)to,
			   .msg_namelen = to ? tolen : 0,
			   .msg_iov = &iov,
			   .msg_iovlen = 1};

	if (len < 0)
		return fail(-EINVAL);
	return lwip_sendmsg(fd, &m, flags);
}

ssize_t lwip_send(int fd, const void *buf, int len, unsigned int flags)
{
	return lwip_sendto(fd, buf, len, flags, NULL, 0);
}

ssize_t lwip_write(int fd, void *buf, int len)
{
	return lwip_sendto(fd, buf, len, 0, NULL, 0);
}

ssize_t lwip_writev(int fd, struct iovec *iov, int count)
{
	struct msghdr m = {.msg_iov = iov, .msg_iovlen = count};

	if (total_of(iov, count) < 0)
		return fail(-EINVAL);
	return lwip_sendmsg(fd, &m, 0);
}

int lwip_sendmmsg(int fd, struct mmsghdr *msgs, unsigned int n, int flags)
{
	struct socket *s = use(fd);
	unsigned int i;
	ssize_t r = 0;

	if (!s)
		return -1;
	for (i = 0; i < n; i++) {
		unsigned int joined =
			s->ops->send_joined ? s->ops->send_joined(s, msgs + i, n - i, flags) : 0;

		if (joined) {
			i += joined - 1;
			continue;
		}
		r = transmit(s, &msgs[i].msg_hdr, flags);
		if (r < 0)
			break;
		msgs[i].msg_len = r;
	}
	return done(s, i ? (ssize_t)i : r);
}

/* ---- options */

int lwip_setsockopt(int fd, int level, int name, const void *value, socklen_t len)
{
	struct socket *s = use(fd);

	if (!s)
		return -1;
	if (!value && len)
		return done(s, -EFAULT);
	return done(s, s->ops->setsockopt ? s->ops->setsockopt(s, level, name, value, len)
					  : -ENOPROTOOPT);
}

int lwip_getsockopt(int fd, int level, int name, void *value, socklen_t *len)
{
	struct socket *s = use(fd);

	if (!s)
		return -1;
	if (!value || !len)
		return done(s, -EFAULT);
	return done(s, s->ops->getsockopt ? s->ops->getsockopt(s, level, name, value, len)
					  : -ENOPROTOOPT);
}

int lwip_fcntl(int fd, int cmd, long arg)
{
	struct socket *s = use(fd);
	int r = -EINVAL;

	if (!s)
		return -1;
	switch (cmd) {
	case F_GETFL:
		r = O_RDWR | (s->nonblock ? O_NONBLOCK : 0) | s->file_flags;
		break;
	case F_SETFL:
		s->nonblock = arg & O_NONBLOCK;
		s->file_flags = arg & (O_APPEND | O_ASYNC);
		r = 0;
		break;
	case F_GETFD:
	case F_SETFD:
		r = fcntl(fd, cmd, arg);
		if (r < 0)
			r = -errno;
		break;
	}
	return done(s, r);
}

int lwip_fcntl64(int fd, int cmd, long arg)
{
	return lwip_fcntl(fd, cmd, arg);
}
