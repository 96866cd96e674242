/* SPDX-License-Identifier: LGPL-2.1-or-later */
/*
 * TCP (RFC 9293 and its companions), one file per concern:
 *
 *   tcp_input.c     segments in: states, acceptability, ACKs, data, FIN
 *   tcp_options.c   the options of a segment, read and written
 *   tcp_receive.c   in-order and out-of-order data, the receive window, SACK blocks to send
 *   tcp_output.c    what to send now: data, retransmissions, ACKs, probes
 *   tcp_segment.c   building one segment and handing it to IP
 *   tcp_sendq.c     the bytes to send and the record of what was sent (scoreboard)
 *   tcp_recovery.c  loss detection: SACK, RACK-TLP, NewReno, F-RTO, PRR
 *   tcp_congestion.c CUBIC and Reno windows, which of the three controls a connection
 *   tcp_bbr.c       BBR: delivery rates, pacing, its window
 *   tcp_timer.c     retransmission, probes, delayed ACK, keep-alive, TIME-WAIT
 *   tcp_listen.c    listeners, SYN queue, SYN cookies
 *   tcp_connection.c  life of a connection: ports, tables, open, close, abort
 *   tcp_mtu.c       ICMP reports and path MTU
 *
 * Sequence numbers are compared with seq_before() and friends. Output is never sent from inside
 * input: tcp_schedule() puts the connection on the table's pending list and tcp_flush() runs it
 * when the batch of frames or the program's call ends, so one ACK answers a whole batch.
 */
#ifndef LWIPV6_TCP_TCP_H
#define LWIPV6_TCP_TCP_H

#include <netinet/tcp.h>
#include "lwipv6/ip/icmp.h"
#include "lwipv6/ip/ip.h"

#define TCP_MSS_DEFAULT4  536
#define TCP_MSS_DEFAULT6  1220
#define TCP_RTO_MIN	  (200 * NSEC_PER_MSEC)
#define TCP_RTO_INITIAL	  (1 * NSEC_PER_SEC)
#define TCP_RTO_AFTER_SYN (3 * NSEC_PER_SEC) /* RFC 6298 5.7 */
#define TCP_RTO_MAX	  (120 * NSEC_PER_SEC)
#define TCP_DELACK	  (40 * NSEC_PER_MSEC)
#define TCP_QUICK_ACKS	  16 /* segments */
#define TCP_HANDSHAKE_ACK (1 * NSEC_PER_MSEC)
#define TCP_MSL		  (30 * NSEC_PER_SEC)
#define TCP_FIN_WAIT2	  (60 * NSEC_PER_SEC) /* without a program behind it */
#define TCP_R2		  (924 * NSEC_PER_SEC) /* MUST-23: at least 100 s; as Linux' 15 retransmissions */
#define TCP_R2_SYN	  (180 * NSEC_PER_SEC)
#define TCP_SACK_BLOCKS	  4
#define TCP_GSO_MAX	  65000
#define TCP_SYN_BACKLOG	  4096	     /* half-open connections of a stack; cookies beyond */
#define TCP_SYN_SHARE	  64	     /* but each listener has these, whatever the others do */
#define TCP_SNDBUF	  (8u << 20) /* limits of automatic growth */
#define TCP_RCVBUF	  (6u << 20)

enum tcp_state {
	/* values of tcpi_state */
	TCP_S_ESTABLISHED = 1,
	TCP_S_SYN_SENT,
	TCP_S_SYN_RECEIVED,
	TCP_S_FIN_WAIT1,
	TCP_S_FIN_WAIT2,
	TCP_S_TIME_WAIT,
	TCP_S_CLOSED,
	TCP_S_CLOSE_WAIT,
	TCP_S_LAST_ACK,
	TCP_S_LISTEN,
	TCP_S_CLOSING
};

#define seq_before(a, b)    ((int32_t)((uint32_t)(a) - (uint32_t)(b)) < 0)
#define seq_after(a, b)	    seq_before(b, a)
#define seq_before_eq(a, b) (!seq_after(a, b))
#define seq_after_eq(a, b)  (!seq_before(a, b))

