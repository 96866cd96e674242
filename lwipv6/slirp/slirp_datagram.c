/* SPDX-License-Identifier: LGPL-2.1-or-later */
/*
 * UDP and echo through the host: a connected socket per flow, so the host's ICMP errors come back
 * to the guest that caused them. Flows end after a time of rest (RFC 4787 asks for two minutes at
 * least; one question to a name server needs ten seconds).
 */
#include <errno.h>
#include <netinet/udp.h>
#include <stdlib.h>
#include <unistd.h>
#include "lwipv6/core/checksum.h"
#include "lwipv6/slirp/slirp.h"

#define UDP_LIFETIME   (240 * NSEC_PER_SEC)
#define SHORT_LIFETIME (10 * NSEC_PER_SEC)
#define ROUND	       256 /* datagrams of one flow before others have their turn */

uint64_t slirp_datagram_lifetime(const struct slirp_flow *f)
{
	return f->protocol != IPPROTO_UDP || f->host_port == 53 ? SHORT_LIFETIME : UDP_LIFETIME;
}

/* ---- to the guest */

static void deliver_udp(struct slirp_flow *f, const uint8_t *data, size_t len)
{
	struct packet *p = packet_new(PACKET_HEADROOM, sizeof(struct udphdr) + len);
	struct ip_options options = {.any_source = true};
	struct udphdr *udp;

	if (!p) {
		COUNT(f->slirp->stack, memory_failures);
		return;
	}
	udp = packet_put(p, sizeof(*udp) + len);
	*udp = (struct udphdr){.source = htons(f->host_port),
			       .dest = htons(f->guest_port),
			       .len = htons(sizeof(*udp) + len)};
	memcpy(udp + 1, data, len);
	udp->check = ~checksum_fold(checksum_pseudo(&f->host, &f->guest, IPPROTO_UDP, p->len));
	p->checksum = CHECKSUM_PARTIAL;
	p->checksum_offset = offsetof(struct udphdr, check);
	ip_output(f->slirp->stack, p, &f->host, &f->guest, IPPROTO_UDP, &options);
}

/* The host answered echo: its message with the guest's identifier. */
static void deliver_echo(struct slirp_flow *f, uint8_t *data, size_t len)
{
	struct ip_options options = {.any_source = true};
	struct icmphdr *icmp = (struct icmphdr *)data;
	bool v4 = ip_is_v4(&f->guest);
	struct packet *p;

	if (len < sizeof(*icmp) || icmp->type != (v4 ? ICMP_ECHOREPLY : ICMP6_ECHO_REPLY))
		return;
	p = packet_new(PACKET_HEADROOM, len);
	if (!p)
		return;
	icmp->un.echo.id = htons(f->guest_port);
	icmp->checksum = 0;
	memcpy(packet_put(p, len), data, len);
	icmp = (struct icmphdr *)p->data;
	if (!v4) {
		icmp6_send(f->slirp->netif, p, &f->host, &f->guest, 0, false);
		return;
	}
	icmp->checksum = checksum_fold(packet_sum(p, 0));
	ip_output(f->slirp->stack, p, &f->host, &f->guest, IPPROTO_ICMP, &options);
}

