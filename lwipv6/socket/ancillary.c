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

uint32_t message_put(struct msghdr *m, const struct packet *p)
{
	uint32_t done = 0;

	for (size_t i = 0; i < m->msg_iovlen && done < p->len; i++) {
		uint32_t left = p->len - done,
			 part = left < m->msg_iov[i].iov_len ? left : m->msg_iov[i].iov_len;

		packet_copy(p, done, m->msg_iov[i].iov_base, part);
		done += part;
	}
	if (done < p->len)
		m->msg_flags |= MSG_TRUNC;
	return done;
}
