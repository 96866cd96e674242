// SPDX-License-Identifier: LGPL-2.1-or-later
/*
 * The loop of a manager's thread: take entries of the ring, hand out requests, and in one ioctl
 * wake the tasks that were answered and wait for more.
 *
 * Any number of threads take from the one ring by compare-and-swap on tail. With a second processor
 * a thread polls before it sleeps, and the kernel then need not wake it; it does so less and less
 * often while that finds nothing, so a session with little to do costs no processor time. An answer
 * for a task that sleeps is passed on with the next exchange, before the next request is handed
 * out: a handler that waits for what another task does cannot wait for ever.
 */
#include <errno.h>
#include <signal.h>
#include <stdlib.h>
#include <time.h>

#include "session.h"

/* How often a thread looks for entries before it sleeps: 20 to 100 us on hardware of today. */
#define POLLS 2000

static uint64_t now_ns(void)
{
	struct timespec now;

	clock_gettime(CLOCK_MONOTONIC, &now);
	return now.tv_sec * 1000000000ULL + now.tv_nsec;
}

int kmview_loop_new(struct kmview_loop **result, struct kmview *session)
{
	struct kmview_loop *loop = calloc(1, sizeof(*loop));

	if (!loop)
		return -ENOMEM;
	loop->session = session;
	loop->thread = pthread_self();
	*result = loop;
	return 0;
}

/* Wake answered tasks and, with WAIT, wait: the result of KMVIEW_EXCHANGE. */
static int exchange(struct kmview_loop *loop, uint32_t flags, int timeout_ms)
{
	struct kmview_exchange request = {
		.flags = flags,
		.timeout_ms = timeout_ms,
		.count = loop->wakes,
		.slot = loop->wakes == 1 ? loop->wake[0] : 0,
		.slots = loop->wakes > 1 ? (uintptr_t)loop->wake : 0,
	};
	int result;

	loop->wakes = 0;
	if (!loop->cancellable || !flags)
		return session_ioctl(loop->session, KMVIEW_EXCHANGE, &request);
	pthread_setcancelstate(PTHREAD_CANCEL_ENABLE, NULL);
	result = session_ioctl(loop->session, KMVIEW_EXCHANGE, &request);
	pthread_setcancelstate(PTHREAD_CANCEL_DISABLE, NULL);
	return result;
}

void kmview_loop_free(struct kmview_loop *loop)
{
	if (!loop)
		return;
	if (loop->wakes)
		exchange(loop, 0, 0);
	free(loop);
}

int loop_wake(struct kmview_loop *loop, struct kmview *session, uint32_t slot)
{
	struct kmview_exchange request = {.count = 1, .slot = slot};
	int result;

	if (loop && pthread_equal(loop->thread, pthread_self()) && loop->wakes < WAKES) {
		loop->wake[loop->wakes++] = slot;
		return 0;
	}
	result = session_ioctl(session, KMVIEW_EXCHANGE, &request);
	return result < 0 && result != -ESRCH ? result : 0;
}

static bool ring_empty(const struct kmview_ring *ring)
{
	return __atomic_load_n(&ring->head, __ATOMIC_ACQUIRE) ==
	       __atomic_load_n(&ring->tail, __ATOMIC_ACQUIRE);
}

static bool ring_take(struct kmview_ring *ring, struct kmview_entry *entry)
{
	uint32_t tail = __atomic_load_n(&ring->tail, __ATOMIC_ACQUIRE);

	while (tail != __atomic_load_n(&ring->head, __ATOMIC_ACQUIRE)) {
		*entry = ring->entry[tail & ring->mask];
		if (__atomic_compare_exchange_n(&ring->tail, &tail, tail + 1, false,
						__ATOMIC_ACQ_REL, __ATOMIC_ACQUIRE))
			return true;
	}
	return false;
}

/* Take the slot an entry names. False: it was cancelled before we came, or is none of ours. */
static bool slot_take(struct kmview *session, const struct kmview_entry *entry,
		      struct kmview_request *request)
{
	struct kmview_slot *slot = session_slot(session, entry->slot);
	uint32_t state = KMVIEW_POSTED;

	if (!__atomic_compare_exchange_n(&slot->state, &state, KMVIEW_TAKEN, false,
					 __ATOMIC_ACQ_REL, __ATOMIC_ACQUIRE)) {
		if (state == KMVIEW_CANCELLED && slot->event.id == entry->id)
			__atomic_compare_exchange_n(&slot->state, &state, KMVIEW_RELEASED, false,
						    __ATOMIC_ACQ_REL, __ATOMIC_ACQUIRE);
		return false;
	}
	request->event = slot->event;
	request->slot = entry->slot;
	request->call = kmview_syscall_by_number(request->event.abi, request->event.nr);
	return true;
}

/*
 * Poll for a moment, if that helped lately or was not tried for long. The kernel sees that we do,
 * and wakes nobody.
 */
static void poll_ring(struct kmview_loop *loop)
{
	struct kmview_ring *ring = loop->session->ring;
	unsigned int polls = POLLS;

	if (loop->pause) {
		loop->pause--;
		return;
	}
	__atomic_add_fetch(&ring->spinning, 1, __ATOMIC_SEQ_CST);
	while (ring_empty(ring) && --polls)
		__builtin_ia32_pause();
	__atomic_sub_fetch(&ring->spinning, 1, __ATOMIC_SEQ_CST);
	loop->next_pause = polls ? 0 : loop->next_pause < 32 ? 2 * loop->next_pause + 1 : 63;
	loop->pause = loop->next_pause;
}