/* The host's error as an ICMP message about a datagram that looks like the guest's. */
static void deliver_error(struct slirp_flow *f, int error)
{
	bool v4 = ip_is_v4(&f->guest);
	uint32_t header = v4 ? sizeof(struct iphdr) : sizeof(struct ip6_hdr);
	struct packet *p = packet_new(PACKET_HEADROOM, header + sizeof(struct udphdr));
	struct udphdr *udp;

	if (!p)
		return;
	memset(packet_put(p, header + sizeof(*udp)), 0, header + sizeof(*udp));
	if (v4) {
		struct iphdr *ip = (struct iphdr *)p->data;

		*ip = (struct iphdr){.version = 4,
				     .ihl = 5,
				     .ttl = 1,
				     .protocol = f->protocol,
				     .tot_len = htons(p->len),
				     .saddr = f->guest.addr[3],
				     .daddr = f->host.addr[3]};
		ip->check = checksum_fold(checksum_add(0, ip, sizeof(*ip)));
	} else {
		struct ip6_hdr *ip = (struct ip6_hdr *)p->data;

		ip->ip6_flow = htonl(6u << 28);
		ip->ip6_plen = htons(sizeof(*udp));
		ip->ip6_nxt = f->protocol;
		ip->ip6_hlim = 1;
		memcpy(&ip->ip6_src, &f->guest, 16);
		memcpy(&ip->ip6_dst, &f->host, 16);
	}
	udp = (struct udphdr *)(p->data + header);
	if (f->protocol == IPPROTO_UDP) {
		udp->source = htons(f->guest_port);
		udp->dest = htons(f->host_port);
		udp->len = htons(sizeof(*udp));
	} else {
		*(struct icmphdr *)udp =
			(struct icmphdr){.type = v4 ? ICMP_ECHO : ICMP6_ECHO_REQUEST,
					 .un.echo.id = htons(f->guest_port)};
	}
	p->netif = f->slirp->netif;
	p->protocol = v4 ? ETH_P_IP : ETH_P_IPV6;
	p->network = packet_headroom(p);
	p->transport = p->network + header;
	p->src = f->guest;
	p->dst = f->host;
	p->next_header = f->protocol;
	slirp_tell(p, error);
	packet_free(p);
}

static void answers(struct slirp_source *source, uint32_t events)
{
	struct slirp_flow *f = container_of(source, struct slirp_flow, source);
	uint8_t *scratch = f->slirp->scratch;

	slirp_flow_used(f);
	for (int i = 0; i < ROUND; i++) {
		ssize_t n = recv(source->fd, scratch, SLIRP_SCRATCH, MSG_DONTWAIT);

		if (n < 0) {
			if (errno != EAGAIN && errno != EINTR)
				deliver_error(f, errno);
			return;
		}
		if (f->protocol == IPPROTO_UDP)
			deliver_udp(f, scratch, n);
		else
			deliver_echo(f, scratch, n);
	}
	/* More is there, and no new edge will tell: look again in a moment. */
	list_remove(&f->work.node);
	list_append(&f->slirp->stack->deferred, &f->work.node);
}

static void answers_again(struct stack *stack, struct deferred *work)
{
	struct slirp_flow *f = container_of(work, struct slirp_flow, work);

	if (f->state != FLOW_DEAD && f->source.fd >= 0)
		answers(&f->source, 0);
}

/* ---- from the guest */

static struct slirp_flow *flow_of(struct slirp *s, struct packet *p, uint16_t guest_port,
				  uint16_t host_port)
{
	uint8_t protocol = p->next_header;
	struct slirp_flow *f =
		slirp_flow_find(s, protocol, &p->src, guest_port, &p->dst, host_port);
	struct sockaddr_storage to;
	socklen_t len;

	if (f) {
		slirp_flow_used(f);
		return f;
	}
	f = slirp_flow_new(s, protocol, &p->src, guest_port, &p->dst, host_port);
	if (!f)
		return NULL;
	f->state = FLOW_OPEN;
	f->work.run = answers_again;
	f->source.ready = answers;
	len = slirp_outer_name(s, &p->dst, protocol == IPPROTO_UDP ? host_port : 0, &to);
	f->source.fd = socket(to.ss_family, SOCK_DGRAM | SOCK_NONBLOCK | SOCK_CLOEXEC,
			      protocol == IPPROTO_UDP ? 0 : protocol);
	if (f->source.fd < 0 || connect(f->source.fd, (struct sockaddr *)&to, len) < 0) {
		slirp_tell(p, errno);
		slirp_flow_end(f);
		return NULL;
	}
	if (slirp_watch(s, &f->source)) {
		slirp_flow_end(f);
		return NULL;
	}
	return f;
}

