/* SPDX-License-Identifier: LGPL-2.1-or-later */
/*
 * Building segments. Everything that leaves a connection is made by tcp_emit(): options, window,
 * ECN, flags; a run longer than the MSS leaves as one super-segment. Answers without a connection
 * (resets, SYN-ACKs of the SYN queue, ACKs of TIME-WAIT) are made by the functions below it.
 */
#include <errno.h>
#include "lwipv6/core/checksum.h"
#include "lwipv6/tcp/tcp.h"

#define ECN_ECT0	2
#define CHALLENGE_RATE	100 /* per second and stack, RFC 5961 7; each connection: 1 per ANSWER_MS */
#define ANSWER_MS	500
#define ANSWERS_TO_DATA 10 /* in that time */

uint32_t tcp_clock(const struct stack *stack)
{
	return stack->now / NSEC_PER_MSEC;
}

uint32_t tcp_timestamp(const struct tcp *t)
{
	return tcp_clock(t->stack) + t->ts_offset;
}

static uint8_t *put32(uint8_t *at, uint32_t v)
{
	v = htonl(v);
	memcpy(at, &v, 4);
	return at + 4;
}

/* D-SACK first, then the most recent blocks (RFC 2018 4, 2883 4). */
static uint8_t *put_sack(struct tcp *t, uint8_t *at, int max)
{
	int n = t->nrecent + t->has_dsack, i = 0;

	if (n > max)
		n = max;
	*at++ = TCPOPT_NOP;
	*at++ = TCPOPT_NOP;
	*at++ = TCPOPT_SACK;
	*at++ = 2 + 8 * n;
	if (t->has_dsack) {
		at = put32(put32(at, t->dsack.start), t->dsack.end);
		t->has_dsack = false;
		n--;
	}
	for (; i < n; i++)
		at = put32(put32(at, t->recent[i].start), t->recent[i].end);
	return at;
}

static uint8_t *put_timestamp(uint8_t *at, uint32_t tsval, uint32_t tsecr)
{
	*at++ = TCPOPT_NOP;
	*at++ = TCPOPT_NOP;
	*at++ = TCPOPT_TIMESTAMP;
	*at++ = TCPOLEN_TIMESTAMP;
	return put32(put32(at, tsval), tsecr);
}

/* The TCP header in front of @p's data, with checksum left to the link. */
static struct tcphdr *put_header(struct packet *p, uint16_t sport, uint16_t dport, uint32_t seq,
				 uint32_t ack, uint8_t flags, const uint8_t *options, uint32_t len)
{
	struct tcphdr *h = packet_push(p, sizeof(*h) + len);

	memset(h, 0, sizeof(*h));
	h->source = htons(sport);
	h->dest = htons(dport);
	h->seq = htonl(seq);
	h->ack_seq = htonl(ack);
	h->doff = (sizeof(*h) + len) / 4;
	h->th_flags = flags;
	if (len)
		memcpy(h + 1, options, len);
	return h;
}

static void leave_checksum(struct packet *p, struct tcphdr *h, const struct ip_addr *src,
			   const struct ip_addr *dst)
{
	h->check = ~checksum_fold(checksum_pseudo(src, dst, IPPROTO_TCP, p->len));
	p->checksum = CHECKSUM_PARTIAL;
	p->checksum_start = 0;
	p->checksum_offset = offsetof(struct tcphdr, check);
}

static int send_on(struct tcp *t, struct packet *p, bool ect)
{
	struct ip_options o = {
		.netif = t->netif,
		.hop_limit = t->hop_limit,
		.traffic_class = (t->traffic_class & ~3) | (ect ? ECN_ECT0 : 0),
		.flow_label = t->flow_label,
		.dont_fragment = ip_is_v4(&t->remote) && t->pmtu_discover && !t->mtu_locked,
	};

	COUNT(t->stack, tcp_out);
	t->last_sent = t->stack->now;
	return ip_output_hop(t->stack, p, &t->local, &t->remote, IPPROTO_TCP, &o, &t->hop);
}

