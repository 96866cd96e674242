/* SPDX-License-Identifier: LGPL-2.1-or-later */
/* What the files of the library share. */
#ifndef LIBKMVIEW_SESSION_H
#define LIBKMVIEW_SESSION_H

#include <pthread.h>

#include "libkmview.h"

#define SOCKETCALLS 21 /* subcalls of socketcall(2) are 1 .. 20 */

struct kmview {
	int fd;
	bool spin; /* there is another processor for the tasks */
	bool stop;
	struct kmview_init init;
	struct kmview_ring *ring;
	/* What was asked of calls that 32-bit programs make through socketcall(2). */
	pthread_mutex_t socketcall_lock;
	bool socketcall_used;
	struct kmview_hook socketcall[SOCKETCALLS];
};

#define WAKES 32

struct kmview_loop {
	struct kmview *session;
	pthread_t thread;
	unsigned int pause; /* so many times do not poll before sleeping */
	unsigned int next_pause;
	uint32_t wakes;	      /* tasks that were answered and sleep */
	uint32_t wake[WAKES]; /* their slots */
	bool cancellable;     /* pthread_cancel may end the wait */
};

/* ioctl(2) on the session: its result or -errno. */
int session_ioctl(struct kmview *session, unsigned long command, void *argument);

/* A slot of the ring by its number, taken modulo how many there are. */
struct kmview_slot *session_slot(const struct kmview *session, uint32_t slot);

/* Tell the kernel to wake the task of a slot: with the loop's next exchange if it is our loop. */
int loop_wake(struct kmview_loop *loop, struct kmview *session, uint32_t slot);

/* The socketcall(2) number of a call, 0: it has none. */
unsigned int socketcall_number(const struct kmview_syscall *call);

/* Remember a hook; *rule becomes the rule for socketcall itself. */
void socketcall_hook(struct kmview *session, unsigned int number, const struct kmview_hook *hook,
		     struct kmview_rule *rule);

/* Is it one that came as socketcall, and did anybody ask for the calls behind it? */
bool socketcall_is(const struct kmview_request *request);

/*
 * Turn the request of a socketcall into that of the call it stands for. True: it was answered here,
 * as nobody asked for that one.
 */
bool socketcall_decode(struct kmview_request *request);

/* Write changed arguments back where socketcall reads them. */
int socketcall_change(struct kmview_request *request, const uint64_t args[6]);

#endif
