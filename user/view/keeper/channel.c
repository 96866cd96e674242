// SPDX-License-Identifier: GPL-2.0-or-later
/* Messages with descriptors between manager and keeper (protocol.h). */
#include <errno.h>
#include <string.h>
#include <sys/socket.h>
#include <sys/uio.h>
#include <unistd.h>

#include "protocol.h"

int channel_send(int socket, const void *head, size_t head_length, const void *text,
		 size_t text_length, const int *fds, unsigned int count)
{
	union {
		struct cmsghdr header;
		char space[CMSG_SPACE(KEEPER_FDS * sizeof(int))];
	} control;
	struct iovec parts[] = {{(void *)head, head_length}, {(void *)text, text_length}};
	struct msghdr message = {.msg_iov = parts, .msg_iovlen = text_length ? 2 : 1};
	ssize_t sent;

	if (count > KEEPER_FDS || head_length + text_length > KEEPER_TEXT)
		return -E2BIG;
	if (count) {
		memset(&control, 0, sizeof(control));
		message.msg_control = &control;
		message.msg_controllen = CMSG_SPACE(count * sizeof(int));
		control.header.cmsg_level = SOL_SOCKET;
		control.header.cmsg_type = SCM_RIGHTS;
		control.header.cmsg_len = CMSG_LEN(count * sizeof(int));
		memcpy(CMSG_DATA(&control.header), fds, count * sizeof(int));
	}
	do
		sent = sendmsg(socket, &message, MSG_NOSIGNAL);
	while (sent < 0 && errno == EINTR);
	return sent < 0 ? -errno : 0;
}

ssize_t channel_receive(int socket, void *buffer, size_t size, int *fds, unsigned int *count)
{
	union {
		struct cmsghdr header;
		char space[CMSG_SPACE(KEEPER_FDS * sizeof(int))];
	} control;
	struct iovec part = {buffer, size};
	struct msghdr message = {
		.msg_iov = &part,
		.msg_iovlen = 1,
		.msg_control = &control,
		.msg_controllen = sizeof(control),
	};
	unsigned int room = *count;
	ssize_t got;

	*count = 0;
	do
		got = recvmsg(socket, &message, MSG_CMSG_CLOEXEC);
	while (got < 0 && errno == EINTR);
	if (got < 0)
		return -errno;
	for (struct cmsghdr *part = CMSG_FIRSTHDR(&message); part;
	     part = CMSG_NXTHDR(&message, part)) {
		const int *passed = (const int *)CMSG_DATA(part);
		unsigned int n = (part->cmsg_len - CMSG_LEN(0)) / sizeof(int);

		if (part->cmsg_level != SOL_SOCKET || part->cmsg_type != SCM_RIGHTS)
			continue;
		for (unsigned int i = 0; i < n; i++) {
			if (*count < room)
				fds[(*count)++] = passed[i];
			else
				close(passed[i]);
		}
	}
	if (message.msg_flags & MSG_TRUNC)
		return -EMSGSIZE;
	return got;
}