/* A received segment, decoded: host order. */
struct tcp_segment {
	struct packet *packet;	/* data at the TCP header until tcp_input() pulls it */
	uint32_t seq, ack, len; /* len of the data */
	uint32_t window;	/* unscaled */
	uint16_t urgent;
	uint8_t flags; /* TH_* and ECN's */
	bool has_timestamp, has_mss, has_wscale, sack_permitted, has_fastopen;
	uint8_t wscale, nsack;
	uint16_t mss;
	uint32_t tsval, tsecr;
	struct {
		uint32_t start, end;
	} sack[TCP_SACK_BLOCKS];
	bool ce; /* IP's ECN field is CE */
};

/* A run of bytes sent together: the scoreboard. */
struct tcp_sent {
	struct list node;  /* by sequence */
	struct list order; /* of tcp_sender.in_flight or .lost; in neither when it is in SACK */
	uint32_t seq, end;
	uint64_t time; /* last sent */
	bool sacked, lost, retransmitted, ever_retransmitted;
	/* For BBR's delivery rate, as it was when this was sent. */
	bool app_limited;
	uint64_t delivered, delivered_time, first_sent;
};

/* A run of bytes to send. */
struct tcp_chunk {
	struct list node;
	struct buffer *buffer;
	uint32_t offset, len, seq;
};

struct tcp_range {
	uint32_t start, end;
};

/*
 * What only a connection that sends has; made with its first record. Every record that is not in
 * SACK is either in flight or lost, so that an acknowledgment costs what it tells and not what is
 * on the way.
 */
struct tcp_sender {
	struct list in_flight; /* struct tcp_sent by time of sending */
	struct list lost;      /* not sent again yet; the lowest first, else as they were found */
	struct tcp_sent *hint; /* where the last SACK block began, or NULL */
	/* The blocks of the last acknowledgment, all of which is in SACK. */
	struct tcp_range known[TCP_SACK_BLOCKS];
	uint8_t nknown;
	bool loss_found; /* by the acknowledgment in hand */
	/* HyStart++ (RFC 9406), while ssthresh has never been set. Times in ns, TIME_NEVER: none yet. */
	struct tcp_hystart {
		uint32_t round_end;
		uint64_t last_rtt, rtt,
			css_rtt; /* smallest of the last and of this round; css_rtt: when CSS began */
		uint8_t samples, css_rounds;
		bool css; /* conservative slow start */
	} hystart;
};

/* RFC 3168: not used, asked for, used where the peer asks. */
enum tcp_ecn { TCP_ECN_OFF, TCP_ECN_ON, TCP_ECN_PASSIVE };

/* TCP_CONGESTION. */
enum tcp_algorithm { TCP_CUBIC, TCP_RENO, TCP_BBR };

enum tcp_congestion_state { CONGESTION_OPEN, CONGESTION_CWR, CONGESTION_RECOVERY, CONGESTION_LOSS };

