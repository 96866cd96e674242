/* SPDX-License-Identifier: LGPL-2.1-or-later */
/*
 * Two stacks of one process joined in memory. A frame goes into the other stack's inbox as it is:
 * super-segments stay whole and checksums are not computed, nothing is copied. The pair's own lock
 * guards the two ends, because either stack may go first.
 *
 * At the end of a batch the sender's thread runs the other stack itself when nobody is in it, which
 * saves the change of thread; else it wakes whoever waits there. It holds its own stack's lock
 * meanwhile and only tries the other's, so that two stacks cannot wait for each other.
 */
#include <errno.h>
#include <stdlib.h>
#include "lwipv6/core/loop.h"
#include "lwipv6/link/netif.h"

struct pair {
	pthread_mutex_t lock;
	struct netif *end[2];
};

struct pair_end {
	struct pair *pair;
	int side;
};

static void transmit(struct netif *netif, struct packet *p)
{
	struct pair_end *e = netif->driver;
	struct netif *peer;

	pthread_mutex_lock(&e->pair->lock);
	peer = e->pair->end[!e->side];
	if (peer) {
		p->netif = peer;
		p->locally_made = p->forwarded = 0;
		p->mark = 0;
		stack_deliver(peer->stack, p);
		p = NULL;
		netif->poke_due = netif->stack->poke_due = true;
	}
	pthread_mutex_unlock(&e->pair->lock);
	packet_free(p);
}

static void poke(struct netif *netif)
{
	struct pair_end *e = netif->driver;
	struct stack *to = NULL;
	struct netif *peer;

	pthread_mutex_lock(&e->pair->lock);
	peer = e->pair->end[!e->side];
	if (peer && !pthread_mutex_trylock(&peer->stack->lock))
		to = peer->stack; /* it cannot end while we hold its lock */
	else if (peer && !__atomic_load_n(&peer->stack->poking, __ATOMIC_SEQ_CST))
		loop_kick(peer->stack);
	pthread_mutex_unlock(&e->pair->lock);
	if (!to)
		return;
	loop_clock(to);
	stack_settle(to);
	loop_take_over(to);
	stack_unlock(to);
}

static void pair_close(struct netif *netif)
{
	struct pair_end *e = netif->driver;
	struct packet *p, *next;
	bool last;

	pthread_mutex_lock(&e->pair->lock);
	e->pair->end[e->side] = NULL;
	last = !e->pair->end[!e->side];
	pthread_mutex_unlock(&e->pair->lock);
	pthread_mutex_lock(&netif->stack->inbox_lock);
	list_for_each_entry_safe (p, next, &netif->stack->inbox, node) {
		if (p->netif != netif)
			continue;
		list_remove(&p->node);
		netif->stack->inbox_len--;
		packet_free(p);
	}
	pthread_mutex_unlock(&netif->stack->inbox_lock);
	if (last) {
		pthread_mutex_destroy(&e->pair->lock);
		free(e->pair);
	}
	free(e);
}

static const struct netif_ops pair_ops = {
	.prefix = "pr", .transmit = transmit, .poke = poke, .close = pair_close};

static struct netif *end_new(struct stack *stack, struct pair *pair, int side)
{
	struct pair_end *e = calloc(1, sizeof(*e));
	struct netif *n;

	if (!e)
		return NULL;
	e->pair = pair;
	e->side = side;
	stack_enter(stack);
	n = netif_new(stack, &pair_ops, NETIF_ETHERNET, e, 1500);
	if (n)
		n->offload = OFFLOAD_CHECKSUM | OFFLOAD_TSO4 | OFFLOAD_TSO6;
	else
		free(e);
	stack_leave(stack);
	return n;
}

int pair_open(struct stack *a, struct stack *b, struct netif *out[2])
{
	struct pair *pair = calloc(1, sizeof(*pair));

	if (!pair)
		return -ENOMEM;
	pthread_mutex_init(&pair->lock, NULL);
	out[0] = end_new(a, pair, 0);
	out[1] = out[0] ? end_new(b, pair, 1) : NULL;
	if (!out[1]) {
		if (out[0]) {
			stack_enter(a);
			netif_free(out[0]); /* frees the pair as well: it is the last end */
			stack_leave(a);
		} else {
			free(pair);
		}
		return -ENOMEM;
	}
	pthread_mutex_lock(&pair->lock);
	pair->end[0] = out[0];
	pair->end[1] = out[1];
	pthread_mutex_unlock(&pair->lock);
	return 0;
}
