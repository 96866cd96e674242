/* SPDX-License-Identifier: GPL-2.0-or-later */
/*
 * How a frame leaves: as it came, with a tag added, or with its tag taken off. The tag is between
 * the addresses and the Ethernet type (IEEE 802.1Q 9.3), so a change is made of pieces, not copies.
 */
#include <string.h>

#include "user/vde/switch/forward/forward.h"

#define ADDRESSES 12
#define TAG	  4

static bool leaves_as_it_came(const struct egress *egress)
{
	const struct frame *frame = egress->frame;
	const uint8_t *tag = frame->data + ADDRESSES + 2;

	if (egress->tag_type != frame->tag_type)
		return false;
	/* A priority tag (VLAN 0) is replaced by one that names the VLAN. */
	return !frame->tag_type || (tag[0] << 8 | tag[1]) == frame->tag;
}

unsigned int egress_pieces(const struct egress *egress, struct iovec pieces[EGRESS_IOV],
			   uint8_t tag[4])
{
	const struct frame *frame = egress->frame;
	unsigned int skip = ADDRESSES + (frame->tag_type ? TAG : 0), count = 0;

	if (leaves_as_it_came(egress)) {
		pieces[0] = (struct iovec){frame->data, frame->len};
		return 1;
	}
	pieces[count++] = (struct iovec){frame->data, ADDRESSES};
	if (egress->tag_type) {
		tag[0] = egress->tag_type >> 8;
		tag[1] = egress->tag_type;
		tag[2] = frame->tag >> 8;
		tag[3] = frame->tag;
		pieces[count++] = (struct iovec){tag, TAG};
	}
	pieces[count++] = (struct iovec){frame->data + skip, frame->len - skip};
	return count;
}

uint32_t egress_length(const struct egress *egress)
{
	return egress->frame->len + (egress->tag_type ? TAG : 0) -
	       (egress->frame->tag_type ? TAG : 0);
}

uint32_t egress_copy(const struct egress *egress, uint8_t *to)
{
	struct iovec pieces[EGRESS_IOV];
	uint8_t tag[TAG], *end = to;
	unsigned int count = egress_pieces(egress, pieces, tag);

	for (unsigned int i = 0; i < count; i++)
		end = mempcpy(end, pieces[i].iov_base, pieces[i].iov_len);
	return end - to;
}