/* ECE and CWR of a segment that carries @len new bytes. */
static uint8_t ecn_flags(struct tcp *t, uint32_t len, bool new_data)
{
	uint8_t flags = 0;

	if (!t->ecn)
		return 0;
	if (t->ece_due)
		flags |= 0x40;
	if (t->cwr_due && len && new_data) {
		flags |= 0x80;
		t->cwr_due = 0;
	}
	return flags;
}

int tcp_emit(struct tcp *t, uint32_t seq, uint32_t len, uint8_t flags)
{
	struct packet *p = packet_new(PACKET_HEADROOM, 0);
	bool new_data = seq_after_eq(seq, t->snd_nxt), ect;
	uint8_t options[40], *end = options;
	uint32_t window;
	struct tcphdr *h;

	if (!p) {
		COUNT(t->stack, memory_failures);
		return -ENOBUFS;
	}
	if (t->timestamps)
		end = put_timestamp(end, tcp_timestamp(t), t->ts_recent);
	if (t->sack && (t->nrecent || t->has_dsack) && !(flags & TH_RST))
		end = put_sack(t, end, t->timestamps ? 3 : 4);
	uint32_t room = TCP_GSO_MAX - 60;

	if (len > room) {
		len = room;
		flags &= ~(TH_FIN | TH_PUSH);
	}
	if (len) {
		uint32_t got = tcp_sendq_slice(t, p, seq, len);

		if (got < len) {
			len = got;
			flags &= ~(TH_FIN | TH_PUSH);
		}
		if (!len) {
			packet_free(p);
			return -ENOBUFS;
		}
	}
	/* The acknowledgment's SACK blocks may have shortened what fits a segment. */
	uint16_t mss = t->mss - (uint16_t)(end - options - t->options_len);

	if (len > mss) {
		p->gso_size = mss;
		p->gso_segs = (len + mss - 1) / mss;
	}
	flags |= ecn_flags(t, len, new_data);
	h = put_header(p, t->local_port, t->remote_port, seq, flags & TH_ACK ? t->rcv_nxt : 0,
		       flags, options, end - options);
	window = flags & TH_RST && !t->rcv_nxt ? 0 : tcp_receive_window(t);
	h->window = htons(window >> t->rcv_wscale);
	if (t->urgent_out && seq_after(t->snd_up, seq)) {
		uint32_t urgent = t->snd_up - seq;

		h->th_flags |= TH_URG;
		h->urg_ptr = htons(urgent > 0xffff ? 0xffff : urgent);
	}
	if (len && t->stack->now - t->last_received < TCP_DELACK)
		t->interactive = 1;
	leave_checksum(p, h, &t->local, &t->remote);
	ect = t->ecn && !t->bbr && len && new_data;
	if (flags & TH_ACK) {
		t->ack_now = t->ack_delayed = t->handshake_ack = 0;
		t->segs_since_ack = 0;
		t->last_ack_sent = t->rcv_nxt;
		timer_cancel(&t->delack);
		t->rcv_adv = t->rcv_nxt + window;
	}
	int error = send_on(t, p, ect);

	/* What the link refuses for its size is known from the route from now on. */
	if (error == -EMSGSIZE)
		t->hop_generation = 0;
	return len;
}

uint32_t tcp_control_seq(const struct tcp *t)
{
	uint32_t edge = t->snd_una + t->snd_wnd;

	/* Scaling rounds a window down: by less than its unit the edge has not really moved, and
	 * the peer may have received what lies between. No window counts before our SYN does. */
	if (t->snd_una == t->iss || seq_before(t->snd_nxt, edge + (1u << t->snd_wscale)))
		return t->snd_nxt;
	return edge;
}

void tcp_send_ack(struct tcp *t)
{
	if (!tcp_route(t))
		tcp_emit(t, tcp_control_seq(t), 0, TH_ACK);
}

