/* SPDX-License-Identifier: LGPL-2.1-or-later */
/* The public calls on stacks, interfaces, addresses and routes. */
#include <errno.h>
#include <jansson.h>
#include <stdlib.h>
#include "lwipv6/config/config.h"
#include "lwipv6/core/loop.h"
#include "lwipv6/ip/ip.h"
#include "lwipv6/link/capture.h"
#include "lwipv6/link/netif.h"

#define VERSION 3

static int fail(int error)
{
	errno = -error;
	return -1;
}

long lwip_version(void)
{
	return VERSION;
}

/* Nothing is set up per process: kept for programs that link statically. */
void lwip_init(void)
{
}

void lwip_fini(void)
{
}

/* ---- stacks */

struct stack *lwip_add_stack_cap(unsigned long flags, lwip_capfun capfun)
{
	return stack_new(flags, capfun, 0);
}

struct stack *lwip_add_stack(unsigned long flags)
{
	return stack_new(flags, NULL, 0);
}

struct stack *lwip_stack_new(void)
{
	return stack_new(0, NULL, 0);
}

struct stack *lwip_stack_new_seeded(unsigned long flags, uint64_t seed)
{
	return stack_new(flags, NULL, seed);
}

void lwip_del_stack(struct stack *stack)
{
	if (!stack || !stack_is_here(stack))
		return;
	if (lwip_stack_get() == stack)
		lwip_stack_set(NULL);
	stack_destroy(stack);
}

void lwip_stack_free(struct stack *stack)
{
	lwip_del_stack(stack);
}

unsigned long lwip_stack_flags_get(struct stack *stack)
{
	unsigned long flags;

	stack_enter(stack);
	flags = stack->flags;
	stack_leave(stack);
	return flags;
}

void lwip_stack_flags_set(struct stack *stack, unsigned long flags)
{
	const unsigned long creation = LWIP_STACK_FLAG_USERFILTER | LWIP_STACK_FLAG_UF_NAT |
				       STACK_CALLER_DRIVEN | STACK_VIRTUAL;

	stack_enter(stack);
	stack->flags = (stack->flags & creation) | (flags & ~creation);
	stack->settings.forwarding4 = stack->settings.forwarding6 =
		flags & LWIP_STACK_FLAG_FORWARDING;
	stack->settings.temporary_addresses = flags & LWIP_STACK_FLAG_TEMPORARY;
	stack->settings.optimistic = flags & LWIP_STACK_FLAG_OPTIMISTIC;
	stack_leave(stack);
}

int lwip_stack_fd(struct stack *stack)
{
	return stack->loop.epoll_fd;
}

int lwip_stack_run(struct stack *stack, int timeout_ms)
{
	if (stack->loop.has_thread || stack->flags & STACK_VIRTUAL)
		return fail(-EINVAL);
	stack_enter(stack);
	stack_settle(stack);
	loop_round(stack, timeout_ms < 0 ? TIME_NEVER : stack->now + timeout_ms * NSEC_PER_MSEC);
	stack_leave(stack);
	return 0;
}

void lwip_stack_advance(struct stack *stack, uint64_t ns)
{
	uint64_t end;

	if (!(stack->flags & STACK_VIRTUAL))
		return;
	stack_enter(stack);
	end = stack->virtual_now + ns;
	stack_settle(stack);
	/* From timer to timer, so that each runs at its own time. */
	for (;;) {
		uint64_t next = timer_next(&stack->timers);

		if (next > end)
			break;
		if (next > stack->virtual_now)
			stack->virtual_now = next;
		loop_clock(stack);
		timer_run(stack, stack->now);
		stack_settle(stack);
	}
	stack->virtual_now = end;
	loop_clock(stack);
	timer_run(stack, stack->now);
	stack_leave(stack);
}

uint64_t lwip_stack_time(struct stack *stack)
{
	uint64_t now;

	stack_enter(stack);
	now = stack->now;
	stack_leave(stack);
	return now;
}

/* ---- statistics */

int lwip_statistics(struct stack *stack, struct lwip_statistics *s, size_t size)
{
	if (size > sizeof(*s))
		return fail(-EINVAL);
	stack_enter(stack);
	memcpy(s, &stack->statistics, size);
	stack_leave(stack);
	return 0;
}

int lwip_netif_statistics(struct netif *netif, struct lwip_netif_statistics *s, size_t size)
{
	if (size > sizeof(*s))
		return fail(-EINVAL);
	stack_enter(netif->stack);
	memcpy(s, &netif->statistics, size);
	stack_leave(netif->stack);
	return 0;
}

