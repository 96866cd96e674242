/* SPDX-License-Identifier: GPL-2.0-only */
/*
 * In place of liburcu for a build under ThreadSanitizer, which cannot see what liburcu guarantees:
 * readers hold a read lock, a grace period is the write lock once taken. Slow, but every order that
 * RCU promises is one that the sanitizer knows, and no other.
 */
#ifndef VDE_RACE_URCU_H
#define VDE_RACE_URCU_H

#include <pthread.h>
#include <sched.h>
#include <stddef.h>
#include <stdlib.h>

struct rcu_head {
	struct rcu_head *next;
	void (*function)(struct rcu_head *head);
};

/* Defined here for every file, one for the program. */
__attribute__((weak)) pthread_rwlock_t race_lock = PTHREAD_RWLOCK_INITIALIZER;

#define caa_container_of(pointer, type, member) ((type *)((char *)(pointer)-offsetof(type, member)))
#define rcu_assign_pointer(to, value)		__atomic_store_n(&(to), (value), __ATOMIC_RELEASE)
#define rcu_dereference(from)			__atomic_load_n(&(from), __ATOMIC_ACQUIRE)

static inline void rcu_register_thread(void)
{
}

static inline void rcu_unregister_thread(void)
{
}

static inline void rcu_read_lock(void)
{
	pthread_rwlock_rdlock(&race_lock);
}

static inline void rcu_read_unlock(void)
{
	pthread_rwlock_unlock(&race_lock);
}

static inline void synchronize_rcu(void)
{
	pthread_rwlock_wrlock(&race_lock);
	pthread_rwlock_unlock(&race_lock);
}

__attribute__((weak)) _Atomic int race_calls;

/* A thread for each, so that the caller may be inside rcu_read_lock(). */
static inline void *race_call(void *argument)
{
	struct rcu_head *head = argument;

	synchronize_rcu();
	head->function(head);
	race_calls--;
	return NULL;
}

static inline void call_rcu(struct rcu_head *head, void (*function)(struct rcu_head *head))
{
	pthread_t thread;

	head->function = function;
	race_calls++;
	if (pthread_create(&thread, NULL, race_call, head))
		abort();
	pthread_detach(thread);
}

static inline void rcu_barrier(void)
{
	while (race_calls)
		sched_yield();
}

#endif
