/* SPDX-License-Identifier: GPL-2.0-only */
/*
 * The link of lwIP's variant of traffic, as fast as Debian's library allows: frames are read into
 * PBUF_RAM, because the buffers of its pool are smaller than it believes, and handed to the stack
 * with the core lock held, without its mailbox. "pair" is lwIP's own loopback: a process has one
 * stack.
 */
#include "tests/lwipv6/traffic.h"
#include <errno.h>
#include <fcntl.h>
#include <libvdeplug.h>
#include <linux/if_tun.h>
#include <lwip/ethip6.h>
#include <lwip/sockets.h>
#include <lwip/tcpip.h>
#include <netif/ethernet.h>
#include <netif/etharp.h>
#include <poll.h>
#include <pthread.h>
#include <string.h>
#include <sys/ioctl.h>
#include <unistd.h>

struct stack *client_stack, *server_stack;

static struct netif netif;
static int tap_fd = -1;
static VDECONN *vde;

static err_t output(struct netif *n, struct pbuf *p)
{
	char flat[2048];
	const void *frame = p->payload;

	if (p->len != p->tot_len) {
		pbuf_copy_partial(p, flat, sizeof(flat), 0);
		frame = flat;
	}
	if (vde)
		vde_send(vde, frame, p->tot_len, 0);
	else if (tap_fd >= 0 && write(tap_fd, frame, p->tot_len) < 0)
		return ERR_IF;
	return ERR_OK;
}

static void *receive(void *arg)
{
	struct pollfd poller = {.fd = vde ? vde_datafd(vde) : tap_fd, .events = POLLIN};
	char frame[2048];

	for (;;) {
		ssize_t n = vde ? vde_recv(vde, frame, sizeof(frame), 0)
				: read(tap_fd, frame, sizeof(frame));
		struct pbuf *p;

		if (n <= 0) {
			poll(&poller, 1, -1);
			continue;
		}
		p = pbuf_alloc(PBUF_RAW, n, PBUF_RAM);
		if (!p)
			continue;
		memcpy(p->payload, frame, n);
		LOCK_TCPIP_CORE();
		if (ethernet_input(p, &netif) != ERR_OK)
			pbuf_free(p);
		UNLOCK_TCPIP_CORE();
	}
	return NULL;
}

static err_t netif_start(struct netif *n)
{
	memcpy(n->name, "tp", 2);
	n->hwaddr_len = 6;
	memcpy(n->hwaddr, "\x02\x00\x00\x09\x00\x02", 6);
	n->mtu = 1500;
	n->flags = NETIF_FLAG_BROADCAST | NETIF_FLAG_ETHARP | NETIF_FLAG_ETHERNET |
		   NETIF_FLAG_MLD6 | NETIF_FLAG_LINK_UP;
	n->output = etharp_output;
	n->output_ip6 = ethip6_output;
	n->linkoutput = output;
	return ERR_OK;
}

static bool open_device(char *how)
{
	struct ifreq ifr = {.ifr_flags = IFF_TAP | IFF_NO_PI};

	if (!strcmp(how, "pair"))
		return true;
	if (!strncmp(how, "vde=", 4)) {
		vde = vde_open(how + 4, "lwip", NULL);
		if (vde)
			fcntl(vde_datafd(vde), F_SETFL, O_NONBLOCK);
		return vde;
	}
	if (strncmp(how, "tap=", 4)) {
		errno = EINVAL;
		return false;
	}
	tap_fd = open("/dev/net/tun", O_RDWR | O_NONBLOCK);
	strncpy(ifr.ifr_name, how + 4, IFNAMSIZ - 1);
	return tap_fd >= 0 && !ioctl(tap_fd, TUNSETIFF, &ifr);
}

bool link_up(char *how)
{
	ip4_addr_t address, mask, gateway = {0};
	ip6_addr_t address6;
	pthread_t id;
	s8_t index;

	if (!open_device(how))
		return false;
	tcpip_init(NULL, NULL);
	IP4_ADDR(&address, 10, 9, 0, 2);
	IP4_ADDR(&mask, 255, 255, 255, 0);
	IP6_ADDR(&address6, PP_HTONL(0xfd000009), 0, 0, PP_HTONL(2));
	LOCK_TCPIP_CORE();
	netif_add(&netif, &address, &mask, &gateway, NULL, netif_start, tcpip_input);
	netif_create_ip6_linklocal_address(&netif, 1);
	netif_add_ip6_address(&netif, &address6, &index);
	for (int i = 0; i < LWIP_IPV6_NUM_ADDRESSES; i++)
		if (!ip6_addr_isany(netif_ip6_addr(&netif, i)))
			netif_ip6_addr_set_state(&netif, i, IP6_ADDR_PREFERRED);
	netif_set_default(&netif);
	netif_set_up(&netif);
	UNLOCK_TCPIP_CORE();
	return !pthread_create(&id, NULL, receive, NULL);
}