static bool next_taken(struct kmview_loop *loop, struct kmview_request *request)
{
	struct kmview *session = loop->session;
	struct kmview_entry entry;

	while (ring_take(session->ring, &entry)) {
		*request = (struct kmview_request){.session = session, .loop = loop};
		if (entry.what == KMVIEW_ENTRY_CANCEL) {
			request->cancel = true;
			request->event.id = entry.id;
			request->slot = entry.slot;
			return true;
		}
		if (entry.what != KMVIEW_ENTRY_EVENT) {
			request->notice = entry.what;
			request->event.tid = entry.id;
			request->event.pid = entry.slot;
			request->event.result = entry.id >> 32;
			if (entry.what == KMVIEW_ENTRY_SIGNAL) {
				request->event.result &= 0xff;
				request->event.nr = (int32_t)(entry.id >> 32) >> 8;
			}
			return true;
		}
		if (!slot_take(session, &entry, request))
			continue;
		if (socketcall_is(request) && socketcall_decode(request))
			continue;
		return true;
	}
	return false;
}

int kmview_next(struct kmview_loop *loop, struct kmview_request *request, int timeout_ms)
{
	struct kmview *session = loop->session;

	for (;;) {
		int result;

		if (loop->wakes &&
		    (timeout_ms == 0 || session->spin || !ring_empty(session->ring))) {
			result = exchange(loop, 0, 0);
			if (result < 0 && result != -ESRCH)
				return result;
		}
		if (timeout_ms && session->spin && ring_empty(session->ring))
			poll_ring(loop);
		if (next_taken(loop, request))
			return 1;
		if (session->stop)
			return -EINTR;
		if (timeout_ms == 0)
			return 0;
		result = exchange(loop, KMVIEW_EXCHANGE_WAIT, timeout_ms);
		if (result == -ETIMEDOUT)
			return 0;
		if (result < 0)
			return result;
	}
}

static int serve(struct kmview_loop *loop, const struct kmview_operations *operations, void *data,
		 int timeout_ms)
{
	struct kmview_request request;
	int result = kmview_next(loop, &request, timeout_ms);

	if (result != 1)
		return result;
	if (request.notice)
		return 1;
	if (!request.cancel && operations)
		operations->request(&request, data);
	else if (!request.cancel)
		kmview_continue(&request);
	else if (operations && operations->cancelled)
		operations->cancelled(request.session, request.event.id, data);
	return 1;
}

struct worker {
	pthread_t thread;
	struct kmview_loop *loop;
	const struct kmview_operations *operations;
	void *data;
};

static int worker_serve(struct worker *worker)
{
	int result;

	do
		result = serve(worker->loop, worker->operations, worker->data, -1);
	while (result >= 0 ||
	       (result == -EINTR && !worker->loop->session->stop && worker->loop->cancellable));
	return result == -ESRCH ? 0 : result;
}

static void *worker_main(void *argument)
{
	struct worker *worker = argument;

	/* Cancelled only while it waits for requests: the one place that holds nothing. */
	pthread_setcancelstate(PTHREAD_CANCEL_DISABLE, NULL);
	pthread_setcanceltype(PTHREAD_CANCEL_ASYNCHRONOUS, NULL);
	worker->loop->thread = pthread_self();
	worker_serve(worker);
	return NULL;
}

int kmview_run(struct kmview *session, const struct kmview_operations *operations, void *data,
	       unsigned int threads)
{
	unsigned int n = threads ? threads : 1, made = 0, started = 0;
	struct worker *workers = calloc(n, sizeof(*workers));
	int result = workers ? 0 : -ENOMEM;
	bool stopped;

	session->stop = false;
	for (; !result && made < n; made++) {
		workers[made].operations = operations;
		workers[made].data = data;
		result = kmview_loop_new(&workers[made].loop, session);
		if (result)
			break;
	}
	/* The first worker is the calling thread. */
	for (started = 1; !result && started < n; started++) {
		workers[started].loop->cancellable = true;
		result = -pthread_create(&workers[started].thread, NULL, worker_main,
					 &workers[started]);
		if (result)
			break;
	}
	if (!result)
		result = worker_serve(&workers[0]);
	stopped = session->stop;
	session->stop = true;
	while (started > 1) {
		started--;
		pthread_cancel(workers[started].thread);
		pthread_join(workers[started].thread, NULL);
	}
	while (made > 0)
		kmview_loop_free(workers[--made].loop);
	free(workers);
	return result == -EINTR && stopped ? 0 : result;
}

void kmview_stop(struct kmview *session)
{
	session->stop = true;
}

static int serve_until(struct kmview_loop *loop, const struct kmview_operations *operations,
		       void *data, uint64_t end_ns)
{
	int result;

	do {
		uint64_t now = now_ns();

		if (now >= end_ns)
			return 0;
		result = serve(loop, operations, data, (end_ns - now + 999999) / 1000000);
	} while (result >= 0 || result == -EINTR);
	return result;
}

int kmview_shutdown(struct kmview *session, const struct kmview_operations *operations, void *data,
		    int delay_ms)
{
	static const int signals[] = {SIGTERM, SIGKILL};
	struct kmview_loop *loop;
	int result = kmview_loop_new(&loop, session);

	if (result < 0)
		return result;
	session->stop = false;
	for (int i = 0; i < 2 && result >= 0; i++) {
		result = kmview_kill(session, signals[i]);
		if (result < 0)
			break;
		result = serve_until(loop, operations, data,
				     i ? UINT64_MAX : now_ns() + delay_ms * 1000000ULL);
	}
	kmview_loop_free(loop);
	return result == -ESRCH ? 0 : result;
}