static json_t *netif_json(const struct netif *n)
{
	return json_pack("{s:I, s:I, s:I, s:I, s:I, s:I, s:I, s:I}", "rx_packets",
			 (json_int_t)n->statistics.rx_packets, "rx_bytes",
			 (json_int_t)n->statistics.rx_bytes, "rx_errors",
			 (json_int_t)n->statistics.rx_errors, "rx_dropped",
			 (json_int_t)n->statistics.rx_dropped, "tx_packets",
			 (json_int_t)n->statistics.tx_packets, "tx_bytes",
			 (json_int_t)n->statistics.tx_bytes, "tx_errors",
			 (json_int_t)n->statistics.tx_errors, "tx_dropped",
			 (json_int_t)n->statistics.tx_dropped);
}

char *lwip_statistics_json(struct stack *stack)
{
	json_t *all = json_object(), *interfaces = json_object();
	struct netif *n;
	char *text;

	stack_enter(stack);
#define FIELD(name) json_object_set_new(all, #name, json_integer(stack->statistics.name));
	LWIP_STATISTICS(FIELD)
#undef FIELD
	list_for_each_entry (n, &stack->netifs, node)
		json_object_set_new(interfaces, n->name, netif_json(n));
	stack_leave(stack);
	json_object_set_new(all, "interfaces", interfaces);
	text = json_dumps(all, JSON_COMPACT);
	json_decref(all);
	return text;
}

/* ---- interfaces */

#define ADD(stack, flags, open)                                                                    \
	do {                                                                                       \
		struct netif *n_;                                                                  \
		int error_;                                                                        \
		stack_enter(stack);                                                                \
		n_ = (open);                                                                       \
		error_ = errno;                                                                    \
		if (n_)                                                                            \
			n_->autoconf = (flags)&NETIF_ADD_FLAGS;                                    \
		stack_leave(stack);                                                                \
		errno = error_;                                                                    \
		return n_;                                                                         \
	} while (0)

struct netif *lwip_add_vdeif(struct stack *stack, void *arg, int flags)
{
	ADD(stack, flags, vde_open(stack, arg));
}

struct netif *lwip_add_tapif(struct stack *stack, void *arg, int flags)
{
	ADD(stack, flags, tap_open(stack, arg));
}

struct netif *lwip_add_tunif(struct stack *stack, void *arg, int flags)
{
	ADD(stack, flags, tun_open(stack, arg));
}

struct netif *lwip_add_frameif(struct stack *stack, void (*output)(void *, const void *, size_t),
			       void *arg, int flags)
{
	ADD(stack, flags, frame_open(stack, output, arg, NETIF_ETHERNET));
}

int lwip_frame_input(struct netif *netif, const void *frame, size_t len)
{
	int error;

	stack_enter(netif->stack);
	error = frame_input(netif, frame, len);
	stack_leave(netif->stack);
	return error ? fail(error) : 0;
}

int lwip_add_pairif(struct stack *a, struct stack *b, struct netif *out[2])
{
	int error = pair_open(a, b, out);

	return error ? fail(error) : 0;
}

int lwip_del_netif(struct netif *netif)
{
	struct stack *stack = netif->stack;

	if (netif == stack->loopback)
		return fail(-EPERM);
	stack_enter(stack);
	netif_free(netif);
	stack_leave(stack);
	return 0;
}

int lwip_ifup_flags(struct netif *netif, int flags)
{
	int error;

	stack_enter(netif->stack);
	netif->autoconf |= flags & NETIF_IFUP_FLAGS;
	netif_up(netif);
	error = config_dhcp_start(netif);
	stack_leave(netif->stack);
	return error ? fail(error) : 0;
}

int lwip_ifdown(struct netif *netif)
{
	stack_enter(netif->stack);
	netif_down(netif);
	netif->autoconf &= ~NETIF_IFUP_FLAGS;
	stack_leave(netif->stack);
	return 0;
}

struct netif *lwip_netif_find(struct stack *stack, const char *name)
{
	struct netif *n;

	stack_enter(stack);
	n = netif_by_name(stack, name);
	stack_leave(stack);
	if (!n)
		errno = ENODEV;
	return n;
}

const char *lwip_netif_name(struct netif *netif)
{
	return netif->name;
}

int lwip_netif_index(struct netif *netif)
{
	return netif->index;
}

int lwip_set_mtu(struct netif *netif, int mtu)
{
	int error;

	stack_enter(netif->stack);
	error = netif_set_mtu(netif, mtu);
	stack_leave(netif->stack);
	return error ? fail(error) : 0;
}

int lwip_set_hwaddr(struct netif *netif, const uint8_t hwaddr[6])
{
	int error;

	stack_enter(netif->stack);
	error = netif_set_hwaddr(netif, hwaddr);
	stack_leave(netif->stack);
	return error ? fail(error) : 0;
}

