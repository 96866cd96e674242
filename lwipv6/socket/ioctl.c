/* SPDX-License-Identifier: LGPL-2.1-or-later */
/* ioctl: what a socket answers itself, then interfaces (netdevice(7)) and ARP entries (arp(7)). */
#include <errno.h>
#include <linux/sockios.h>
#include <net/if_arp.h>
#include <sys/ioctl.h>
#include "lwipv6/link/netif.h"
#include "lwipv6/socket/socket.h"

static struct netif_addr *first_v4(const struct netif *n)
{
	struct netif_addr *a;

	list_for_each_entry (a, &n->addresses, node)
		if (ip_is_v4(&a->addr))
			return a;
	return NULL;
}

static void put_v4(struct sockaddr *sa, uint32_t address)
{
	*(struct sockaddr_in *)sa =
		(struct sockaddr_in){.sin_family = AF_INET, .sin_addr.s_addr = address};
}

static int list_interfaces(struct stack *stack, struct ifconf *conf)
{
	struct netif *n;
	int used = 0;

	list_for_each_entry (n, &stack->netifs, node) {
		struct netif_addr *a = first_v4(n);

		if (!a)
			continue;
		if (conf->ifc_buf) {
			struct ifreq ifr = {0};

			if (used + (int)sizeof(ifr) > conf->ifc_len)
				break;
			memcpy(ifr.ifr_name, n->name, IFNAMSIZ);
			put_v4(&ifr.ifr_addr, a->addr.addr[3]);
			memcpy(conf->ifc_buf + used, &ifr, sizeof(ifr));
		}
		used += sizeof(struct ifreq);
	}
	conf->ifc_len = used;
	return 0;
}

/* Replace the first IPv4 address; @mask NULL keeps the prefix. */
static int set_v4(struct netif *n, const uint32_t *address, const uint32_t *mask)
{
	struct netif_addr *old = first_v4(n);
	struct address_spec spec = {
		.preferred_ns = TIME_NEVER, .valid_ns = TIME_NEVER, .plen = 120};

	if (!old && !address)
		return -EADDRNOTAVAIL;
	if (old) {
		spec.addr = old->addr;
		spec.plen = old->plen;
	}
	if (address) {
		uint32_t top = ntohl(*address) >> 28;

		spec.addr = ip_from_v4(*address);
		/* Without a mask the class decides, as ifconfig expects. */
		if (!old)
			spec.plen = IP_V4_BITS + (top < 8 ? 8 : top < 12 ? 16 : 24);
	}
	if (mask) {
		struct ip_addr m = {{0xffffffff, 0xffffffff, 0xffffffff, *mask}};
		int plen = ip_mask_to_plen(&m);

		if (plen < IP_V4_BITS)
			return -EINVAL;
		spec.plen = plen;
	}
	if (old)
		netif_addr_remove(old);
	if (address && !*address)
		return 0;
	return netif_addr_add(n, &spec, NULL);
}

static bool is_change(unsigned long cmd)
{
	switch (cmd) {
	case SIOCSIFFLAGS:
	case SIOCSIFMTU:
	case SIOCSIFHWADDR:
	case SIOCSIFADDR:
	case SIOCSIFNETMASK:
	case SIOCSARP:
	case SIOCDARP:
		return true;
	}
	return false;
}

