/* SPDX-License-Identifier: LGPL-2.1-or-later */
/*
 * ICMP errors of both versions: when one may be sent, what it quotes, and to whom one that arrived
 * is given. Messages of each version are taken in icmp4.c and icmp6.c.
 */
#include "lwipv6/ip/icmp.h"
#include <errno.h>
#include <linux/if_packet.h>
#include "lwipv6/core/checksum.h"
#include "lwipv6/tcp/tcp.h"
#include "lwipv6/transport/endpoint.h"

#define BUCKET_TOKENS  100
#define TOKEN_INTERVAL (10 * NSEC_PER_MSEC)
#define V4_QUOTE       548 /* the whole error fits 576 bytes, RFC 1812 4.3.2.3 */

static const struct {
	uint8_t type4, code4, type6, code6;
} causes[] = {
	[ICMP_CAUSE_NO_ROUTE] = {ICMP_DEST_UNREACH, ICMP_NET_UNREACH, ICMP6_DST_UNREACH, 0},
	[ICMP_CAUSE_HOST] = {ICMP_DEST_UNREACH, ICMP_HOST_UNREACH, ICMP6_DST_UNREACH, 3},
	[ICMP_CAUSE_PROHIBITED] = {ICMP_DEST_UNREACH, ICMP_PKT_FILTERED, ICMP6_DST_UNREACH, 1},
	[ICMP_CAUSE_PROTOCOL] = {ICMP_DEST_UNREACH, ICMP_PROT_UNREACH, ICMP6_PARAM_PROB, 1},
	[ICMP_CAUSE_PORT] = {ICMP_DEST_UNREACH, ICMP_PORT_UNREACH, ICMP6_DST_UNREACH, 4},
	[ICMP_CAUSE_TOO_BIG] = {ICMP_DEST_UNREACH, ICMP_FRAG_NEEDED, ICMP6_PACKET_TOO_BIG, 0},
	[ICMP_CAUSE_HOP_LIMIT] = {ICMP_TIME_EXCEEDED, 0, ICMP6_TIME_EXCEEDED, 0},
	[ICMP_CAUSE_REASSEMBLY] = {ICMP_TIME_EXCEEDED, 1, ICMP6_TIME_EXCEEDED, 1},
	[ICMP_CAUSE_HEADER] = {ICMP_PARAMETERPROB, 0, ICMP6_PARAM_PROB, 0},
	[ICMP_CAUSE_OPTION] = {ICMP_PARAMETERPROB, 0, ICMP6_PARAM_PROB, 2},
	[ICMP_CAUSE_SCOPE] = {ICMP_DEST_UNREACH, ICMP_HOST_UNREACH, ICMP6_DST_UNREACH, 2},
};

static bool bucket_allows(struct stack *stack)
{
	struct icmp_bucket *b = &stack->icmp_bucket;
	uint64_t earned = (stack->now - b->filled) / TOKEN_INTERVAL;

	if (earned) {
		b->tokens = b->tokens + earned > BUCKET_TOKENS ? BUCKET_TOKENS : b->tokens + earned;
		b->filled = stack->now;
	}
	if (!b->tokens) {
		COUNT(stack, icmp_limited);
		return false;
	}
	b->tokens--;
	return true;
}

/* Errors are not answered, nor is anything that was sent to many or from nobody. */
static bool may_answer(const struct packet *p, enum icmp_cause what)
{
	bool v4 = p->protocol == ETH_P_IP;
	const uint8_t *icmp = packet_at(p, p->transport);
	bool readable = packet_headroom(p) + p->linear > (uint32_t)p->transport;

	if (ip_is_any(&p->src) || ip_is_multicast(&p->src) ||
	    ip_is_loopback(&p->src) != ip_is_loopback(&p->dst))
		return false;
	if (v4) {
		const struct iphdr *ip = (struct iphdr *)p->data;

		if (ip->frag_off & htons(IP_OFFMASK) || netif_is_broadcast(p->netif, &p->src))
			return false;
		if (p->link_type != PACKET_HOST || ip_is_multicast(&p->dst) ||
		    netif_is_broadcast(p->netif, &p->dst))
			return false;
		return p->next_header != IPPROTO_ICMP ||
		       (readable && (icmp[0] == ICMP_ECHO || icmp[0] == ICMP_ECHOREPLY ||
				     icmp[0] == ICMP_TIMESTAMP));
	}
	if (p->next_header == IPPROTO_ICMPV6 &&
	    (!readable || !(icmp[0] & 0x80) || icmp[0] == ND_REDIRECT))
		return false;
	if (p->link_type != PACKET_HOST || ip_is_multicast(&p->dst))
		return what == ICMP_CAUSE_TOO_BIG || what == ICMP_CAUSE_OPTION;
	return true;
}

