/* SPDX-License-Identifier: GPL-2.0-or-later */
/*
 * SO_PEERCRED tells nothing about datagram sockets, so the kernel is asked by socket diagnosis
 * (sock_diag(7), UNIX_DIAG): first which socket ours is connected to, then whose that is. Between
 * the two questions the other end stays what it is: our connection holds it.
 */
#include <errno.h>
#include <linux/netlink.h>
#include <linux/sock_diag.h>
#include <linux/unix_diag.h>
#include <stdint.h>
#include <string.h>
#include <sys/socket.h>
#include <sys/stat.h>
#include <unistd.h>

#include "user/vde/switch/control/peer.h"

/* Ask for one attribute, of 32 bits, of the Unix socket with this inode. 0 or -errno. */
static int ask(int netlink, uint32_t inode, uint32_t show, uint16_t attribute, uint32_t *value)
{
	struct {
		struct nlmsghdr header;
		struct unix_diag_req request;
	} query = {
		.header = {.nlmsg_len = sizeof(query),
			   .nlmsg_type = SOCK_DIAG_BY_FAMILY,
			   .nlmsg_flags = NLM_F_REQUEST},
		.request = {.sdiag_family = AF_UNIX,
			    .udiag_states = ~0u,
			    .udiag_ino = inode,
			    .udiag_show = show,
			    .udiag_cookie = {~0u, ~0u}},
	};
	uint32_t buffer[1024];
	const struct nlmsghdr *header = (const struct nlmsghdr *)buffer;
	const struct nlattr *at;
	ssize_t n, left;

	if (send(netlink, &query, sizeof(query), 0) != sizeof(query))
		return -errno;
	n = recv(netlink, buffer, sizeof(buffer), 0);
	if (n < (ssize_t)sizeof(*header) || header->nlmsg_len > n)
		return n < 0 ? -errno : -EPROTO;
	if (header->nlmsg_type == NLMSG_ERROR)
		return ((const struct nlmsgerr *)NLMSG_DATA(header))->error ?: -EPROTO;
	left = (ssize_t)header->nlmsg_len - NLMSG_LENGTH(sizeof(struct unix_diag_msg));
	at = (const void *)((const char *)NLMSG_DATA(header) + sizeof(struct unix_diag_msg));
	while (left >= (ssize_t)sizeof(*at) && at->nla_len >= sizeof(*at) && at->nla_len <= left) {
		if (at->nla_type == attribute && at->nla_len == sizeof(*at) + sizeof(*value)) {
			memcpy(value, at + 1, sizeof(*value));
			return 0;
		}
		left -= NLA_ALIGN(at->nla_len);
		at = (const void *)((const char *)at + NLA_ALIGN(at->nla_len));
	}
	return -ENOENT;
}

int peer_owner(int fd, uid_t *user)
{
	int netlink = socket(AF_NETLINK, SOCK_RAW | SOCK_CLOEXEC, NETLINK_SOCK_DIAG), error;
	uint32_t peer, owner;
	struct stat ours;

	if (netlink < 0)
		return -errno;
	error = fstat(fd, &ours)
			? -errno
			: ask(netlink, ours.st_ino, UDIAG_SHOW_PEER, UNIX_DIAG_PEER, &peer);
	if (!error)
		error = peer ? ask(netlink, peer, UDIAG_SHOW_UID, UNIX_DIAG_UID, &owner) : -ENOENT;
	close(netlink);
	if (!error)
		*user = owner;
	return error;
}
