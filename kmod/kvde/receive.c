// SPDX-License-Identifier: GPL-2.0-only
/*
 * A client has sent something. The kernel calls the receiving socket's sk_data_ready from sendmsg(2), with no lock held: then
 * the frame is taken from the queue and forwarded, in the sender's own time.
 *
 * Against recursion: a call takes SHARE frames at most, the rest is left to a worker; a call that comes while this processor
 * is in one goes to the worker, too (a client's own sk_data_ready may be anything); and no frame is delivered to a socket
 * that is adopted itself, neither at adoption (port.c) nor later (deliver.c).
 *
 * While the switch has many frames of a port to read, the next ones stay in the socket, where the client waits for room
 * as it would for a switch that is behind.
 *
 * A frame with descriptors in it would need what only the kernel's own recvmsg(2) can do. Then the port takes nothing more,
 * and the switch is asked to release it.
 */
#include <net/af_unix.h>

#include "switch.h"

#define SHARE 64

static DEFINE_PER_CPU(bool, inside);

/* Somebody peeks at the frame at this moment: what he sees must not change. */
static struct sk_buff *make_own(struct sk_buff *skb)
{
	struct sk_buff *copy;

	if (likely(!skb_shared(skb) && !skb_cloned(skb)))
		return skb;
	copy = kvde_copy(skb);
	consume_skb(skb);
	return copy;
}

bool kvde_receive(struct kvde_adopted *port)
{
	struct sk_buff_head *queue = &port->sk->sk_receive_queue;
	struct sk_buff *skb;
	unsigned int n;

	spin_lock(&port->rx_lock);
	for (n = 0; n < SHARE && !port->stuck; n++) {
		if (unlikely(READ_ONCE(port->sw->paused) || kvde_up_full(port)))
			break;
		skb = skb_dequeue(queue);
		if (!skb)
			break;
		/* Counted before the frame is queued, so also if it is a later one that has them. */
		if (unlikely(atomic_read(&unix_sk(port->sk)->scm_stat.nr_fds))) {
			skb_queue_head(queue, skb);
			/* Without memory to tell it, the next frame is another occasion. */
			port->stuck = kvde_up_event(port->sw, KVDE_STUCK, port->number, 0, NULL);
			break;
		}
		skb = make_own(skb);
		if (skb)
			kvde_forward(port, skb);
		else
			kvde_count(port, in_dropped, 1);
	}
	spin_unlock(&port->rx_lock);
	return n == SHARE;
}

void kvde_data_ready(struct sock *sk)
{
	struct kvde_adopted *port;

	rcu_read_lock();
	port = rcu_dereference_sk_user_data(sk);
	if (likely(port)) {
		preempt_disable();
		if (unlikely(this_cpu_read(inside))) {
			schedule_work(&port->work);
		} else {
			this_cpu_write(inside, true);
			if (kvde_receive(port))
				schedule_work(&port->work);
			this_cpu_write(inside, false);
		}
		preempt_enable();
	}
	rcu_read_unlock();
	/* Released meanwhile: its own function is back. */
	if (unlikely(!port) && READ_ONCE(sk->sk_data_ready) != kvde_data_ready)
		READ_ONCE(sk->sk_data_ready)(sk);
}
