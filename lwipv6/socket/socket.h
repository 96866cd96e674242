/* SPDX-License-Identifier: LGPL-2.1-or-later */
/*
 * Sockets: what a program sees, above endpoints and connections.
 *
 *   lwip_* call -> descriptor.c finds the socket -> stack_enter -> ops -> stack_leave
 *
 * A descriptor is one end of a kernel socket pair; readiness.c makes the kernel's poll, epoll and
 * io_uring see on it what ops->poll() says. Results are >= 0 or a negative errno; call.c turns
 * them into -1 and errno. A family and type is an entry of a
 * table in families.h.
 */
#ifndef LWIPV6_SOCKET_SOCKET_H
#define LWIPV6_SOCKET_SOCKET_H

#include <poll.h>
#include <sys/socket.h>
#include "lwipv6/core/stack.h"

struct socket;

struct socket_ops {
	int (*bind)(struct socket *s, const struct sockaddr *name, socklen_t len);
	int (*connect)(struct socket *s, const struct sockaddr *name, socklen_t len);
	int (*listen)(struct socket *s, int backlog);
	/* The new socket without descriptor in *out; -EAGAIN when the queue is empty. */
	int (*accept)(struct socket *s, struct socket **out);
	int (*name)(struct socket *s, bool peer, struct sockaddr_storage *name, socklen_t *len);
	/* One try, never blocks: -EAGAIN when nothing moved. Flags as of sendmsg(2), recvmsg(2). */
	ssize_t (*send)(struct socket *s, const struct msghdr *m, int flags);
	ssize_t (*receive)(struct socket *s, struct msghdr *m, int flags);
	/* Send the first of @n messages together, where that is cheaper: how many were sent, or 0,
	 * then they go one by one. May be NULL. */
	unsigned int (*send_joined)(struct socket *s, struct mmsghdr *m, unsigned int n, int flags);
	int (*shutdown)(struct socket *s, int how);
	/* The descriptor is gone; the socket frees itself now or when the protocol is done. */
	void (*close)(struct socket *s);
	int (*setsockopt)(struct socket *s, int level, int name, const void *value, socklen_t len);
	int (*getsockopt)(struct socket *s, int level, int name, void *value, socklen_t *len);
	int (*ioctl)(struct socket *s, unsigned long cmd,
		     void *arg); /* FIONREAD, SIOCATMARK, ... */
	uint32_t (*poll)(
		struct socket *s); /* POLLIN | POLLOUT | POLLERR | POLLHUP | POLLRDHUP | POLLPRI */
};

struct socket {
	struct list node; /* of stack->sockets */
	struct stack *stack;
	const struct socket_ops *ops;
	int fd, kernel_end; /* the descriptor and the other end of its pair; -1 = none */
	int users;	    /* threads between lookup and release, descriptor.c */
	uint16_t family, type, protocol;
	bool nonblock, dead;
	uint8_t kernel_ready; /* what the descriptor shows: READY_* of readiness.c */
	uint8_t kernel_bytes; /* that make it readable */
	uint16_t edge_batch;  /* stack->batch in which an edge was made last */
	int error;	      /* pending SO_ERROR, positive */
	uint32_t rcvbuf, sndbuf, rcvlowat;
	uint64_t rcvtimeo, sndtimeo; /* ns, TIME_NEVER */
	int linger;		     /* seconds, -1 = off */
	unsigned int file_flags;     /* O_APPEND, O_ASYNC: kept, without effect */
	struct list waiters;	     /* struct waiter.node */
	struct list subscriptions;   /* event.c */
	struct kept_options *kept;   /* options.c; NULL = none was set */
	uint8_t timestamp; /* 0, or SO_TIMESTAMP or SO_TIMESTAMPNS: what control messages have */
	int peek_off;	   /* where MSG_PEEK begins, SO_PEEK_OFF; -1 = off */
	/* A socket of the stack itself, without descriptor: called when its state may have changed.
	 */
	void (*notify)(struct socket *s);
	void *owner;
};

