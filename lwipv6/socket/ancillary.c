/* SPDX-License-Identifier: LGPL-2.1-or-later */
/* Control messages into a receiver's buffer. */
#include "lwipv6/socket/socket.h"

void control_put(struct msghdr *m, size_t *used, int level, int type, const void *data, size_t len)
{
	struct cmsghdr *c;

	if (!m->msg_control || m->msg_controllen - *used < CMSG_SPACE(len)) {
		m->msg_flags |= MSG_CTRUNC;
		return;
	}
	c = (struct cmsghdr *)((uint8_t *)m->msg_control + *used);
	memset(c, 0, CMSG_SPACE(len));
	c->cmsg_level = level;
	c->cmsg_type = type;
	c->cmsg_len = CMSG_LEN(len);
	memcpy(CMSG_DATA(c), data, len);
	*used += CMSG_SPACE(len);
}

void control_put_time(struct socket *s, struct msghdr *m, size_t *used, uint64_t arrival)
{
	struct timespec ts;
	struct timeval tv;
	uint64_t then;

	if (!s->timestamp)
		return;
	clock_gettime(CLOCK_REALTIME, &ts);
	then = ts.tv_sec * NSEC_PER_SEC + ts.tv_nsec - (s->stack->now - arrival);
	ts = (struct timespec){then / NSEC_PER_SEC, then % NSEC_PER_SEC};
	tv = (struct timeval){ts.tv_sec, ts.tv_nsec / 1000};
	if (s->timestamp == SO_TIMESTAMPNS)
		control_put(m, used, SOL_SOCKET, SO_TIMESTAMPNS, &ts, sizeof(ts));
	else
		control_put(m, used, SOL_SOCKET, SO_TIMESTAMP, &tv, sizeof(tv));
}

uint32_t message_put(struct msghdr *m, const struct packet *p, uint32_t skip)
{
	uint32_t at = skip;

	for (size_t i = 0; i < m->msg_iovlen && at < p->len; i++) {
		uint32_t left = p->len - at,
			 part = left < m->msg_iov[i].iov_len ? left : m->msg_iov[i].iov_len;

		packet_copy(p, at, m->msg_iov[i].iov_base, part);
		at += part;
	}
	if (at < p->len)
		m->msg_flags |= MSG_TRUNC;
	return at - skip;
}
