// SPDX-License-Identifier: GPL-2.0-or-later
/*
 * Theory: each question opens a netlink socket, asks once and closes it; devices are asked about
 * when they are attached and when somebody looks at counters, never per frame.
 */
#include "user/vde/switch/planes/xdp/netdev.h"

#include <arpa/inet.h>
#include <errno.h>
#include <libmnl/libmnl.h>
#include <linux/genetlink.h>
#include <linux/if_ether.h>
#include <linux/if_link.h>
#include <linux/if_packet.h>
#include <linux/rtnetlink.h>
#include <string.h>
#include <sys/socket.h>
#include <unistd.h>

/* The generic netlink family "netdev" of Linux 6.3; Debian 12 has no header for it. */
enum { NETDEV_COMMAND_GET = 1, NETDEV_ATTRIBUTE_IFINDEX = 1, NETDEV_ATTRIBUTE_XDP = 3 };

#define REPLY_SIZE    16384
#define SENDER_BUFFER (2 << 20) /* bytes, the overhead of the kernel included */

/* Send a request and hand every reply to each(); 0 or -errno. */
static int ask(int bus, struct nlmsghdr *request, mnl_cb_t each, void *context)
{
	char reply[REPLY_SIZE];
	struct mnl_socket *socket = mnl_socket_open2(bus, SOCK_CLOEXEC);
	int n = -1;

	if (!socket)
		return -errno;
	request->nlmsg_seq = 1;
	if (mnl_socket_bind(socket, 0, MNL_SOCKET_AUTOPID) == 0 &&
	    mnl_socket_sendto(socket, request, request->nlmsg_len) >= 0)
		do {
			n = mnl_socket_recvfrom(socket, reply, sizeof(reply));
			if (n > 0)
				n = mnl_cb_run(reply, n, 1, mnl_socket_get_portid(socket), each,
					       context);
		} while (n > 0);
	n = n < 0 ? -errno : 0;
	mnl_socket_close(socket);
	return n;
}

static int read_link(const struct nlmsghdr *reply, void *context)
{
	const struct ifinfomsg *info = mnl_nlmsg_get_payload(reply);
	struct netdev *dev = context;
	struct nlattr *attr, *inner;

	dev->ifindex = info->ifi_index;
	mnl_attr_for_each(attr, reply, sizeof(*info))
	{
		switch (mnl_attr_get_type(attr)) {
		case IFLA_IFNAME:
			strncpy(dev->name, mnl_attr_get_str(attr), sizeof(dev->name) - 1);
			break;
		case IFLA_MTU:
			dev->mtu = mnl_attr_get_u32(attr);
			break;
		case IFLA_LINK_NETNSID:
			dev->apart = true;
			break;
		case IFLA_STATS64: {
			struct rtnl_link_stats64 stats = {};

			memcpy(&stats, mnl_attr_get_payload(attr),
			       mnl_attr_get_payload_len(attr) < sizeof(stats)
				       ? mnl_attr_get_payload_len(attr)
				       : sizeof(stats));
			dev->tx_dropped = stats.tx_dropped;
			dev->tx_errors = stats.tx_errors;
			break;
		}
		case IFLA_LINKINFO:
			mnl_attr_for_each_nested(inner, attr) if (mnl_attr_get_type(inner) ==
								  IFLA_INFO_KIND)
				strncpy(dev->kind, mnl_attr_get_str(inner), sizeof(dev->kind) - 1);
			break;
		}
	}
	return MNL_CB_OK;
}

static int read_family(const struct nlmsghdr *reply, void *context)
{
	struct nlattr *attr;

	mnl_attr_for_each(attr, reply, sizeof(struct genlmsghdr)) if (mnl_attr_get_type(attr) ==
								      CTRL_ATTR_FAMILY_ID) *
		(uint16_t *)context = mnl_attr_get_u16(attr);
	return MNL_CB_OK;
}

static int read_features(const struct nlmsghdr *reply, void *context)
{
	struct nlattr *attr;

	mnl_attr_for_each(attr, reply, sizeof(struct genlmsghdr)) if (mnl_attr_get_type(attr) ==
								      NETDEV_ATTRIBUTE_XDP) *
		(uint64_t *)context = mnl_attr_get_u64(attr);
	return MNL_CB_OK;
}

static struct nlmsghdr *generic_request(char *room, uint16_t family, uint8_t command)
{
	struct nlmsghdr *request = mnl_nlmsg_put_header(room);
	struct genlmsghdr *generic;

	request->nlmsg_type = family;
	request->nlmsg_flags = NLM_F_REQUEST | NLM_F_ACK;
	generic = mnl_nlmsg_put_extra_header(request, sizeof(*generic));
	generic->cmd = command;
	generic->version = 1;
	return request;
}

/* What the driver says it can do; before Linux 6.3 nobody says, so go by the kind. */
static uint64_t features(const struct netdev *dev)
{
	char room[MNL_NLMSG_HDRLEN + 256];
	struct nlmsghdr *request = generic_request(room, GENL_ID_CTRL, CTRL_CMD_GETFAMILY);
	uint16_t family = 0;
	uint64_t xdp = 0;

	mnl_attr_put_strz(request, CTRL_ATTR_FAMILY_NAME, "netdev");
	if (ask(NETLINK_GENERIC, request, read_family, &family) == 0 && family) {
		request = generic_request(room, family, NETDEV_COMMAND_GET);
		mnl_attr_put_u32(request, NETDEV_ATTRIBUTE_IFINDEX, dev->ifindex);
		if (ask(NETLINK_GENERIC, request, read_features, &xdp) == 0)
			return xdp;
	}
	/* The other end of a veth takes redirected frames only in some settings: not to be relied
	 * on. */
	if (strcmp(dev->kind, "veth") == 0)
		return NETDEV_XDP_BASIC | NETDEV_XDP_REDIRECT;
	return NETDEV_XDP_BASIC | NETDEV_XDP_REDIRECT | NETDEV_XDP_TRANSMIT;
}

