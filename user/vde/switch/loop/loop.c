/* SPDX-License-Identifier: GPL-2.0-or-later */
/*
 * Event loop of the control thread: one epoll descriptor; timers are timerfds in it; notes of other
 * threads lie in a ring under a mutex, with an eventfd to wake the loop. A watch that is forgotten
 * while its events are still to be handled lives on a list of dead ones until they are.
 */
#include <errno.h>
#include <pthread.h>
#include <stdlib.h>
#include <string.h>
#include <sys/epoll.h>
#include <sys/eventfd.h>
#include <sys/timerfd.h>
#include <unistd.h>

#include "user/vde/switch/loop/loop.h"

#define EVENTS 64
#define NOTES  2048

struct watch {
	int fd;
	loop_ready *ready;
	void *context;
	struct watch *next, **link; /* of the living or of the dead */
	bool dead;
};

struct timer {
	int fd;
	struct watch *watch;
	loop_tick *tick;
	void *context;
};

struct note {
	loop_note *note;
	void *context;
	size_t size;
	uint8_t data[LOOP_NOTE_MAX];
};

struct loop {
	int epoll;
	bool stop;
	struct watch *living, *dead;

	int wake;
	pthread_mutex_t lock; /* the fields below */
	struct note *notes;
	unsigned int head, used;
	uint64_t lost;
};

static void run_notes(void *context, uint32_t events)
{
	struct loop *loop = context;
	uint64_t woken;
	struct note note;

	(void)!read(loop->wake, &woken, sizeof(woken));
	for (;;) {
		pthread_mutex_lock(&loop->lock);
		if (!loop->used) {
			pthread_mutex_unlock(&loop->lock);
			return;
		}
		note = loop->notes[loop->head];
		loop->head = (loop->head + 1) % NOTES;
		loop->used--;
		pthread_mutex_unlock(&loop->lock);
		note.note(note.context, note.data, note.size);
	}
}

struct loop *loop_new(void)
{
	struct loop *loop = calloc(1, sizeof(*loop));

	if (!loop)
		return NULL;
	pthread_mutex_init(&loop->lock, NULL);
	loop->epoll = epoll_create1(EPOLL_CLOEXEC);
	loop->wake = eventfd(0, EFD_CLOEXEC | EFD_NONBLOCK);
	loop->notes = calloc(NOTES, sizeof(*loop->notes));
	if (loop->epoll < 0 || loop->wake < 0 || !loop->notes ||
	    !loop_watch(loop, loop->wake, EPOLLIN, run_notes, loop)) {
		loop_free(loop);
		return NULL;
	}
	return loop;
}

static void take_in(struct watch **list, struct watch *watch)
{
	watch->next = *list;
	watch->link = list;
	if (watch->next)
		watch->next->link = &watch->next;
	*list = watch;
}

static void take_out(struct watch *watch)
{
	*watch->link = watch->next;
	if (watch->next)
		watch->next->link = watch->link;
}

static void free_all(struct watch **list)
{
	while (*list) {
		struct watch *watch = *list;

		take_out(watch);
		free(watch);
	}
}

void loop_free(struct loop *loop)
{
	if (!loop)
		return;
	free_all(&loop->dead);
	free_all(&loop->living);
	if (loop->epoll >= 0)
		close(loop->epoll);
	if (loop->wake >= 0)
		close(loop->wake);
	pthread_mutex_destroy(&loop->lock);
	free(loop->notes);
	free(loop);
}

int loop_run(struct loop *loop)
{
	struct epoll_event events[EVENTS];

	while (!loop->stop) {
		int n = epoll_wait(loop->epoll, events, EVENTS, -1);

		if (n < 0 && errno != EINTR)
			return -errno;
		for (int i = 0; i < n; i++) {
			struct watch *watch = events[i].data.ptr;

			if (!watch->dead)
				watch->ready(watch->context, events[i].events);
		}
		free_all(&loop->dead);
	}
	loop->stop = false;
	return 0;
}

void loop_stop(struct loop *loop)
{
	loop->stop = true;
}

struct watch *loop_watch(struct loop *loop, int fd, uint32_t events, loop_ready *ready,
			 void *context)
{
	struct watch *watch = calloc(1, sizeof(*watch));

	if (!watch)
		return NULL;
	*watch = (struct watch){.fd = fd, .ready = ready, .context = context};
	if (epoll_ctl(loop->epoll, EPOLL_CTL_ADD, fd,
		      &(struct epoll_event){.events = events, .data.ptr = watch})) {
		free(watch);
		return NULL;
	}
	take_in(&loop->living, watch);
	return watch;
}

int loop_rewatch(struct loop *loop, struct watch *watch, uint32_t events)
{
	return epoll_ctl(loop->epoll, EPOLL_CTL_MOD, watch->fd,
			 &(struct epoll_event){.events = events, .data.ptr = watch})
		       ? -errno
		       : 0;
}

void loop_unwatch(struct loop *loop, struct watch *watch)
{
	if (!watch)
		return;
	epoll_ctl(loop->epoll, EPOLL_CTL_DEL, watch->fd, NULL);
	watch->dead = true;
	take_out(watch);
	take_in(&loop->dead, watch);
}

static void timer_ready(void *context, uint32_t events)
{
	struct timer *timer = context;
	uint64_t ticks;

	if (read(timer->fd, &ticks, sizeof(ticks)) == sizeof(ticks))
		timer->tick(timer->context);
}

struct timer *loop_every(struct loop *loop, unsigned int interval, loop_tick *tick, void *context)
{
	struct timer *timer = calloc(1, sizeof(*timer));
	struct timespec period = {interval / 1000, interval % 1000 * 1000000l};

	if (!timer)
		return NULL;
	*timer = (struct timer){.tick = tick, .context = context};
	timer->fd = timerfd_create(CLOCK_MONOTONIC, TFD_CLOEXEC | TFD_NONBLOCK);
	if (timer->fd < 0 ||
	    timerfd_settime(timer->fd, 0, &(struct itimerspec){period, period}, NULL) ||
	    !(timer->watch = loop_watch(loop, timer->fd, EPOLLIN, timer_ready, timer))) {
		if (timer->fd >= 0)
			close(timer->fd);
		free(timer);
		return NULL;
	}
	return timer;
}

void loop_cancel(struct loop *loop, struct timer *timer)
{
	if (!timer)
		return;
	loop_unwatch(loop, timer->watch);
	close(timer->fd);
	free(timer);
}

bool loop_post(struct loop *loop, loop_note *note, void *context, const void *data, size_t size)
{
	bool fits;

	pthread_mutex_lock(&loop->lock);
	fits = loop->used < NOTES && size <= LOOP_NOTE_MAX;
	if (fits) {
		struct note *slot = &loop->notes[(loop->head + loop->used++) % NOTES];

		slot->note = note;
		slot->context = context;
		slot->size = size;
		memcpy(slot->data, data, size);
	} else {
		loop->lost++;
	}
	pthread_mutex_unlock(&loop->lock);
	if (fits)
		(void)!write(loop->wake, &(uint64_t){1}, sizeof(uint64_t));
	return fits;
}

uint64_t loop_lost_notes(struct loop *loop)
{
	uint64_t lost;

	pthread_mutex_lock(&loop->lock);
	lost = loop->lost;
	pthread_mutex_unlock(&loop->lock);
	return lost;
}
