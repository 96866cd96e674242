/* SPDX-License-Identifier: LGPL-2.1-or-later */
/*
 * DHCPv4 client (RFC 2131) with client identifiers of RFC 4361 and the conflict check of RFC 5227.
 *
 *   INIT -> SELECTING -> REQUESTING -> PROBING -> BOUND -> RENEWING -> REBINDING -> INIT
 *            DISCOVER     REQUEST       ARP 4..7 s   T1 ^     T2 |          expiry
 *   REBOOTING (an address known from before is asked for) -> PROBING, or INIT when refused
 *
 * The first acceptable offer is taken. An address is not used before three ARP probes went
 * unanswered; when somebody has it the server hears DECLINE and we begin again after 10 s. Each
 * state has one timer. Deviation: the wait before the first DISCOVER is up to 1 s, not 1 to 10 s.
 */
#include "lwipv6/config/dhcp4.h"
#include <errno.h>
#include <stdlib.h>
#include "lwipv6/config/config.h"
#include "lwipv6/link/ethernet.h"

#define RETRY_FIRST   4 /* seconds, doubled to RETRY_MAX, one second at random off or on */
#define RETRY_MAX     64
#define REQUEST_TRIES 4	 /* a minute, RFC 2131 3.1.5 */
#define RENEW_MIN     60 /* RFC 2131 4.4.5 */
#define DECLINE_WAIT  10 /* RFC 2131 3.1.5 */
#define CONFLICT_WAIT 60 /* RFC 5227: after MAX_CONFLICTS */
#define MAX_CONFLICTS 10
#define PROBES	      3
#define PROBE_MIN     1000 /* ms */
#define ANNOUNCE_WAIT 2000

static uint64_t seconds(uint64_t s)
{
	return s * NSEC_PER_SEC;
}

static uint64_t ms_below(struct dhcp4 *d, uint32_t bound)
{
	return random_below(&d->netif->stack->random, bound + 1) * NSEC_PER_MSEC;
}

static void after(struct dhcp4 *d, uint64_t ns)
{
	timer_set(d->netif->stack, &d->timer, d->netif->stack->now + ns);
}

/* ---- messages */

static void transmit(struct dhcp4 *d, enum dhcp4_type type)
{
	struct netif *netif = d->netif;
	struct ip_options options = {.netif = netif, .any_source = true};
	struct ip_addr to = ip_v4_broadcast, from = d->bound ? ip_from_v4(d->lease.address) : ip_v4_any;
	struct packet *p = packet_new(PACKET_HEADROOM, DHCP4_MESSAGE);
	struct dhcp4_request r = {
		.type = type,
		.xid = d->xid,
		.seconds = d->seconds,
		.max_message = netif->mtu < 576 ? 576 : netif->mtu > 1500 ? 1500 : netif->mtu,
		.hwaddr = netif->hwaddr,
		.client_id = d->client_id,
		.client_id_len = sizeof(d->client_id),
		.broadcast = !d->bound && type != DHCP4_DECLINE,
	};

	if (!p) {
		COUNT(netif->stack, memory_failures);
		return; /* the timer tries again */
	}
	/* Which address and server each message names: RFC 2131 table 5. */
	if (type == DHCP4_DECLINE || d->state == LWIP_DHCP_REQUESTING) {
		r.requested = d->lease.address;
		r.server = d->lease.server;
		from = ip_v4_any;
	} else if (d->state == LWIP_DHCP_REBOOTING || d->state == LWIP_DHCP_SELECTING) {
		r.requested = d->reboot;
	} else {
		r.client = d->lease.address;
	}
	if (type == DHCP4_RELEASE)
		r.server = d->lease.server;
	if (d->lease.server && (type == DHCP4_RELEASE || d->state == LWIP_DHCP_RENEWING))
		to = ip_from_v4(d->lease.server);
	packet_put(p, DHCP4_MESSAGE);
	packet_trim(p, dhcp4_build(&r, p->data));
	udp_send(&d->udp, p, &from, &to, DHCP4_SERVER_PORT, &options);
}

static void new_exchange(struct dhcp4 *d, uint8_t state)
{
	struct stack *stack = d->netif->stack;

	d->state = state;
	d->tries = 0;
	d->xid = random_u64(&stack->random);
	d->sent = d->began = stack->now;
	d->seconds = 0;
}

/* Send what the state says, and again with growing waits. */
static void retransmit(struct dhcp4 *d, enum dhcp4_type type)
{
	uint64_t wait = RETRY_FIRST << (d->tries < 4 ? d->tries : 4);
	uint64_t elapsed = (d->netif->stack->now - d->began) / NSEC_PER_SEC;

	/* A REQUEST repeats the seconds of its DISCOVER. */
	if (d->state != LWIP_DHCP_REQUESTING)
		d->seconds = elapsed > 65535 ? 65535 : elapsed;
	d->tries += d->tries < 255;
	transmit(d, type);
	after(d, seconds(wait > RETRY_MAX ? RETRY_MAX : wait) - NSEC_PER_SEC + ms_below(d, 2000));
}