struct tcp {
	struct list hash;
	struct list pending;
	struct stack *stack;
	struct tcp_socket *socket;     /* NULL: the program has closed */
	struct tcp_listener *listener; /* until accepted */
	struct list accept_node;
	struct ip_addr local, remote;
	uint16_t local_port, remote_port;
	int soft_error;	     /* of ICMP: told when the connection ends by itself */
	struct netif *netif; /* bound device or zone */
	uint8_t state;	     /* enum tcp_state */
	uint8_t congestion;  /* enum tcp_congestion_state */
	uint8_t algorithm;   /* enum tcp_algorithm */
	uint8_t snd_wscale, rcv_wscale, dup_acks, retransmits;
	uint8_t probes, keep_probes; /* unanswered, of a closed window and of keep-alive */
	/* What was agreed and what is going on. */
	bool active_open : 1, timestamps : 1, sack : 1, wscale : 1, ecn : 1, nodelay : 1, cork : 1,
		keepalive : 1, oob_inline : 1, fin_queued : 1, fin_sent : 1, fin_received : 1,
		ack_now : 1, ack_delayed : 1, ece_due : 1, cwr_due : 1, receive_shut : 1,
		force_output : 1, probing : 1, tlp_out : 1, tlp_is_retransmission : 1,
		rack_advanced : 1, reordering_seen : 1, frto : 1, undo : 1, urgent_out : 1,
		urgent_in : 1, urgent_has_byte : 1, urgent_read : 1, quickack : 1, user_sndbuf : 1,
		user_rcvbuf : 1, rtt_valid : 1, pmtu_discover : 1, orphan : 1, cookie_opened : 1,
		cwnd_limited : 1, syn_repeated : 1, mtu_lowered : 1, more : 1, interactive : 1,
		pushed : 1, mtu_locked : 1, has_dsack_seen : 1, handshake_ack : 1;
	uint8_t urgent_byte;
	uint8_t options_len; /* of a data segment without SACK: 0 or 12 */
	uint8_t timer_kind;  /* of retransmit */
	uint8_t answers;     /* since answer_ms */
	uint8_t quick_acks;  /* segments of the beginning that are still acknowledged at once */
	/* Sending. */
	uint32_t iss, snd_una, snd_nxt, snd_wnd, snd_wl1, snd_wl2, snd_max_wnd, snd_up;
	uint32_t snd_small;	/* end of the last short segment: Nagle, Minshall's way */
	uint32_t snd_end;	/* sequence after the last queued byte */
	uint16_t mss, peer_mss; /* mss: payload of a full segment, options counted */
	uint32_t mtu;
	struct list chunks, sent;
	struct tcp_sender *sender;   /* set while there are records in sent */
	struct tcp_chunk *send_hint; /* the chunk of snd_nxt, or NULL */
	uint32_t nsent;		     /* records in sent */
	uint32_t sndbuf, sacked_bytes, lost_bytes, retrans_bytes;
	uint32_t cubic_acked; /* bytes that CUBIC has not yet turned into window */
	struct next_hop hop;
	uint64_t mtu_time; /* when the path MTU was last looked up */
	uint32_t hop_generation, flow_label;
	/* Receiving. */
	uint32_t irs, rcv_nxt, rcv_adv, rcv_up; /* rcv_adv: right edge promised */
	uint32_t rcvbuf, rcvq_bytes, rcvq_memory, ooo_memory, last_ack_sent, rcv_mss;
	struct list rcvq; /* struct packet, data at the payload */
	struct list ooo;  /* struct packet by sequence; packet->mark is the sequence */
	struct tcp_range recent[TCP_SACK_BLOCKS], dsack;
	uint8_t nrecent;
	bool has_dsack;
	uint16_t segs_since_ack;
	uint32_t copied_seq; /* next byte the program reads, for urgent data and window growth */
	uint32_t growth_seq;
	uint32_t frto_point; /* of sending: where F-RTO began */
	uint64_t growth_time;
	/* Timestamps. */
	uint32_t ts_recent, ts_offset;
	uint64_t ts_recent_time;
	/* Round-trip time and timers. */
	uint64_t srtt, rttvar, rto, min_rtt, min_rtt_time;
	struct timer
		retransmit; /* RTO, RACK reordering, TLP, persist or TIME-WAIT: see timer_kind */
	struct timer delack, keep;
	uint64_t first_unacked_time; /* when the oldest unanswered transmission was first sent */
	uint64_t last_received, last_sent;
	uint64_t persist_backoff;
	/* Congestion. */
	uint32_t cwnd, ssthresh, prior_cwnd, prior_ssthresh;
	uint32_t recovery_point, prr_delivered, prr_out, prr_flight, cwr_point;
	uint32_t delivered_now; /* bytes newly delivered by the ACK in hand */
	struct tcp_cubic {
		double w_max, w_est, k; /* segments, segments, seconds */
		uint64_t epoch;		/* 0 = none */
	} cubic;
	struct bbr *bbr; /* tcp_bbr.h, while BBR controls the connection */
	/* RACK (RFC 8985). */
	uint64_t rack_time, rack_rtt, rack_timeout;
	uint32_t rack_end, rack_fack, tlp_end, rack_dsack_round;
	uint8_t rack_window, rack_persist;
	/* Options of the program. */
	uint16_t user_mss;
	uint8_t traffic_class, hop_limit, min_hop_limit;
	uint8_t keep_count, syn_count, defer_accept; /* TCP_SYNCNT; of a listener, in SYN-ACKs */
	uint32_t notsent_lowat;			     /* TCP_NOTSENT_LOWAT, 0 = none */
	uint32_t keep_idle_s, keep_interval_s, user_timeout_ms;
	int linger2_s; /* TCP_LINGER2: -1 = no FIN-WAIT-2, 0 = TCP_FIN_WAIT2 */
	uint32_t challenge_ms,
		answer_ms; /* tcp_clock() of the last challenge; answers, tcp_answer() */
	uint64_t bytes_in, bytes_out, retransmitted_total;
};

