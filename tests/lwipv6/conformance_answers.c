/* SPDX-License-Identifier: GPL-2.0-only */
/*
 * How often segments that are not acceptable are answered (RFC 5961 and RFC 9293 3.10.7.4): each
 * kind of them a thousand times in one second, in each state that answers.
 */
#include "tests/lwipv6/script.h"

/* The answers of the stack to @line a thousand times in a virtual second. */
static unsigned int answers(const char *line)
{
	unsigned int n = 0;

	after(1000);
	skip();
	for (int i = 0; i < 1000; i++) {
		in(line);
		after(1);
		n += skip();
	}
	return n;
}

static void row23_established_answers_acks_below_the_window_twice_a_second(void)
{
	unsigned int n;

	script_open(&plain, NULL);
	n = answers(". 0:0(0) ack 1");
	says("one answer in 500 ms", n >= 1 && n <= 3);
	script_close();
}

static void row23_established_answers_acks_above_the_window_twice_a_second(void)
{
	unsigned int n;

	script_open(&plain, NULL);
	n = answers(". 900000:900000(0) ack 1");
	says("one answer in 500 ms", n >= 1 && n <= 3);
	script_close();
}

static void row23_established_answers_data_above_the_window_as_an_honest_peer_needs(void)
{
	unsigned int n;

	script_open(&plain, NULL);
	n = answers(". 900000:900010(10) ack 1");
	says("some, and no more than 30", n >= 5 && n <= 30);
	script_close();
}

static void row23_established_answers_repeated_data_as_an_honest_peer_needs(void)
{
	unsigned int n;

	script_open(&plain, NULL);
	in(". 1:101(100) ack 1");
	n = answers(". 1:101(100) ack 1");
	says("some, and no more than 30", n >= 5 && n <= 30);
	script_close();
}

static void row23_established_answers_old_timestamps_twice_a_second(void)
{
	unsigned int n;

	script_open(&full, NULL);
	in("P 1:101(100) ack 1 ts");
	script.tsval -= 1000000;
	n = answers(". 101:101(0) ack 1 ts");
	says("one answer in 500 ms", n >= 1 && n <= 3);
	n = answers("P 101:201(100) ack 1 ts");
	says("some to data, and no more than 30", n >= 5 && n <= 30);
	script_close();
}

static void row23_close_wait_answers_data_after_the_fin(void)
{
	unsigned int n;

	script_open(&plain, NULL);
	in("F 1:1(0) ack 1");
	n = answers(". 2:12(10) ack 1");
	says("some, and no more than 30", n >= 5 && n <= 30);
	script_close();
}

static void row23_time_wait_answers_acks_twice_a_second(void)
{
	unsigned int n;

	script_open(&plain, NULL);
	lwip_shutdown(script.fd, SHUT_WR);
	in("F 1:1(0) ack 2");
	n = answers(". 900000:900000(0) ack 2");
	says("one answer in 500 ms", n >= 1 && n <= 3);
	n = answers("F 1:1(0) ack 2");
	says("some to FIN, and no more than 30", n >= 5 && n <= 30);
	script_close();
}

static void row23_syn_received_answers_repeated_syns(void)
{
	struct segment syn = {
		.sport = 30000, .dport = 80, .seq = 5000, .flags = TH_SYN, .window = 1000};
	unsigned int n[2] = {0};

	script_open(&plain, NULL);
	segment_send(script_wire, false, &syn);
	for (int kind = 0; kind < 2; kind++) {
		skip();
		syn.seq += 7 * kind; /* the same, then one of another number */
		for (int i = 0; i < 1000; i++) {
			segment_send(script_wire, false, &syn);
			after(1);
			n[kind] += skip();
		}
	}
	/* one SYN-ACK of the timer among them */
	says("the same SYN is answered, no more than four times a second", n[0] >= 1 && n[0] <= 4);
	says("another SYN is answered, no more than four times a second", n[1] >= 1 && n[1] <= 4);
	script_close();
}

/* ---- two stacks that do not agree on a connection's numbers */

struct side {
	struct stack *stack;
	struct netif *netif;
	int fd, other;
	unsigned int sent;
};
static struct side sides[2];
static struct wait {
	size_t len;
	uint8_t frame[2048];
} waiting[2][64];
static unsigned int nwaiting[2];

static void from(int side, const void *frame, size_t len)
{
	struct wait *at;

	sides[side].sent++;
	if (nwaiting[side] == 64 || len > sizeof(at->frame))
		return;
	at = &waiting[side][nwaiting[side]++];
	memcpy(at->frame, frame, len);
	at->len = len;
}

