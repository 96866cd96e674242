/* SPDX-License-Identifier: LGPL-2.1-or-later */
/* Options of stream sockets: tcp(7), ip(7), ipv6(7) as far as they mean something to TCP. */
#include <errno.h>
#include "lwipv6/socket/stream.h"

#define MAXSEG_MIN    88 /* of TCP_MAXSEG, as the kernel's */
#define MAXSEG_MAX    32767
#define LINGER2_MAX   120
#define SYN_RETRIES   6	  /* TCP_SYNCNT where it was not set, as the kernel has it */
#define SYN_ACK_PAUSE 120 /* seconds between two SYN-ACKs at most */

static struct tcp_socket *stream(struct socket *s)
{
	return container_of(s, struct tcp_socket, socket);
}

static int set_socket(struct socket *s, int name, const void *value, socklen_t len)
{
	struct tcp_socket *ts = stream(s);
	struct tcp *t = ts->tcp;
	int n, error;

	if (name == SO_BINDTODEVICE) {
		char device[IFNAMSIZ] = "";

		memcpy(device, value, len < IFNAMSIZ - 1 ? len : IFNAMSIZ - 1);
		t->netif = *device ? netif_by_name(s->stack, device) : NULL;
		return *device && !t->netif ? -ENODEV : 0;
	}
	switch (name) {
	case SO_REUSEADDR:
	case SO_REUSEPORT:
	case SO_KEEPALIVE:
	case SO_OOBINLINE:
	case SO_BROADCAST:
		error = option_int(value, len, &n);
		if (error)
			return error;
		break;
	default:
		error = socket_set_common(s, name, value, len);
		if (!error && name == SO_RCVBUF) {
			t->rcvbuf = s->rcvbuf;
			t->user_rcvbuf = 1;
		} else if (!error && name == SO_SNDBUF) {
			t->sndbuf = s->sndbuf;
			t->user_sndbuf = 1;
		}
		return error;
	}
	if (name == SO_REUSEADDR)
		ts->reuse_address = n;
	else if (name == SO_REUSEPORT)
		ts->reuse_port = n;
	else if (name == SO_OOBINLINE)
		t->oob_inline = !!n;
	else if (name == SO_KEEPALIVE) {
		t->keepalive = !!n;
		if (ts->connected)
			tcp_keep_arm(t);
	}
	return 0;
}

/* TCP_DEFER_ACCEPT: how many SYN-ACKs, the first apart, leave within @seconds; and back. */
static uint8_t retries_for(int seconds)
{
	int period = 1, all = 1, n = seconds > 0;

	for (; seconds > all && n < 255; n++) {
		period = period < SYN_ACK_PAUSE ? period * 2 : SYN_ACK_PAUSE;
		if (period > SYN_ACK_PAUSE)
			period = SYN_ACK_PAUSE;
		all += period;
	}
	return n;
}

static int seconds_of(uint8_t retries)
{
	int period = 1, all = retries > 0;

	for (int n = 1; n < retries; n++) {
		period = period * 2 < SYN_ACK_PAUSE ? period * 2 : SYN_ACK_PAUSE;
		all += period;
	}
	return all;
}

static int set_tcp(struct socket *s, int name, const void *value, socklen_t len)
{
	struct tcp_socket *ts = stream(s);
	struct tcp *t = ts->tcp;
	int n, error;

	if (name == TCP_CONGESTION) {
		n = tcp_algorithm_find(value, len);
		if (n < 0)
			return n;
		tcp_congestion_choose(t, n);
		return 0;
	}
	error = option_int(value, len, &n);
	if (error)
		return error;
	switch (name) {
	case TCP_NODELAY:
		t->nodelay = !!n;
		if (n) {
			t->force_output = 1;
			tcp_schedule(t);
		}
		return 0;
	case TCP_CORK:
		t->cork = !!n;
		if (!n) {
			t->force_output = 1;
			tcp_schedule(t);
		}
		return 0;
	case TCP_MAXSEG:
		if (n && (n < MAXSEG_MIN || n > MAXSEG_MAX))
			return -EINVAL;
		t->user_mss = n;
		return 0;
	case TCP_KEEPALIVE:
		n = n < 1000 ? 1 : n / 1000;
		/* fall through */
	case TCP_KEEPIDLE:
		if (n < 1 || n > 32767)
			return -EINVAL;
		t->keep_idle_s = n;
		if (ts->connected)
			tcp_keep_arm(t);
		return 0;
	case TCP_KEEPINTVL:
		if (n < 1 || n > 32767)
			return -EINVAL;
		t->keep_interval_s = n;
		return 0;
	case TCP_KEEPCNT:
		if (n < 1 || n > 127)
			return -EINVAL;
		t->keep_count = n;
		return 0;
	case TCP_USER_TIMEOUT:
		if (n < 0)
			return -EINVAL;
		t->user_timeout_ms = n;
		tcp_deadline_changed(t);
		return 0;
	case TCP_QUICKACK:
		t->quickack = !!n;
		if (n && t->ack_delayed) {
			t->ack_now = 1;
			tcp_schedule(t);
		}
		return 0;
	case TCP_NOTSENT_LOWAT:
		t->notsent_lowat = n;
		stream_event(t);
		return 0;
	case TCP_DEFER_ACCEPT:
		t->defer_accept = retries_for(n);
		if (ts->listener)
			ts->listener->defer_accept = t->defer_accept;
		return 0;
	case TCP_SYNCNT:
		if (n < 1 || n > 127)
			return -EINVAL;
		t->syn_count = n;
		return 0;
	case TCP_INQ:
		if (n < 0 || n > 1)
			return -EINVAL;
		ts->tell_unread = n;
		return 0;
	case TCP_LINGER2:
		t->linger2_s = n < 0 ? -1 : n > LINGER2_MAX ? LINGER2_MAX : n;
		return 0;
	}
	return -ENOPROTOOPT;
}

