/* SPDX-License-Identifier: LGPL-2.1-or-later */
/*
 * Life of a stack, and entering and leaving it. Leaving settles: packets that the stack sent to
 * itself and TCP output are run until there are none. The order matters: input before output, so
 * that one acknowledgment answers a batch.
 */
#include "lwipv6/core/stack.h"
#include <errno.h>
#include <stdlib.h>
#include <sys/eventfd.h>
#include <sys/epoll.h>
#include <unistd.h>
#include "lwipv6/config/config.h"
#include "lwipv6/core/loop.h"
#include "lwipv6/filter/filter.h"
#include "lwipv6/ip/ip.h"
#include "lwipv6/link/netif.h"
#include "lwipv6/netlink/netlink.h"
#include "lwipv6/socket/socket.h"
#include "lwipv6/tcp/tcp.h"

/* A packet sent to oneself may cause another: at most this many per leave, the rest by the loop. */
#define SETTLE_PACKETS 4096
/* How often two stacks that are joined hand each other work within one call. */
#define POKE_ROUNDS 16
/* How long the end of a stack waits for peers to take what was sent. */
#define LINGER_DATA   (5 * NSEC_PER_SEC)
#define LINGER_FIN    (1 * NSEC_PER_SEC) /* a peer that ended first does not answer it */
#define SETTLE_ROUNDS 16

static void take_inbox(struct stack *stack)
{
	struct list frames;

	list_init(&frames);
	pthread_mutex_lock(&stack->inbox_lock);
	list_splice(&frames, &stack->inbox);
	__atomic_store_n(&stack->inbox_len, 0, __ATOMIC_RELAXED);
	pthread_mutex_unlock(&stack->inbox_lock);
	while (!list_empty(&frames)) {
		struct packet *p = list_first(&frames, struct packet, node);

		list_remove(&p->node);
		netif_receive(p);
	}
}

/* What defers itself again and again has its turn in the next settling. */
static void run_deferred(struct stack *stack, unsigned int *rounds)
{
	struct list due;

	list_init(&due);
	if (!*rounds)
		return;
	--*rounds;
	list_splice(&due, &stack->deferred);
	while (!list_empty(&due)) {
		struct deferred *d = list_first(&due, struct deferred, node);

		list_remove(&d->node);
		d->run(stack, d);
	}
}

static void settle(struct stack *stack)
{
	unsigned int budget = SETTLE_PACKETS, rounds = SETTLE_ROUNDS;

	for (;;) {
		if (__atomic_load_n(&stack->inbox_len, __ATOMIC_RELAXED))
			take_inbox(stack);
		while (!list_empty(&stack->backlog) && budget) {
			struct packet *p = list_first(&stack->backlog, struct packet, node);

			list_remove(&p->node);
			stack->backlog_len--;
			budget--;
			if (ip_is_v4(&p->dst))
				ip4_input(p);
			else
				ip6_input(p);
		}
		run_deferred(stack, &rounds);
		if (list_empty(&stack->tcp.pending))
			break;
		tcp_flush(stack);
	}
	if (!list_empty(&stack->backlog) || !list_empty(&stack->deferred))
		stack_timer_advanced(stack, stack->now);
}

/* Let the stacks run that we are joined with. What they answer meanwhile is taken afterwards. */
static void poke(struct stack *stack)
{
	struct netif *n;

	stack->poke_due = false;
	__atomic_store_n(&stack->poking, true, __ATOMIC_SEQ_CST);
	list_for_each_entry (n, &stack->netifs, node)
		if (n->poke_due) {
			n->poke_due = false;
			n->ops->poke(n);
		}
	__atomic_store_n(&stack->poking, false, __ATOMIC_SEQ_CST);
}

void stack_settle(struct stack *stack)
{
	settle(stack);
	for (int round = 0; stack->poke_due; round++) {
		poke(stack);
		if (!__atomic_load_n(&stack->inbox_len, __ATOMIC_SEQ_CST))
			continue;
		if (round == POKE_ROUNDS) { /* others want the lock as well */
			loop_kick(stack);
			break;
		}
		settle(stack);
	}
}

