/* SPDX-License-Identifier: LGPL-2.1-or-later */
/*
 * Path MTU and ICMP errors. An error counts only when it quotes a sequence number in flight (RFC
 * 5927 4.1); unreachables are soft once the connection stands (RFC 1122 4.2.3.9), and abort only an
 * attempt to connect.
 */
#include <errno.h>
#include "lwipv6/tcp/tcp.h"

void tcp_set_mtu(struct tcp *t, uint32_t mtu)
{
	uint32_t headers = (ip_is_v4(&t->remote) ? 20 : 40) + 20;
	uint32_t limit = t->peer_mss		? t->peer_mss
			 : ip_is_v4(&t->remote) ? TCP_MSS_DEFAULT4
						: TCP_MSS_DEFAULT6;
	uint32_t mss = mtu > headers + 8 ? mtu - headers : 8;

	t->mtu = mtu;
	if (t->hop.netif)
		t->mtu_lowered =
			mtu < (ip_is_v4(&t->remote) ? t->hop.netif->mtu : t->hop.netif->mtu6);
	if (t->state == TCP_S_SYN_SENT || t->state == TCP_S_CLOSED)
		limit = mss;
	if (limit < mss)
		mss = limit;
	if (t->user_mss && t->user_mss < mss)
		mss = t->user_mss;
	/* RFC 6691: the option's value does not count options, the segment does. */
	t->options_len = t->timestamps ? 12 : 0;
	mss = mss > t->options_len + 64u ? mss - t->options_len : 64;
	if (mss > TCP_GSO_MAX - 60)
		mss = TCP_GSO_MAX - 60;
	t->mss = mss;
}

void tcp_black_hole(struct tcp *t)
{
	uint32_t safe = ip_is_v4(&t->remote) ? 576 : IP_MIN_MTU6;

	if (t->mtu > safe && t->mss > safe - 60)
		path_mtu_lower(t->stack, &t->remote, t->mtu > 2 * safe ? t->mtu / 2 : safe);
	else if (ip_is_v4(&t->remote) && !t->mtu_locked && t->mss > 68)
		path_mtu_lower(t->stack, &t->remote, PATH_MTU_MIN4 - 1);
}

static void too_big(struct tcp *t, uint32_t mtu)
{
	bool locks = ip_is_v4(&t->remote) && mtu < PATH_MTU_MIN4 && !t->mtu_locked;
	uint32_t passed = t->mss; /* data of a segment that may have passed */
	struct tcp_sent *s;

	if (mtu >= t->mtu && !locks)
		return;
	path_mtu_lower(t->stack, &t->remote, mtu);
	t->hop_generation = 0;
	if (tcp_route(t))
		return;
	if (t->mss < passed)
		passed = t->mss;
	if (locks)
		passed = mtu > 40u + t->options_len ? mtu - 40 - t->options_len : 0;
	/* What went out too large is gone; sending it again is no sign of congestion. */
	list_for_each_entry (s, &t->sent, node) {
		uint32_t len = s->end - s->seq;

		if (!s->sacked && len > passed)
			tcp_sent_lost(t, s);
	}
	tcp_schedule(t);
}

void tcp_icmp(struct stack *stack, const struct icmp_report *r)
{
	uint16_t lport = r->payload[0] << 8 | r->payload[1],
		 rport = r->payload[2] << 8 | r->payload[3];
	struct tcp *t = tcp_find(stack, &r->local, lport, &r->remote, rport);
	uint32_t seq;

	if (!t || t->state == TCP_S_TIME_WAIT)
		return;
	memcpy(&seq, r->payload + 4, 4);
	seq = ntohl(seq);
	if (seq_before(seq, t->snd_una) || seq_after(seq, t->snd_nxt))
		return;
	if (r->mtu) {
		if (t->pmtu_discover)
			too_big(t, r->mtu);
		return;
	}
	if (t->state == TCP_S_SYN_SENT &&
	    (r->hard || r->error == EHOSTUNREACH || r->error == ENETUNREACH)) {
		/* As Linux: an attempt to connect ends at once on any unreachable. */
		tcp_abort(t, r->error, false);
		return;
	}
	t->soft_error = r->error;
}
