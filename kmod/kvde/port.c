// SPDX-License-Identifier: GPL-2.0-only
/*
 * Adopting the switch's socket of a port, and letting go of it.
 *
 * The socket's sk_data_ready is replaced, by the rules for who does so: sk_user_data must be free and says whose it is. The
 * socket and its peer, the client's, are counted, no file is, since a file that a file holds can be a circle that the kernel
 * does not see. If the switch closes the socket, or the client its own, frames end there until the port is released.
 *
 * The set of adopted ports is replaced with each change, so that a frame is flooded to one set, which goes with it to the
 * switch. A port joins it when it is ready to be sent to, and leaves it first.
 */
#include <linux/file.h>
#include <linux/net.h>
#include <linux/sched.h>
#include <linux/security.h>
#include <linux/slab.h>
#include <net/af_unix.h>

#include "switch.h"

static struct kvde_adopted *port_at(struct kvde *sw, u32 number)
{
	return rcu_dereference_protected(sw->ports[number], lockdep_is_held(&sw->lock));
}

/* A new set with one port more or less. */
static int change_set(struct kvde *sw, u32 number, bool in, gfp_t gfp)
{
	struct kvde_set *old = rcu_dereference_protected(sw->adopted, lockdep_is_held(&sw->lock));
	struct kvde_set *new = kzalloc(sizeof(*new), gfp);

	if (!new)
		return -ENOMEM;
	if (old)
		memcpy(new->word, old->word, sizeof(new->word));
	refcount_set(&new->refs, 1);
	if (in)
		new->word[number / 64] |= 1ull << number % 64;
	else
		new->word[number / 64] &= ~(1ull << number % 64);
	for (new->words = KVDE_WORDS; new->words && !new->word[new->words - 1]; new->words--)
		;
	rcu_assign_pointer(sw->adopted, new);
	kvde_set_put(old);
	return 0;
}

static void receive_work(struct work_struct *work)
{
	struct kvde_adopted *port = container_of(work, struct kvde_adopted, work);
	bool more;

	do {
		rcu_read_lock();
		more = kvde_receive(port);
		rcu_read_unlock();
		cond_resched();
	} while (more);
}

/* ---- letting go */

static void free_port(struct kvde_adopted *port)
{
	if (port->client)
		sock_put(port->client);
	if (port->sk)
		sock_put(port->sk);
	free_percpu(port->counters);
	kfree_rcu(port, rcu);
}

static void sum_counters(const struct kvde_adopted *port, struct kvde_counters *sum)
{
	int cpu;

	*sum = (struct kvde_counters){};
	for_each_possible_cpu(cpu) {
		const struct kvde_counters *one = per_cpu_ptr(port->counters, cpu);

		sum->in_frames += one->in_frames;
		sum->in_bytes += one->in_bytes;
		sum->in_dropped += one->in_dropped;
		sum->in_errors += one->in_errors;
		sum->out_frames += one->out_frames;
		sum->out_bytes += one->out_bytes;
		sum->out_dropped += one->out_dropped;
	}
}

static void give_back(struct sock *sk, struct kvde_adopted *port)
{
	write_lock_bh(&sk->sk_callback_lock);
	if (sk->sk_data_ready == kvde_data_ready)
		WRITE_ONCE(sk->sk_data_ready, port->data_ready);
	rcu_assign_sk_user_data(sk, NULL);
	write_unlock_bh(&sk->sk_callback_lock);
}

/* Nobody is in it any more when this returns, and nothing will be sent to it. */
static void let_go(struct kvde *sw, struct kvde_adopted *port)
{
	struct kvde_set *set = rcu_dereference_protected(sw->adopted, lockdep_is_held(&sw->lock));

	/* What is flooded from now on is not said to have reached it. */
	if (set && kvde_has(set->word, port->number))
		change_set(sw, port->number, false, GFP_KERNEL | __GFP_NOFAIL);
	rcu_assign_pointer(sw->ports[port->number], NULL);
	give_back(port->sk, port);
	synchronize_rcu_expedited();
	cancel_work_sync(&port->work);
}

/* How many were queued up to now. */
static u64 record_count(struct kvde *sw)
{
	u64 count;

	spin_lock(&sw->up_lock);
	count = sw->up_records;
	spin_unlock(&sw->up_lock);
	return count;
}

/* The port that an argument names, or an error. */
static struct kvde_adopted *named_port(struct kvde *sw, const struct kvde_port_state *state)
{
	struct kvde_adopted *port;

	if (state->reserved || state->port >= KVDE_PORTS)
		return ERR_PTR(-EINVAL);
	port = port_at(sw, state->port);
	return port ?: ERR_PTR(-ENOENT);
}

int kvde_release(struct kvde *sw, struct kvde_port_state *state)
{
	struct kvde_adopted *port = named_port(sw, state);

	if (IS_ERR(port))
		return PTR_ERR(port);
	let_go(sw, port);
	sum_counters(port, &state->counters);
	state->records = record_count(sw);
	free_port(port);
	return 0;
}

int kvde_port_count(struct kvde *sw, struct kvde_port_state *state)
{
	struct kvde_adopted *port = named_port(sw, state);

	if (IS_ERR(port))
		return PTR_ERR(port);
	sum_counters(port, &state->counters);
	state->records = record_count(sw);
	return 0;
}

