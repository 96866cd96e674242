// SPDX-License-Identifier: GPL-2.0-or-later
/*
 * What the module hands up: frames for forward(), and what it has learned. A thread of its own.
 *
 * A flooded frame comes with the set of ports that have it already; forward() leaves these out.
 */
#include <errno.h>
#include <poll.h>
#include <pthread.h>
#include <stdlib.h>
#include <string.h>
#include <sys/eventfd.h>
#include <unistd.h>
#include <urcu.h>

#include "user/vde/switch/loop/loop.h"
#include "user/vde/switch/planes/kvde/parts.h"
#include "user/vde/switch/privileges.h"

#define ROOM (256 << 10)

struct reader {
	struct plane *plane;
	pthread_t thread;
	int stop;
	struct forwarder *forwarder;
	uint8_t *buffer;
	struct frame frames[FORWARD_BATCH];
	struct port_set reached[FORWARD_BATCH];
	unsigned int filled;

	pthread_mutex_t lock;
	pthread_cond_t moved;
	uint64_t done; /* records */
};

static void stuck(void *context, const void *data, size_t size)
{
	kvde_refuse(context, *(const unsigned int *)data);
}

static void lost(void *context, const void *data, size_t size)
{
	kvde_address_changed(context, NULL, FDB_ADDED);
}

static void flush(struct reader *reader)
{
	forward_end(reader->forwarder);
	reader->filled = 0;
	forward_begin(reader->forwarder);
}

static void hand_over(struct reader *reader, struct kvde_record *record)
{
	struct kvde_state *kvde = reader->plane->state;
	struct endpoint *from = rcu_dereference(kvde->adopted_at[record->port]);
	struct frame *frame = &reader->frames[reader->filled];
	struct port_set *reached = &reader->reached[reader->filled];
	const uint64_t *words = (const uint64_t *)(record + 1);

	if (!from)
		return;
	*frame = (struct frame){.data = (uint8_t *)(record + 1) + 8 * record->words,
				.len = record->length};
	if (record->type == KVDE_FLOODED) {
		for (unsigned int w = 0; w < PORT_WORDS; w++)
			reached->word[w] = w < record->words ? words[w] : 0;
	}
	forward_rest(reader->forwarder, from, frame, record->type == KVDE_FLOODED ? reached : NULL);
	if (++reader->filled == FORWARD_BATCH)
		flush(reader);
}

static void take(struct reader *reader, struct kvde_record *record)
{
	struct plane *plane = reader->plane;
	unsigned int port = record->port;

	switch (record->type) {
	case KVDE_FRAME:
	case KVDE_FLOODED:
		hand_over(reader, record);
		break;
	case KVDE_LEARNED:
	case KVDE_MOVED:
	case KVDE_CLAIMED:
		kvde_address_learned(plane, record);
		break;
	case KVDE_STUCK:
		loop_post(plane->sw->loop, stuck, plane, &port, sizeof(port));
		break;
	default:
		loop_post(plane->sw->loop, lost, plane, &port, sizeof(port));
	}
}

static void take_all(struct reader *reader, size_t have)
{
	uint64_t records = 0;

	forward_begin(reader->forwarder);
	reader->filled = 0;
	for (size_t at = 0; at < have;) {
		struct kvde_record *record = (void *)(reader->buffer + at);

		take(reader, record);
		at += record->size;
		records += record->type != KVDE_LOST;
	}
	forward_end(reader->forwarder);
	pthread_mutex_lock(&reader->lock);
	reader->done += records;
	pthread_cond_broadcast(&reader->moved);
	pthread_mutex_unlock(&reader->lock);
}

static void *run(void *context)
{
	struct reader *reader = context;
	const struct kvde_state *kvde = reader->plane->state;
	struct pollfd wait[2] = {{.fd = kvde->fd, .events = POLLIN},
				 {.fd = reader->stop, .events = POLLIN}};

	privileges_drop();
	rcu_register_thread();
	while (poll(wait, 2, -1) >= 0 || errno == EINTR) {
		ssize_t have;

		if (wait[1].revents)
			break;
		have = read(kvde->fd, reader->buffer, ROOM);
		if (have > 0)
			take_all(reader, have);
	}
	rcu_unregister_thread();
	return NULL;
}

static void release(struct reader *reader)
{
	if (reader->stop >= 0)
		close(reader->stop);
	forwarder_free(reader->forwarder);
	free(reader->buffer);
	free(reader);
}

struct reader *reader_start(struct plane *plane)
{
	struct reader *reader = calloc(1, sizeof(*reader));

	if (!reader)
		return NULL;
	reader->plane = plane;
	reader->forwarder = forwarder_new(plane->sw);
	reader->buffer = aligned_alloc(64, ROOM);
	reader->stop = eventfd(0, EFD_CLOEXEC);
	pthread_mutex_init(&reader->lock, NULL);
	pthread_cond_init(&reader->moved, NULL);
	if (reader->forwarder && reader->buffer && reader->stop >= 0 &&
	    pthread_create(&reader->thread, NULL, run, reader) == 0)
		return reader;
	release(reader);
	return NULL;
}

void reader_stop(struct reader *reader)
{
	if (!reader)
		return;
	eventfd_write(reader->stop, 1);
	pthread_join(reader->thread, NULL);
	release(reader);
}

void reader_wait(struct reader *reader, uint64_t records)
{
	pthread_mutex_lock(&reader->lock);
	while (reader->done < records)
		pthread_cond_wait(&reader->moved, &reader->lock);
	pthread_mutex_unlock(&reader->lock);
}
