/* SPDX-License-Identifier: LGPL-2.1-or-later */
/*
 * Sending router advertisements: at random times between Min and MaxRtrAdvInterval, the first three
 * within 16 s of each other; answers to solicitations after up to half a second, no two multicasts
 * closer than MinDelayBetweenRAs; a last one with lifetime 0 when the interface goes down or the
 * configuration says so (RFC 4861 6.2.4 to 6.2.6). A stack that does not forward is no default
 * router: its lifetime is 0.
 */
#include "lwipv6/config/radv.h"
#include <errno.h>
#include <stdlib.h>
#include "lwipv6/ip/icmp.h"

#define INITIAL_COUNT	 3
#define INITIAL_INTERVAL 16000 /* ms */
#define ANSWER_DELAY	 500   /* ms */

static uint8_t *put16(uint8_t *at, uint16_t v)
{
	at[0] = v >> 8;
	at[1] = v;
	return at + 2;
}

static uint8_t *put32(uint8_t *at, uint32_t v)
{
	return put16(put16(at, v >> 16), v);
}

static uint8_t *head(uint8_t *at, uint8_t type, uint8_t units)
{
	*at++ = type;
	*at++ = units;
	return at;
}

/* The two bits of RFC 4191 where flags have them. */
static uint8_t preference_bits(int preference)
{
	return (preference > 0 ? 1 : preference < 0 ? 3 : 0) << 3;
}

static uint8_t *put_prefix(uint8_t *at, const struct radv_prefix *p)
{
	at = head(at, 3, 4);
	*at++ = p->plen;
	*at++ = (p->on_link ? 0x80 : 0) | (p->autonomous ? 0x40 : 0);
	at = put32(put32(put32(at, p->valid), p->preferred), 0);
	memcpy(at, &p->prefix, 16);
	return at + 16;
}

static uint8_t *put_route(uint8_t *at, const struct radv_route *r, bool final)
{
	uint8_t units = r->plen > 64 ? 3 : r->plen ? 2 : 1;

	at = head(at, 24, units);
	*at++ = r->plen;
	*at++ = preference_bits(r->preference);
	at = put32(at, final ? 0 : r->lifetime);
	memcpy(at, &r->prefix, (units - 1) * 8);
	return at + (units - 1) * 8;
}

static uint8_t *put_servers(uint8_t *at, const struct radv_config *c, bool final)
{
	at = put32(put16(head(at, 25, 1 + 2 * c->nservers), 0), final ? 0 : c->servers_lifetime);
	memcpy(at, c->servers, 16 * c->nservers);
	return at + 16 * c->nservers;
}

static uint8_t *put_domains(uint8_t *at, const struct radv_config *c, bool final)
{
	uint8_t *start = at;

	at = put32(put16(head(at, 31, 0), 0), final ? 0 : c->domains_lifetime);
	for (int i = 0; i < c->ndomains; i++) {
		const char *text = c->domains[i];

		while (*text) {
			size_t label = strcspn(text, ".");

			*at++ = label;
			memcpy(at, text, label);
			at += label;
			text += label + (text[label] == '.');
		}
		*at++ = 0;
	}
	while ((at - start) % 8)
		*at++ = 0;
	start[1] = (at - start) / 8;
	return at;
}

static struct packet *build(const struct radv *r, bool final)
{
	const struct radv_config *c = &r->config;
	bool router = r->netif->stack->settings.forwarding6 && !final;
	struct packet *p = packet_new(PACKET_HEADROOM, 2048);
	uint8_t *at;

	if (!p)
		return NULL;
	at = packet_put(p, 2048);
	memset(at, 0, 2048);
	at[0] = ND_ROUTER_ADVERT;
	at[4] = c->hop_limit;
	at[5] = (c->managed ? 0x80 : 0) | (c->other ? 0x40 : 0) |
		(router && c->lifetime ? preference_bits(c->preference) : 0);
	put16(at + 6, router ? c->lifetime : 0);
	put32(at + 8, c->reachable_ms);
	put32(at + 12, c->retrans_ms);
	at += 16;
	if (c->source_hwaddr && r->netif->hwlen == 6) {
		at = head(at, 1, 1);
		memcpy(at, r->netif->hwaddr, 6);
		at += 6;
	}
	if (c->mtu)
		at = put32(put16(head(at, 5, 1), 0), c->mtu);
	for (int i = 0; i < c->nprefixes; i++)
		at = put_prefix(at, &c->prefixes[i]);
	for (int i = 0; i < c->nroutes; i++)
		at = put_route(at, &c->routes[i], final);
	if (c->nservers)
		at = put_servers(at, c, final);
	if (c->ndomains)
		at = put_domains(at, c, final);
	packet_trim(p, at - p->data);
	return p;
}

