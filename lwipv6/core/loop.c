/* SPDX-License-Identifier: LGPL-2.1-or-later */
/*
 * The event loop. Two kinds of threads sleep in the epoll descriptor: the stack's own, and at most
 * one program thread, the driver, that is blocked in a call and handles frames itself while it
 * waits. Interfaces are watched edge-triggered, so the kernel wakes one sleeper per event, the one
 * that came last: the driver when there is one. Other blocked threads sleep on their futex.
 *
 * A program that sends without waiting holds the lock most of the time. The stack's thread does not
 * wait for it then, which would cost both a change of thread for each acknowledgment: it leaves the
 * frames and timers to whoever has the lock (left), and looks again after a nap.
 *
 * To sleep and to be woken takes longer than many an answer does. Where there is more than one
 * processor, a driver whose last waits were short looks for events for a while before it sleeps,
 * twice as long each time that would have been enough, BUSY_POLL_MAX at most; a long wait ends that.
 *
 * kick_fd is level-triggered and wakes every sleeper; each clears its own reason, and whoever
 * clears the last one reads the eventfd. inbox_fd, for frames of a joined stack, wakes one.
 *
 * While one program thread drives again and again, as in an exchange of requests and answers, the
 * stack's thread would only get in its way: frames that arrive between two calls would wake both.
 * So it naps outside epoll, NAP at a time, and comes back when nobody drove meanwhile; what arrives
 * in between waits at most that long; while it finds a thread in the stack it naps on, for waiting
 * for the lock would make that thread wake it. When one call waits longer than a nap the thread
 * sleeps until a timer is due or the driver leaves. With more than one thread blocked it does not
 * nap.
 */
#include "lwipv6/core/loop.h"
#include <errno.h>
#include <linux/futex.h>
#include <sched.h>
#include <signal.h>
#include <stdlib.h>
#include <sys/epoll.h>
#include <sys/eventfd.h>
#include <sys/syscall.h>
#include <sys/timerfd.h>
#include <unistd.h>
#include "lwipv6/link/netif.h"

#define EVENTS 16
#define NAP    (500 * NSEC_PER_USEC)
#define SNOOZE 4 /* naps in a row that need not end because another thread is in the stack */

#define BUSY_POLL_MIN (8 * NSEC_PER_USEC)
#define BUSY_POLL_MAX (64 * NSEC_PER_USEC)

static uint64_t clock_now(void)
{
	struct timespec ts;

	clock_gettime(CLOCK_MONOTONIC, &ts);
	return ts.tv_sec * NSEC_PER_SEC + ts.tv_nsec;
}

void loop_clock(struct stack *stack)
{
	stack->now = stack->flags & STACK_VIRTUAL ? stack->virtual_now : clock_now();
}

static struct timespec to_timespec(uint64_t ns)
{
	return (struct timespec){ns / NSEC_PER_SEC, ns % NSEC_PER_SEC};
}

int loop_open(struct stack *stack)
{
	struct stack_loop *l = &stack->loop;
	struct epoll_event ev = {.events = EPOLLIN, .data.ptr = NULL},
			   one = {.events = EPOLLIN | EPOLLET, .data.ptr = NULL};
	cpu_set_t processors;

	l->timer_fd = l->kick_fd = l->inbox_fd = -1;
	l->may_busy_poll = !sched_getaffinity(0, sizeof(processors), &processors) &&
			   CPU_COUNT(&processors) > 1;
	l->sleep_until = TIME_NEVER;
	stack->virtual_now = NSEC_PER_SEC;
	l->epoll_fd = epoll_create1(EPOLL_CLOEXEC);
	if (l->epoll_fd < 0)
		return -errno;
	l->kick_fd = eventfd(0, EFD_CLOEXEC | EFD_NONBLOCK);
	if (l->kick_fd < 0 || epoll_ctl(l->epoll_fd, EPOLL_CTL_ADD, l->kick_fd, &ev) < 0)
		goto fail;
	l->inbox_fd = eventfd(0, EFD_CLOEXEC | EFD_NONBLOCK);
	if (l->inbox_fd < 0 || epoll_ctl(l->epoll_fd, EPOLL_CTL_ADD, l->inbox_fd, &one) < 0)
		goto fail;
	if (stack->flags & STACK_CALLER_DRIVEN && !(stack->flags & STACK_VIRTUAL)) {
		l->timer_fd = timerfd_create(CLOCK_MONOTONIC, TFD_CLOEXEC | TFD_NONBLOCK);
		if (l->timer_fd < 0 || epoll_ctl(l->epoll_fd, EPOLL_CTL_ADD, l->timer_fd, &ev) < 0)
			goto fail;
	}
	return 0;
fail:;
	int error = -errno;

	loop_close(stack);
	return error;
}

