// SPDX-License-Identifier: GPL-2.0-or-later
/*
 * Theory: bytes collect between start and end of one buffer; when no complete frame is left they
 * move to its front, so there is always room for the largest frame.
 */
#include "user/vde/cmd/stream.h"

#include <errno.h>
#include <poll.h>
#include <string.h>
#include <sys/uio.h>

uint8_t *stream_room(struct stream *stream, size_t *room)
{
	if (stream->start) {
		stream->end -= stream->start;
		memmove(stream->buffer, stream->buffer + stream->start, stream->end);
		stream->start = 0;
	}
	*room = sizeof(stream->buffer) - stream->end;
	return stream->buffer + stream->end;
}

void stream_added(struct stream *stream, size_t bytes)
{
	stream->end += bytes;
}

ssize_t stream_next(struct stream *stream, const uint8_t **frame)
{
	while (stream->end - stream->start >= 2) {
		const uint8_t *at = stream->buffer + stream->start;
		size_t length = at[0] << 8 | at[1];

		if (length > STREAM_FRAME_MAX)
			return -1;
		if (stream->end - stream->start < 2 + length)
			return 0;
		stream->start += 2 + length;
		if (length) {
			*frame = at + 2;
			return length;
		}
	}
	return 0;
}

int stream_write(int fd, const void *frame, size_t length)
{
	uint8_t head[2] = {length >> 8, length};
	struct iovec pieces[2] = {{head, 2}, {(void *)frame, length}};
	int first = 0;

	while (first < 2) {
		ssize_t n = writev(fd, pieces + first, 2 - first);

		if (n < 0 && errno == EAGAIN)
			poll(&(struct pollfd){.fd = fd, .events = POLLOUT}, 1, -1);
		else if (n < 0 && errno != EINTR)
			return -1;
		for (; n > 0 && first < 2; first++) {
			size_t taken = (size_t)n < pieces[first].iov_len ? (size_t)n
									 : pieces[first].iov_len;

			pieces[first].iov_base = (uint8_t *)pieces[first].iov_base + taken;
			pieces[first].iov_len -= taken;
			n -= taken;
			if (pieces[first].iov_len)
				break;
		}
	}
	return 0;
}
