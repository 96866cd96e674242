/* SPDX-License-Identifier: LGPL-2.1-or-later */
/*
 * DHCPv6 client (RFC 8415): one IA_NA per interface, or information only.
 *
 *   INIT -> SELECTING -> REQUESTING -> BOUND -> RENEWING -> REBINDING -> INIT
 *            Solicit      Request       T1 ^  Renew  T2 |  Rebind   last valid lifetime
 *   INIT -> INFORMING -> INFORMED -> (refresh time) -> INFORMING
 *
 * Advertisements are collected during the first timeout, the one of highest preference wins; rapid
 * commit is offered. When duplicate detection finds an address elsewhere it is declined and the
 * client begins again. Not done: Confirm (a stack is not told of a change of link), Reconfigure,
 * prefixes, temporary addresses.
 */
#include "lwipv6/config/dhcp6.h"
#include <errno.h>
#include <stdlib.h>
#include "lwipv6/config/config.h"

static const struct ip_addr all_servers = {{LWIP_HTONL_(0xff020000), 0, 0, LWIP_HTONL_(0x00010002)}};

/* RFC 8415 7.6; seconds. max 0 = no limit, tries 0 = until something else ends it. */
static const struct transmission {
	enum dhcp6_type type;
	uint16_t first, max;
	uint8_t tries;
} transmissions[] = {
	[LWIP_DHCP_SELECTING] = {DHCP6_SOLICIT, 1, 3600, 0},
	[LWIP_DHCP_REQUESTING] = {DHCP6_REQUEST, 1, 30, 10},
	[LWIP_DHCP_RENEWING] = {DHCP6_RENEW, 10, 600, 0},
	[LWIP_DHCP_REBINDING] = {DHCP6_REBIND, 10, 600, 0},
	[LWIP_DHCP_INFORMING] = {DHCP6_INFORMATION_REQUEST, 1, 3600, 0},
	[LWIP_DHCP_DECLINING] = {DHCP6_DECLINE, 1, 0, 4},
};

#define REFRESH_DEFAULT 86400
#define REFRESH_MIN	600

static uint64_t now(const struct dhcp6 *d)
{
	return d->netif->stack->now;
}

static uint64_t later(const struct dhcp6 *d, uint32_t seconds)
{
	return seconds == DHCP6_INFINITE ? TIME_NEVER : now(d) + seconds * NSEC_PER_SEC;
}

static void after_ms(struct dhcp6 *d, uint64_t ms)
{
	timer_set(d->netif->stack, &d->timer, now(d) + ms * NSEC_PER_MSEC);
}

/* A tenth of @ms at random, either way. */
static int32_t spread(struct dhcp6 *d, uint32_t ms)
{
	return (int32_t)random_below(&d->netif->stack->random, ms / 5 + 1) - (int32_t)(ms / 10);
}

/* ---- messages */

static void transmit(struct dhcp6 *d, enum dhcp6_type type)
{
	struct netif *netif = d->netif;
	struct netif_addr *linklocal = netif_linklocal(netif);
	struct ip_options options = {.netif = netif};
	struct packet *p = packet_new(PACKET_HEADROOM, DHCP6_MESSAGE);
	bool known = type == DHCP6_REQUEST || type == DHCP6_RENEW || type == DHCP6_RELEASE ||
		     type == DHCP6_DECLINE;
	uint64_t elapsed = (now(d) - d->began) / (10 * NSEC_PER_MSEC);
	struct dhcp6_request r = {
		.type = type,
		.xid = d->xid,
		.elapsed = elapsed > 65535 ? 65535 : elapsed,
		.duid = config_duid(netif),
		.duid_len = DUID_SIZE,
		.iaid = config_iaid(netif),
		.server_id = d->lease.server_id,
		.server_id_len = known ? d->lease.server_id_len : 0,
		.addresses = type == DHCP6_DECLINE ? d->declined : d->lease.addresses,
		.naddresses = type == DHCP6_DECLINE ? d->ndeclined : d->lease.naddresses,
	};

	if (!p || !linklocal) {
		COUNT(netif->stack, memory_failures);
		packet_free(p);
		return; /* the timer tries again */
	}
	if (type == DHCP6_SOLICIT)
		r.naddresses = 0;
	packet_put(p, DHCP6_MESSAGE);
	packet_trim(p, dhcp6_build(&r, p->data));
	udp_send(&d->udp, p, &linklocal->addr, &all_servers, DHCP6_SERVER_PORT, &options);
}