/* Half open, in the SYN queue. */
struct tcp_request {
	struct list node; /* of the listener */
	struct list hash;
	struct tcp_listener *listener;
	struct ip_addr local, remote;
	uint16_t local_port, remote_port, peer_mss, mss;
	uint32_t irs, iss, ts_recent, ts_offset, window;
	uint8_t snd_wscale, rcv_wscale, retransmits;
	bool timestamps, sack, wscale, ecn;
	bool acked; /* and without data, which the listener waits for */
	struct netif *netif;
	uint64_t made;	   /* when the SYN came; 0 = not known (cookie) */
	uint64_t answered; /* when another segment was answered last */
	struct timer timer;
};

struct tcp_listener {
	struct list hash; /* of the port */
	struct tcp_socket *socket;
	struct stack *stack;
	struct ip_addr local;
	uint16_t port;
	int family;
	bool v6only;
	bool reuse_port;
	struct netif *netif;
	struct list requests; /* struct tcp_request, oldest first */
	unsigned int nrequests;
	struct list ready; /* struct tcp.accept_node */
	unsigned int nready, backlog;
	uint8_t defer_accept;	/* SYN-ACKs sent again while the first data is waited for */
	uint64_t cookies_until; /* cookies were sent: accept them until then */
};

/* ---- tcp_connection.c */
struct tcp *tcp_new(struct stack *stack);
void tcp_table_init(struct stack *stack);
/* What connections that their programs closed still have to deliver. */
enum tcp_owed { TCP_OWES_NOTHING, TCP_OWES_FIN, TCP_OWES_DATA } tcp_owed(struct stack *stack);
/* The stack ends: peers that have not acknowledged everything hear a reset. */
void tcp_table_reset(struct stack *stack);
/* End every connection; the table itself goes with tcp_table_free(). */
void tcp_table_fini(struct stack *stack);
void tcp_table_free(struct stack *stack);
int tcp_insert(struct tcp *t);
struct tcp *tcp_find(struct stack *stack, const struct ip_addr *local, uint16_t lport,
		     const struct ip_addr *remote, uint16_t rport);
int tcp_connect(struct tcp *t);
/* The program closed: FIN after the queue, or RST when @reset or data is unread. */
void tcp_close(struct tcp *t, bool reset);
/* End at once; @error (positive) goes to the program. @reset: tell the peer. Frees orphans. */
void tcp_abort(struct tcp *t, int error, bool reset);
void tcp_free(struct tcp *t);
void tcp_set_state(struct tcp *t, enum tcp_state state);
void tcp_enter_time_wait(struct tcp *t);
/* TIME-WAIT is over, in time or because another connection takes the ports. */
void tcp_forget(struct tcp *t);
uint32_t tcp_isn(struct tcp *t);
/* The route of the connection, refreshed; negative errno. */
int tcp_route(struct tcp *t);
uint16_t tcp_pick_port(struct stack *stack, const struct ip_addr *local,
		       const struct ip_addr *remote, uint16_t remote_port);
/* Abort what is bound to an address that went away. */
void tcp_address_gone(struct stack *stack, const struct ip_addr *addr);

/* ---- tcp_input.c */
void tcp_input(struct packet *p);
/* The handshake ended: windows and timers of a connection that carries data. */
void tcp_established(struct tcp *t);
/* ---- tcp_options.c */
bool tcp_parse(struct tcp_segment *seg, struct packet *p);
/* ---- tcp_receive.c */
void tcp_receive_data(struct tcp *t, struct tcp_segment *seg);
uint32_t tcp_receive_window(struct tcp *t);
/* @skip bytes are passed over, with MSG_PEEK. @time: when the last that was read came. */
ssize_t tcp_read(struct tcp *t, const struct iovec *iov, int n, int flags, uint32_t skip,
		 uint64_t *time);