void loop_close(struct stack *stack)
{
	struct stack_loop *l = &stack->loop;

	if (l->timer_fd >= 0)
		close(l->timer_fd);
	if (l->kick_fd >= 0)
		close(l->kick_fd);
	if (l->inbox_fd >= 0)
		close(l->inbox_fd);
	close(l->epoll_fd);
}

void loop_kick(struct stack *stack)
{
	/* Edge-triggered and never read: each write wakes one sleeper, or the next that comes. */
	eventfd_write(stack->loop.inbox_fd, 1);
}

static void futex_wake(int *word)
{
	syscall(SYS_futex, word, FUTEX_WAKE_PRIVATE, 1, NULL, NULL, 0);
}

void stack_unlock(struct stack *stack)
{
	int *words[WAKE_LATER];
	unsigned int n = stack->loop.nwake;

	/* A thread woken under the lock would only wait for it. Its waiter may be gone by now,
	 * which does no harm: nobody takes a wake-up for more than a reason to look. */
	memcpy(words, stack->loop.wake, n * sizeof(words[0]));
	stack->loop.nwake = 0;
	stack->batch++;
	pthread_mutex_unlock(&stack->lock);
	for (unsigned int i = 0; i < n; i++)
		futex_wake(words[i]);
}

/* The stack's thread shall look at the timers; the lock is held. */
static void kick_thread(struct stack_loop *l)
{
	if (l->nap != NAP_NONE) {
		__atomic_store_n(&l->nap_word, 0, __ATOMIC_RELEASE);
		futex_wake(&l->nap_word);
		return;
	}
	__atomic_store_n(&l->kick_thread, true, __ATOMIC_SEQ_CST);
	eventfd_write(l->kick_fd, 1);
}

/* This sleeper has looked. The last one to look silences the eventfd. */
static void kick_seen(struct stack_loop *l, bool is_driver)
{
	eventfd_t value;

	if (!__atomic_load_n(&l->kick_thread, __ATOMIC_SEQ_CST) &&
	    !__atomic_load_n(&l->kick_driver, __ATOMIC_SEQ_CST))
		return;
	__atomic_store_n(is_driver ? &l->kick_driver : &l->kick_thread, false, __ATOMIC_SEQ_CST);
	if (!l->has_thread || l->nap != NAP_NONE)
		l->kick_thread = false;
	if (!l->driver || is_driver)
		l->kick_driver = false;
	if (!l->kick_thread && !l->kick_driver)
		eventfd_read(l->kick_fd, &value);
}

void stack_timer_advanced(struct stack *stack, uint64_t when)
{
	struct stack_loop *l = &stack->loop;

	if (l->timer_fd >= 0) {
		if (when < l->sleep_until) {
			struct itimerspec its = {.it_value = to_timespec(when ? when : 1)};

			l->sleep_until = when;
			timerfd_settime(l->timer_fd, TFD_TIMER_ABSTIME, &its, NULL);
		}
		return;
	}
	/* The thread wakes at sleep_until; a later timer needs no kick. */
	if (when < l->sleep_until && l->has_thread) {
		l->sleep_until = when;
		kick_thread(l);
	}
}

int stack_watch(struct stack *stack, int fd, struct netif *netif)
{
	struct epoll_event ev = {.events = EPOLLIN | EPOLLET, .data.ptr = netif};

	return epoll_ctl(stack->loop.epoll_fd, EPOLL_CTL_ADD, fd, &ev) < 0 ? -errno : 0;
}

