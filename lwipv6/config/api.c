/* SPDX-License-Identifier: LGPL-2.1-or-later */
/* The public calls on DHCP and router advertisements. */
#include <errno.h>
#include <stdio.h>
#include "lwipv6/config/config.h"
#include "lwipv6/config/dhcp4.h"
#include "lwipv6/config/dhcp6.h"
#include "lwipv6/config/radv.h"

static int fail(int error)
{
	errno = -error;
	return -1;
}

/* Seconds until @when, rounded up. */
static uint32_t left(const struct stack *stack, uint64_t when)
{
	if (when == TIME_NEVER)
		return UINT32_MAX;
	return when <= stack->now ? 0 : (when - stack->now + NSEC_PER_SEC - 1) / NSEC_PER_SEC;
}

static bool holds(uint8_t state)
{
	return state == LWIP_DHCP_BOUND || state == LWIP_DHCP_RENEWING || state == LWIP_DHCP_REBINDING;
}

static void status4(const struct netif *netif, struct lwip_dhcp_status *s)
{
	const struct dhcp4 *d = netif->dhcp4;

	if (!d)
		return;
	s->state = d->state;
	if (!holds(d->state))
		return;
	s->address = ip_from_v4(d->lease.address);
	s->server = ip_from_v4(d->lease.server);
	s->renew = left(netif->stack, d->renew_at);
	s->rebind = left(netif->stack, d->rebind_at);
	s->expire = left(netif->stack, d->expires_at);
}

static void status6(const struct netif *netif, struct lwip_dhcp_status *s)
{
	const struct dhcp6 *d = netif->dhcp6;

	if (!d)
		return;
	s->state = d->state;
	if (!holds(d->state))
		return;
	s->address = d->lease.addresses[0].addr;
	s->renew = left(netif->stack, d->renew_at);
	s->rebind = left(netif->stack, d->rebind_at);
	s->expire = left(netif->stack, d->expires_at);
}

int lwip_dhcp_status(struct netif *netif, int family, struct lwip_dhcp_status *out, size_t size)
{
	struct lwip_dhcp_status s = {.state = LWIP_DHCP_OFF};

	if (family != AF_INET && family != AF_INET6)
		return fail(-EAFNOSUPPORT);
	stack_enter(netif->stack);
	if (family == AF_INET)
		status4(netif, &s);
	else
		status6(netif, &s);
	stack_leave(netif->stack);
	memcpy(out, &s, size < sizeof(s) ? size : sizeof(s));
	return 0;
}

int lwip_dhcp_reboot(struct netif *netif, const struct ip_addr *address)
{
	if (!ip_is_v4(address))
		return fail(-EAFNOSUPPORT);
	stack_enter(netif->stack);
	netif->dhcp4_hint = address->addr[3];
	stack_leave(netif->stack);
	return 0;
}

int lwip_radv_load(struct stack *stack, FILE *file, char *error, size_t size)
{
	int result;

	stack_enter(stack);
	result = radv_read(stack, file, error, size);
	stack_leave(stack);
	return result ? fail(result) : 0;
}

void lwip_radv_load_config(struct stack *stack, FILE *file)
{
	lwip_radv_load(stack, file, NULL, 0);
}

int lwip_radv_load_configfile(struct stack *stack, void *path)
{
	FILE *file = fopen(path, "re");

	if (!file)
		return 0;
	lwip_radv_load_config(stack, file);
	fclose(file);
	return 1;
}