void icmp_error(struct packet *cause, enum icmp_cause what, uint32_t argument)
{
	struct stack *stack = cause->netif->stack;
	bool v4 = cause->protocol == ETH_P_IP;
	uint32_t quote = cause->len, max = v4 ? V4_QUOTE : IP_MIN_MTU6 - 40 - 8;
	struct ip_addr src = ip_addr_any;
	struct ip_options options = {0};
	struct packet *p;
	uint8_t *icmp;

	if (!may_answer(cause, what) || !bucket_allows(stack))
		return;
	if (quote > max)
		quote = max;
	p = packet_new(PACKET_HEADROOM, 8 + quote);
	if (!p) {
		COUNT(stack, memory_failures);
		return;
	}
	icmp = packet_put(p, 8);
	memset(icmp, 0, 8);
	packet_copy(cause, 0, packet_put(p, quote), quote);
	icmp[0] = v4 ? causes[what].type4 : causes[what].type6;
	icmp[1] = v4 ? causes[what].code4 : causes[what].code6;
	/* Answer from the address that was asked; routers choose by the route back. */
	if (netif_addr_find(stack, NULL, &cause->dst))
		src = cause->dst;
	if (ip_needs_zone(&cause->src))
		options.netif = cause->netif;
	COUNT(stack, icmp_errors_out);
	if (v4) {
		if (what == ICMP_CAUSE_TOO_BIG)
			*(uint16_t *)(icmp + 6) = htons(argument);
		else if (what == ICMP_CAUSE_HEADER)
			icmp[4] = argument;
		*(uint16_t *)(icmp + 2) = checksum_fold(packet_sum(p, 0));
		options.traffic_class = 0xc0; /* RFC 1812 4.3.2.5: internetwork control */
		ip_output(stack, p, &src, &cause->src, IPPROTO_ICMP, &options);
	} else {
		if (what == ICMP_CAUSE_TOO_BIG || what == ICMP_CAUSE_HEADER ||
		    what == ICMP_CAUSE_OPTION || what == ICMP_CAUSE_PROTOCOL)
			*(uint32_t *)(icmp + 4) = htonl(argument);
		icmp6_send(cause->netif, p, &src, &cause->src, 0, false);
	}
}

/* What an ICMPv4 destination unreachable or ICMPv6 error means to a program. */
static void classify(struct icmp_report *r)
{
	bool v4 = ip_is_v4(&r->remote);
	static const int v4_errors[] = {ENETUNREACH,  EHOSTUNREACH, ENOPROTOOPT,  ECONNREFUSED,
					EMSGSIZE,     EOPNOTSUPP,   ENETUNREACH,  EHOSTDOWN,
					ENONET,	      ENETUNREACH,  EHOSTUNREACH, ENETUNREACH,
					EHOSTUNREACH, EHOSTUNREACH, EHOSTUNREACH, EHOSTUNREACH};
	static const int v6_errors[] = {ENETUNREACH,  EACCES, EHOSTUNREACH, EHOSTUNREACH,
					ECONNREFUSED, EACCES, EACCES};

	r->error = EPROTO;
	if (v4 && r->type == ICMP_DEST_UNREACH) {
		r->error = r->code < 16 ? v4_errors[r->code] : EHOSTUNREACH;
		r->hard = r->code == ICMP_PROT_UNREACH || r->code == ICMP_PORT_UNREACH;
	} else if (!v4 && r->type == ICMP6_DST_UNREACH) {
		r->error = r->code < 7 ? v6_errors[r->code] : EHOSTUNREACH;
		r->hard = r->code == 4 || r->code == 1;
	} else if (!v4 && r->type == ICMP6_PACKET_TOO_BIG) {
		r->error = EMSGSIZE;
	} else if (!v4 && r->type == ICMP6_PARAM_PROB) {
		r->hard = r->code == 1;
	} else if (r->type == (v4 ? ICMP_TIME_EXCEEDED : ICMP6_TIME_EXCEEDED)) {
		r->error = EHOSTUNREACH;
	}
}

void icmp_report(struct stack *stack, struct netif *in, const struct icmp_report *received)
{
	struct icmp_report r = *received;

	COUNT(stack, icmp_errors_in);
	classify(&r);
	raw_icmp(stack, &r);
	switch (r.protocol) {
	case IPPROTO_TCP:
		if (r.payload_len >= 8)
			tcp_icmp(stack, &r);
		break;
	case IPPROTO_UDP:
		if (r.payload_len >= 8)
			udp_icmp(stack, &r);
		/* A too big report is kept for every datagram protocol. */
		/* fall through */
	default:
		if (r.mtu)
			path_mtu_lower(stack, &r.remote, r.mtu);
	}
}
