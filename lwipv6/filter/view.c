/* SPDX-License-Identifier: LGPL-2.1-or-later */
/*
 * Decoding and rewriting. Everything that is read or written stands in the linear part, which
 * view_packet() has checked. A checksum left to the link (CHECKSUM_PARTIAL) holds the sum of the
 * pseudo header, not inverted: addresses change it, ports do not.
 */
#include "lwipv6/filter/view.h"
#include <netinet/tcp.h>
#include <netinet/udp.h>
#include <stddef.h>
#include "lwipv6/core/checksum.h"

static uint16_t get16(const uint8_t *p)
{
	uint16_t v;

	memcpy(&v, p, 2);
	return v;
}

static bool is_query(bool v6, uint8_t type)
{
	if (v6)
		return type == ICMP6_ECHO_REQUEST || type == ICMP6_ECHO_REPLY;
	return type == ICMP_ECHO || type == ICMP_ECHOREPLY || type == ICMP_TIMESTAMP || type == ICMP_TIMESTAMPREPLY;
}

static bool is_error(bool v6, uint8_t type)
{
	if (v6)
		return type >= ICMP6_DST_UNREACH && type <= ICMP6_PARAM_PROB;
	return type == ICMP_DEST_UNREACH || type == ICMP_TIME_EXCEEDED || type == ICMP_PARAMETERPROB;
}

static bool is_icmp(uint8_t protocol, bool v6)
{
	return protocol == (v6 ? IPPROTO_ICMPV6 : IPPROTO_ICMP);
}

/* Ports, or identifier, of the transport header at @at, of which 8 bytes are there. */
static void ports(const uint8_t *at, bool v6, struct tuple *t)
{
	if (t->protocol == IPPROTO_TCP || t->protocol == IPPROTO_UDP) {
		t->sport = ntohs(get16(at));
		t->dport = ntohs(get16(at + 2));
	} else if (is_icmp(t->protocol, v6) && is_query(v6, at[0])) {
		t->sport = t->dport = ntohs(get16(at + 4));
	}
}

static bool quoted(const struct packet *p, struct view *v)
{
	uint32_t at = v->transport + 8;
	const uint8_t *q = p->data + at;

	v->quoted_at = at;
	if (v->v6) {
		if (p->linear < at + 48 || q[0] >> 4 != 6)
			return false;
		v->quoted.src = ip_from_in6(q + 8);
		v->quoted.dst = ip_from_in6(q + 24);
		v->quoted.protocol = q[6];
		v->quoted_transport = at + 40;
	} else {
		const struct iphdr *ip = (const struct iphdr *)q;

		if (p->linear < at + 20 || ip->version != 4 || ip->ihl < 5 || p->linear < at + ip->ihl * 4 + 8u ||
		    ip->frag_off & htons(IP_OFFMASK))
			return false;
		v->quoted.src = ip_from_v4(ip->saddr);
		v->quoted.dst = ip_from_v4(ip->daddr);
		v->quoted.protocol = ip->protocol;
		v->quoted_transport = at + ip->ihl * 4;
	}
	ports(p->data + v->quoted_transport, v->v6, &v->quoted);
	return true;
}

bool view_packet(const struct packet *p, struct view *v)
{
	int at = p->transport - (int)packet_headroom(p);

	memset(v, 0, sizeof(*v));
	v->v6 = p->protocol != ETH_P_IP;
	v->t.src = p->src;
	v->t.dst = p->dst;
	v->t.protocol = p->next_header;
	if (at < 0)
		return false;
	v->transport = at;
	switch (v->t.protocol) {
	case IPPROTO_TCP:
		if (p->linear < v->transport + sizeof(struct tcphdr))
			return false;
		v->tcp_flags = p->data[at + 13];
		break;
	case IPPROTO_UDP:
		if (p->linear < v->transport + sizeof(struct udphdr))
			return false;
		break;
	case IPPROTO_ICMP:
	case IPPROTO_ICMPV6:
		if (!is_icmp(v->t.protocol, v->v6) || p->linear < v->transport + 8)
			return false;
		v->icmp_type = p->data[at];
		v->icmp_code = p->data[at + 1];
		v->icmp_query = is_query(v->v6, v->icmp_type);
		v->icmp_error = is_error(v->v6, v->icmp_type);
		if (v->icmp_error)
			return quoted(p, v);
		break;
	default:
		return true;
	}
	ports(p->data + at, v->v6, &v->t);
	return true;
}

static uint16_t icmp_sum(const struct packet *p, const struct view *v)
{
	uint32_t sum = packet_sum(p, v->transport), pseudo;

	if (v->v6) {
		pseudo = checksum_pseudo(&p->src, &p->dst, IPPROTO_ICMPV6, p->len - v->transport);
		sum = checksum_add(sum, &pseudo, 4);
	}
	return checksum_fold(sum);
}