void stack_watch_output(struct stack *stack, int fd, struct netif *netif, bool on)
{
	/* Looking anew matters: a socket whose peer's queue is full announces room only to who
	 * asked. */
	struct epoll_event ev = {.events = EPOLLIN | EPOLLET | (on ? EPOLLOUT : 0),
				 .data.ptr = netif};

	epoll_ctl(stack->loop.epoll_fd, EPOLL_CTL_MOD, fd, &ev);
}

void stack_unwatch(struct stack *stack, int fd)
{
	epoll_ctl(stack->loop.epoll_fd, EPOLL_CTL_DEL, fd, NULL);
}

/* Read an interface until it is empty, settling between batches. */
static void receive(struct stack *stack, struct netif *wanted)
{
	struct netif *netif;
	bool more = true;

	while (more) {
		/* The interface may have gone while others had the lock, or by what we received. */
		list_for_each_entry (netif, &stack->netifs, node)
			if (netif == wanted)
				break;
		if (&netif->node == &stack->netifs || !netif->ops->receive)
			return;
		more = netif->ops->receive(netif);
		stack_settle(stack);
		if (more)
			loop_clock(stack);
	}
}

/* The driver has what it waits for: what is left may be read when it waits again, or by the thread.
 */
bool loop_may_stop(const struct stack *stack)
{
	const struct waiter *w = stack->loop.driver;

	return stack->loop.nap != NAP_NONE && w && w->woken &&
	       pthread_equal(w->thread, pthread_self());
}

static void receive_unread(struct stack *stack)
{
	struct netif *n;
	bool found = true;

	while (found && !loop_may_stop(stack)) {
		found = false;
		/* From the start each time: what was received may have changed the list. */
		list_for_each_entry (n, &stack->netifs, node)
			if (n->unread) {
				n->unread = false;
				found = true;
				receive(stack, n);
				break;
			}
	}
}

static void run_timers(struct stack *stack)
{
	if (timer_next(&stack->timers) <= stack->now) {
		timer_run(stack, stack->now);
		stack_settle(stack);
	}
}

static void rearm_timer_fd(struct stack *stack)
{
	uint64_t next = timer_next(&stack->timers);
	struct itimerspec its = {0};

	stack->loop.sleep_until = next;
	if (next != TIME_NEVER)
		its.it_value = to_timespec(next ? next : 1);
	timerfd_settime(stack->loop.timer_fd, TFD_TIMER_ABSTIME, &its, NULL);
}

void loop_take_over(struct stack *stack)
{
	struct netif *n;

	if (!__atomic_exchange_n(&stack->loop.left, false, __ATOMIC_SEQ_CST))
		return;
	list_for_each_entry (n, &stack->netifs, node)
		n->unread = n->fd >= 0;
	loop_clock(stack);
	run_timers(stack);
	receive_unread(stack);
	stack_settle(stack);
}

/* The stack's thread wants the lock back; not at once, when a program has it. */
static void lock_or_leave(struct stack *stack)
{
	struct timespec ts = to_timespec(NAP);

	for (int n = 0; n < SNOOZE; n++) {
		if (!pthread_mutex_trylock(&stack->lock))
			return;
		__atomic_store_n(&stack->loop.left, true, __ATOMIC_SEQ_CST);
		if (!pthread_mutex_trylock(&stack->lock))
			return;
		clock_nanosleep(CLOCK_MONOTONIC, 0, &ts, NULL);
	}
	pthread_mutex_lock(&stack->lock);
}

/* Sleep for events until @end. */
static int wait_events(struct stack_loop *l, struct epoll_event *ev, uint64_t end)
{
	struct timespec ts;
	uint64_t now;

	if (end == TIME_NEVER)
		return epoll_wait(l->epoll_fd, ev, EVENTS, -1);
	now = clock_now();
	if (end <= now)
		return epoll_wait(l->epoll_fd, ev, EVENTS, 0);
	ts = to_timespec(end - now);
	return syscall(SYS_epoll_pwait2, l->epoll_fd, ev, EVENTS, &ts, NULL, 8);
}

