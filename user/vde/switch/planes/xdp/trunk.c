// SPDX-License-Identifier: GPL-2.0-or-later
/*
 * Frames between the programs and the user-space part of the switch.
 *
 * In: one thread reads the trunk, takes the tags of bpf/vde/switch.h off, puts the frame into the
 * form it had on the wire and hands it to forward() as from the netdev's endpoint. Out: whoever
 * forwards sends by the netdev's packet socket.
 *
 * A frame marked VDE_FLOODED has gone to all netdevs already, but forward() floods it to all ports:
 * xdp_transmit() knows such a frame by its place in this thread's memory and does not send it
 * again.
 */
#include <errno.h>
#include <poll.h>
#include <stdlib.h>
#include <string.h>
#include <sys/eventfd.h>
#include <sys/socket.h>
#include <unistd.h>

#include "user/vde/switch/planes/xdp/parts.h"
#include "user/vde/switch/privileges.h"

#define TAGS 8 /* in front of a frame, at most, both tags */

struct trunk {
	struct plane *plane;
	struct forwarder *forwarder;
	pthread_t thread;
	int fd, stop;
	bool flooded[FORWARD_BATCH];
	uint16_t slot[FORWARD_BATCH];
	struct frame frames[FORWARD_BATCH];
	uint8_t memory[FORWARD_BATCH][FRAME_MAX + TAGS + FRAME_SHORT];
};

static uint16_t word(const uint8_t *at)
{
	return at[0] << 8 | at[1];
}

static void put_word(uint8_t *at, uint16_t value)
{
	at[0] = value >> 8;
	at[1] = value;
}

/*
 * Whether this is from the programs, in the form of either hook; the kernel itself may speak on a
 * network device, but that is not for us. From the tc hook the VLAN is behind a tag of another
 * type, and there always: then it is made like the other.
 */
static bool is_from_programs(uint8_t *frame, size_t length)
{
	uint16_t type;

	if (length < FRAME_MIN + VDE_TAG_LENGTH)
		return false;
	type = word(frame + 12);
	if (type == VDE_TAG_PORT)
		return true;
	if (type != VDE_TAG_SKB || length < FRAME_MIN + TAGS || word(frame + 16) != VDE_TAG_SKB)
		return false;
	put_word(frame + 16, VDE_TAG_VLAN);
	return true;
}

/* Move the addresses up to where the frame shall begin. */
static void drop_tag(struct frame *frame)
{
	memmove(frame->data + VDE_TAG_LENGTH, frame->data, 12);
	frame->data += VDE_TAG_LENGTH;
	frame->len -= VDE_TAG_LENGTH;
}

/*
 * From the trunk's form to that of the wire. A tag whose VLAN is what an untagged frame has on this
 * port was put there by the program.
 */
static void restore(struct frame *frame, const struct port *port, bool hub)
{
	uint16_t untagged = atomic_load_explicit(&port->untagged_vlan, memory_order_relaxed);

	drop_tag(frame);
	if (frame->len < FRAME_MIN + VDE_TAG_LENGTH || word(frame->data + 12) != VDE_TAG_VLAN)
		return;
	if (hub || word(frame->data + 14) == untagged)
		drop_tag(frame);
	else
		put_word(frame->data + 12,
			 atomic_load_explicit(&port->tag_type, memory_order_relaxed));
}

static unsigned int read_batch(struct trunk *trunk)
{
	unsigned int n = 0;

	while (n < FORWARD_BATCH) {
		uint8_t *at = trunk->memory[n];
		ssize_t length = read(trunk->fd, at, FRAME_MAX + TAGS);

		if (length < 0)
			break;
		if (!is_from_programs(at, length))
			continue;
		trunk->slot[n] = word(at + 14) & ~VDE_FLOODED;
		trunk->flooded[n] = word(at + 14) & VDE_FLOODED;
		trunk->frames[n] = (struct frame){.data = at, .len = length};
		n++;
	}
	return n;
}