int lwip_capture_start(struct netif *netif, const char *path)
{
	int error;

	stack_enter(netif->stack);
	error = capture_start(netif, path);
	stack_leave(netif->stack);
	return error ? fail(error) : 0;
}

int lwip_capture_stop(struct netif *netif)
{
	stack_enter(netif->stack);
	capture_stop(netif);
	stack_leave(netif->stack);
	return 0;
}

/* ---- addresses and routes: these return the negative errno itself, as they always did */

int lwip_add_addr(struct netif *netif, struct ip_addr *ip, struct ip_addr *mask)
{
	struct address_spec spec = {
		.addr = *ip, .preferred_ns = TIME_NEVER, .valid_ns = TIME_NEVER};
	int plen = ip_mask_to_plen(mask), error;

	if (plen < 0)
		return -EINVAL;
	spec.plen = plen;
	stack_enter(netif->stack);
	error = netif_addr_add(netif, &spec, NULL);
	stack_leave(netif->stack);
	return error;
}

int lwip_del_addr(struct netif *netif, struct ip_addr *ip, struct ip_addr *mask)
{
	struct netif_addr *a;

	stack_enter(netif->stack);
	a = netif_addr_find_any_state(netif, ip);
	if (a)
		netif_addr_remove(a);
	stack_leave(netif->stack);
	return a ? 0 : -EADDRNOTAVAIL;
}

int lwip_add_route(struct stack *stack, struct ip_addr *addr, struct ip_addr *mask,
		   struct ip_addr *nexthop, struct netif *netif, int flags)
{
	int plen = ip_mask_to_plen(mask), error;
	struct route_spec spec = {.dst = *addr,
				  .nexthop = *nexthop,
				  .netif = netif,
				  .origin = ROUTE_STATIC,
				  .flags = flags,
				  .lifetime_ns = TIME_NEVER};

	if (plen < 0)
		return -EINVAL;
	spec.plen = plen;
	stack_enter(stack);
	error = route_add(stack, &spec, NULL);
	/* Everything behind an interface: mapped IPv4 is a part of ::/0. */
	if (!error && !plen && ip_is_any(nexthop) && netif) {
		spec.dst = ip_v4_any;
		spec.plen = IP_V4_BITS;
		route_add(stack, &spec, NULL);
	}
	stack_leave(stack);
	return error == -EEXIST ? -6 : error;
}

int lwip_del_route(struct stack *stack, struct ip_addr *addr, struct ip_addr *mask,
		   struct ip_addr *nexthop, struct netif *netif, int flags)
{
	int plen = ip_mask_to_plen(mask);
	struct ip_addr dst = *addr;
	struct route *r;

	if (plen < 0)
		return -EINVAL;
	if (plen < IP_V4_BITS && ip_is_any(addr) && ip_is_v4(nexthop)) {
		dst = ip_v4_any;
		plen = IP_V4_BITS;
	}
	stack_enter(stack);
	r = route_find(stack, &dst, plen, nexthop, netif);
	if (r)
		route_remove(r);
	if (r && !plen && ip_is_any(nexthop)) {
		struct route *v4 = route_find(stack, &ip_v4_any, IP_V4_BITS, nexthop, netif);

		if (v4)
			route_remove(v4);
	}
	stack_leave(stack);
	return r ? 0 : -6;
}

void lwip_sort_destinations(struct stack *stack, struct ip_addr *addrs, int n)
{
	if (n <= 1)
		return;
	stack_enter(stack);
	destination_sort(stack, addrs, n);
	stack_leave(stack);
}

const char *lwip_ntop(const struct ip_addr *addr, char *text, size_t size)
{
	char whole[IP_TEXT_SIZE];

	ip_to_text(addr, whole);
	if (strlen(whole) >= size) {
		errno = ENOSPC;
		return NULL;
	}
	return strcpy(text, whole);
}

int lwip_pton(const char *text, struct ip_addr *addr)
{
	return ip_from_text(text, addr) ? 0 : fail(-EINVAL);
}

/* ---- threads */

struct thread_start {
	void (*run)(void *);
	void *arg;
};

static void *thread_main(void *arg)
{
	struct thread_start start = *(struct thread_start *)arg;

	free(arg);
	start.run(start.arg);
	return NULL;
}

void lwip_thread_new(void (*thread)(void *), void *arg)
{
	struct thread_start *start = malloc(sizeof(*start));
	pthread_t id;

	if (!start)
		return;
	*start = (struct thread_start){thread, arg};
	if (pthread_create(&id, NULL, thread_main, start))
		free(start);
	else
		pthread_detach(id);
}