struct socket_family {
	int family;
	int type;	/* SOCK_* */
	int protocol;	/* or -1 = any */
	int capability; /* LWIP_CAP_* needed, or 0 */
	/* Allocate, with socket_init() done; NULL when memory is short. */
	struct socket *(*create)(struct stack *stack, int family, int type, int protocol);
};

void socket_init(struct socket *s, struct stack *stack, const struct socket_ops *ops, int family,
		 int type, int protocol);
/* Forget the base's lists; the memory is the caller's. */
void socket_fini(struct socket *s);
/* State may have changed: wake sleepers, callbacks and the kernel's pollers. */
void socket_event(struct socket *s);
/* The same, when there is more to read than before: edge-triggered pollers hear of it anew. */
void socket_grew(struct socket *s);
/* Set SO_ERROR and tell everyone. */
void socket_error(struct socket *s, int error);
/* Take SO_ERROR. */
int socket_take_error(struct socket *s);
/* Sleep until one of the poll events @want (or an error) is there; 0 or -EAGAIN, -EINTR, -EBADF. */
int socket_wait(struct socket *s, uint32_t want, uint64_t deadline);

/* ---- descriptor.c */
int descriptor_open(struct socket *s, bool cloexec); /* the number, or -EMFILE... */
/* The socket behind a number, counted; NULL with errno EBADF, or ENONET when its stack is gone. */
struct socket *descriptor_get(int fd);
void descriptor_release(struct socket *s);
int descriptor_close(int fd);

/* ---- readiness.c */
int readiness_open(struct socket *s, bool cloexec);
void readiness_update(struct socket *s, uint32_t poll_events);
/* Show that it is readable once more, to who polls for edges. */
void readiness_edge(struct socket *s);
void readiness_close(struct socket *s);

/* ---- name.c: socket addresses and the engine's */
struct socket_name {
	struct ip_addr addr;
	uint16_t port; /* host order */
	int zone;      /* interface index of sin6_scope_id, or 0 */
};
int name_read(struct socket_name *n, int family, const struct sockaddr *sa, socklen_t len);
/* The same for bind(): 0.0.0.0 may come without its family, as programs of old have it. */
int name_read_local(struct socket_name *n, int family, const struct sockaddr *sa, socklen_t len);
void name_write(const struct socket_name *n, int family, struct sockaddr_storage *sa,
		socklen_t *len);

/* ---- options.c: SOL_SOCKET for every kind; -ENOPROTOOPT when it is not one of these */
int socket_set_common(struct socket *s, int name, const void *value, socklen_t len);
int socket_get_common(struct socket *s, int name, void *value, socklen_t *len);
/* An integer option's value with its length checked; -EINVAL. */
int option_int(const void *value, socklen_t len, int *out);
int option_put_int(void *value, socklen_t *len, int number);

/* @n bytes were read, or only looked at: SO_PEEK_OFF moves. */
static inline void socket_peeked(struct socket *s, bool peek, uint32_t n)
{
	if (s->peek_off < 0)
		return;
	if (peek)
		s->peek_off += n;
	else
		s->peek_off = (uint32_t)s->peek_off > n ? s->peek_off - n : 0;
}

/* ---- event.c */
void event_run(struct socket *s, uint32_t events);
void event_drop(struct socket *s);

/* ---- ancillary.c: a packet's bytes from @skip on into @m's buffers as far as they reach, or
 * MSG_TRUNC; how many. */
uint32_t message_put(struct msghdr *m, const struct packet *p, uint32_t skip);
/* One message into @m's control buffer, or MSG_CTRUNC */
/* The time at which @p came, if @s asked for it with SO_TIMESTAMP or SO_TIMESTAMPNS. */
void control_put_time(struct socket *s, struct msghdr *m, size_t *used, uint64_t arrival);
void control_put(struct msghdr *m, size_t *used, int level, int type, const void *data, size_t len);

#endif