static void hand_over(struct trunk *trunk, unsigned int n)
{
	struct xdp_plane *xdp = trunk->plane->state;

	forward_begin(trunk->forwarder);
	for (unsigned int i = 0; i < n; i++) {
		struct frame *frame = &trunk->frames[i];
		struct xdp_endpoint *from =
			trunk->slot[i] < VDE_SLOTS ? rcu_dereference(xdp->endpoints[trunk->slot[i]])
						   : NULL;

		if (!from)
			continue;
		restore(frame, from->base.port, trunk->plane->sw->hub);
		forward(trunk->forwarder, &from->base, frame);
		count(&from->twice_frames_in, 1);
		count(&from->twice_bytes_in, frame->len);
	}
	forward_end(trunk->forwarder);
}

static void *run(void *context)
{
	struct trunk *trunk = context;
	struct pollfd wait[2] = {{.fd = trunk->fd, .events = POLLIN},
				 {.fd = trunk->stop, .events = POLLIN}};

	privileges_drop();
	rcu_register_thread();
	while (poll(wait, 2, -1) >= 0 || errno == EINTR) {
		unsigned int n;

		if (wait[1].revents)
			break;
		n = read_batch(trunk);
		if (n)
			hand_over(trunk, n);
	}
	rcu_unregister_thread();
	return NULL;
}

struct trunk *trunk_start(struct plane *plane, int fd)
{
	struct trunk *trunk = calloc(1, sizeof(*trunk));

	if (!trunk)
		return NULL;
	trunk->plane = plane;
	trunk->fd = fd;
	trunk->forwarder = forwarder_new(plane->sw);
	trunk->stop = eventfd(0, EFD_CLOEXEC);
	if (trunk->forwarder && trunk->stop >= 0 &&
	    (errno = pthread_create(&trunk->thread, NULL, run, trunk)) == 0)
		return trunk;
	if (trunk->stop >= 0)
		close(trunk->stop);
	forwarder_free(trunk->forwarder);
	free(trunk);
	return NULL;
}

void trunk_stop(struct trunk *trunk)
{
	if (!trunk)
		return;
	eventfd_write(trunk->stop, 1);
	pthread_join(trunk->thread, NULL);
	close(trunk->stop);
	forwarder_free(trunk->forwarder);
	free(trunk);
}

static bool was_flooded(const struct trunk *trunk, const struct frame *frame)
{
	return trunk && frame >= trunk->frames && frame < trunk->frames + FORWARD_BATCH &&
	       trunk->flooded[frame - trunk->frames];
}

static void send_batch(struct xdp_endpoint *to, struct mmsghdr *messages, unsigned int n)
{
	while (n > 0) {
		int sent = sendmmsg(to->sender, messages, n, MSG_DONTWAIT);

		if (sent > 0) {
			messages += sent;
			n -= sent;
			continue;
		}
		if (errno == EINTR)
			continue;
		if (errno == EAGAIN || errno == ENOBUFS) {
			endpoint_dropped(&to->base, n);
			return;
		}
		/* This one does not fit the netdev; the next may. */
		endpoint_failed(&to->base, 1);
		messages++;
		n--;
	}
}

void xdp_transmit(struct forwarder *forwarder, struct endpoint *endpoint,
		  const struct egress *frames, unsigned int frame_count)
{
	struct xdp_endpoint *to = xdp_of(endpoint);
	const struct xdp_plane *xdp = endpoint->plane->state;
	struct mmsghdr messages[FORWARD_BATCH];
	struct iovec pieces[FORWARD_BATCH][EGRESS_IOV];
	uint8_t tags[FORWARD_BATCH][4];
	unsigned int n = 0;

	for (unsigned int i = 0; i < frame_count; i++) {
		if (to->alone && was_flooded(xdp->trunk, frames[i].frame)) {
			count(&to->twice_frames_out, 1);
			count(&to->twice_bytes_out, egress_length(&frames[i]));
			continue;
		}
		messages[n].msg_hdr = (struct msghdr){
			.msg_iov = pieces[n],
			.msg_iovlen = egress_pieces(&frames[i], pieces[n], tags[n]),
		};
		n++;
	}
	send_batch(to, messages, n);
}