/* From the beginning, soon; later each time it goes wrong. */
static void restart(struct dhcp4 *d, uint64_t wait)
{
	dhcp4_withdraw(d);
	memset(&d->lease, 0, sizeof(d->lease));
	d->state = LWIP_DHCP_INIT;
	after(d, wait + ms_below(d, 1000));
}

static void refused(struct dhcp4 *d)
{
	d->failures += d->failures < 6;
	d->reboot = 0;
	restart(d, d->failures > 1 ? seconds(1u << d->failures) : 0);
}

/* ---- address in conflict */

static void decline(struct dhcp4 *d)
{
	d->conflict = false;
	d->failures += d->failures < 255;
	d->reboot = 0;
	transmit(d, DHCP4_DECLINE);
	restart(d, seconds(d->failures > MAX_CONFLICTS ? CONFLICT_WAIT : DECLINE_WAIT));
}

void dhcp4_arp(struct netif *netif, uint32_t sender, uint32_t target)
{
	struct dhcp4 *d = netif->dhcp4;

	/* RFC 5227 2.1.1: somebody has it, or somebody probes for it as we do. */
	if (d->state == LWIP_DHCP_PROBING &&
	    (sender == d->lease.address || (!sender && target == d->lease.address)))
		decline(d);
}

void dhcp4_duplicate(struct netif_addr *a)
{
	struct dhcp4 *d = a->netif->dhcp4;

	if (!d || !d->bound || a->addr.addr[3] != d->lease.address)
		return;
	d->conflict = true; /* the address is being looked at by our caller: not removed now */
	after(d, 0);
}

static void probe(struct dhcp4 *d)
{
	if (d->tries < PROBES) {
		d->tries++;
		arp_request(d->netif, 0, d->lease.address, NULL);
		after(d, d->tries < PROBES ? PROBE_MIN * NSEC_PER_MSEC + ms_below(d, 1000) :
					     ANNOUNCE_WAIT * NSEC_PER_MSEC);
		return;
	}
	if (dhcp4_apply(d, false)) {
		decline(d);
		return;
	}
	d->state = LWIP_DHCP_BOUND;
	d->failures = 0;
	timer_set(d->netif->stack, &d->timer, d->renew_at);
}

/* ---- replies */

/* RFC 2131 4.4.5: T1 and T2 as said when they make sense, else a half and seven eighths. */
static void set_times(struct dhcp4 *d)
{
	const struct dhcp4_reply *l = &d->lease;
	uint64_t lease = l->lease, t1 = l->t1, t2 = l->t2;

	if (l->lease == DHCP4_INFINITE) {
		d->renew_at = d->rebind_at = d->expires_at = TIME_NEVER;
		return;
	}
	if (!t2 || t2 >= lease)
		t2 = lease * 7 / 8;
	if (!t1 || t1 >= t2)
		t1 = lease / 2 < t2 ? lease / 2 : t2;
	d->renew_at = d->sent + seconds(t1);
	d->rebind_at = d->sent + seconds(t2);
	d->expires_at = d->sent + seconds(lease);
}

/* Whether two replies differ in nothing but times. */
static bool says_the_same(struct dhcp4_reply old, const struct dhcp4_reply *r)
{
	old.type = r->type;
	old.xid = r->xid;
	old.server = r->server;
	old.lease = r->lease;
	old.t1 = r->t1;
	old.t2 = r->t2;
	return !memcmp(&old, r, sizeof(old));
}

static void acknowledged(struct dhcp4 *d, const struct dhcp4_reply *r)
{
	bool same = d->bound && r->address == d->lease.address, unchanged = same && says_the_same(d->lease, r);
	uint32_t server = r->server ? r->server : d->lease.server;

	if (!r->address || !r->lease)
		return;
	if (d->bound && !same)
		dhcp4_withdraw(d);
	d->lease = *r;
	d->lease.server = server;
	set_times(d);
	d->tries = 0;
	if (same) {
		d->state = LWIP_DHCP_BOUND;
		d->failures = 0;
		dhcp4_apply(d, unchanged);
		timer_set(d->netif->stack, &d->timer, d->renew_at);
		return;
	}
	d->state = LWIP_DHCP_PROBING;
	after(d, ms_below(d, 1000)); /* PROBE_WAIT */
}

static bool address_good(uint32_t address)
{
	struct ip_addr a = ip_from_v4(address);

	return !ip_is_any(&a) && !ip_is_multicast(&a) && !ip_is_loopback(&a) && ntohl(address) >> 28 != 15;
}

static void reply(struct dhcp4 *d, const struct dhcp4_reply *r)
{
	switch (d->state) {
	case LWIP_DHCP_SELECTING:
		if (r->type != DHCP4_OFFER || !r->server || !address_good(r->address))
			return;
		d->lease = *r;
		d->state = LWIP_DHCP_REQUESTING;
		d->tries = 0;
		d->sent = d->netif->stack->now;
		retransmit(d, DHCP4_REQUEST);
		return;
	case LWIP_DHCP_REQUESTING:
		/* Others that made an offer have no say any more. */
		if (r->server && r->server != d->lease.server)
			return;
		break;
	case LWIP_DHCP_REBOOTING:
	case LWIP_DHCP_RENEWING:
	case LWIP_DHCP_REBINDING:
		break;
	default:
		return;
	}
	if (r->type == DHCP4_ACK && address_good(r->address))
		acknowledged(d, r);
	else if (r->type == DHCP4_NAK)
		refused(d);
}