static struct nlmsghdr *link_request(char *room, uint16_t type, int ifindex, unsigned int flags)
{
	struct nlmsghdr *request = mnl_nlmsg_put_header(room);
	struct ifinfomsg *info;

	request->nlmsg_type = type;
	request->nlmsg_flags = NLM_F_REQUEST | NLM_F_ACK;
	info = mnl_nlmsg_put_extra_header(request, sizeof(*info));
	info->ifi_index = ifindex;
	info->ifi_flags = info->ifi_change = flags;
	return request;
}

int netdev_get(const char *name, int ifindex, struct netdev *dev)
{
	char room[MNL_NLMSG_HDRLEN + 256];
	struct nlmsghdr *request = link_request(room, RTM_GETLINK, name ? 0 : ifindex, 0);
	int result;

	if (name && (!*name || strlen(name) >= IFNAMSIZ))
		return -ENODEV;
	memset(dev, 0, sizeof(*dev));
	if (name)
		mnl_attr_put_strz(request, IFLA_IFNAME, name);
	result = ask(NETLINK_ROUTE, request, read_link, dev);
	if (result)
		return result;
	dev->apart = dev->apart && strcmp(dev->kind, "veth") == 0;
	if (name)
		dev->xdp = features(dev);
	return 0;
}

int netdev_quiet(int ifindex, unsigned int mtu, unsigned int queue)
{
	char room[MNL_NLMSG_HDRLEN + 256];
	struct nlmsghdr *request = link_request(room, RTM_NEWLINK, ifindex, IFF_NOARP);
	struct nlattr *families, *inet6;
	int result;

	mnl_attr_put_u32(request, IFLA_MTU, mtu);
	mnl_attr_put_u32(request, IFLA_TXQLEN, queue);
	families = mnl_attr_nest_start(request, IFLA_AF_SPEC);
	inet6 = mnl_attr_nest_start(request, AF_INET6);
	mnl_attr_put_u8(request, IFLA_INET6_ADDR_GEN_MODE, IN6_ADDR_GEN_MODE_NONE);
	mnl_attr_nest_end(request, inet6);
	mnl_attr_nest_end(request, families);
	result = ask(NETLINK_ROUTE, request, NULL, NULL);
	if (result)
		return result;
	/* Only now: a device that comes up gets its IPv6 address at once. */
	return ask(NETLINK_ROUTE, link_request(room, RTM_NEWLINK, ifindex, IFF_UP), NULL, NULL);
}

int netdev_sender(int ifindex)
{
	struct sockaddr_ll address = {.sll_family = AF_PACKET, .sll_ifindex = ifindex};
	struct packet_mreq promiscuous = {.mr_ifindex = ifindex, .mr_type = PACKET_MR_PROMISC};
	int fd = socket(AF_PACKET, SOCK_RAW | SOCK_CLOEXEC | SOCK_NONBLOCK, 0), one = 1;
	int room = SENDER_BUFFER / 2; /* the kernel doubles it */

	if (fd < 0)
		return -errno;
	/* On a busy machine a batch may wait for the kernel's turn to receive at a veth's other
	 * end. */
	setsockopt(fd, SOL_SOCKET, SO_SNDBUFFORCE, &room, sizeof(room));
	if (bind(fd, (struct sockaddr *)&address, sizeof(address)) == 0 &&
	    setsockopt(fd, SOL_PACKET, PACKET_ADD_MEMBERSHIP, &promiscuous, sizeof(promiscuous)) ==
		    0 &&
	    setsockopt(fd, SOL_PACKET, PACKET_QDISC_BYPASS, &one, sizeof(one)) == 0)
		return fd;
	one = -errno;
	close(fd);
	return one;
}

int netdev_watch(void)
{
	struct sockaddr_nl address = {.nl_family = AF_NETLINK, .nl_groups = RTMGRP_LINK};
	int fd = socket(AF_NETLINK, SOCK_RAW | SOCK_CLOEXEC | SOCK_NONBLOCK, NETLINK_ROUTE), error;

	if (fd >= 0 && bind(fd, (struct sockaddr *)&address, sizeof(address)) == 0)
		return fd;
	error = -errno;
	if (fd >= 0)
		close(fd);
	return error;
}

static int read_gone(const struct nlmsghdr *reply, void *context)
{
	const struct ifinfomsg *info = mnl_nlmsg_get_payload(reply);

	/* A bridge tells of ports it loses in the same words. */
	if (reply->nlmsg_type == RTM_DELLINK && info->ifi_family == AF_UNSPEC)
		*(int *)context = info->ifi_index;
	return MNL_CB_OK;
}

int netdev_gone(int fd)
{
	char message[REPLY_SIZE];
	int ifindex = 0;
	ssize_t n;

	/* The kernel puts one link into one message. */
	while (!ifindex && (n = recv(fd, message, sizeof(message), 0)) > 0)
		mnl_cb_run(message, n, 0, 0, read_gone, &ifindex);
	return ifindex;
}