void stack_enter(struct stack *stack)
{
	pthread_mutex_lock(&stack->lock);
	loop_clock(stack);
}

void stack_leave(struct stack *stack)
{
	stack_settle(stack);
	loop_take_over(stack);
	stack_unlock(stack);
	/* It may have been left to us in the last moment. */
	while (__atomic_load_n(&stack->loop.left, __ATOMIC_SEQ_CST) &&
	       !pthread_mutex_trylock(&stack->lock)) {
		loop_take_over(stack);
		stack_unlock(stack);
	}
}

void stack_deliver(struct stack *to, struct packet *p)
{
	pthread_mutex_lock(&to->inbox_lock);
	if (to->inbox_len >= 4096) {
		pthread_mutex_unlock(&to->inbox_lock);
		packet_free(p);
		return;
	}
	list_append(&to->inbox, &p->node);
	__atomic_store_n(&to->inbox_len, to->inbox_len + 1, __ATOMIC_RELAXED);
	pthread_mutex_unlock(&to->inbox_lock);
}

void stack_notify(struct stack *stack, enum stack_event event, void *object)
{
	struct stack_listener *l, *next;

	list_for_each_entry_safe (l, next, &stack->listeners, node)
		l->notify(l, stack, event, object);
	if (!list_empty(&stack->netlink.sockets))
		netlink_notify(stack, event, object);
}

void stack_listen(struct stack *stack, struct stack_listener *l)
{
	list_append(&stack->listeners, &l->node);
}

bool stack_capable(struct stack *stack, int capability)
{
	return !stack->capfun || (stack->capfun() & capability) == capability;
}

static void settings_init(struct stack *stack)
{
	uint64_t secret[2] = {random_u64(&stack->random), random_u64(&stack->random)};

	stack->settings.forwarding4 = stack->settings.forwarding6 =
		stack->flags & LWIP_STACK_FLAG_FORWARDING;
	stack->settings.redirects = true;
	stack->settings.default_ttl = 64;
	stack->settings.temporary_addresses = stack->flags & LWIP_STACK_FLAG_TEMPORARY;
	stack->settings.optimistic = stack->flags & LWIP_STACK_FLAG_OPTIMISTIC;
	/* Virtual time is for runs that come out the same everywhere. */
	stack->settings.congestion =
		stack->flags & STACK_VIRTUAL ? TCP_CUBIC : tcp_algorithm_of_host();
	stack->settings.ecn = TCP_ECN_ON;
	stack->settings.timestamps = true;
	stack->settings.time_wait = 2 * TCP_MSL;
	stack->settings.delayed_ack = TCP_DELACK;
	memcpy(stack->settings.secret, secret, sizeof(secret));
}

/*
 * What programs sent and closed is delivered before the stack ends, as a kernel would do behind a
 * program that has ended: a peer must not wait for ever for data that was taken. Bounded, for the
 * peer may be gone.
 */
static void stack_linger(struct stack *stack)
{
	struct netif *netif;
	enum tcp_owed owed;
	uint64_t start;

	stack_enter(stack);
	stack_settle(stack);
	start = stack->now;
	while (!stack->linger && !stack->loop.stopping && (owed = tcp_owed(stack))) {
		struct waiter w = {0};
		int error;

		list_init(&w.node);
		stack->linger = &w;
		error = stack_wait(stack, &w,
				   start + (owed == TCP_OWES_DATA ? LINGER_DATA : LINGER_FIN));
		stack->linger = NULL;
		if (error && error != -EINTR)
			break;
	}
	stack_settle(stack);
	list_for_each_entry (netif, &stack->netifs, node)
		if (netif->ops->drain)
			netif->ops->drain(netif);
	stack_leave(stack);
}

/* ---- the stacks of the process, for its end */

static pthread_mutex_t all_lock = PTHREAD_MUTEX_INITIALIZER;
static struct list all_stacks = {&all_stacks, &all_stacks};