/* Options of a SYN or SYN-ACK. */
static uint32_t syn_options(uint8_t *options, uint16_t mss, bool sack, bool timestamps,
			    uint32_t tsval, uint32_t tsecr, int wscale)
{
	uint8_t *at = options;

	*at++ = TCPOPT_MAXSEG;
	*at++ = TCPOLEN_MAXSEG;
	*at++ = mss >> 8;
	*at++ = mss;
	if (timestamps) {
		at = put_timestamp(at, tsval, tsecr);
		if (sack) { /* in place of the two NOPs */
			options[4] = TCPOPT_SACK_PERMITTED;
			options[5] = TCPOLEN_SACK_PERMITTED;
		}
	} else if (sack) {
		*at++ = TCPOPT_NOP;
		*at++ = TCPOPT_NOP;
		*at++ = TCPOPT_SACK_PERMITTED;
		*at++ = TCPOLEN_SACK_PERMITTED;
	}
	if (wscale >= 0) {
		*at++ = TCPOPT_NOP;
		*at++ = TCPOPT_WINDOW;
		*at++ = TCPOLEN_WINDOW;
		*at++ = wscale;
	}
	return at - options;
}

static uint16_t advertised_mss(const struct ip_addr *remote, const struct netif *out, uint16_t user)
{
	uint32_t mss = ip_is_v4(remote) ? out->mtu - 40 : out->mtu6 - 60;

	if (mss > 65495)
		mss = 65495;
	return user && user < mss ? user : mss;
}

void tcp_send_syn(struct tcp *t)
{
	struct packet *p = packet_new(PACKET_HEADROOM, 0);
	bool answer = t->state == TCP_S_SYN_RECEIVED;
	uint8_t flags = TH_SYN | (answer ? TH_ACK : 0), options[40];
	uint32_t len, window;
	struct tcphdr *h;

	if (!p || tcp_route(t)) {
		packet_free(p);
		return;
	}
	if (t->ecn && t->retransmits < 2) /* RFC 3168 6.1.1.1: fall back when it is not answered */
		flags |= answer ? 0x40 : 0xc0;
	len = syn_options(options, advertised_mss(&t->remote, t->hop.netif, t->user_mss), t->sack,
			  t->timestamps, tcp_timestamp(t), t->ts_recent,
			  t->wscale ? t->rcv_wscale : -1);
	h = put_header(p, t->local_port, t->remote_port, t->iss, answer ? t->rcv_nxt : 0, flags,
		       options, len);
	window = t->rcvbuf > 65535 ? 65535 : t->rcvbuf;
	h->window = htons(window);
	t->rcv_adv = t->rcv_nxt + window;
	leave_checksum(p, h, &t->local, &t->remote);
	if (t->snd_nxt == t->iss)
		t->snd_nxt = t->iss + 1;
	send_on(t, p, false);
}

void tcp_challenge_ack(struct tcp *t)
{
	struct stack *stack = t->stack;
	uint64_t second = stack->now / NSEC_PER_SEC;

	if (t->challenge_ms && tcp_clock(stack) - t->challenge_ms < ANSWER_MS)
		return;
	if (stack->tcp.challenge_second != second) {
		stack->tcp.challenge_second = second;
		stack->tcp.challenge_acks = 0;
	}
	if (stack->tcp.challenge_acks++ >= CHALLENGE_RATE)
		return;
	t->challenge_ms = tcp_clock(stack);
	COUNT(stack, tcp_challenge_acks);
	tcp_send_ack(t);
}

/*
 * Two peers that each find the other's acknowledgments unacceptable answer each other as fast as
 * the line goes, and who knows a connection's addresses and ports can bring two others to it. So an
 * acknowledgment is answered once in 500 ms. Data, SYN and FIN are no part of such a loop, and an
 * honest peer that repeats a flight learns from the answers (RFC 2883) what came twice: it has ten.
 */