static uint32_t max_timeout(const struct dhcp6 *d)
{
	if (d->state == LWIP_DHCP_SELECTING)
		return d->sol_max_rt;
	return d->state == LWIP_DHCP_INFORMING ? d->inf_max_rt : transmissions[d->state].max;
}

/* Send what the state says; the next time by the rule of RFC 8415 15, but not after @end. */
static void retransmit(struct dhcp6 *d, uint64_t end)
{
	const struct transmission *t = &transmissions[d->state];
	uint32_t max = max_timeout(d) * 1000;

	if (!d->tries)
		d->timeout_ms = t->first * 1000 + spread(d, t->first * 1000);
	else
		d->timeout_ms = 2 * d->timeout_ms + spread(d, d->timeout_ms);
	/* The first Solicit waits its whole second for advertisements. */
	if (!d->tries && d->state == LWIP_DHCP_SELECTING && d->timeout_ms <= 1000)
		d->timeout_ms = 1001;
	if (max && d->timeout_ms > max)
		d->timeout_ms = max + spread(d, max);
	d->tries += d->tries < 255;
	transmit(d, t->type);
	uint64_t next = now(d) + d->timeout_ms * NSEC_PER_MSEC;

	timer_set(d->netif->stack, &d->timer, next < end ? next : end);
}

static void enter(struct dhcp6 *d, uint8_t state, uint64_t end)
{
	d->state = state;
	d->tries = 0;
	d->xid = random_u64(&d->netif->stack->random) & 0xffffff;
	d->began = now(d);
	retransmit(d, end);
}

/* From the beginning, after a random part of a second (SOL_MAX_DELAY, INF_MAX_DELAY). */
static void restart(struct dhcp6 *d)
{
	if (d->stateful)
		dhcp6_withdraw(d);
	memset(&d->lease, 0, sizeof(d->lease));
	d->offered = false;
	d->state = LWIP_DHCP_INIT;
	after_ms(d, random_below(&d->netif->stack->random, 1001));
}

/* ---- replies */

static uint32_t shortest_preferred(const struct dhcp6_reply *l)
{
	uint32_t least = DHCP6_INFINITE;

	for (int i = 0; i < l->naddresses; i++)
		if (l->addresses[i].valid && l->addresses[i].preferred < least)
			least = l->addresses[i].preferred;
	return least;
}

static uint32_t fraction(uint32_t seconds, uint32_t tenths)
{
	return seconds == DHCP6_INFINITE ? seconds : (uint64_t)seconds * tenths / 10;
}

static bool has_addresses(const struct dhcp6_reply *r)
{
	for (int i = 0; i < r->naddresses; i++)
		if (r->addresses[i].valid)
			return true;
	return false;
}

static void hold(struct dhcp6 *d, const struct dhcp6_reply *r)
{
	uint32_t least = shortest_preferred(r), most = 0;
	uint32_t t1 = r->t1 ? r->t1 : fraction(least, 5), t2 = r->t2 ? r->t2 : fraction(least, 8);

	for (int i = 0; i < r->naddresses; i++)
		if (r->addresses[i].valid > most)
			most = r->addresses[i].valid;
	if (t2 > most)
		t2 = fraction(most, 8);
	if (t1 > t2)
		t1 = fraction(t2, 6);
	d->lease = *r;
	d->offered = false;
	d->renew_at = later(d, t1);
	d->rebind_at = later(d, t2);
	d->expires_at = later(d, most);
	d->state = LWIP_DHCP_BOUND;
	timer_set(d->netif->stack, &d->timer, d->renew_at);
	dhcp6_apply(d);
}

