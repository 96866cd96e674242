/* SPDX-License-Identifier: GPL-2.0-or-later */
/*
 * The control thread's event loop: descriptors, timers, and notes from other threads.
 */
#ifndef VDE_LOOP_H
#define VDE_LOOP_H

#include <stdbool.h>
#include <stddef.h>
#include <stdint.h>

struct loop;

struct loop *loop_new(void);
void loop_free(struct loop *loop);

/* Run until loop_stop(); 0, or -errno when waiting failed. May be called again. */
int loop_run(struct loop *loop);
void loop_stop(struct loop *loop);

/* Watch a descriptor for these epoll events; ready() is called from loop_run(). */
typedef void loop_ready(void *context, uint32_t events);
struct watch;
struct watch *loop_watch(struct loop *loop, int fd, uint32_t events, loop_ready *ready,
			 void *context);
int loop_rewatch(struct loop *loop, struct watch *watch, uint32_t events);
/* Forget the watch; the descriptor stays the caller's. Safe from within ready(). */
void loop_unwatch(struct loop *loop, struct watch *watch);

/* Call every `interval` milliseconds. */
typedef void loop_tick(void *context);
struct timer;
struct timer *loop_every(struct loop *loop, unsigned int interval, loop_tick *tick, void *context);
void loop_cancel(struct loop *loop, struct timer *timer);

/*
 * From any thread: have the control thread call note(context, data, size) with a copy of the data
 * (LOOP_NOTE_MAX bytes at most). False when too many notes wait; it is counted.
 */
#define LOOP_NOTE_MAX 256
typedef void loop_note(void *context, const void *data, size_t size);
bool loop_post(struct loop *loop, loop_note *note, void *context, const void *data, size_t size);
/* Notes that found no room since the loop was made. */
uint64_t loop_lost_notes(struct loop *loop);

#endif