int stream_setsockopt(struct socket *s, int level, int name, const void *value, socklen_t len)
{
	struct tcp_socket *ts = stream(s);
	struct tcp *t = ts->tcp;
	int n, error;

	if (level == SOL_SOCKET)
		return set_socket(s, name, value, len);
	if (level == IPPROTO_TCP)
		return set_tcp(s, name, value, len);
	error = option_int(value, len, &n);
	if (error)
		return error;
	if (level == IPPROTO_IP) {
		switch (name) {
		case IP_TOS:
			t->traffic_class = n & ~3;
			return 0;
		case IP_TTL:
			if (n != -1 && (n < 1 || n > 255))
				return -EINVAL;
			t->hop_limit = n == -1 ? 0 : n;
			return 0;
		case IP_MINTTL:
			if (n < 0 || n > 255)
				return -EINVAL;
			t->min_hop_limit = n;
			return 0;
		case IP_MTU_DISCOVER:
			t->pmtu_discover = n != IP_PMTUDISC_DONT;
			return 0;
		case IP_FREEBIND:
			ts->freebind = n;
			return 0;
		}
	} else if (level == IPPROTO_IPV6 && s->family == AF_INET6) {
		switch (name) {
		case IPV6_V6ONLY:
			if (ts->is_bound)
				return -EINVAL;
			ts->v6only = n;
			return 0;
		case IPV6_TCLASS:
			t->traffic_class = n == -1 ? 0 : n & ~3;
			return 0;
		case IPV6_UNICAST_HOPS:
			t->hop_limit = n == -1 ? 0 : n;
			return 0;
		case IPV6_FREEBIND:
			ts->freebind = n;
			return 0;
		}
	}
	return -ENOPROTOOPT;
}

void stream_info(const struct tcp *t, struct tcp_info *info)
{
	/* Linux' TCP_CA_* */
	static const uint8_t states[] = {[CONGESTION_OPEN] = 0,
					 [CONGESTION_CWR] = 2,
					 [CONGESTION_RECOVERY] = 3,
					 [CONGESTION_LOSS] = 4};

	*info = (struct tcp_info){
		.tcpi_state = t->state,
		.tcpi_ca_state = states[t->congestion],
		.tcpi_retransmits = t->retransmits,
		.tcpi_probes = t->probes,
		.tcpi_backoff = t->persist_backoff,
		.tcpi_options = (t->timestamps ? TCPI_OPT_TIMESTAMPS : 0) |
				(t->sack ? TCPI_OPT_SACK : 0) | (t->wscale ? TCPI_OPT_WSCALE : 0) |
				(t->ecn ? TCPI_OPT_ECN : 0),
		.tcpi_snd_wscale = t->snd_wscale,
		.tcpi_rcv_wscale = t->rcv_wscale,
		.tcpi_rto = t->rto / 1000,
		.tcpi_ato = t->stack->settings.delayed_ack / 1000,
		.tcpi_snd_mss = t->mss,
		.tcpi_rcv_mss = t->rcv_mss,
		.tcpi_unacked = (t->snd_nxt - t->snd_una + t->mss - 1) / t->mss,
		.tcpi_sacked = t->sacked_bytes / t->mss,
		.tcpi_lost = t->lost_bytes / t->mss,
		.tcpi_retrans = t->retrans_bytes / t->mss,
		.tcpi_last_data_sent = (t->stack->now - t->last_sent) / NSEC_PER_MSEC,
		.tcpi_last_data_recv = (t->stack->now - t->last_received) / NSEC_PER_MSEC,
		.tcpi_pmtu = t->mtu,
		.tcpi_rtt = t->srtt / 1000,
		.tcpi_rttvar = t->rttvar / 1000,
		.tcpi_snd_ssthresh = t->ssthresh / t->mss,
		.tcpi_snd_cwnd = t->cwnd / t->mss,
		.tcpi_advmss = t->mss,
		.tcpi_rcv_space = t->rcvbuf,
		.tcpi_total_retrans = t->retransmitted_total,
	};
}

