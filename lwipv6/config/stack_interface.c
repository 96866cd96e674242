/* SPDX-License-Identifier: LGPL-2.1-or-later */
/* Items of a stack's string that make and set up interfaces. */
#include "lwipv6/config/stack_string.h"
#include <errno.h>
#include <stdio.h>
#include <stdlib.h>
#include "lwipv6/config/config.h"
#include "lwipv6/link/netif.h"
#include "lwipv6/slirp/interface.h"

bool add_interface(struct creation *c, const char *item, const char *value)
{
	struct netif *n = !strncmp(item, "vd", 2)   ? vde_open(c->stack, value)
			  : !strncmp(item, "tp", 2) ? tap_open(c->stack, value)
			  : !strncmp(item, "sl", 2) ? slirp_open(c->stack)
						    : tun_open(c->stack, value);

	if (!n)
		return refuse(c, "%s=%s: %s; is the switch running, and may you use the device?",
			      item, value, strerror(errno));
	if (strcmp(n->name, item))
		return refuse(c, "%s: interfaces of a kind are numbered from 0: this one is %s",
			      item, n->name);
	netif_up(n);
	return true;
}

bool set_mac(struct creation *c, char *value)
{
	uint8_t mac[6];
	char *text;
	struct netif *n = item_netif(c, "mac", value, &text);

	if (!n)
		return false;
	if (sscanf(text, "%hhx:%hhx:%hhx:%hhx:%hhx:%hhx", &mac[0], &mac[1], &mac[2], &mac[3],
		   &mac[4], &mac[5]) != 6 ||
	    netif_set_hwaddr(n, mac))
		return refuse(c, "mac=%s:%s: not the hardware address of one station", value, text);
	return true;
}

bool set_mtu(struct creation *c, char *value)
{
	char *text;
	struct netif *n = item_netif(c, "mtu", value, &text);

	if (!n)
		return false;
	return !netif_set_mtu(n, atoi(text)) ||
	       refuse(c, "mtu=%s:%s: not from 68 to 65535", value, text);
}

bool start_autoconf(struct creation *c, const char *value)
{
	struct netif *n = netif_by_name(c->stack, value);

	if (!n)
		return refuse(c, "auto=%s: there is no such interface; name it before", value);
	netif_down(n);
	n->autoconf |= NETIF_FLAG_AUTOCONF;
	return !netif_up(n);
}

bool start_dhcp(struct creation *c, const char *item, const char *value, unsigned int flag)
{
	struct netif *n = netif_by_name(c->stack, value);
	int error;

	if (!n)
		return refuse(c, "%s=%s: there is no such interface; name it before", item, value);
	n->autoconf |= flag;
	error = config_dhcp_start(n);
	return error ? refuse(c, "%s=%s: %s; DHCP needs an Ethernet interface", item, value,
			      strerror(-error))
		     : true;
}
