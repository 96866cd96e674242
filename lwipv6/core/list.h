/* SPDX-License-Identifier: LGPL-2.1-or-later */
/*
 * Intrusive doubly linked list: a head and its members are both struct list.
 * A member that is in no list points at itself, so list_remove() may be called twice.
 */
#ifndef LWIPV6_CORE_LIST_H
#define LWIPV6_CORE_LIST_H

#include <stdbool.h>
#include <stddef.h>

struct list {
	struct list *next, *prev;
};

#define container_of(ptr, type, member) ((type *)((char *)(ptr)-offsetof(type, member)))

static inline void list_init(struct list *l)
{
	l->next = l->prev = l;
}

static inline bool list_empty(const struct list *l)
{
	return l->next == l;
}

/* Before @at; with the head as @at, at the end of the list. */
static inline void list_insert(struct list *at, struct list *n)
{
	n->next = at;
	n->prev = at->prev;
	at->prev->next = n;
	at->prev = n;
}

#define list_append(head, n)  list_insert((head), (n))
#define list_prepend(head, n) list_insert((head)->next, (n))

static inline void list_remove(struct list *n)
{
	n->prev->next = n->next;
	n->next->prev = n->prev;
	list_init(n);
}

/* Move every member of @from to the end of @to. */
static inline void list_splice(struct list *to, struct list *from)
{
	if (list_empty(from))
		return;
	from->next->prev = to->prev;
	to->prev->next = from->next;
	from->prev->next = to;
	to->prev = from->prev;
	list_init(from);
}

#define list_entry(ptr, type, member) container_of(ptr, type, member)
#define list_first(head, type, member)                                                             \
	(list_empty(head) ? NULL : list_entry((head)->next, type, member))
#define list_last(head, type, member)                                                              \
	(list_empty(head) ? NULL : list_entry((head)->prev, type, member))

#define list_for_each_entry(pos, head, member)                                                     \
	for (pos = list_entry((head)->next, typeof(*pos), member); &pos->member != (head);         \
	     pos = list_entry(pos->member.next, typeof(*pos), member))

/* The current member may be removed and freed in the body. */
#define list_for_each_entry_safe(pos, tmp, head, member)                                           \
	for (pos = list_entry((head)->next, typeof(*pos), member),                                 \
	    tmp = list_entry(pos->member.next, typeof(*pos), member);                              \
	     &pos->member != (head);                                                               \
	     pos = tmp, tmp = list_entry(tmp->member.next, typeof(*tmp), member))

#endif