void tcp_consumed(struct tcp *t, uint32_t n);
/* ---- tcp_sendq.c */
ssize_t tcp_write(struct tcp *t, const struct iovec *iov, int n);
int tcp_write_buffer(struct tcp *t, struct buffer *b, uint32_t offset, uint32_t len);
uint32_t tcp_send_space(const struct tcp *t);
/* Whether a program that polls shall write: a third of the buffer is free, less than half of TCP_NOTSENT_LOWAT waits. */
bool tcp_writable(const struct tcp *t);
/* The send buffer follows the congestion window, unless the program fixed it. */
void tcp_grow_sndbuf(struct tcp *t);
void tcp_sendq_acked(struct tcp *t, uint32_t una);
/* Add up to @len queued bytes from @seq to @p as frags; how many were added. */
uint32_t tcp_sendq_slice(struct tcp *t, struct packet *p, uint32_t seq, uint32_t len);
struct tcp_sent *tcp_sent_add(struct tcp *t, uint32_t seq, uint32_t end);
struct tcp_sent *tcp_sent_split(struct tcp *t, struct tcp_sent *s, uint32_t at);
void tcp_sent_free(struct tcp *t, struct tcp_sent *s);
/* Join @s with the record before it, of which it is the end from now on. */
struct tcp_sent *tcp_sent_join(struct tcp *t, struct tcp_sent *s);
/* @s was sent, for the first time or again: it is the youngest in flight. */
void tcp_sent_flies(struct tcp *t, struct tcp_sent *s);
/* @s is to be sent again. */
void tcp_sent_lost(struct tcp *t, struct tcp_sent *s);
void tcp_sent_free_all(struct tcp *t);
void tcp_sendq_free(struct tcp *t);
/* ---- tcp_output.c */
void tcp_schedule(struct tcp *t);
/* The program waits: an acknowledgment of the handshake that was kept for its data goes now. */
static inline void tcp_ack_handshake(struct tcp *t)
{
	if (!t->handshake_ack)
		return;
	t->handshake_ack = 0;
	t->ack_now = 1;
	tcp_schedule(t);
}
void tcp_flush(struct stack *stack);
void tcp_output(struct tcp *t);
void tcp_retransmit_head(struct tcp *t);
void tcp_retransmit_record(struct tcp *t, struct tcp_sent *s);
/* New bytes that the peer's window takes. */
static inline uint32_t tcp_window_left(const struct tcp *t)
{
	int32_t left = t->snd_una + t->snd_wnd - t->snd_nxt;

	return left > 0 ? left : 0;
}
/* Bytes queued and not sent yet; after the FIN there are none. */
static inline uint32_t tcp_unsent(const struct tcp *t)
{
	return seq_after(t->snd_end, t->snd_nxt) ? t->snd_end - t->snd_nxt : 0;
}
void tcp_probe(struct tcp *t);
/* ---- tcp_segment.c */
int tcp_emit(struct tcp *t, uint32_t seq, uint32_t len, uint8_t flags);
void tcp_send_ack(struct tcp *t);
/* The sequence number of a segment without data: snd_nxt, or the right edge of a peer's window that
 * has moved back behind it, because the peer refuses what lies beyond. */
uint32_t tcp_control_seq(const struct tcp *t);
void tcp_send_syn(struct tcp *t);
/* An answer to @p without a connection. */
void tcp_send_reset(const struct tcp_segment *seg);
void tcp_reply_ack(struct stack *stack, const struct tcp_segment *seg, uint32_t seq, uint32_t ack,
		   uint16_t window, uint32_t tsval, uint32_t tsecr, bool timestamps);
void tcp_challenge_ack(struct tcp *t);
/* Whether a segment that is not acceptable may be answered now; counts the answer. @carries: data,
 * SYN or FIN. */