__attribute__((destructor)) static void linger_at_exit(void)
{
	struct stack *stack;

	/* A thread may be in the middle of making or freeing a stack when another one exits. */
	if (pthread_mutex_trylock(&all_lock))
		return;
	list_for_each_entry (stack, &all_stacks, all)
		if (stack->process == getpid())
			stack_linger(stack);
	pthread_mutex_unlock(&all_lock);
}

void stack_all_lock(void)
{
	pthread_mutex_lock(&all_lock);
}

void stack_all_unlock(void)
{
	pthread_mutex_unlock(&all_lock);
}

struct list *stack_all(void)
{
	return &all_stacks;
}

void stack_all_forget(void)
{
	list_init(&all_stacks);
	pthread_mutex_init(&all_lock, NULL);
}

static void enrol(struct stack *stack)
{
	stack_watch_fork();
	stack->process = getpid();
	pthread_mutex_lock(&all_lock);
	list_append(&all_stacks, &stack->all);
	pthread_mutex_unlock(&all_lock);
}

static void strike_off(struct stack *stack)
{
	pthread_mutex_lock(&all_lock);
	list_remove(&stack->all);
	pthread_mutex_unlock(&all_lock);
}

struct stack *stack_new(unsigned long flags, lwip_capfun capfun, uint64_t seed)
{
	struct stack *stack = calloc(1, sizeof(*stack));

	if (!stack)
		return NULL;
	stack->flags = flags;
	stack->capfun = capfun;
	pthread_mutex_init(&stack->lock, NULL);
	pthread_mutex_init(&stack->inbox_lock, NULL);
	list_init(&stack->netifs);
	list_init(&stack->listeners);
	list_init(&stack->deferred);
	list_init(&stack->backlog);
	list_init(&stack->inbox);
	list_init(&stack->sockets);
	list_init(&stack->netlink.sockets);
	list_init(&stack->resolvers);
	list_init(&stack->all);
	stack->next_ifindex = 1;
	random_init(&stack->random, seed);
	settings_init(stack);
	if (loop_open(stack) < 0)
		goto free_stack;
	loop_clock(stack);
	timer_wheel_init(&stack->timers, stack->now);
	hook_table_init(&stack->hooks);
	route_table_init(&stack->routes);
	neighbour_table_init(&stack->neighbours);
	reassembly_init(&stack->reassembly);
	for (int i = 0; i < UDP_HASH; i++)
		list_init(&stack->transport.udp[i]);
	list_init(&stack->transport.raw);
	list_init(&stack->transport.packet);
	tcp_table_init(stack);
	if (!stack->tcp.connections)
		goto close_loop;
	stack_enter(stack);
	bool good = !config_init(stack);

	if (good)
		stack->loopback = loopback_open(stack);
	good = stack->loopback;

	stack_leave(stack);
	enrol(stack);
	if (good && !loop_start(stack))
		return stack;
	stack_destroy(stack);
	return NULL;
close_loop:
	loop_close(stack);
free_stack:
	free(stack);
	return NULL;
}

void stack_destroy(struct stack *stack)
{
	struct netif *netif, *next;

	strike_off(stack);
	stack_linger(stack);
	loop_stop(stack);
	stack_enter(stack);
	tcp_table_reset(stack);
	list_for_each_entry (netif, &stack->netifs, node)
		netif_down(netif);
	stack_settle(stack);
	stack_unlock(stack);
	/* Descriptors of this stack die with it: they answer ENONET from now on. */
	descriptor_stack_gone(stack);
	pthread_mutex_lock(&stack->lock);
	tcp_table_fini(stack);
	list_for_each_entry_safe (netif, next, &stack->netifs, node)
		netif_free(netif);
	reassembly_clear(stack);
	packet_list_free(&stack->backlog);
	packet_list_free(&stack->inbox);
	struct route *r, *r_next;

	list_for_each_entry_safe (r, r_next, &stack->routes.routes, node)
		route_remove(r);
	free(stack->routes.path_mtu);
	tcp_table_free(stack);
	config_fini(stack);
	filter_fini(stack);
	stack_unlock(stack);
	loop_close(stack);
	pthread_mutex_destroy(&stack->lock);
	pthread_mutex_destroy(&stack->inbox_lock);
	free(stack);
}