void kvde_release_all(struct kvde *sw)
{
	struct kvde_adopted *port;
	u32 number;

	mutex_lock(&sw->lock);
	for (number = 1; number < KVDE_PORTS; number++) {
		port = port_at(sw, number);
		if (port) {
			let_go(sw, port);
			/* What came meanwhile, the switch may still read, if it lives. */
			port->data_ready(port->sk);
			free_port(port);
		}
	}
	kvde_set_put(rcu_replace_pointer(sw->adopted, NULL, lockdep_is_held(&sw->lock)));
	for (number = 0; number < KVDE_VLANS; number++) {
		struct kvde_members *members = rcu_replace_pointer(sw->vlans[number], NULL, lockdep_is_held(&sw->lock));

		if (members)
			kfree_rcu(members, rcu);
	}
	mutex_unlock(&sw->lock);
}

/* ---- nothing moves */

void kvde_pause(struct kvde *sw, struct kvde_pause *pause)
{
	struct kvde_adopted *port;
	u32 number;

	WRITE_ONCE(sw->paused, true);
	for (number = 1; number < KVDE_PORTS; number++) {
		port = port_at(sw, number);
		if (port) {
			/* Whoever comes after this has seen it. */
			spin_lock(&port->rx_lock);
			spin_unlock(&port->rx_lock);
		}
	}
	pause->records = record_count(sw);
}

void kvde_resume(struct kvde *sw)
{
	struct kvde_adopted *port;
	u32 number;

	WRITE_ONCE(sw->paused, false);
	smp_mb(); /* whoever saw it paused has left his frame in the queue, which we see */
	for (number = 1; number < KVDE_PORTS; number++) {
		port = port_at(sw, number);
		if (port && !skb_queue_empty_lockless(&port->sk->sk_receive_queue))
			schedule_work(&port->work);
	}
}

/* ---- adopting */

/* The peer, counted, if the policy lets the one send to the other. */
static int find_client(struct socket *socket, struct sock **client)
{
	struct sock *sk = socket->sk, *peer;
	int err = -ENOTCONN;

	unix_state_lock(sk);
	peer = unix_peer(sk);
	if (peer)
		sock_hold(peer);
	unix_state_unlock(sk);
	if (!peer)
		return err;
	unix_state_lock(peer);
	if (!sock_flag(peer, SOCK_DEAD) && peer->sk_socket)
		err = security_unix_may_send(socket, peer->sk_socket) ? -EACCES : 0;
	unix_state_unlock(peer);
	if (!err && (peer == sk || READ_ONCE(peer->sk_data_ready) == kvde_data_ready))
		err = -ELOOP;
	/* Each wakes up its reader by the kernel's own function. */
	if (!err && READ_ONCE(peer->sk_data_ready) != READ_ONCE(sk->sk_data_ready))
		err = -EBUSY;
	if (err)
		sock_put(peer);
	else
		*client = peer;
	return err;
}

static int take_over(struct sock *sk, struct kvde_adopted *port)
{
	int err = 0;

	write_lock_bh(&sk->sk_callback_lock);
	if (rcu_dereference_sk_user_data(sk) || sk->sk_data_ready == kvde_data_ready) {
		err = -EBUSY;
	} else {
		port->data_ready = sk->sk_data_ready;
		__rcu_assign_sk_user_data_with_flags(sk, port, SK_USER_DATA_NOCOPY);
		WRITE_ONCE(sk->sk_data_ready, kvde_data_ready);
	}
	write_unlock_bh(&sk->sk_callback_lock);
	return err;
}

static struct kvde_adopted *new_port(struct kvde *sw, const struct kvde_port *arg)
{
	struct kvde_adopted *port = kzalloc(sizeof(*port), GFP_KERNEL_ACCOUNT);

	if (!port)
		return NULL;
	port->counters = alloc_percpu_gfp(struct kvde_counters, GFP_KERNEL_ACCOUNT);
	if (!port->counters) {
		kfree(port);
		return NULL;
	}
	port->sw = sw;
	port->number = arg->port;
	port->pvid = arg->pvid;
	port->tpid = arg->tpid;
	spin_lock_init(&port->rx_lock);
	INIT_WORK(&port->work, receive_work);
	return port;
}

static int adopt_socket(struct kvde *sw, const struct kvde_port *arg, struct socket *socket)
{
	struct kvde_adopted *port = new_port(sw, arg);
	int err = port ? find_client(socket, &port->client) : -ENOMEM;

	if (!port)
		return err;
	if (err)
		goto fail;
	port->sk = socket->sk;
	sock_hold(port->sk);
	/* Whoever is told of it finds it; nobody comes in by it yet. */
	rcu_assign_pointer(sw->ports[port->number], port);
	err = take_over(port->sk, port);
	if (err) {
		rcu_assign_pointer(sw->ports[port->number], NULL);
		synchronize_rcu_expedited();
		goto fail;
	}
	err = change_set(sw, port->number, true, GFP_KERNEL_ACCOUNT);
	if (err) {
		let_go(sw, port);
		port->data_ready(port->sk);
		goto fail;
	}
	schedule_work(&port->work); /* what it has already */
	return 0;
fail:
	free_port(port);
	return err;
}

int kvde_adopt(struct kvde *sw, const struct kvde_adopt *arg)
{
	struct socket *socket;
	int err;

	if (arg->reserved || !kvde_port_is_valid(&arg->port))
		return -EINVAL;
	if (port_at(sw, arg->port.port))
		return -EBUSY;
	socket = sockfd_lookup(arg->fd, &err);
	if (!socket)
		return err;
	if (!socket->sk || socket->sk->sk_family != AF_UNIX || socket->sk->sk_type != SOCK_DGRAM)
		err = -EPROTOTYPE;
	else
		err = adopt_socket(sw, &arg->port, socket);
	sockfd_put(socket);
	return err;
}
