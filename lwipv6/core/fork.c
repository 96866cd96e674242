/* SPDX-License-Identifier: LGPL-2.1-or-later */
/*
 * fork(): stacks stay with the process that made them. The child has a copy of their memory but no
 * thread that runs them, and its copies of descriptors refer to the parent's interfaces and sockets.
 * So in the child
 *
 *   - every socket is gone: calls on it give ENONET, lwip_close() closes the number and no more;
 *   - its ends of the socket pairs are closed, so that what the parent closes shows there as closed;
 *   - interfaces lead to /dev/null: nothing that the child does leaves through the parent's;
 *   - the default stack is none; stacks that the child makes are its own.
 *
 * The locks are held over the fork, so that the copy is whole. A stack whose lock is not to be had,
 * because the thread that forks is in a callback of it, is left as it is but for the lock.
 */
#include <errno.h>
#include <fcntl.h>
#include <pthread.h>
#include <sched.h>
#include <unistd.h>
#include "lwipv6/core/loop.h"
#include "lwipv6/link/netif.h"

#define TRIES 10000

static void before(void)
{
	struct stack *stack;

	stack_all_lock();
	list_for_each_entry (stack, stack_all(), all) {
		stack->held_for_fork = false;
		for (int i = 0; i < TRIES && !stack->held_for_fork; i++) {
			stack->held_for_fork = !pthread_mutex_trylock(&stack->lock);
			if (!stack->held_for_fork)
				sched_yield();
		}
	}
	descriptor_fork_lock();
}

static void in_parent(void)
{
	struct stack *stack;

	descriptor_fork_unlock();
	list_for_each_entry (stack, stack_all(), all)
		if (stack->held_for_fork)
			pthread_mutex_unlock(&stack->lock);
	stack_all_unlock();
}

static void disconnect(struct stack *stack, int null)
{
	int *const fds[] = {&stack->loop.epoll_fd, &stack->loop.kick_fd, &stack->loop.inbox_fd,
			    &stack->loop.timer_fd};
	struct netif *n;

	for (size_t i = 0; i < sizeof(fds) / sizeof(fds[0]); i++)
		if (*fds[i] >= 0)
			dup3(null, *fds[i], O_CLOEXEC);
	if (stack->held_for_fork)
		list_for_each_entry (n, &stack->netifs, node)
			if (n->fd >= 0)
				dup3(null, n->fd, O_CLOEXEC);
}

static void in_child(void)
{
	int null = open("/dev/null", O_RDWR | O_CLOEXEC);
	struct stack *stack;

	descriptor_forked();
	lwip_stack_set(NULL);
	list_for_each_entry (stack, stack_all(), all) {
		stack->loop.has_thread = false;
		if (null >= 0)
			disconnect(stack, null);
		pthread_mutex_init(&stack->lock, NULL);
		pthread_mutex_init(&stack->inbox_lock, NULL);
	}
	stack_all_forget();
	if (null >= 0)
		close(null);
}

static void watch(void)
{
	pthread_atfork(before, in_parent, in_child);
}

void stack_watch_fork(void)
{
	static pthread_once_t once = PTHREAD_ONCE_INIT;

	pthread_once(&once, watch);
}

bool stack_is_here(const struct stack *stack)
{
	return stack->process == getpid();
}
