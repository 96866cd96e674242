/* SPDX-License-Identifier: LGPL-2.1-or-later */
/*
 * One TCP/IP stack. Nothing below this structure is shared with another stack.
 *
 * Who runs it: any thread that enters with stack_enter(), does its work and leaves with
 * stack_leave(). Leaving first runs what the work caused (packets to itself, deferred TCP output,
 * wake-ups) so callers never recurse into the engine. Received frames are handled by whoever waits
 * in stack_wait(): the stack's own thread, a program blocked in a socket call (which saves the
 * change of thread), or the caller's event loop through lwip_stack_run(). The kernel wakes one of
 * them per event.
 *
 * Time is stack_now(): nanoseconds, monotonic, refreshed on entering and before each batch of
 * frames. A stack on a virtual clock (STACK_VIRTUAL) has no thread and moves only by
 * lwip_stack_advance().
 */
#ifndef LWIPV6_CORE_STACK_H
#define LWIPV6_CORE_STACK_H

#include <pthread.h>
#include <stdint.h>
#include "lwipv6/core/address.h"
#include "lwipv6/core/list.h"
#include "lwipv6/core/packet.h"
#include "lwipv6/core/random.h"
#include "lwipv6/core/statistics.h"
#include "lwipv6/core/timer.h"
#include "lwipv6/ip/hook.h"
#include "lwipv6/ip/neighbour.h"
#include "lwipv6/ip/reassembly.h"
#include "lwipv6/ip/route.h"
#include "lwipv6/netlink/table.h"
#include "lwipv6/tcp/table.h"
#include "lwipv6/transport/table.h"

struct netif;
struct config_state;
struct filter;

/* Internal flags, above those of <lwipv6.h>. */
#define STACK_CALLER_DRIVEN LWIP_STACK_FLAG_CALLER_DRIVEN
#define STACK_VIRTUAL	    LWIP_STACK_FLAG_VIRTUAL_CLOCK

/* What happened, for those who listen (netlink notifications, SLAAC, DHCP, radv). */
enum stack_event {
	EVENT_NETIF_NEW, /* object: struct netif */
	EVENT_NETIF_GONE,
	EVENT_NETIF_CHANGED, /* flags, MTU, hardware address */
	EVENT_NETIF_UP,	     /* after the interface is up */
	EVENT_NETIF_DOWN,    /* before it goes down */
	EVENT_ADDRESS_NEW,   /* object: struct netif_addr; also when DAD ended well */
	EVENT_ADDRESS_GONE,
	EVENT_ADDRESS_DUPLICATE, /* DAD or ARP conflict: before the address is removed */
	EVENT_ROUTE_NEW,	 /* object: struct route */
	EVENT_ROUTE_GONE,
	EVENT_NEIGHBOUR_CHANGED, /* object: struct neighbour */
	EVENT_NEIGHBOUR_GONE
};

struct stack_listener {
	struct list node;
	void (*notify)(struct stack_listener *self, struct stack *stack, enum stack_event event,
		       void *object);
};

/* A thread that sleeps until woken: on its stack, in the list of what it waits for. */
struct waiter {
	struct list node;
	int woken;    /* futex word */
	bool driving; /* sleeps in the stack's epoll, not on the futex */
	pthread_t thread;
};

#define WAKE_LATER 8
/* Work to be done when the present batch is settled; in stack->deferred. */
struct deferred {
	struct list node;
	void (*run)(struct stack *stack, struct deferred *self);
};

struct stack_loop {
	int epoll_fd;
	int kick_fd;	       /* eventfd: makes sleepers in epoll look again */
	int inbox_fd;	       /* eventfd: makes one of them look at the inbox */
	int *wake[WAKE_LATER]; /* futexes to wake when the lock is free again */
	unsigned int nwake;
	int timer_fd; /* caller-driven stacks: arms epoll_fd for timers; else -1 */
	pthread_t thread;
	bool has_thread, stopping;
	bool kick_thread, kick_driver; /* why kick_fd is readable */
	bool left;		       /* the thread found the lock taken: whoever has it looks */
	struct waiter *driver;	       /* the program thread that sleeps in epoll_fd, or NULL */
	unsigned int drives;	       /* how often a program thread became the driver */
	unsigned int sleepers;	       /* program threads on their futex */
	enum {
		NAP_NONE,
		NAP_SHORT,
		NAP_DEEP
	} nap;		      /* the stack's thread stays out of epoll, loop.c */
	int nap_word;	      /* futex of the nap: 0 = woken */
	uint64_t sleep_until; /* when the thread wakes; 0 = it is awake, or looks soon */
	uint64_t busy_poll;   /* ns that the driver polls before it sleeps */
	bool may_busy_poll;   /* there are processors for that */
};

