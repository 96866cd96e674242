/* SPDX-License-Identifier: LGPL-2.1-or-later */
/*
 * Neighbour discovery messages (RFC 4861 4, 6.1, 7.1, 7.2, 8). What they say of neighbours goes to
 * neighbour.c; router solicitations and advertisements go to radv and SLAAC in config/.
 */
#include <linux/if_packet.h>
#include "lwipv6/config/config.h"
#include "lwipv6/config/radv.h"
#include "lwipv6/ip/icmp.h"
#include "lwipv6/link/ethernet.h"

#define OPTION_SOURCE_HW  1
#define OPTION_TARGET_HW  2
#define OPTION_REDIRECTED 4
#define OPTION_NONCE	  14 /* RFC 3971 5.3.2, for RFC 7527 */

/* Walk the options from @at; *hwaddr gets that of @wanted. False when malformed. */
static bool options(const struct packet *p, uint32_t at, uint8_t wanted, const uint8_t **hwaddr)
{
	*hwaddr = NULL;
	while (at < p->linear) {
		uint32_t len;

		if (at + 2 > p->linear)
			return false;
		len = p->data[at + 1] * 8;
		if (!len || at + len > p->linear)
			return false;
		if (p->data[at] == wanted)
			*hwaddr = p->data + at + 2;
		at += len;
	}
	return p->linear == p->len;
}

static struct packet *message(uint32_t len, uint8_t type)
{
	struct packet *p = packet_new(PACKET_HEADROOM, len);

	if (p) {
		memset(packet_put(p, len), 0, len);
		p->data[0] = type;
	}
	return p;
}

static void put_hwaddr(struct packet *p, uint32_t at, uint8_t option, const struct netif *netif)
{
	p->data[at] = option;
	p->data[at + 1] = 1;
	memcpy(p->data + at + 2, netif->hwaddr, 6);
}

void nd_solicit(struct netif *netif, const struct ip_addr *source, const struct ip_addr *target,
		const struct ip_addr *to)
{
	struct netif_addr *a = netif_addr_find_any_state(netif, source);
	/* No link address from the unspecified address (RFC 4861 7.2.2) or one still being tested.
	 */
	bool with_hwaddr = !ip_is_any(source) &&
			   (!a || (netif_addr_usable(a) && !netif_addr_is_optimistic(a)));
	uint32_t len = sizeof(struct nd_neighbor_solicit) + (with_hwaddr ? 8 : 0);
	struct packet *p = message(len, ND_NEIGHBOR_SOLICIT);

	if (!p) {
		COUNT(netif->stack, memory_failures);
		return;
	}
	memcpy(p->data + 8, target, 16);
	if (with_hwaddr)
		put_hwaddr(p, 24, OPTION_SOURCE_HW, netif);
	icmp6_send(netif, p, source, to, 255, false);
}

/* Duplicate detection, with a nonce by which our own probe is known when the link brings it back.
 */
void nd_probe(struct netif_addr *a)
{
	struct netif *netif = a->netif;
	struct ip_addr group = ip_solicited_node(&a->addr);
	struct packet *p = message(sizeof(struct nd_neighbor_solicit) + 8, ND_NEIGHBOR_SOLICIT);
	uint64_t random = random_u64(&netif->stack->random);

	if (!p) {
		COUNT(netif->stack, memory_failures);
		return;
	}
	memcpy(a->nonce, &random, sizeof(a->nonce));
	memcpy(p->data + 8, &a->addr, 16);
	p->data[24] = OPTION_NONCE;
	p->data[25] = 1;
	memcpy(p->data + 26, a->nonce, sizeof(a->nonce));
	icmp6_send(netif, p, &ip_addr_any, &group, 255, false);
}

static void advertise(struct netif *netif, const struct netif_addr *ours, const struct ip_addr *to,
		      bool solicited)
{
	struct packet *p = message(32, ND_NEIGHBOR_ADVERT);
	uint32_t flags = 0;

	if (!p) {
		COUNT(netif->stack, memory_failures);
		return;
	}
	if (netif->stack->settings.forwarding6)
		flags |= ND_NA_FLAG_ROUTER;
	if (solicited)
		flags |= ND_NA_FLAG_SOLICITED;
	if (ours->state != ADDRESS_TENTATIVE)
		flags |= ND_NA_FLAG_OVERRIDE;
	memcpy(p->data + 4, &flags, 4);
	memcpy(p->data + 8, &ours->addr, 16);
	put_hwaddr(p, 24, OPTION_TARGET_HW, netif);
	icmp6_send(netif, p, &ours->addr, to, 255, false);
}