static void advertisement(struct dhcp6 *d, const struct dhcp6_reply *r)
{
	if (r->status != DHCP6_SUCCESS || r->ia_status != DHCP6_SUCCESS || !has_addresses(r))
		return;
	if (!d->offered || r->preference > d->lease.preference) {
		d->lease = *r;
		d->offered = true;
	}
	/* The best there is, or late: no need to wait for more. */
	if (r->preference == 255 || d->tries > 1)
		enter(d, LWIP_DHCP_REQUESTING, TIME_NEVER);
}

static void address_reply(struct dhcp6 *d, struct dhcp6_reply *r)
{
	bool extending = d->state == LWIP_DHCP_RENEWING || d->state == LWIP_DHCP_REBINDING;

	if (r->status == DHCP6_UNSPECIFIED || r->status == DHCP6_USE_MULTICAST)
		return; /* the timer tries again */
	if (r->naddresses)
		dhcp6_keep(d, r);
	if (r->status == DHCP6_NOT_ON_LINK || r->ia_status == DHCP6_NOT_ON_LINK) {
		restart(d);
	} else if (extending && r->ia_status == DHCP6_NO_BINDING) {
		/* That server forgot: ask it anew for what we have (RFC 8415 18.2.10.1). */
		memcpy(d->lease.server_id, r->server_id, r->server_id_len);
		d->lease.server_id_len = r->server_id_len;
		enter(d, LWIP_DHCP_REQUESTING, d->expires_at);
	} else if (has_addresses(r) && r->ia_status == DHCP6_SUCCESS) {
		hold(d, r);
	} else if (!extending) {
		restart(d);
	}
}

static void informed(struct dhcp6 *d, const struct dhcp6_reply *r)
{
	uint32_t refresh = r->refresh ? r->refresh : REFRESH_DEFAULT;

	d->lease = *r;
	d->state = LWIP_DHCP_INFORMED;
	dhcp6_apply_servers(d);
	timer_set(d->netif->stack, &d->timer, later(d, refresh < REFRESH_MIN ? REFRESH_MIN : refresh));
}

static void reply(struct dhcp6 *d, struct dhcp6_reply *r)
{
	if (r->sol_max_rt)
		d->sol_max_rt = r->sol_max_rt;
	if (r->inf_max_rt)
		d->inf_max_rt = r->inf_max_rt;
	switch (d->state) {
	case LWIP_DHCP_SELECTING:
		if (r->type == DHCP6_ADVERTISE)
			advertisement(d, r);
		else if (r->type == DHCP6_REPLY && r->rapid_commit && has_addresses(r) && !r->status)
			hold(d, r);
		break;
	case LWIP_DHCP_REQUESTING:
	case LWIP_DHCP_RENEWING:
	case LWIP_DHCP_REBINDING:
		if (r->type == DHCP6_REPLY)
			address_reply(d, r);
		break;
	case LWIP_DHCP_INFORMING:
		if (r->type == DHCP6_REPLY)
			informed(d, r);
		break;
	case LWIP_DHCP_DECLINING:
		if (r->type == DHCP6_REPLY)
			restart(d);
		break;
	}
}

static void receive(struct endpoint *e, struct packet *p, uint16_t source_port)
{
	struct dhcp6 *d = e->user;
	static const size_t max = 4096;
	struct dhcp6_reply r;
	uint8_t m[4096];

	if (p->len <= max) {
		packet_copy(p, 0, m, p->len);
		if (dhcp6_parse(m, p->len, config_duid(d->netif), DUID_SIZE, config_iaid(d->netif), &r) &&
		    r.xid == d->xid)
			reply(d, &r);
	}
	packet_free(p);
}

/* ---- time */

static void begin(struct dhcp6 *d)
{
	struct netif_addr *linklocal = netif_linklocal(d->netif);

	/* Duplicate detection of the source comes first. */
	if (!linklocal || linklocal->state == ADDRESS_TENTATIVE)
		after_ms(d, 500);
	else
		enter(d, d->stateful ? LWIP_DHCP_SELECTING : LWIP_DHCP_INFORMING, TIME_NEVER);
}

