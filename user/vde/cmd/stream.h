/* SPDX-License-Identifier: GPL-2.0-or-later */
/*
 * Frames on a byte stream, as vde_plug has always spoken on its stdin and stdout: two bytes of
 * length, big-endian, then the frame. A length of 0 means nothing.
 */
#ifndef VDE_CMD_STREAM_H
#define VDE_CMD_STREAM_H

#include <stddef.h>
#include <stdint.h>
#include <sys/types.h>

#define STREAM_FRAME_MAX 9236 /* what libvdeplug 4 accepts: MTU 9216, header, tag, 2 */
#define STREAM_BUFFER	 65536

/* The receiving side: bytes as they come, frames as they are complete. */
struct stream {
	size_t start, end;
	uint8_t buffer[STREAM_BUFFER];
};

/* Where to put more bytes; *room is never 0 after stream_next() returned 0. */
uint8_t *stream_room(struct stream *stream, size_t *room);
void stream_added(struct stream *stream, size_t bytes);

/*
 * The next complete frame, in place until the next stream_room(); its length, 0 when more bytes are
 * needed, -1 when the stream is no stream of frames (a length above STREAM_FRAME_MAX): nothing
 * after it can be told apart.
 */
ssize_t stream_next(struct stream *stream, const uint8_t **frame);

/* Write one frame, all of it, waiting as long as it takes. 0 or -1 with errno. */
int stream_write(int fd, const void *frame, size_t length);

#endif
