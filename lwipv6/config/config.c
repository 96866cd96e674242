/* SPDX-License-Identifier: LGPL-2.1-or-later */
/* Which configuration services run where: started and stopped by what happens to interfaces. */
#include "lwipv6/config/config.h"
#include <stdlib.h>
#include "lwipv6/config/dhcp4.h"
#include "lwipv6/config/dhcp6.h"
#include "lwipv6/config/radv.h"

const uint8_t *config_duid(struct netif *netif)
{
	struct config_state *c = netif->stack->config;

	/* The first Ethernet interface that asks gives the identity of the whole stack. */
	if (!c->has_duid) {
		memcpy(c->duid, "\0\3\0\1", 4);
		memcpy(c->duid + 4, netif->hwaddr, 6);
		c->has_duid = true;
	}
	return c->duid;
}

uint32_t config_iaid(const struct netif *netif)
{
	return htonl(netif->index);
}

void config_client_id(struct netif *netif, uint8_t *id)
{
	uint32_t iaid = config_iaid(netif);

	id[0] = 255;
	memcpy(id + 1, &iaid, 4);
	memcpy(id + 5, config_duid(netif), DUID_SIZE);
}

int config_dhcp_start(struct netif *netif)
{
	int error = 0;

	if (netif->autoconf & NETIF_FLAG_DHCP)
		error = dhcp4_start(netif);
	if (!error && netif->autoconf & NETIF_FLAG_DHCP6)
		error = dhcp6_start(netif, true);
	return error;
}

static void notify(struct stack_listener *self, struct stack *stack, enum stack_event event, void *object)
{
	struct netif_addr *a = object;

	switch (event) {
	case EVENT_NETIF_UP:
		config_dhcp_start(object);
		radv_start(object);
		break;
	case EVENT_NETIF_DOWN:
		dhcp4_stop(object);
		dhcp6_stop(object);
		radv_stop(object);
		break;
	case EVENT_NETIF_GONE:
		radv_forget(object);
		break;
	case EVENT_ADDRESS_DUPLICATE:
		if (a->origin != ORIGIN_DHCP)
			break;
		if (ip_is_v4(&a->addr))
			dhcp4_duplicate(a);
		else
			dhcp6_duplicate(a);
		break;
	default:
		break;
	}
}

int config_init(struct stack *stack)
{
	stack->config = calloc(1, sizeof(*stack->config));
	if (!stack->config)
		return -1;
	stack->config->listener.notify = notify;
	stack_listen(stack, &stack->config->listener);
	return 0;
}

void config_fini(struct stack *stack)
{
	if (!stack->config)
		return;
	list_remove(&stack->config->listener.node);
	free(stack->config);
	stack->config = NULL;
}
