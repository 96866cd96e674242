/* SPDX-License-Identifier: LGPL-2.1-or-later */
/*
 * Router advertisements sent (RFC 4861 6.2, 4191, 8106): configuration and state of one interface. The
 * configuration stays with the interface; advertising happens while it is up.
 */
#ifndef LWIPV6_CONFIG_RADV_H
#define LWIPV6_CONFIG_RADV_H

#include <stdio.h>
#include "lwipv6/config/domain.h"
#include "lwipv6/ip/group.h"

#define RADV_PREFIXES 16
#define RADV_ROUTES   8
#define RADV_SERVERS  4
#define RADV_DOMAINS  4
#define RADV_INFINITE UINT32_MAX

/* Names as in RFC 4861 6.2.1; seconds where nothing else is said. */
struct radv_config {
	bool send, unicast_only, managed, other, source_hwaddr;
	uint32_t max_interval, min_interval, min_delay;
	uint32_t mtu;	       /* 0 = not advertised */
	uint32_t reachable_ms, retrans_ms;
	uint8_t hop_limit;
	uint32_t lifetime; /* of the default router */
	int preference;	   /* RFC 4191: -1, 0, 1 */
	uint8_t nprefixes, nroutes, nservers, ndomains;
	struct radv_prefix {
		struct ip_addr prefix;
		uint8_t plen;
		bool on_link, autonomous;
		uint32_t valid, preferred;
	} prefixes[RADV_PREFIXES];
	struct radv_route {
		struct ip_addr prefix;
		uint8_t plen;
		int preference;
		uint32_t lifetime;
	} routes[RADV_ROUTES];
	struct ip_addr servers[RADV_SERVERS];
	uint32_t servers_lifetime;
	char domains[RADV_DOMAINS][DOMAIN_SIZE];
	uint32_t domains_lifetime;
};

struct radv {
	struct netif *netif;
	struct radv_config config;
	struct timer next;	  /* unsolicited, or multicast answer to a solicitation */
	unsigned int initial;	  /* advertisements still to send quickly */
	bool running;
	struct membership routers; /* ff02::2, where solicitations come */
	uint64_t sent;		  /* last multicast one */
};

/*
 * radv_config.c: read a configuration. Good sections are set on their interfaces; the first thing
 * wrong is said in @error with its line, and the section it stands in is not advertised. 0 or -EINVAL.
 */
int radv_read(struct stack *stack, FILE *in, char *error, size_t size);
/* Set and, when the interface is up, begin; 0 or -ENOMEM. */
int radv_configure(struct netif *netif, const struct radv_config *config);
void radv_start(struct netif *netif);
void radv_stop(struct netif *netif); /* with a last advertisement that says so */
void radv_forget(struct netif *netif);
/* A valid router solicitation. */
void radv_solicited(struct netif *netif, const struct packet *p);

#endif
