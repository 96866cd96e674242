/* SPDX-License-Identifier: LGPL-2.1-or-later */
/*
 * lwip_event_subscribe(): one-shot callbacks. They run in the thread that caused the event, with
 * the stack's lock held, so they must not call the stack; usually they write to a pipe or wake a
 * thread.
 */
#include <errno.h>
#include <stdlib.h>
#include "lwipv6/socket/socket.h"

struct subscription {
	struct list node;
	lwipvoidfun callback;
	void *arg;
	uint32_t how;
};

void event_run(struct socket *s, uint32_t events)
{
	struct subscription *e, *next;
	struct list due;

	list_init(&due);
	list_for_each_entry_safe (e, next, &s->subscriptions, node)
		if (events & (e->how | POLLERR | POLLHUP)) {
			list_remove(&e->node);
			list_append(&due, &e->node);
		}
	while (!list_empty(&due)) {
		e = list_first(&due, struct subscription, node);
		list_remove(&e->node);
		e->callback(e->arg);
		free(e);
	}
}

void event_drop(struct socket *s)
{
	while (!list_empty(&s->subscriptions)) {
		struct subscription *e = list_first(&s->subscriptions, struct subscription, node);

		list_remove(&e->node);
		free(e);
	}
}

static int subscribe(struct socket *s, lwipvoidfun callback, void *arg, uint32_t how)
{
	uint32_t ready = s->ops->poll(s) & (how | POLLERR | POLLHUP);
	struct subscription *e, *next;

	if (!callback && arg) {
		list_for_each_entry_safe (e, next, &s->subscriptions, node)
			if (e->arg == arg) {
				list_remove(&e->node);
				free(e);
			}
	} else if (callback && !ready) {
		e = malloc(sizeof(*e));
		if (!e)
			return -ENOMEM;
		*e = (struct subscription){.callback = callback, .arg = arg, .how = how};
		list_append(&s->subscriptions, &e->node);
	}
	return ready;
}

int lwip_event_subscribe(lwipvoidfun cb, void *arg, int fd, int how)
{
	struct socket *s = descriptor_get(fd);
	struct stack *stack;
	int result;

	if (!s)
		return -1;
	stack = s->stack;
	stack_enter(stack);
	result = subscribe(s, cb, arg, how);
	stack_leave(stack);
	descriptor_release(s);
	if (result >= 0)
		return result;
	errno = -result;
	return -1;
}