struct stack {
	pthread_mutex_t lock;
	unsigned long flags;
	int (*capfun)(void);
	uint64_t now;
	uint64_t virtual_now;
	struct stack_loop loop;
	struct timer_wheel timers;
	struct random_state random;
	struct list netifs; /* by index */
	int next_ifindex;
	struct netif *loopback;
	struct list listeners;
	struct list deferred; /* struct deferred: run by stack_settle() */
	struct list backlog;  /* packets to this stack itself, struct packet */
	unsigned int backlog_len;
	pthread_mutex_t inbox_lock; /* frames of a joined stack; struct packet, netif set */
	struct list inbox;
	int inbox_len;
	bool poking;   /* the holder of the lock will look at the inbox by itself, link/pair.c */
	bool poke_due; /* of an interface */
	struct route_table routes;
	struct neighbour_table neighbours;
	struct hook_table hooks;
	struct reassembly reassembly;
	struct transport_table transport; /* UDP, raw and packet endpoints */
	struct tcp_table tcp;
	struct list sockets;   /* of every kind, struct socket */
	uint16_t batch;	       /* counts how often the lock was given back */
	struct waiter *linger; /* who waits for closed connections to deliver, stack_linger() */
	struct list all;       /* of the process' stacks */
	pid_t process;	       /* that made it: a forked child has no part in it */
	bool held_for_fork;    /* fork.c has the lock */
	struct netlink_table netlink;
	struct icmp_bucket {
		uint32_t tokens;
		uint64_t filled;
	} icmp_bucket;		     /* errors that may be sent now */
	struct list resolvers;	     /* DNS servers learned, struct resolver (config/resolver.h) */
	struct config_state *config; /* what config/ keeps per stack */
	struct filter *filter;	     /* packet filter and NAT; NULL without rules */
	struct stack_settings {
		bool forwarding4, forwarding6;
		bool redirects; /* accept and send */
		uint8_t default_ttl;
		bool temporary_addresses;	 /* RFC 8981 */
		bool optimistic;		 /* RFC 4429 */
		uint8_t congestion;		 /* enum tcp_algorithm of new connections */
		uint8_t ecn;			 /* enum tcp_ecn */
		uint8_t timestamps;		 /* RFC 7323: offered and accepted */
		uint64_t time_wait, delayed_ack; /* ns; 0 = none */
		uint8_t secret[16];		 /* of RFC 7217 */
	} settings;
	struct lwip_statistics statistics;
};

/* Enter refreshes the clock; leave settles what was caused. Not recursive. */
void stack_enter(struct stack *stack);
void stack_leave(struct stack *stack);
/* Give the lock back and wake whom stack_wake() named; everything that has called stack_wake() uses
 * it. */
void stack_unlock(struct stack *stack);
static inline uint64_t stack_now(const struct stack *stack)
{
	return stack->now;
}

/* With the lock held: sleep until @w is woken, or @deadline; frames and timers are handled
 * meanwhile. 0 when woken, -ETIMEDOUT, -EAGAIN on a virtual clock, -EINTR by a signal. */
int stack_wait(struct stack *stack, struct waiter *w, uint64_t deadline);
void stack_wake(struct stack *stack, struct waiter *w);
/* A timer was set that is due before the sleepers would wake: called by timer_set(). */
void stack_timer_advanced(struct stack *stack, uint64_t when);
/* Watch a descriptor: netif->ops->receive() runs when it is readable (edge-triggered). */
int stack_watch(struct stack *stack, int fd, struct netif *netif);
/* Run it as well when the descriptor can be written again; to be asked for each time. @on false
 * ends it. */
void stack_watch_output(struct stack *stack, int fd, struct netif *netif, bool on);
void stack_unwatch(struct stack *stack, int fd);
/* Put a frame into another stack's inbox, from a thread that holds no or another stack's lock. */
void stack_deliver(struct stack *to, struct packet *p);

void stack_notify(struct stack *stack, enum stack_event event, void *object);
void stack_listen(struct stack *stack, struct stack_listener *l);

/* Whether the calling program may do what @capability (LWIP_CAP_*) guards. */
bool stack_capable(struct stack *stack, int capability);
/* Whether this process made it; a forked child has only a copy, fork.c. */
bool stack_is_here(const struct stack *stack);

#endif
