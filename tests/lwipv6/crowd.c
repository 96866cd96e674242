/* SPDX-License-Identifier: GPL-2.0-only */
/*
 * 100,000 connections in one stack at once: they open, cost little and carry data. They wait in the
 * queues of four listeners, for a process may not have the descriptors; each is then accepted, read
 * and closed.
 */
#include <malloc.h>
#include "tests/lwipv6/wire.h"

#define LISTENERS 4
#define EACH	  25000
#define CROWD	  (LISTENERS * EACH)

static struct {
	uint32_t seq, ack;
} peer[LISTENERS][EACH];

static void send_to(struct wire *w, int listener, int i, uint8_t flags, size_t len)
{
	struct segment s = {.sport = 1024 + i,
			    .dport = 80 + listener,
			    .seq = peer[listener][i].seq,
			    .ack = peer[listener][i].ack,
			    .flags = flags,
			    .window = 65535,
			    .data = pattern(),
			    .len = len};

	segment_send(w, false, &s);
	peer[listener][i].seq += len + !!(flags & TH_SYN);
}

int main(void)
{
	struct wire *w = wire_open(0);
	struct lwip_statistics st;
	struct mallinfo2 before, after;
	int l[LISTENERS], served = 0;
	struct segment s;
	char byte;

	for (int k = 0; k < LISTENERS; k++) {
		l[k] = listen_on(w, false, 80 + k);
		lwip_listen(l[k], EACH + 1);
	}
	before = mallinfo2();
	for (int i = 0; i < CROWD; i++) {
		int k = i % LISTENERS, n = i / LISTENERS;

		peer[k][n].seq = i;
		send_to(w, k, n, TH_SYN, 0);
		if (!segment_take(w, &s))
			break;
		peer[k][n].ack = s.seq + 1;
		send_to(w, k, n, TH_ACK, 0);
		wire_drop(w);
	}
	after = mallinfo2();
	lwip_statistics(w->stack, &st, sizeof(st));
	ok(st.tcp_established == CROWD, "%d connections stand at once", (int)st.tcp_established);
	size_t each = (after.uordblks + after.hblkhd - before.uordblks - before.hblkhd) / CROWD;

	ok(each < 1024,
	   "an idle one takes %zu bytes before a program accepts it, the allocator's own and the "
	   "table counted",
	   each);
	for (int k = 0; k < LISTENERS; k++)
		for (int n = 0; n < EACH; n++) {
			send_to(w, k, n, TH_ACK, 1);
			wire_drop(w);
		}
	for (int k = 0; k < LISTENERS; k++) {
		int fd;

		while ((fd = lwip_accept4(l[k], NULL, NULL, SOCK_NONBLOCK)) >= 0) {
			served += lwip_recv(fd, &byte, 1, 0) == 1;
			lwip_close(fd);
			wire_drop(w);
		}
	}
	ok(served == CROWD, "each gets its byte (%d)", served);
	wire_close(w);
	return done_testing();
}