static void run(struct stack *stack, struct timer *timer)
{
	struct dhcp6 *d = container_of(timer, struct dhcp6, timer);

	if (d->declining) {
		d->declining = false;
		enter(d, LWIP_DHCP_DECLINING, TIME_NEVER);
		return;
	}
	switch (d->state) {
	case LWIP_DHCP_INIT:
		begin(d);
		break;
	case LWIP_DHCP_INFORMED:
		enter(d, LWIP_DHCP_INFORMING, TIME_NEVER);
		break;
	case LWIP_DHCP_SELECTING:
		if (d->offered)
			enter(d, LWIP_DHCP_REQUESTING, TIME_NEVER);
		else
			retransmit(d, TIME_NEVER);
		break;
	case LWIP_DHCP_BOUND:
		enter(d, LWIP_DHCP_RENEWING, d->rebind_at);
		break;
	case LWIP_DHCP_RENEWING:
		if (stack->now < d->rebind_at)
			retransmit(d, d->rebind_at);
		else
			enter(d, LWIP_DHCP_REBINDING, d->expires_at);
		break;
	case LWIP_DHCP_REBINDING:
		if (stack->now < d->expires_at)
			retransmit(d, d->expires_at);
		else
			restart(d);
		break;
	default:
		if (d->tries && transmissions[d->state].tries && d->tries >= transmissions[d->state].tries)
			restart(d);
		else
			retransmit(d, TIME_NEVER);
	}
}

/* ---- life */

void dhcp6_duplicate(struct netif_addr *a)
{
	struct dhcp6 *d = a->netif->dhcp6;

	if (!d || !d->stateful || d->ndeclined == DHCP6_ADDRESSES)
		return;
	if (!d->declining)
		d->ndeclined = 0;
	d->declined[d->ndeclined++].addr = a->addr;
	d->declining = true;
	after_ms(d, 0);
}

void dhcp6_advertised(struct netif *netif, bool managed, bool other)
{
	if (managed || other)
		dhcp6_start(netif, managed);
}

int dhcp6_start(struct netif *netif, bool stateful)
{
	struct dhcp6 *d = netif->dhcp6;
	int error;

	if (d) {
		if (stateful && !d->stateful) {
			d->stateful = true;
			restart(d);
		}
		return 0;
	}
	if (netif->kind != NETIF_ETHERNET)
		return -EOPNOTSUPP;
	d = calloc(1, sizeof(*d));
	if (!d)
		return -ENOMEM;
	d->netif = netif;
	d->stateful = stateful;
	d->sol_max_rt = transmissions[LWIP_DHCP_SELECTING].max;
	d->inf_max_rt = transmissions[LWIP_DHCP_INFORMING].max;
	timer_init(&d->timer, run);
	endpoint_init(&d->udp, netif->stack, AF_INET6, IPPROTO_UDP);
	d->udp.netif = netif;
	d->udp.v6only = d->udp.reuse_address = true;
	d->udp.receive = receive;
	d->udp.user = d;
	error = udp_bind(&d->udp, &ip_addr_any, DHCP6_CLIENT_PORT);
	if (error) {
		free(d);
		return error;
	}
	netif->dhcp6 = d;
	restart(d);
	return 0;
}

void dhcp6_stop(struct netif *netif)
{
	struct dhcp6 *d = netif->dhcp6;

	if (!d)
		return;
	if (d->state == LWIP_DHCP_BOUND || d->state == LWIP_DHCP_RENEWING || d->state == LWIP_DHCP_REBINDING) {
		d->xid = random_u64(&netif->stack->random) & 0xffffff;
		d->began = now(d);
		transmit(d, DHCP6_RELEASE); /* once: the link goes away */
	}
	dhcp6_withdraw(d);
	timer_cancel(&d->timer);
	udp_close(&d->udp);
	netif->dhcp6 = NULL;
	free(d);
}
