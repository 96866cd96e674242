/* SPDX-License-Identifier: GPL-2.0-or-later */
/*
 * One end of a cable: something that takes and gives Ethernet frames.
 *
 *   a VNL        whatever libvdeplug can open: a switch, tap://, vxlan://, udp:// ...
 *   -            frames on stdin and stdout, each behind its length (stream.h)
 *   = COMMAND    a command's stdout and stdin, in the same way
 *   dev:NAME     a network device, by a packet socket; dev:NAMESPACE/NAME is one in a network
 *                namespace of `ip netns`
 */
#ifndef VDE_CMD_END_H
#define VDE_CMD_END_H

#include <libvdeplug.h>
#include <stdbool.h>
#include <stddef.h>
#include <stdint.h>
#include <sys/types.h>

#define END_FRAME_MAX VDE_ETHBUFSIZE

struct end;

struct end_options {
	int port;	   /* of the switch; 0 = any */
	const char *group; /* NULL = no change */
	mode_t mode;	   /* 0 = default */
	const char *description;
};

/* Opened, or NULL with a complaint on stderr. options may be NULL. */
struct end *end_open(const char *name, const struct end_options *options);
/* quiet: what the command has to complain goes nowhere, as that of a daemon. */
struct end *end_open_command(char *const argv[], bool quiet);
struct end *end_open_stream(const char *name, int in, int out);
void end_close(struct end *end);

const char *end_name(const struct end *end);

/* To poll: input means frames. end_hangup() is -1 where only end_receive() tells the end. */
int end_input(const struct end *end);
int end_hangup(const struct end *end);

/* Never wait from now on: end_receive() then gives 0 when nothing is there. Streams never do. */
int end_set_nonblocking(struct end *end);

/*
 * One frame of at most END_FRAME_MAX bytes: its length, 0 when there is none yet (a stream has part
 * of one), -1 at the end of the cable (errno 0) or on an error (errno). A stream may hold further
 * frames that poll() does not show: call again until 0 when end_pending().
 */
ssize_t end_receive(struct end *end, void *frame, size_t size);
bool end_pending(const struct end *end);

/*
 * 0: sent. 1: lost for a reason that may pass, like a peer that is not there yet. -1 with errno
 * EAGAIN: the queue is full, which may be waited for with end_wait_room(). -1: the end of the cable.
 */
int end_send(struct end *end, const void *frame, size_t length);
/* Wait until a full queue has room, or this long; at once where the end does not tell. */
void end_wait_room(struct end *end, int milliseconds);

#endif