static int interface_call(struct stack *stack, unsigned long cmd, struct ifreq *ifr)
{
	struct netif *n = netif_by_name(stack, ifr->ifr_name);
	struct netif_addr *a;

	if (cmd == SIOCGIFNAME) {
		n = netif_by_index(stack, ifr->ifr_ifindex);
		if (!n)
			return -ENODEV;
		memcpy(ifr->ifr_name, n->name, IFNAMSIZ);
		return 0;
	}
	if (!n)
		return -ENODEV;
	a = first_v4(n);
	switch (cmd) {
	case SIOCGIFINDEX:
		ifr->ifr_ifindex = n->index;
		return 0;
	case SIOCGIFFLAGS:
		ifr->ifr_flags = n->flags;
		return 0;
	case SIOCSIFFLAGS:
		if (ifr->ifr_flags & IFF_PROMISC)
			n->flags |= IFF_PROMISC;
		else
			n->flags &= ~IFF_PROMISC;
		return ifr->ifr_flags & IFF_UP ? netif_up(n) : netif_down(n);
	case SIOCGIFMTU:
		ifr->ifr_mtu = n->mtu;
		return 0;
	case SIOCSIFMTU:
		return netif_set_mtu(n, ifr->ifr_mtu);
	case SIOCGIFHWADDR:
		ifr->ifr_hwaddr.sa_family = n->kind == NETIF_ETHERNET	? ARPHRD_ETHER
					    : n->kind == NETIF_LOOPBACK ? ARPHRD_LOOPBACK
									: ARPHRD_NONE;
		memcpy(ifr->ifr_hwaddr.sa_data, n->hwaddr, 6);
		return 0;
	case SIOCSIFHWADDR:
		return netif_set_hwaddr(n, (uint8_t *)ifr->ifr_hwaddr.sa_data);
	case SIOCGIFTXQLEN:
		ifr->ifr_qlen = 0;
		return 0;
	case SIOCSIFADDR:
		return set_v4(n, &((struct sockaddr_in *)&ifr->ifr_addr)->sin_addr.s_addr, NULL);
	case SIOCSIFNETMASK:
		return set_v4(n, NULL, &((struct sockaddr_in *)&ifr->ifr_netmask)->sin_addr.s_addr);
	}
	if (!a)
		return -EADDRNOTAVAIL;
	struct ip_addr answer = a->addr;

	if (cmd == SIOCGIFNETMASK)
		answer = ip_plen_to_mask(a->plen);
	else if (cmd == SIOCGIFBRDADDR)
		answer = ip_prefix_last(&a->addr, a->plen);
	else if (cmd != SIOCGIFADDR)
		return -ENOTTY;
	put_v4(&ifr->ifr_addr, answer.addr[3]);
	return 0;
}

static int arp_call(struct stack *stack, unsigned long cmd, struct arpreq *r)
{
	struct netif *n = netif_by_name(stack, r->arp_dev);
	struct neighbour *entry;
	struct ip_addr addr;

	if (!n)
		return -ENODEV;
	if (r->arp_pa.sa_family == AF_INET)
		addr = ip_from_v4(((struct sockaddr_in *)&r->arp_pa)->sin_addr.s_addr);
	else if (r->arp_pa.sa_family == AF_INET6)
		addr = ip_from_in6(&((struct sockaddr_in6 *)&r->arp_pa)->sin6_addr);
	else
		return -EAFNOSUPPORT;
	if (cmd == SIOCSARP)
		return neighbour_set(n, &addr, (uint8_t *)r->arp_ha.sa_data,
				     r->arp_flags & ATF_PERM);
	entry = neighbour_find(n, &addr);
	if (!entry)
		return -ENXIO;
	if (cmd == SIOCDARP)
		return neighbour_set(n, &addr, NULL, false);
	r->arp_ha.sa_family = ARPHRD_ETHER;
	memcpy(r->arp_ha.sa_data, entry->hwaddr, 6);
	r->arp_flags = (entry->state & (NEIGHBOUR_INCOMPLETE | NEIGHBOUR_FAILED) ? 0 : ATF_COM) |
		       (entry->state == NEIGHBOUR_PERMANENT ? ATF_PERM : 0);
	return 0;
}

static int call(struct socket *s, unsigned long cmd, void *arg)
{
	int r = s->ops->ioctl ? s->ops->ioctl(s, cmd, arg) : -ENOTTY;

	if (r != -ENOTTY)
		return r;
	if (is_change(cmd) && !stack_capable(s->stack, LWIP_CAP_NET_ADMIN))
		return -EPERM;
	switch (cmd) {
	case FIONBIO:
		s->nonblock = *(int *)arg;
		return 0;
	case SIOCGSTAMP: {
		struct timespec now;

		clock_gettime(CLOCK_REALTIME, &now);
		*(struct timeval *)arg = (struct timeval){now.tv_sec, now.tv_nsec / 1000};
		return 0;
	}
	case SIOCGIFCONF:
		return list_interfaces(s->stack, arg);
	case SIOCSARP:
	case SIOCDARP:
	case SIOCGARP:
		return arp_call(s->stack, cmd, arg);
	}
	if (cmd >= SIOCGIFNAME && cmd < SIOCDARP)
		return interface_call(s->stack, cmd, arg);
	return -ENOTTY;
}

int lwip_ioctl(int fd, long cmd, void *arg)
{
	struct socket *s = descriptor_get(fd);
	int r;

	if (!s)
		return -1;
	stack_enter(s->stack);
	r = arg ? call(s, (uint32_t)cmd, arg) : -EFAULT;
	stack_leave(s->stack);
	descriptor_release(s);
	if (r >= 0)
		return r;
	errno = -r;
	return -1;
}