static bool advertise(struct radv *r, const struct ip_addr *to, bool final)
{
	struct netif_addr *from = netif_linklocal(r->netif);
	struct packet *p;

	if (!from || from->state == ADDRESS_TENTATIVE)
		return false;
	p = build(r, final);
	if (!p) {
		COUNT(r->netif->stack, memory_failures);
		return false;
	}
	icmp6_send(r->netif, p, &from->addr, to, 255, false);
	if (ip_is_multicast(to))
		r->sent = r->netif->stack->now;
	return true;
}

static void schedule(struct radv *r)
{
	struct stack *stack = r->netif->stack;
	uint32_t min = r->config.min_interval * 1000, max = r->config.max_interval * 1000;
	uint32_t wait = min + random_below(&stack->random, max - min + 1);

	if (r->initial) {
		r->initial--;
		if (wait > INITIAL_INTERVAL)
			wait = INITIAL_INTERVAL;
	}
	timer_set(stack, &r->next, stack->now + wait * NSEC_PER_MSEC);
}

static void unsolicited(struct stack *stack, struct timer *timer)
{
	struct radv *r = container_of(timer, struct radv, next);

	/* Before duplicate detection has ended there is no source. */
	if (advertise(r, &ip_all_nodes, false))
		schedule(r);
	else
		timer_set(stack, timer, stack->now + 500 * NSEC_PER_MSEC);
}

void radv_solicited(struct netif *netif, const struct packet *p)
{
	struct radv *r = netif->radv;
	struct stack *stack = netif->stack;
	uint64_t when, earliest;

	if (!r || !r->running)
		return;
	/* UnicastOnly: to the one who asked, at once; one from :: cannot be answered so. */
	if (r->config.unicast_only) {
		if (!ip_is_any(&p->src))
			advertise(r, &p->src, false);
		return;
	}
	when = stack->now + random_below(&stack->random, ANSWER_DELAY + 1) * NSEC_PER_MSEC;
	earliest = r->sent + r->config.min_delay * NSEC_PER_SEC;
	if (r->sent && when < earliest)
		when = earliest;
	if (when < r->next.when)
		timer_set(stack, &r->next, when);
}

int radv_configure(struct netif *netif, const struct radv_config *config)
{
	struct radv *r = netif->radv;

	if (!r) {
		r = calloc(1, sizeof(*r));
		if (!r)
			return -ENOMEM;
		r->netif = netif;
		timer_init(&r->next, unsolicited);
		netif->radv = r;
	}
	if (r->running && !config->send)
		radv_stop(netif);
	r->config = *config;
	if (netif_is_up(netif))
		radv_start(netif);
	return 0;
}

void radv_start(struct netif *netif)
{
	struct radv *r = netif->radv;

	if (!r || !r->config.send || !(netif->autoconf & NETIF_FLAG_RADV))
		return;
	r->initial = INITIAL_COUNT - 1;
	if (!r->running && group_join(netif, &ip_all_routers, &r->routers))
		COUNT(netif->stack, memory_failures);
	r->running = true;
	timer_cancel(&r->next);
	if (!r->config.unicast_only)
		timer_set(netif->stack, &r->next, netif->stack->now);
}

void radv_stop(struct netif *netif)
{
	struct radv *r = netif->radv;

	if (!r || !r->running)
		return;
	r->running = false;
	group_leave(&r->routers);
	timer_cancel(&r->next);
	if (!r->config.unicast_only)
		advertise(r, &ip_all_nodes, true);
}

void radv_forget(struct netif *netif)
{
	if (!netif->radv)
		return;
	timer_cancel(&netif->radv->next);
	free(netif->radv);
	netif->radv = NULL;
}
