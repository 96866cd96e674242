/* SPDX-License-Identifier: LGPL-2.1-or-later */
/*
 * What configures a stack by itself, as the engine calls it. Everything here runs under the stack's
 * lock. Each service hears of interfaces and addresses through a stack_listener (core/stack.h).
 */
#ifndef LWIPV6_CONFIG_CONFIG_H
#define LWIPV6_CONFIG_CONFIG_H

#include "lwipv6/link/netif.h"

/* Called once at creation and once at the end of a stack; 0 or -ENOMEM. */
int config_start(struct stack *stack);
void config_stop(struct stack *stack);

/* slaac.c: link-local address, router solicitations, router advertisements received. */
void slaac_start(struct netif *netif); /* interface up; netif->autoconf says whether SLAAC or only link-local */
void slaac_stop(struct netif *netif);
/* A valid advertisement (hop limit 255, link-local source, code 0): p->data at the ICMPv6 header. */
void slaac_advertisement(struct netif *netif, const struct packet *p);
/* DAD failed for an address that SLAAC made. */
void slaac_duplicate(struct netif_addr *a);

/* radv.c: a valid router solicitation; p->data at the ICMPv6 header. */
void radv_start(struct netif *netif);
void radv_stop(struct netif *netif); /* sends the final advertisement */
void radv_solicitation(struct netif *netif, const struct packet *p);

/* dhcp4.c, dhcp6.c */
int dhcp4_start(struct netif *netif);
void dhcp4_stop(struct netif *netif, bool release);
int dhcp6_start(struct netif *netif, bool stateful);
void dhcp6_stop(struct netif *netif, bool release);

#endif
