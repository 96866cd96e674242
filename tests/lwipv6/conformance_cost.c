/* SPDX-License-Identifier: GPL-2.0-only */
/*
 * What one acknowledgment may cost: records of the scoreboard that are looked at, counted by the
 * stack (tcp_ack_steps), while a peer does its worst with a large window and SACK.
 */
#include "tests/lwipv6/wire.h"

#define SIZE   536  /* of a segment */
#define FLIGHT 4000 /* segments */
/* Records that the search may pass by, those at the blocks' ends and a burst that was found lost. */
#define STEPS 400

static struct wire *w;
static struct conn c;
static struct segment s;
static int fd;

static uint64_t steps(void)
{
	struct lwip_statistics st;

	lwip_statistics(w->stack, &st, sizeof(st));
	return st.tcp_ack_steps;
}

/* FLIGHT segments are on their way; nothing of them is acknowledged. */
static void fly(void)
{
	struct offer o = {.mss = SIZE, .wscale = 9, .sack = true};
	int buffer = 8 << 20;
	uint32_t end;

	w = wire_open(0);
	fd = listen_on(w, false, 80);
	lwip_setsockopt(fd, SOL_SOCKET, SO_SNDBUF, &buffer, sizeof(buffer));
	lwip_setsockopt(fd, IPPROTO_TCP, TCP_CONGESTION, "reno", 4);
	conn_accept(w, &c, fd, 80, &o);
	/* The window opens as long as it is what holds the program back. */
	for (int round = 0; round < 40; round++) {
		for (int i = 0; i < 12; i++)
			lwip_send(c.fd, pattern(), 400 * SIZE, 0);
		for (end = c.ack; segment_take(w, &s);)
			if ((int32_t)(s.seq + s.len - end) > 0)
				end = s.seq + s.len;
		if (end - c.ack >= FLIGHT * SIZE)
			return;
		c.ack = end;
		conn_send(&c, TH_ACK, 0);
	}
	fprintf(stderr, "%u bytes in flight\n", end - c.ack);
	exit(2);
}

/* The largest number of steps of an acknowledgment with these blocks, each given by its first segment. */
static uint64_t cost(int n, const int first[])
{
	uint32_t blocks[4][2];
	uint64_t before = steps();

	for (int i = 0; i < n; i++) {
		blocks[i][0] = first[i] * SIZE;
		blocks[i][1] = (first[i] + 1) * SIZE;
	}
	conn_sack(&c, 0, n, (const uint32_t(*)[2])blocks);
	wire_drop(w);
	return steps() - before;
}

static void row25_a_hostile_receiver_does_not_buy_walks(void)
{
	uint64_t all = steps(), most = 0, one;

	/* Every second segment, from the end: the most records there are. */
	for (int i = FLIGHT - 1; i > 0; i -= 2) {
		one = cost(1, (int[]){i});
		most = one > most ? one : most;
	}
	/* The losses that this shows are found once; of what is left no acknowledgment finds more. */
	ok(steps() - all < 12 * FLIGHT, "row 25: %d segments, every second in SACK: %llu steps",
	   FLIGHT, (unsigned long long)(steps() - all));
	most = 0;
	for (int i = 0; i < 200; i++) {
		one = cost(4, (int[]){FLIGHT / 4 + 1 + 2 * i, 3 * FLIGHT / 4 + 1 + 2 * i,
				      FLIGHT / 3 + 1 + 2 * i, FLIGHT / 2 + 1 + 2 * i});
		most = one > most ? one : most;
	}
	ok(most <= STEPS, "row 25: blocks all over the flight: %llu steps at most for one of them",
	   (unsigned long long)most);
	most = 0;
	for (int i = 0; i < 200; i++) {
		one = cost(1, (int[]){i % 2 ? FLIGHT - 2 - 2 * i : FLIGHT / 2 + 2 * i});
		most = one > most ? one : most;
	}
	ok(most <= STEPS, "row 25: here and there in turn: %llu steps at most",
	   (unsigned long long)most);
}

/* What is found in spite of it: everything, when the peer is honest. */
static void row26_all_that_is_missing_goes_again(void)
{
	static uint8_t again[FLIGHT + 1];
	unsigned int missing = 0;

	/* All but every tenth segment arrived, told as an honest peer does: the newest first. */
	for (int i = 1; i < FLIGHT; i++) {
		uint32_t blocks[3][2];
		int n = 0;

		if (i % 10 == 0)
			continue;
		for (int k = i / 10; k >= 0 && n < 3; k--, n++) {
			blocks[n][0] = (k * 10 + 1) * SIZE;
			blocks[n][1] = (k == i / 10 ? i + 1 : k * 10 + 10) * SIZE;
		}
		conn_sack(&c, 0, n, (const uint32_t(*)[2])blocks);
		while (segment_take(w, &s))
			if (s.seq - c.ack < FLIGHT * SIZE)
				again[(s.seq - c.ack) / SIZE] = 1;
	}
	for (int k = 0; k < 400; k++) {
		wire_advance(w, 1);
		while (segment_take(w, &s))
			if (s.seq - c.ack < FLIGHT * SIZE)
				again[(s.seq - c.ack) / SIZE] = 1;
	}
	for (int i = 0; i < FLIGHT - 10; i += 10)
		missing += !again[i];
	for (int i = 1; i < FLIGHT - 10; i++)
		if (i % 10 && again[i])
			missing = 100000 + i;
	ok(!missing, "row 26: of %d losses %u are not sent again", FLIGHT / 10, missing);
}

int main(void)
{
	fly();
	row25_a_hostile_receiver_does_not_buy_walks();
	lwip_close(c.fd);
	wire_close(w);
	fly();
	row26_all_that_is_missing_goes_again();
	wire_close(w);
	return done_testing();
}