/* The same for the driver, which first polls, as long as that has been worth it. */
static int poll_events(struct stack_loop *l, struct epoll_event *ev, uint64_t end)
{
	uint64_t start = clock_now(), now = start;
	int n;

	while (now - start < l->busy_poll && now < end) {
		n = epoll_wait(l->epoll_fd, ev, EVENTS, 0);
		if (n)
			return n;
		now = clock_now();
	}
	n = wait_events(l, ev, end);
	if (clock_now() - start > BUSY_POLL_MAX)
		l->busy_poll = 0;
	else if (l->may_busy_poll && l->busy_poll < BUSY_POLL_MAX)
		l->busy_poll = l->busy_poll ? 2 * l->busy_poll : BUSY_POLL_MIN;
	return n;
}

/* 0, or -EINTR when a signal ended the sleep. */
static int sleep_and_handle(struct stack *stack, uint64_t deadline, bool is_driver)
{
	struct stack_loop *l = &stack->loop;
	struct epoll_event ev[EVENTS];
	uint64_t end = timer_next(&stack->timers);
	int n, error = 0;

	if (deadline < end)
		end = deadline;
	if (!list_empty(&stack->backlog) || !list_empty(&stack->deferred) || stack->inbox_len ||
	    __atomic_load_n(&l->left, __ATOMIC_RELAXED))
		end = 0;
	if (!is_driver && l->timer_fd < 0)
		l->sleep_until = end;
	stack_unlock(stack);
	n = is_driver ? poll_events(l, ev, end) : wait_events(l, ev, end);
	if (n < 0)
		error = -errno;
	if (is_driver)
		pthread_mutex_lock(&stack->lock);
	else
		lock_or_leave(stack);
	loop_clock(stack);
	kick_seen(l, is_driver);
	if (!is_driver && l->timer_fd < 0)
		l->sleep_until = 0; /* awake: it will look at the timers before it sleeps */
	run_timers(stack);
	for (int i = 0; i < n; i++)
		if (ev[i].data.ptr)
			receive(stack, ev[i].data.ptr);
	stack_settle(stack);
	loop_take_over(stack);
	return error;
}

void loop_round(struct stack *stack, uint64_t deadline)
{
	uint64_t expirations;

	sleep_and_handle(stack, deadline, false);
	if (stack->loop.timer_fd >= 0) {
		if (read(stack->loop.timer_fd, &expirations, sizeof(expirations)) < 0)
			expirations = 0; /* not expired: nothing to take */
		rearm_timer_fd(stack);
	}
}

/* ---- sleeping for something to happen */

void stack_wake(struct stack *stack, struct waiter *w)
{
	if (w->woken)
		return;
	__atomic_store_n(&w->woken, 1, __ATOMIC_RELEASE);
	if (!w->driving) {
		if (stack->loop.nwake < WAKE_LATER)
			stack->loop.wake[stack->loop.nwake++] = &w->woken;
		else
			futex_wake(&w->woken);
	} else if (stack->loop.driver == w && !pthread_equal(w->thread, pthread_self())) {
		__atomic_store_n(&stack->loop.kick_driver, true, __ATOMIC_SEQ_CST);
		eventfd_write(stack->loop.kick_fd, 1);
	}
}

/* The stack's thread, while programs drive. */
static void nap(struct stack *stack)
{
	struct stack_loop *l = &stack->loop;
	uint64_t until = stack->now + NAP;
	unsigned int drives = l->drives;
	bool deep = l->nap == NAP_DEEP, locked = false;
	struct timespec ts;

	if (deep)
		until = timer_next(&stack->timers);
	l->sleep_until = deep ? until : 0;
	ts = to_timespec(until);
	__atomic_store_n(&l->nap_word, 1, __ATOMIC_RELAXED);
	stack_unlock(stack);
	for (int n = 0; n < SNOOZE; n++) {
		syscall(SYS_futex, &l->nap_word, FUTEX_WAIT_BITSET_PRIVATE, 1,
			until == TIME_NEVER ? NULL : &ts, NULL, FUTEX_BITSET_MATCH_ANY);
		locked = !pthread_mutex_trylock(&stack->lock);
		if (locked || deep || !__atomic_load_n(&l->nap_word, __ATOMIC_ACQUIRE))
			break;
		ts = to_timespec(clock_now() + NAP);
	}
	if (!locked)
		pthread_mutex_lock(&stack->lock);
	loop_clock(stack);
	l->sleep_until = 0;
	if (l->sleepers || (!l->driver && l->drives == drives && l->nap == NAP_SHORT))
		l->nap = NAP_NONE;
	else
		l->nap = l->driver && l->drives == drives ? NAP_DEEP : NAP_SHORT;
	run_timers(stack);
	if (!l->driver)
		receive_unread(stack);
	stack_settle(stack);
}