void nd_announce(struct netif *netif, const struct ip_addr *target)
{
	struct netif_addr *ours = netif_addr_find_any_state(netif, target);

	if (ours)
		advertise(netif, ours, &ip_all_nodes, false);
}

static void solicitation(struct packet *p)
{
	struct netif *netif = p->netif;
	struct ip_addr target = ip_from_in6(p->data + 8);
	bool probe = ip_is_any(&p->src);
	struct netif_addr *ours;
	const uint8_t *hwaddr, *nonce;

	if (ip_is_multicast(&target) || !options(p, 24, OPTION_SOURCE_HW, &hwaddr) ||
	    !options(p, 24, OPTION_NONCE, &nonce))
		return;
	struct ip_addr group = ip_solicited_node(&target);

	if (probe && (hwaddr || !ip_equal(&p->dst, &group)))
		return;
	ours = netif_addr_find_any_state(netif, &target);
	if (!ours || ours->state == ADDRESS_DUPLICATE)
		return;
	if (ours->state == ADDRESS_TENTATIVE && (probe || !netif_addr_usable(ours))) {
		/* Someone else tests the same address (RFC 4862 5.4.3), or we hear ourselves. */
		if (probe && !(nonce && !memcmp(nonce, ours->nonce, sizeof(ours->nonce))))
			netif_addr_conflict(ours, NULL);
		return;
	}
	if (probe) {
		advertise(netif, ours, &ip_all_nodes, false);
		return;
	}
	if (hwaddr) {
		struct neighbour_news news = {.hwaddr = hwaddr, .override = true, .create = true};

		neighbour_learn(netif, &p->src, &news);
	}
	advertise(netif, ours, &p->src, true);
}

static void advertisement(struct packet *p)
{
	struct netif *netif = p->netif;
	struct ip_addr target = ip_from_in6(p->data + 8);
	struct netif_addr *ours;
	const uint8_t *hwaddr;
	uint32_t flags;

	if (ip_is_multicast(&target) || !options(p, 24, OPTION_TARGET_HW, &hwaddr))
		return;
	memcpy(&flags, p->data + 4, 4);
	if (ip_is_multicast(&p->dst) && flags & ND_NA_FLAG_SOLICITED)
		return;
	ours = netif_addr_find_any_state(netif, &target);
	if (ours) {
		if (ours->state == ADDRESS_TENTATIVE)
			netif_addr_conflict(ours, hwaddr);
		return;
	}
	struct neighbour_news news = {
		.hwaddr = hwaddr,
		.solicited = flags & ND_NA_FLAG_SOLICITED,
		.override = flags & ND_NA_FLAG_OVERRIDE,
		.router = flags & ND_NA_FLAG_ROUTER,
		.is_advertisement = true,
	};

	neighbour_learn(netif, &target, &news);
}

static void router_message(struct packet *p)
{
	bool advert = p->data[0] == ND_ROUTER_ADVERT;
	uint32_t at = advert ? sizeof(struct nd_router_advert) : sizeof(struct nd_router_solicit);
	const uint8_t *hwaddr;

	if (!options(p, at, OPTION_SOURCE_HW, &hwaddr))
		return;
	if (advert && !ip_is_linklocal(&p->src))
		return;
	if (!advert && ip_is_any(&p->src) && hwaddr)
		return;
	if (hwaddr && !ip_is_any(&p->src)) {
		struct neighbour_news news = {
			.hwaddr = hwaddr, .override = true, .create = true, .router = advert};

		neighbour_learn(p->netif, &p->src, &news);
	}
	if (advert)
		slaac_advertisement(p->netif, p);
	else
		radv_solicited(p->netif, p);
}

