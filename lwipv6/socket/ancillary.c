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