bool tcp_may_answer(struct tcp *t, bool carries)
{
	uint32_t now = tcp_clock(t->stack);

	if (now - t->answer_ms >= ANSWER_MS) {
		t->answer_ms = now;
		t->answers = 0;
	}
	if (t->answers >= (carries ? ANSWERS_TO_DATA : 1))
		return false;
	t->answers++;
	return true;
}

void tcp_answer(struct tcp *t, bool carries)
{
	if (!tcp_may_answer(t, carries))
		return;
	t->ack_now = 1;
	tcp_schedule(t);
}

/* ---- without a connection */

static void reply(struct stack *stack, const struct packet *cause, uint8_t flags, uint32_t seq,
		  uint32_t ack, uint16_t window, const uint8_t *options, uint32_t len)
{
	const struct tcphdr *in = (struct tcphdr *)packet_at(cause, cause->transport);
	struct packet *p = packet_new(PACKET_HEADROOM, 0);
	struct ip_options o = {.dont_fragment = ip_is_v4(&cause->src)};
	struct tcphdr *h;

	if (!p) {
		COUNT(stack, memory_failures);
		return;
	}
	if (ip_needs_zone(&cause->src))
		o.netif = cause->netif;
	h = put_header(p, ntohs(in->dest), ntohs(in->source), seq, ack, flags, options, len);
	h->window = htons(window);
	leave_checksum(p, h, &cause->dst, &cause->src);
	if (!ip_is_v4(&cause->src))
		o.flow_label = flow_label(stack, &cause->dst, &cause->src, ntohs(in->dest),
					  ntohs(in->source), IPPROTO_TCP);
	COUNT(stack, tcp_out);
	ip_output(stack, p, &cause->dst, &cause->src, IPPROTO_TCP, &o);
}

void tcp_send_reset(const struct tcp_segment *seg)
{
	struct stack *stack = seg->packet->netif->stack;

	if (seg->flags & TH_RST)
		return;
	COUNT(stack, tcp_resets_out);
	if (seg->flags & TH_ACK)
		reply(stack, seg->packet, TH_RST, seg->ack, 0, 0, NULL, 0);
	else
		reply(stack, seg->packet, TH_RST | TH_ACK, 0,
		      seg->seq + seg->len + !!(seg->flags & TH_SYN) + !!(seg->flags & TH_FIN), 0,
		      NULL, 0);
}

void tcp_reply_ack(struct stack *stack, const struct tcp_segment *seg, uint32_t seq, uint32_t ack,
		   uint16_t window, uint32_t tsval, uint32_t tsecr, bool timestamps)
{
	uint8_t options[12];

	if (timestamps)
		put_timestamp(options, tsval, tsecr);
	reply(stack, seg->packet, TH_ACK, seq, ack, window, options, timestamps ? 12 : 0);
}

void tcp_request_syn_ack(struct tcp_request *r)
{
	struct stack *stack = r->listener->stack;
	struct packet *p = packet_new(PACKET_HEADROOM, 0);
	struct ip_options o = {.netif = r->netif, .dont_fragment = ip_is_v4(&r->remote)};
	uint8_t options[40];
	struct tcphdr *h;
	uint32_t len;

	if (!p) {
		COUNT(stack, memory_failures);
		return;
	}
	len = syn_options(options, r->mss, r->sack, r->timestamps, tcp_clock(stack) + r->ts_offset,
			  r->ts_recent, r->wscale ? r->rcv_wscale : -1);
	h = put_header(p, r->local_port, r->remote_port, r->iss, r->irs + 1,
		       TH_SYN | TH_ACK | (r->ecn ? 0x40 : 0), options, len);
	h->window = htons(r->window);
	leave_checksum(p, h, &r->local, &r->remote);
	if (!ip_is_v4(&r->remote))
		o.flow_label = flow_label(stack, &r->local, &r->remote, r->local_port,
					  r->remote_port, IPPROTO_TCP);
	COUNT(stack, tcp_out);
	ip_output(stack, p, &r->local, &r->remote, IPPROTO_TCP, &o);
}
