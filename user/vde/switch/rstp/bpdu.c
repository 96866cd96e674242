/* SPDX-License-Identifier: GPL-2.0-or-later */
/* Reading and writing BPDUs; see bpdu.h. All integers are big-endian, times are 1/256 second. */
#include <string.h>

#include "user/vde/switch/rstp/bpdu.h"

#define HEADER	   14 /* addresses and length */
#define LLC	   3
#define CONFIG_LEN 35
#define RST_LEN	   36
#define TCN_LEN	   4

enum flag {
	FLAG_TC = 0x01,
	FLAG_PROPOSAL = 0x02,
	FLAG_ROLE_SHIFT = 2,
	FLAG_LEARNING = 0x10,
	FLAG_FORWARDING = 0x20,
	FLAG_AGREEMENT = 0x40,
	FLAG_TC_ACK = 0x80,
};

static const uint8_t group[6] = {0x01, 0x80, 0xc2, 0x00, 0x00, 0x00};
static const uint8_t llc[LLC] = {0x42, 0x42, 0x03};

static uint8_t *put(uint8_t *to, uint64_t value, int bytes)
{
	while (bytes--)
		*to++ = value >> 8 * bytes;
	return to;
}

static const uint8_t *get(const uint8_t *from, uint64_t *value, int bytes)
{
	for (*value = 0; bytes--;)
		*value = *value << 8 | *from++;
	return from;
}

static uint8_t flags_of(const struct bpdu *bpdu)
{
	uint8_t flags = (bpdu->tc ? FLAG_TC : 0) | (bpdu->tc_ack ? FLAG_TC_ACK : 0);

	if (bpdu->type == BPDU_RST)
		flags |= (bpdu->proposal ? FLAG_PROPOSAL : 0) | bpdu->role << FLAG_ROLE_SHIFT |
			 (bpdu->learning ? FLAG_LEARNING : 0) |
			 (bpdu->forwarding ? FLAG_FORWARDING : 0) |
			 (bpdu->agreement ? FLAG_AGREEMENT : 0);
	return flags;
}

size_t bpdu_write(const struct bpdu *bpdu, const uint8_t source[6], uint8_t frame[BPDU_FRAME_MAX])
{
	const struct times *t = &bpdu->times;
	size_t len = bpdu->type == BPDU_TCN   ? TCN_LEN
		     : bpdu->type == BPDU_RST ? RST_LEN
					      : CONFIG_LEN;
	uint8_t *p = frame;

	memset(frame, 0, BPDU_FRAME_MAX);
	p = mempcpy(p, group, sizeof(group));
	p = mempcpy(p, source, 6);
	p = put(p, LLC + len, 2);
	p = mempcpy(p, llc, LLC);
	p = put(p, 0, 2);
	p = put(p, bpdu->type == BPDU_RST ? 2 : 0, 1);
	p = put(p, bpdu->type, 1);
	if (bpdu->type == BPDU_TCN)
		return HEADER + LLC + len;
	p = put(p, flags_of(bpdu), 1);
	p = put(p, bpdu->root, 8);
	p = put(p, bpdu->cost, 4);
	p = put(p, bpdu->bridge, 8);
	p = put(p, bpdu->port, 2);
	p = put(p, t->message_age * 256, 2);
	p = put(p, t->max_age * 256, 2);
	p = put(p, t->hello * 256, 2);
	put(p, t->forward_delay * 256, 2);
	return HEADER + LLC + len;
}

static uint16_t seconds(uint64_t field)
{
	return (field + 128) / 256;
}

bool bpdu_read(struct bpdu *bpdu, const uint8_t *frame, size_t len)
{
	uint64_t field, flags;
	const uint8_t *p = frame + HEADER + LLC;

	if (len < HEADER + LLC + TCN_LEN || memcmp(frame, group, sizeof(group)) != 0 ||
	    memcmp(frame + HEADER, llc, LLC) != 0)
		return false;
	get(frame + 12, &field, 2);
	if (field < LLC + TCN_LEN || HEADER + field > len)
		return false;
	len = field - LLC;
	memset(bpdu, 0, sizeof(*bpdu));
	p = get(p, &field, 2);
	if (field != 0)
		return false;
	p = get(p, &field, 1);
	bpdu->version = field;
	p = get(p, &field, 1);
	bpdu->type = field;
	if (bpdu->type == BPDU_TCN)
		return true;
	/* Versions above 2 (MSTP) are read as RST: their first 36 bytes mean the same. */
	if (!(bpdu->type == BPDU_CONFIG && len >= CONFIG_LEN) &&
	    !(bpdu->type == BPDU_RST && bpdu->version >= 2 && len >= RST_LEN))
		return false;
	p = get(p, &flags, 1);
	bpdu->tc = flags & FLAG_TC;
	bpdu->tc_ack = flags & FLAG_TC_ACK;
	bpdu->role = BPDU_ROLE_DESIGNATED;
	if (bpdu->type == BPDU_RST) {
		bpdu->proposal = flags & FLAG_PROPOSAL;
		bpdu->learning = flags & FLAG_LEARNING;
		bpdu->forwarding = flags & FLAG_FORWARDING;
		bpdu->agreement = flags & FLAG_AGREEMENT;
		bpdu->role = flags >> FLAG_ROLE_SHIFT & 3;
	}
	p = get(p, &bpdu->root, 8);
	p = get(p, &field, 4);
	bpdu->cost = field;
	p = get(p, &bpdu->bridge, 8);
	p = get(p, &field, 2);
	bpdu->port = field;
	p = get(p, &field, 2);
	bpdu->times.message_age = seconds(field);
	p = get(p, &field, 2);
	bpdu->times.max_age = seconds(field);
	p = get(p, &field, 2);
	bpdu->times.hello = seconds(field);
	get(p, &field, 2);
	bpdu->times.forward_delay = seconds(field);
	/* 9.3.4: information that is too old says nothing. */
	return bpdu->type == BPDU_RST || bpdu->times.message_age < bpdu->times.max_age;
}