/* RFC 4861 8.1, 8.3 */
static void redirect(struct packet *p)
{
	struct stack *stack = p->netif->stack;
	struct ip_addr target = ip_from_in6(p->data + 8), dst = ip_from_in6(p->data + 24);
	struct next_hop hop;
	const uint8_t *hwaddr;

	if (!ip_is_linklocal(&p->src) ||
	    !options(p, sizeof(struct nd_redirect), OPTION_TARGET_HW, &hwaddr))
		return;
	if (!stack->settings.redirects || stack->settings.forwarding6 || ip_is_multicast(&dst) ||
	    (!ip_is_linklocal(&target) && !ip_equal(&target, &dst)))
		return;
	if (route_lookup(stack, &dst, NULL, NULL, &hop) || hop.netif != p->netif ||
	    !ip_equal(&hop.addr, &p->src))
		return;
	if (hwaddr) {
		struct neighbour_news news = {.hwaddr = hwaddr,
					      .override = true,
					      .create = true,
					      .router = !ip_equal(&target, &dst)};

		neighbour_learn(p->netif, &target, &news);
	}
	struct route *old = route_find(stack, &dst, 128, NULL, p->netif);

	if (old && old->origin == ROUTE_REDIRECT)
		route_remove(old);
	struct route_spec spec = {.dst = dst,
				  .plen = 128,
				  .netif = p->netif,
				  .nexthop = ip_equal(&target, &dst) ? ip_addr_any : target,
				  .origin = ROUTE_REDIRECT,
				  .lifetime_ns = 600 * NSEC_PER_SEC};

	route_add(stack, &spec, NULL);
}

void nd_send_redirect(struct packet *cause, const struct ip_addr *target)
{
	struct netif *netif = cause->netif;
	struct netif_addr *linklocal = netif_linklocal(netif);
	struct neighbour *n = neighbour_find(netif, target);
	bool known = n && n->state != NEIGHBOUR_INCOMPLETE && n->state != NEIGHBOUR_FAILED;
	uint32_t at = sizeof(struct nd_redirect), quote;
	struct packet *p;

	if (!linklocal)
		return;
	at += known ? 8 : 0;
	quote = IP_MIN_MTU6 - 40 - at - 8;
	if (quote > cause->len)
		quote = cause->len;
	quote &= ~7u;
	p = message(at + 8 + quote, ND_REDIRECT);
	if (!p)
		return;
	memcpy(p->data + 8, target, 16);
	memcpy(p->data + 24, &cause->dst, 16);
	if (known) {
		put_hwaddr(p, sizeof(struct nd_redirect), OPTION_TARGET_HW, netif);
		memcpy(p->data + sizeof(struct nd_redirect) + 2, n->hwaddr, 6);
	}
	p->data[at] = OPTION_REDIRECTED;
	p->data[at + 1] = (8 + quote) / 8;
	packet_copy(cause, 0, p->data + at + 8, quote);
	icmp6_send(netif, p, &linklocal->addr, &cause->src, 255, false);
}

static uint32_t least_length(uint8_t type)
{
	switch (type) {
	case ND_ROUTER_ADVERT:
		return sizeof(struct nd_router_advert);
	case ND_NEIGHBOR_SOLICIT:
	case ND_NEIGHBOR_ADVERT:
		return sizeof(struct nd_neighbor_solicit);
	case ND_REDIRECT:
		return sizeof(struct nd_redirect);
	}
	return sizeof(struct nd_router_solicit);
}

void nd_input(struct packet *p)
{
	const struct icmp6_hdr *icmp = (struct icmp6_hdr *)p->data;

	/* From this link only, whole (RFC 6980), code 0. */
	if (p->hop_limit == 255 && !p->reassembled && !icmp->icmp6_code &&
	    p->linear >= least_length(icmp->icmp6_type) && p->netif->kind != NETIF_LOOPBACK) {
		switch (icmp->icmp6_type) {
		case ND_NEIGHBOR_SOLICIT:
			solicitation(p);
			break;
		case ND_NEIGHBOR_ADVERT:
			advertisement(p);
			break;
		case ND_ROUTER_SOLICIT:
		case ND_ROUTER_ADVERT:
			router_message(p);
			break;
		case ND_REDIRECT:
			redirect(p);
			break;
		}
	}
	packet_free(p);
}
