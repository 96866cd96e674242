/* SPDX-License-Identifier: LGPL-2.1-or-later */
/*
 * The process-wide table from descriptor numbers to sockets: pages of 1024 slots, made when needed,
 * never moved. A slot is guarded by one of 64 locks; whoever uses a socket counts itself in under
 * it, so that lwip_close() of another thread cannot free it. The last user out frees.
 */
#include <errno.h>
#include <stdlib.h>
#include <unistd.h>
#include "lwipv6/core/loop.h"
#include "lwipv6/socket/socket.h"

#define PAGE	   1024
#define PAGES	   4096
#define SLOT_LOCKS 64

static struct socket **pages[PAGES];
static pthread_mutex_t locks[SLOT_LOCKS] = {[0 ... SLOT_LOCKS - 1] = PTHREAD_MUTEX_INITIALIZER};
static pthread_mutex_t grow_lock = PTHREAD_MUTEX_INITIALIZER;
static struct socket gone; /* a descriptor whose stack was freed */

static struct socket **slot(int fd)
{
	struct socket **page;

	if (fd < 0 || fd >= PAGE * PAGES)
		return NULL;
	page = __atomic_load_n(&pages[fd / PAGE], __ATOMIC_ACQUIRE);
	return page ? &page[fd % PAGE] : NULL;
}

static struct socket **slot_make(int fd)
{
	if (fd >= PAGE * PAGES)
		return NULL;
	pthread_mutex_lock(&grow_lock);
	if (!pages[fd / PAGE])
		__atomic_store_n(&pages[fd / PAGE], calloc(PAGE, sizeof(struct socket *)),
				 __ATOMIC_RELEASE);
	pthread_mutex_unlock(&grow_lock);
	return slot(fd);
}

static pthread_mutex_t *lock_of(int fd)
{
	return &locks[(unsigned int)fd % SLOT_LOCKS];
}

int descriptor_open(struct socket *s, bool cloexec)
{
	int error = readiness_open(s, cloexec), fd = s->fd;
	struct socket **at;

	if (error)
		return error;
	at = slot_make(fd);
	if (!at) {
		readiness_close(s);
		return -ENFILE;
	}
	readiness_update(s, s->ops->poll(s));
	pthread_mutex_lock(lock_of(fd));
	*at = s;
	pthread_mutex_unlock(lock_of(fd));
	return fd;
}

struct socket *descriptor_get(int fd)
{
	struct socket **at = slot(fd), *s = NULL;

	if (at) {
		pthread_mutex_lock(lock_of(fd));
		s = *at;
		if (s && s != &gone)
			s->users++;
		pthread_mutex_unlock(lock_of(fd));
	}
	if (s && s != &gone)
		return s;
	errno = s ? ENONET : EBADF;
	return NULL;
}

static void finish(struct socket *s)
{
	struct stack *stack = s->stack;

	stack_enter(stack);
	readiness_close(s);
	s->ops->close(s);
	stack_leave(stack);
}

/* The slot's number is in s->fd until finish(). */
void descriptor_release(struct socket *s)
{
	pthread_mutex_t *lock = lock_of(s->fd);
	bool last;

	pthread_mutex_lock(lock);
	last = --s->users == 0 && s->dead;
	pthread_mutex_unlock(lock);
	if (last)
		finish(s);
}

int descriptor_close(int fd)
{
	struct socket **at = slot(fd), *s = NULL;
	bool last = false;

	if (at) {
		pthread_mutex_lock(lock_of(fd));
		s = *at;
		*at = NULL;
		if (s && s != &gone) {
			s->dead = true;
			last = !s->users;
			s->users++;
		}
		pthread_mutex_unlock(lock_of(fd));
	}
	if (!s)
		return -EBADF;
	if (s == &gone) {
		close(fd);
		return 0;
	}
	if (!last) {
		/* Threads blocked in it must leave first. */
		stack_enter(s->stack);
		socket_event(s);
		stack_leave(s->stack);
	}
	descriptor_release(s);
	return 0;
}

void descriptor_stack_gone(struct stack *stack)
{
	for (int i = 0; i < PAGES; i++) {
		for (int j = 0; pages[i] && j < PAGE; j++) {
			int fd = i * PAGE + j;
			struct socket *s;

			pthread_mutex_lock(lock_of(fd));
			s = pages[i][j];
			if (s && s != &gone && s->stack == stack)
				pages[i][j] = &gone;
			else
				s = NULL;
			pthread_mutex_unlock(lock_of(fd));
			if (!s)
				continue;
			/* The number stays taken until the program closes it. */
			s->fd = -1;
			pthread_mutex_lock(&stack->lock);
			if (s->kernel_end >= 0)
				close(s->kernel_end);
			s->kernel_end = -1;
			s->ops->close(s);
			stack_unlock(stack);
		}
	}
}

void descriptor_fork_lock(void)
{
	pthread_mutex_lock(&grow_lock);
	for (int i = 0; i < SLOT_LOCKS; i++)
		pthread_mutex_lock(&locks[i]);
}

void descriptor_fork_unlock(void)
{
	for (int i = 0; i < SLOT_LOCKS; i++)
		pthread_mutex_unlock(&locks[i]);
	pthread_mutex_unlock(&grow_lock);
}

void descriptor_forked(void)
{
	for (int i = 0; i < PAGES; i++)
		for (int j = 0; pages[i] && j < PAGE; j++) {
			struct socket *s = pages[i][j];

			if (!s || s == &gone)
				continue;
			pages[i][j] = &gone;
			if (s->kernel_end >= 0)
				close(s->kernel_end);
		}
	for (int i = 0; i < SLOT_LOCKS; i++)
		pthread_mutex_init(&locks[i], NULL);
	pthread_mutex_init(&grow_lock, NULL);
}