static void receive(struct endpoint *e, struct packet *p, uint16_t source_port)
{
	struct dhcp4 *d = e->user;
	struct dhcp4_reply r;
	uint8_t m[1500];

	if (source_port == DHCP4_SERVER_PORT && p->len <= sizeof(m)) {
		packet_copy(p, 0, m, p->len);
		if (dhcp4_parse(m, p->len, d->netif->hwaddr, &r) && r.xid == d->xid) {
			if (!p->reassembled && p->link >= 0)
				memcpy(d->router_hw, packet_at(p, p->link) + 6, 6);
			reply(d, &r);
		}
	}
	packet_free(p);
}

/* ---- time */

/* RENEWING and REBINDING: again after half of what is left, a minute at least. */
static void extend(struct dhcp4 *d, uint64_t end)
{
	uint64_t now = d->netif->stack->now, half = (end - now) / 2;

	if (half < seconds(RENEW_MIN))
		half = seconds(RENEW_MIN);
	d->seconds = (now - d->began) / NSEC_PER_SEC;
	transmit(d, DHCP4_REQUEST);
	timer_set(d->netif->stack, &d->timer, now + half < end ? now + half : end);
}

static void run(struct stack *stack, struct timer *timer)
{
	struct dhcp4 *d = container_of(timer, struct dhcp4, timer);

	if (d->conflict) {
		decline(d);
		return;
	}
	switch (d->state) {
	case LWIP_DHCP_INIT:
		new_exchange(d, d->reboot && !d->failures ? LWIP_DHCP_REBOOTING : LWIP_DHCP_SELECTING);
		retransmit(d, d->state == LWIP_DHCP_REBOOTING ? DHCP4_REQUEST : DHCP4_DISCOVER);
		break;
	case LWIP_DHCP_SELECTING:
		retransmit(d, DHCP4_DISCOVER);
		break;
	case LWIP_DHCP_REQUESTING:
	case LWIP_DHCP_REBOOTING:
		if (d->tries < REQUEST_TRIES)
			retransmit(d, DHCP4_REQUEST);
		else
			refused(d);
		break;
	case LWIP_DHCP_PROBING:
		probe(d);
		break;
	case LWIP_DHCP_BOUND:
		new_exchange(d, LWIP_DHCP_RENEWING);
		extend(d, d->rebind_at);
		break;
	case LWIP_DHCP_RENEWING:
		if (stack->now < d->rebind_at) {
			extend(d, d->rebind_at);
			break;
		}
		d->state = LWIP_DHCP_REBINDING;
		d->sent = stack->now;
		/* fall through */
	case LWIP_DHCP_REBINDING:
		if (stack->now < d->expires_at)
			extend(d, d->expires_at);
		else
			restart(d, 0);
		break;
	}
}

/* ---- life */

int dhcp4_start(struct netif *netif)
{
	struct dhcp4 *d;
	int error;

	if (netif->dhcp4)
		return 0;
	if (netif->kind != NETIF_ETHERNET)
		return -EOPNOTSUPP;
	d = calloc(1, sizeof(*d));
	if (!d)
		return -ENOMEM;
	d->netif = netif;
	timer_init(&d->timer, run);
	endpoint_init(&d->udp, netif->stack, AF_INET, IPPROTO_UDP);
	d->udp.netif = netif;
	d->udp.broadcast = d->udp.reuse_address = true;
	d->udp.receive = receive;
	d->udp.user = d;
	error = udp_bind(&d->udp, &ip_v4_any, DHCP4_CLIENT_PORT);
	if (error) {
		free(d);
		return error;
	}
	config_client_id(netif, d->client_id);
	d->reboot = netif->dhcp4_hint;
	netif->dhcp4 = d;
	d->state = LWIP_DHCP_INIT;
	after(d, ms_below(d, 1000));
	return 0;
}

/* The server is told, and its link address is known even if nothing was ever sent to it alone. */
static void release(struct dhcp4 *d)
{
	struct ip_addr server = ip_from_v4(d->lease.server);
	struct next_hop hop;

	if (!d->lease.server)
		return;
	if (!route_lookup(d->netif->stack, &server, d->netif, NULL, &hop)) {
		struct neighbour_news news = {.hwaddr = d->router_hw, .override = true, .create = true};

		neighbour_learn(d->netif, &hop.addr, &news);
	}
	d->xid = random_u64(&d->netif->stack->random);
	d->seconds = 0;
	transmit(d, DHCP4_RELEASE);
}

void dhcp4_stop(struct netif *netif)
{
	struct dhcp4 *d = netif->dhcp4;

	if (!d)
		return;
	if (d->bound)
		release(d);
	dhcp4_withdraw(d);
	timer_cancel(&d->timer);
	udp_close(&d->udp);
	netif->dhcp4 = NULL;
	free(d);
}
