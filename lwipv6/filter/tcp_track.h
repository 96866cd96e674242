/* SPDX-License-Identifier: LGPL-2.1-or-later */
/*
 * The state of a TCP connection as a box on its way sees it (RFC 5382 5, RFC 7857 2): open when both
 * sides have sent SYN, closing when both have sent FIN or one RST, open again when data follow an
 * RST that its receiver did not believe.
 */
#ifndef LWIPV6_FILTER_TCP_TRACK_H
#define LWIPV6_FILTER_TCP_TRACK_H

#include <netinet/tcp.h>
#include <stdbool.h>
#include <stdint.h>

struct tcp_track {
	bool syn[2], fin[2], reset; /* by side: 0 the one that began */
};

/* Note a segment of @side; true while the connection is open, false while it opens or closes. */
static inline bool tcp_track(struct tcp_track *t, int side, uint8_t flags)
{
	if (flags & TH_RST) {
		t->reset = true;
	} else if (flags & TH_SYN) {
		/* The same ports again, after both have closed. */
		if (!(flags & TH_ACK) && (t->reset || (t->fin[0] && t->fin[1])))
			*t = (struct tcp_track){0};
		t->syn[side] = true;
	} else {
		t->reset = false;
		t->syn[side] = true; /* also when the beginning was not seen */
		t->fin[side] |= flags & TH_FIN;
	}
	return t->syn[0] && t->syn[1] && !(t->fin[0] && t->fin[1]) && !t->reset;
}

#endif
