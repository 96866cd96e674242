/* SPDX-License-Identifier: GPL-2.0-or-later */
/* Bridge protocol data units: IEEE 802.1D-2004 clause 9, in an 802.3 frame with LLC. */
#ifndef VDE_BPDU_H
#define VDE_BPDU_H

#include <stdbool.h>
#include <stddef.h>
#include <stdint.h>

#define BPDU_FRAME_MAX 64

enum bpdu_type { BPDU_CONFIG = 0x00, BPDU_RST = 0x02, BPDU_TCN = 0x80 };
/* 9.3.3: the role in the flags. */
enum bpdu_role { BPDU_ROLE_UNKNOWN, BPDU_ROLE_ALTERNATE, BPDU_ROLE_ROOT, BPDU_ROLE_DESIGNATED };

struct times {
	uint16_t message_age, max_age, hello, forward_delay; /* seconds */
};

struct bpdu {
	enum bpdu_type type;
	unsigned int version;
	enum bpdu_role role;
	bool tc, proposal, learning, forwarding, agreement, tc_ack;
	uint64_t root;
	uint32_t cost;
	uint64_t bridge;
	uint16_t port;
	struct times times;
};

/* The frame with this source address; its length without padding. */
size_t bpdu_write(const struct bpdu *bpdu, const uint8_t source[6], uint8_t frame[BPDU_FRAME_MAX]);

/* From a frame without tag. False: not a BPDU, or one that 9.3.4 says to discard. */
bool bpdu_read(struct bpdu *bpdu, const uint8_t *frame, size_t len);

#endif