static int get_tcp(const struct tcp_socket *ts, int name, void *value, socklen_t *len)
{
	const struct tcp *t = ts->tcp;

	switch (name) {
	case TCP_INFO: {
		struct tcp_info info;

		stream_info(t, &info);
		if (*len > sizeof(info))
			*len = sizeof(info);
		memcpy(value, &info, *len);
		return 0;
	}
	case TCP_CONGESTION: {
		const char *congestion = tcp_algorithm_name(t->algorithm);

		if (*len > 16)
			*len = 16;
		memset(value, 0, *len);
		memcpy(value, congestion, *len < strlen(congestion) ? *len : strlen(congestion));
		return 0;
	}
	case TCP_NODELAY:
		return option_put_int(value, len, t->nodelay);
	case TCP_CORK:
		return option_put_int(value, len, t->cork);
	case TCP_MAXSEG:
		return option_put_int(
			value, len, t->user_mss && t->state == TCP_S_CLOSED ? t->user_mss : t->mss);
	case TCP_KEEPALIVE:
		return option_put_int(value, len, t->keep_idle_s * 1000);
	case TCP_KEEPIDLE:
		return option_put_int(value, len, t->keep_idle_s);
	case TCP_KEEPINTVL:
		return option_put_int(value, len, t->keep_interval_s);
	case TCP_KEEPCNT:
		return option_put_int(value, len, t->keep_count);
	case TCP_USER_TIMEOUT:
		return option_put_int(value, len, t->user_timeout_ms);
	case TCP_QUICKACK:
		return option_put_int(value, len, t->quickack);
	case TCP_NOTSENT_LOWAT:
		return option_put_int(value, len, t->notsent_lowat);
	case TCP_DEFER_ACCEPT:
		return option_put_int(value, len, seconds_of(t->defer_accept));
	case TCP_SYNCNT:
		return option_put_int(value, len, t->syn_count ? t->syn_count : SYN_RETRIES);
	case TCP_INQ:
		return option_put_int(value, len, ts->tell_unread);
	case TCP_LINGER2:
		return option_put_int(value, len,
				      t->linger2_s ? t->linger2_s
						   : (int)(TCP_FIN_WAIT2 / NSEC_PER_SEC));
	}
	return -ENOPROTOOPT;
}

static int get_socket(struct socket *s, int name, void *value, socklen_t *len)
{
	struct tcp_socket *ts = stream(s);

	switch (name) {
	case SO_ACCEPTCONN:
		return option_put_int(value, len, ts->listener != NULL);
	case SO_REUSEADDR:
		return option_put_int(value, len, ts->reuse_address);
	case SO_REUSEPORT:
		return option_put_int(value, len, ts->reuse_port);
	case SO_KEEPALIVE:
		return option_put_int(value, len, ts->tcp->keepalive);
	case SO_OOBINLINE:
		return option_put_int(value, len, ts->tcp->oob_inline);
	case SO_BROADCAST:
		return option_put_int(value, len, 0);
	case SO_RCVBUF:
		return option_put_int(value, len, ts->tcp->rcvbuf);
	case SO_SNDBUF:
		return option_put_int(value, len, ts->tcp->sndbuf);
	}
	return socket_get_common(s, name, value, len);
}

int stream_getsockopt(struct socket *s, int level, int name, void *value, socklen_t *len)
{
	struct tcp_socket *ts = stream(s);
	const struct tcp *t = ts->tcp;

	if (level == SOL_SOCKET)
		return get_socket(s, name, value, len);
	if (level == IPPROTO_TCP)
		return get_tcp(ts, name, value, len);
	if (level == IPPROTO_IP) {
		switch (name) {
		case IP_TOS:
			return option_put_int(value, len, t->traffic_class);
		case IP_TTL:
			return option_put_int(value, len,
					      t->hop_limit ? t->hop_limit
							   : s->stack->settings.default_ttl);
		case IP_MINTTL:
			return option_put_int(value, len, t->min_hop_limit);
		case IP_MTU:
			return ts->connected ? option_put_int(value, len, t->mtu) : -ENOTCONN;
		case IP_FREEBIND:
			return option_put_int(value, len, ts->freebind);
		}
	} else if (level == IPPROTO_IPV6) {
		switch (name) {
		case IPV6_V6ONLY:
			return option_put_int(value, len, ts->v6only);
		case IPV6_TCLASS:
			return option_put_int(value, len, t->traffic_class);
		case IPV6_UNICAST_HOPS:
			return option_put_int(value, len,
					      t->hop_limit ? t->hop_limit
							   : s->stack->settings.default_ttl);
		case IPV6_MTU:
			return ts->connected ? option_put_int(value, len, t->mtu) : -ENOTCONN;
		case IPV6_FREEBIND:
			return option_put_int(value, len, ts->freebind);
		}
	}
	return -ENOPROTOOPT;
}