static int drive(struct stack *stack, struct waiter *w, uint64_t deadline)
{
	struct stack_loop *l = &stack->loop;
	int result = 0;

	l->driver = w;
	l->drives++;
	w->driving = true;
	w->thread = pthread_self();
	receive_unread(stack);
	while (!w->woken) {
		if (stack->now >= deadline) {
			result = -ETIMEDOUT;
			break;
		}
		result = sleep_and_handle(stack, deadline, true);
		if (result < 0 || w->woken)
			break;
	}
	if (l->kick_driver)
		kick_seen(l, true);
	l->driver = NULL;
	w->driving = false;
	if (l->nap == NAP_DEEP || (l->nap == NAP_SHORT && l->sleepers)) {
		l->nap = NAP_SHORT; /* wakes it once */
		kick_thread(l);
	}
	return w->woken ? 0 : result;
}

static int sleep_on_futex(struct stack *stack, struct waiter *w, uint64_t deadline)
{
	struct timespec ts = to_timespec(deadline);
	int result = 0;

	stack->loop.sleepers++;
	if (stack->loop.nap != NAP_NONE)
		kick_thread(&stack->loop);
	stack_unlock(stack);
	while (!__atomic_load_n(&w->woken, __ATOMIC_ACQUIRE)) {
		if (!syscall(SYS_futex, &w->woken, FUTEX_WAIT_BITSET_PRIVATE, 0,
			     deadline == TIME_NEVER ? NULL : &ts, NULL, FUTEX_BITSET_MATCH_ANY) ||
		    errno == EAGAIN)
			continue;
		result = -errno;
		break;
	}
	pthread_mutex_lock(&stack->lock);
	stack->loop.sleepers--;
	loop_clock(stack);
	return w->woken ? 0 : result;
}

int stack_wait(struct stack *stack, struct waiter *w, uint64_t deadline)
{
	stack_settle(stack);
	if (w->woken)
		return 0;
	if (stack->flags & STACK_VIRTUAL)
		return -EAGAIN;
	if (!stack->loop.driver)
		return drive(stack, w, deadline);
	return sleep_on_futex(stack, w, deadline);
}

/* ---- the stack's thread */

static void *loop_thread(void *arg)
{
	struct stack *stack = arg;
	struct stack_loop *l = &stack->loop;

	pthread_mutex_lock(&stack->lock);
	loop_clock(stack);
	while (!l->stopping) {
		unsigned int drives = l->drives;

		/* The driver was kicked but has not run yet: until it does, kick_fd would send us
		 * round and round. */
		if (l->nap == NAP_NONE && l->kick_driver)
			l->nap = NAP_SHORT;
		if (l->nap != NAP_NONE) {
			nap(stack);
			continue;
		}
		sleep_and_handle(stack, TIME_NEVER, false);
		if (l->drives != drives && !l->sleepers)
			l->nap = NAP_SHORT;
	}
	stack_unlock(stack);
	return NULL;
}

int loop_start(struct stack *stack)
{
	sigset_t all, old;
	int error;

	if (stack->flags & (STACK_CALLER_DRIVEN | STACK_VIRTUAL))
		return 0;
	/* Signals are the program's business. */
	sigfillset(&all);
	pthread_sigmask(SIG_SETMASK, &all, &old);
	stack->loop.has_thread = true;
	error = pthread_create(&stack->loop.thread, NULL, loop_thread, stack);
	if (error)
		stack->loop.has_thread = false;
	else
		pthread_setname_np(stack->loop.thread, "lwipv6");
	pthread_sigmask(SIG_SETMASK, &old, NULL);
	return -error;
}

void loop_stop(struct stack *stack)
{
	if (!stack->loop.has_thread)
		return;
	pthread_mutex_lock(&stack->lock);
	stack->loop.stopping = true;
	kick_thread(&stack->loop);
	stack_unlock(stack);
	pthread_join(stack->loop.thread, NULL);
	stack->loop.has_thread = false;
}
