/* SPDX-License-Identifier: GPL-2.0-only */
/*
 * A stack on a virtual clock whose only link ends in the test: exact frames in, exact frames out,
 * hours in milliseconds, the same numbers on every run.
 *
 * The stack is 10.0.0.1/24 and fd00::1/64, the test plays 10.0.0.2 and fd00::2 and answers ARP and
 * neighbour solicitations for them by itself. Everything else that the stack sends waits in order
 * until the test takes it.
 */
#ifndef TESTS_LWIPV6_WIRE_H
#define TESTS_LWIPV6_WIRE_H

#include <arpa/inet.h>
#include <errno.h>
#include <net/ethernet.h>
#include <netinet/icmp6.h>
#include <netinet/in.h>
#include <netinet/ip.h>
#include <netinet/ip6.h>
#include <netinet/ip_icmp.h>
#include <netinet/tcp.h>
#include <netinet/udp.h>
#include <stdlib.h>
#include <string.h>
#include <unistd.h>
#include "lwipv6/lwipv6.h"
#include "tests/lib/tap.h"

/* In the fuzzer the library's own names are not hidden. */
#ifdef LWIPV6_FUZZ
#define ip_send	   wire_ip_send
#define icmp6_send wire_icmp6_send
#define udp_send   wire_udp_send
#endif

#define MS     1000000ULL
#define FRAMES 8192

struct frame {
	size_t len;
	uint64_t time;	      /* virtual ns */
	uint8_t *data, *room; /* data is two bytes into the room: aligned network headers */
};

struct wire {
	struct stack *stack;
	struct netif *netif;
	uint8_t mac[6];
	struct frame queue[FRAMES];
	unsigned int head, tail;
	bool quiet;	 /* do not answer for the peer's addresses */
	bool answer_all; /* but for every address that is asked for */
	uint64_t now;
	struct pending {
		uint8_t data[128];
		size_t len;
	} answers[16];
	int nanswers;
};

extern const uint8_t peer_mac[6];
extern const char *const our4, *const our6, *const peer4, *const peer6;

struct wire *wire_open(unsigned long flags);
/* The same without addresses, and with the interface flags given (NETIF_FLAG_*). */
struct wire *wire_open_bare(unsigned long flags, int netif_flags);
/* A second link of the same stack, with these addresses ("10.0.0.1/24"; NULL = none); all
 * neighbours on it exist. Closed before the first, by wire_leave(). */
struct wire *wire_join(struct wire *first, const char *addr4, const char *addr6, int netif_flags);
void wire_leave(struct wire *w);
void wire_close(struct wire *w);
void wire_advance(struct wire *w, uint64_t ms);
/* A frame to the stack. */
void wire_input(struct wire *w, const void *frame, size_t len);
/* The next frame that the stack sent; NULL when none waits. Valid until the next call. */
struct frame *wire_take(struct wire *w);
void wire_drop(struct wire *w); /* forget what waits */
/* Make the checksums of a frame right, as far as it has any. */
void wire_repair(uint8_t *frame, size_t len);

uint16_t inet_sum(uint32_t start, const void *data, size_t len);
/* Checksum over pseudo header and @len bytes, to compare with 0 or to store. */
uint16_t transport_sum(bool v6, const void *src, const void *dst, uint8_t proto, const void *data,
		       size_t len);

/* ---- IP: @payload in a packet from the peer, or from @src when not NULL */
struct ip_packet {
	bool v6;
	const char *src, *dst;	 /* NULL = peer, stack */
	uint8_t proto, ttl, tos; /* ttl 0 = 64 */
	uint16_t id, frag;	 /* v4: host order, flags included */
	const uint8_t *options;	 /* v4 options or v6 extension headers */
	uint8_t options_len;
	const uint8_t *to_mac; /* NULL = the stack's */
	bool bad_checksum;
};
void ip_send(struct wire *w, const struct ip_packet *ip, const void *payload, size_t len);
void icmp6_send(struct wire *w, const char *src, const char *dst, uint8_t hops, void *icmp,
		size_t len);
void icmp4_send(struct wire *w, const char *src, const char *dst, void *icmp, size_t len);
void udp_send(struct wire *w, bool v6, uint16_t sport, uint16_t dport, const void *data,
	      size_t len);

/* A received frame, found by protocol. Pointers into the frame. */
struct seen {
	struct frame *frame;
	bool v6;
	const struct iphdr *ip4;
	const struct ip6_hdr *ip6;
	uint8_t proto;
	const uint8_t *payload;
	size_t len;
};
/* The next IP packet of @proto (0 = any); others before it are dropped. */
bool ip_take(struct wire *w, uint8_t proto, struct seen *s);
/* The next ICMPv6 message of a type, or ICMPv4. */
bool icmp6_take(struct wire *w, uint8_t type, struct seen *s);
bool icmp4_take(struct wire *w, uint8_t type, struct seen *s);

/* ---- TCP */
struct segment {
	uint16_t sport, dport;
	uint32_t seq, ack;
	uint8_t flags;
	uint16_t window, urgent, check;
	uint8_t options[40];
	uint8_t options_len;
	const uint8_t *data;
	size_t len;
	/* decoded of a received one */
	uint16_t mss;
	int wscale; /* -1 none */
	bool sack_ok, has_ts, checksum_good;
	uint32_t tsval, tsecr;
	int nsack;
	uint32_t sack[4][2];
	uint8_t tos, ttl;
	uint32_t flow;
	uint64_t time;
};
void segment_send(struct wire *w, bool v6, const struct segment *s);
bool segment_take(struct wire *w, struct segment *s);

/* A connection with the stack on the other side. */
struct conn {
	struct wire *w;
	bool v6;
	int fd;			   /* the stack's socket */
	uint16_t port, stack_port; /* ours, the stack's */
	uint32_t seq, ack;	   /* what we send next, what we expect */
	uint16_t window;
	bool ts;
	uint32_t tsval, tsecr;
	struct segment syn; /* the stack's SYN or SYN-ACK */
};
struct offer {
	bool v6, ts, sack, ecn;
	int mss, wscale; /* 0 = no option; wscale -1 = no option */
	uint16_t window; /* 0 = 65535 */
};
extern const struct offer plain, full;
int listen_on(struct wire *w, bool v6, uint16_t port);
int udp_on(struct wire *w, bool v6, uint16_t port);
/* We connect to a listener of the stack. */
bool conn_accept(struct wire *w, struct conn *c, int listener, uint16_t port,
		 const struct offer *o);
/* The stack connects to us. */
bool conn_connect(struct wire *w, struct conn *c, const struct offer *o);
/* A segment at the current numbers; @len bytes of a known pattern are sent and counted. */
void conn_send(struct conn *c, uint8_t flags, size_t len);
/* The same at offset @at of our sequence, not counted. */
void conn_send_at(struct conn *c, uint8_t flags, uint32_t at, size_t len);
/* An ACK with SACK blocks given as offsets from c->ack. */
void conn_sack(struct conn *c, uint32_t ack, int n, const uint32_t blocks[][2]);
void conn_close(struct conn *c);
void *pattern(void);

struct sockaddr_in6 name6(const char *addr, uint16_t port);
struct sockaddr_in name4(const char *addr, uint16_t port);
#endif