static void from_first(void *arg, const void *frame, size_t len)
{
	from(0, frame, len);
}

static void from_second(void *arg, const void *frame, size_t len)
{
	from(1, frame, len);
}

/* Frames go to and fro until none is left, or a hundred times. */
static void pass(void)
{
	for (int round = 0; round < 100 && (nwaiting[0] || nwaiting[1]); round++)
		for (int i = 0; i < 2; i++) {
			unsigned int n = nwaiting[i];
			struct wait batch[64];

			memcpy(batch, waiting[i], n * sizeof(batch[0]));
			nwaiting[i] = 0;
			for (unsigned int k = 0; k < n; k++)
				lwip_frame_input(sides[!i].netif, batch[k].frame, batch[k].len);
		}
}

static void run(unsigned int ms)
{
	for (unsigned int i = 0; i < ms; i++) {
		lwip_stack_advance(sides[0].stack, MS);
		lwip_stack_advance(sides[1].stack, MS);
		pass();
	}
}

static void open_sides(void)
{
	struct sockaddr_in to = name4("10.0.0.2", 80);
	int listener;

	for (int i = 0; i < 2; i++) {
		struct ip_addr addr, mask;

		sides[i] = (struct side){.stack = lwip_add_stack(LWIP_STACK_FLAG_VIRTUAL_CLOCK)};
		sides[i].netif =
			lwip_add_frameif(sides[i].stack, i ? from_second : from_first, NULL, 0);
		IP64_ADDR(&addr, 10, 0, 0, i + 1);
		IP64_MASKADDR(&mask, 255, 255, 255, 0);
		lwip_add_addr(sides[i].netif, &addr, &mask);
		lwip_ifup(sides[i].netif);
	}
	run(100);
	listener = lwip_msocket(sides[1].stack, AF_INET, SOCK_STREAM | SOCK_NONBLOCK, 0);
	lwip_bind(listener,
		  (void *)&(struct sockaddr_in){.sin_family = AF_INET, .sin_port = htons(80)},
		  sizeof(to));
	lwip_listen(listener, 5);
	sides[0].fd = lwip_msocket(sides[0].stack, AF_INET, SOCK_STREAM | SOCK_NONBLOCK, 0);
	lwip_connect(sides[0].fd, (void *)&to, sizeof(to));
	run(100);
	sides[1].fd = lwip_accept(listener, NULL, NULL);
	lwip_close(listener);
}

static void close_sides(void)
{
	for (int i = 0; i < 2; i++)
		lwip_stack_free(sides[i].stack);
	nwaiting[0] = nwaiting[1] = 0;
}

/* Somebody between them adds bytes to what @side has just sent. */
static void add_bytes(int side)
{
	for (unsigned int i = 0; i < nwaiting[side]; i++) {
		uint8_t *f = waiting[side][i].frame;
		size_t at = 14 + 20 + (f[14 + 20 + 12] >> 4) * 4;

		if (waiting[side][i].len < at + 1)
			continue;
		memset(f + at + 1, 'y', 100);
		f[16] = (at - 14 + 101) >> 8;
		f[17] = at - 14 + 101;
		waiting[side][i].len = at + 101;
		wire_repair(f, at + 101);
	}
}

static void row23_two_stacks_with_different_numbers_do_not_flood_each_other(void)
{
	open_sides();
	for (int i = 0; i < 2; i++) {
		lwip_send(sides[i].fd, "x", 1, MSG_DONTWAIT);
		add_bytes(i);
	}
	sides[0].sent = sides[1].sent = 0;
	run(1000);
	printf("# %u and %u frames in a second\n", sides[0].sent, sides[1].sent);
	says("at most 20 frames a second each", sides[0].sent <= 20 && sides[1].sent <= 20);
	close_sides();
}

int main(void)
{
	row23_established_answers_acks_below_the_window_twice_a_second();
	row23_established_answers_acks_above_the_window_twice_a_second();
	row23_established_answers_data_above_the_window_as_an_honest_peer_needs();
	row23_established_answers_repeated_data_as_an_honest_peer_needs();
	row23_established_answers_old_timestamps_twice_a_second();
	row23_close_wait_answers_data_after_the_fin();
	row23_time_wait_answers_acks_twice_a_second();
	row23_syn_received_answers_repeated_syns();
	row23_two_stacks_with_different_numbers_do_not_flood_each_other();
	return done_testing();
}