bool view_icmp_good(const struct packet *p, const struct view *v)
{
	return p->checksum != CHECKSUM_NONE || !icmp_sum(p, v);
}

/* ---- rewriting */

/* Change in a checksum field from 16-bit words to others; @partial: a sum that is not inverted. */
static void adjust(uint8_t *field, const void *from, const void *to, uint32_t len, bool partial)
{
	uint16_t check = get16(field);

	if (partial)
		check = ~check;
	for (uint32_t i = 0; i < len; i += 2)
		check = checksum_update16(check, get16((const uint8_t *)from + i), get16((const uint8_t *)to + i));
	if (partial)
		check = ~check;
	memcpy(field, &check, 2);
}

/* Where the transport's checksum stands, or -1: none, or not there to be changed. */
static int checksum_offset(uint8_t protocol, bool v6)
{
	if (protocol == IPPROTO_TCP)
		return offsetof(struct tcphdr, check);
	if (protocol == IPPROTO_UDP)
		return offsetof(struct udphdr, check);
	return is_icmp(protocol, v6) ? 2 : -1;
}

/* The address field of the header at @ip; the transport header at @t may be cut to @room bytes. */
static void set_address(uint8_t *ip, uint8_t *t, uint32_t room, uint8_t protocol, bool v6, bool source,
			const struct ip_addr *addr, bool partial)
{
	uint32_t len = v6 ? 16 : 4, at = v6 ? (source ? 8 : 24) : (source ? 12 : 16);
	const void *to = v6 ? (const void *)addr : &addr->addr[3];
	int check = checksum_offset(protocol, v6);
	bool pseudo = protocol != IPPROTO_ICMP;
	bool none = protocol == IPPROTO_UDP && room >= 8 && !get16(t + 6) && !partial;

	if (check >= 0 && (uint32_t)check + 2 <= room && pseudo && !none)
		adjust(t + check, ip + at, to, len, partial);
	if (!v6)
		adjust(ip + 10, ip + at, to, len, false);
	memcpy(ip + at, to, len);
}

static void set_port(uint8_t *t, uint32_t room, uint8_t protocol, bool v6, bool source, uint16_t port,
		     bool partial)
{
	bool icmp = is_icmp(protocol, v6);
	uint32_t at = icmp ? 4 : source ? 0 : 2;
	uint16_t value = htons(port);
	int check = checksum_offset(protocol, v6);

	if (protocol != IPPROTO_TCP && protocol != IPPROTO_UDP && !icmp)
		return;
	if ((uint32_t)check + 2 <= room && !partial && !(protocol == IPPROTO_UDP && !get16(t + 6)))
		adjust(t + check, t + at, &value, 2, false);
	memcpy(t + at, &value, 2);
}

static void rewrite(struct packet *p, const struct view *v, bool source, const struct ip_addr *addr,
		    uint16_t port)
{
	uint8_t *t = p->data + v->transport;
	uint32_t room = p->linear - v->transport;
	bool partial = p->checksum == CHECKSUM_PARTIAL, udp = v->t.protocol == IPPROTO_UDP;
	bool none = udp && !partial && !get16(t + 6);

	set_address(p->data, t, room, v->t.protocol, v->v6, source, addr, partial);
	set_port(t, room, v->t.protocol, v->v6, source, port, partial);
	if (udp && !none && !partial && !get16(t + 6))
		memset(t + 6, 0xff, 2); /* RFC 768: a sum of zero is sent as ones */
	*(source ? &p->src : &p->dst) = *addr;
}

void rewrite_source(struct packet *p, const struct view *v, const struct ip_addr *addr, uint16_t port)
{
	rewrite(p, v, true, addr, port);
}

void rewrite_destination(struct packet *p, const struct view *v, const struct ip_addr *addr, uint16_t port)
{
	rewrite(p, v, false, addr, port);
}

void rewrite_quoted(struct packet *p, const struct view *v, bool source, const struct ip_addr *addr,
		    uint16_t port)
{
	uint8_t *t = p->data + v->quoted_transport;
	uint32_t room = p->linear - v->quoted_transport;
	uint16_t sum;

	set_address(p->data + v->quoted_at, t, room, v->quoted.protocol, v->v6, source, addr, false);
	set_port(t, room, v->quoted.protocol, v->v6, source, port, false);
	memset(p->data + v->transport + 2, 0, 2);
	sum = icmp_sum(p, v);
	memcpy(p->data + v->transport + 2, &sum, 2);
}

void rewrite_outer(struct packet *p, const struct view *v, bool source, const struct ip_addr *addr)
{
	set_address(p->data, p->data + v->transport, p->linear - v->transport, v->t.protocol, v->v6, source,
		    addr, false);
	*(source ? &p->src : &p->dst) = *addr;
}