bool tcp_may_answer(struct tcp *t, bool carries);
/* Answer it with an acknowledgment at the end of the batch, if it may be. */
void tcp_answer(struct tcp *t, bool carries);
void tcp_request_syn_ack(struct tcp_request *r);
uint32_t tcp_timestamp(const struct tcp *t);
uint32_t tcp_clock(const struct stack *stack);
/* ---- tcp_recovery.c */
void tcp_ack(struct tcp *t, struct tcp_segment *seg);
void tcp_rack_timeout(struct tcp *t);
void tcp_tlp_send(struct tcp *t);
void tcp_rto_loss(struct tcp *t);
uint32_t tcp_pipe(const struct tcp *t);
/* ---- tcp_congestion.c */
/* The algorithm's name as in TCP_CONGESTION, not ended within @len; -ENOENT for another. */
int tcp_algorithm_find(const char *name, size_t len);
/* What the host's own sockets use (tcp_congestion_control of tcp(7)); CUBIC when we lack it. */
enum tcp_algorithm tcp_algorithm_of_host(void);
const char *tcp_algorithm_name(enum tcp_algorithm algorithm);
/* Go on with another; what is in flight stays. */
void tcp_congestion_choose(struct tcp *t, enum tcp_algorithm algorithm);
void tcp_congestion_init(struct tcp *t);
void tcp_congestion_acked(struct tcp *t, uint32_t acked);
uint32_t tcp_congestion_reduce(struct tcp *t); /* the new ssthresh */
void tcp_congestion_idle(struct tcp *t);
/* A round-trip time was measured: slow start ends when it grows. */
void tcp_congestion_rtt(struct tcp *t, uint64_t rtt);
/* ---- tcp_bbr.c, all but the first with t->bbr set */
void tcp_bbr_start(struct tcp *t);
void tcp_bbr_stop(struct tcp *t);
/* Bytes that may leave now; with 0 output runs again when more may. */
uint32_t tcp_bbr_allowed(struct tcp *t);
void tcp_bbr_paced(struct tcp *t, uint32_t bytes);
/* @s leaves, for the first time or again. Before snd_nxt moves. */
void tcp_bbr_sent(struct tcp *t, struct tcp_sent *s);
void tcp_bbr_delivered(struct tcp *t, const struct tcp_sent *s);
void tcp_bbr_limited(struct tcp *t);
/* The end of an acknowledgment that delivered @acked bytes; @rtt ns, 0 = not known. */
void tcp_bbr_acked(struct tcp *t, uint32_t acked, uint64_t rtt);
void tcp_bbr_save(struct tcp *t);
/* ---- tcp_timer.c */
enum tcp_timer_kind {
	TCP_TIMER_NONE,
	TCP_TIMER_RTO,
	TCP_TIMER_RACK,
	TCP_TIMER_TLP,
	TCP_TIMER_PERSIST,
	TCP_TIMER_TIME_WAIT,
	TCP_TIMER_FIN_WAIT2
};
void tcp_timers_init(struct tcp *t);
/* Start the timer that the state asks for; @restart: also when one runs (new data was acked). */
void tcp_arm(struct tcp *t, bool restart);
void tcp_rtt_sample(struct tcp *t, uint64_t rtt);
void tcp_keep_arm(struct tcp *t);
/* The program has closed and only the peer's FIN is missing: for how long, TCP_LINGER2 says. */
void tcp_fin_wait2_arm(struct tcp *t);
/* TCP_USER_TIMEOUT was set. */
void tcp_deadline_changed(struct tcp *t);
void tcp_timers_stop(struct tcp *t);
/* ---- tcp_listen.c */
struct tcp_listener *tcp_listener_find(struct stack *stack, const struct ip_addr *local,
				       uint16_t port, const struct netif *in, uint32_t spread);
int tcp_listen(struct tcp_listener *l);
void tcp_unlisten(struct tcp_listener *l);
/* A segment for a listener without a connection. True when it made @*child, to go on with. */
bool tcp_listener_input(struct tcp_listener *l, struct tcp_segment *seg, struct tcp **child);
void tcp_request_netif_gone(struct stack *stack, const struct netif *netif);
/* ---- tcp_mtu.c */
void tcp_icmp(struct stack *stack, const struct icmp_report *report);
/* Large segments seem to vanish on the way. */
void tcp_black_hole(struct tcp *t);
void tcp_set_mtu(struct tcp *t, uint32_t mtu);
/* ---- socket/stream.c, upwards */
void stream_event(struct tcp *t);
/* Data arrived in order, or the end. */
void stream_data(struct tcp *t);
/* A thread of the program waits in connect(). */
bool stream_connect_blocked(const struct tcp *t);
bool stream_port_bound(struct stack *stack, uint16_t port);
/* What a connection's SYN-ACK may promise. */
uint32_t stream_first_window(const struct tcp_listener *l);
/* Options of the listening socket that its connections take over. */
void stream_inherit(struct tcp_listener *l, struct tcp *t);
void stream_accepted(struct tcp_listener *l);
void stream_error(struct tcp *t, int error);

#endif