static void send_on(struct slirp_flow *f, struct packet *p)
{
	struct iovec iov[PACKET_FRAGS + 1];
	struct msghdr m = {.msg_iov = iov, .msg_iovlen = packet_iovec(p, iov)};
	int fd = f->source.fd;

	if (f->forward) {
		fd = f->forward->source.fd;
		m.msg_name = &f->client;
		m.msg_namelen = f->client_len;
	}
	/* ECONNREFUSED is of an earlier datagram: told, then this one is tried. */
	if (sendmsg(fd, &m, MSG_DONTWAIT | MSG_NOSIGNAL) < 0 && errno != EAGAIN) {
		deliver_error(f, errno);
		sendmsg(fd, &m, MSG_DONTWAIT | MSG_NOSIGNAL);
	}
}

void slirp_udp_output(struct slirp *s, struct packet *p)
{
	uint32_t at = p->transport - (int)packet_headroom(p);
	const struct udphdr *udp = (struct udphdr *)(p->data + at);
	struct slirp_flow *f;
	uint32_t pseudo = checksum_pseudo(&p->src, &p->dst, IPPROTO_UDP, p->len - at),
		 len = ntohs(udp->len);

	if (len < sizeof(*udp) || len > p->len - at ||
	    (p->checksum == CHECKSUM_NONE && (udp->check || p->protocol != ETH_P_IP) &&
	     checksum_fold(checksum_add(packet_sum(p, at), &pseudo, 4)))) {
		COUNT(s->stack, udp_checksum_errors);
		packet_free(p);
		return;
	}
	f = flow_of(s, p, ntohs(udp->source), ntohs(udp->dest));
	if (f) {
		packet_trim(p, at + len);
		packet_pull(p, at + sizeof(*udp));
		send_on(f, p);
	}
	packet_free(p);
}

void slirp_echo_output(struct slirp *s, struct packet *p)
{
	uint32_t at = p->transport - (int)packet_headroom(p);
	struct icmphdr *icmp = (struct icmphdr *)(p->data + at);
	bool v4 = p->protocol == ETH_P_IP;
	struct slirp_flow *f;

	if ((p->next_header == IPPROTO_ICMP) != v4 ||
	    icmp->type != (v4 ? ICMP_ECHO : ICMP6_ECHO_REQUEST)) {
		packet_free(p);
		return;
	}
	if (p->hop_limit <= 1) {
		icmp_error(p, ICMP_CAUSE_HOP_LIMIT, 0);
		packet_free(p);
		return;
	}
	f = flow_of(s, p, ntohs(icmp->un.echo.id), 0);
	if (f) {
		packet_pull(p, at);
		send_on(f, p); /* the kernel writes its own identifier and checksum */
	}
	packet_free(p);
}

/* ---- from the host's clients */

void slirp_udp_forward(struct slirp_forward *forward)
{
	struct slirp *s = forward->slirp;

	for (int i = 0; i < ROUND; i++) {
		struct sockaddr_storage client;
		socklen_t len = sizeof(client);
		ssize_t n = recvfrom(forward->source.fd, s->scratch, SLIRP_SCRATCH, MSG_DONTWAIT,
				     (struct sockaddr *)&client, &len);
		struct slirp_flow *f;
		struct ip_addr from;
		uint16_t port;

		if (n < 0)
			return;
		slirp_inner_name(s, &client, ip_is_v4(&forward->dest), &from, &port);
		f = slirp_flow_find(s, IPPROTO_UDP, &forward->dest, forward->dest_port, &from,
				    port);
		if (!f)
			f = slirp_flow_new(s, IPPROTO_UDP, &forward->dest, forward->dest_port,
					   &from, port);
		if (!f)
			continue;
		f->state = FLOW_OPEN;
		f->work.run = answers_again;
		f->forward = forward;
		f->client = client;
		f->client_len = len;
		slirp_flow_used(f);
		deliver_udp(f, s->scratch, n);
	}
}
