/* SPDX-License-Identifier: GPL-2.0-or-later */
/*
 * The thread of the delay lines; see delay.h. It sleeps until the earliest frame or step of a
 * Markov chain is due, copies what is due into its buffers under the lock, and forwards it without
 * the lock, because forwarding may put frames into other lines.
 */
#include <pthread.h>
#include <stdlib.h>
#include <string.h>
#include <time.h>
#include <urcu.h>

#include "user/vde/switch/forward/delay.h"
#include "user/vde/switch/ports/ports.h"

#define BUFFER_ROOM (FRAME_MAX + 4)

struct delay_line {
	struct port *port;
	bool out;
	struct impair_model *model; /* of the port, shared with the other way */
	struct impair_channel *channel;
	struct delay_line *next;
	struct rcu_head rcu;
};

static struct {
	pthread_mutex_t lock;
	pthread_cond_t changed;
	pthread_t thread;
	bool running, quit;
	struct vswitch *sw;
	struct delay_line *lines;
	uint64_t wakes_at; /* when the thread means to look again */

	/* The thread's own. */
	struct forwarder *forwarder;
	struct frame frames[FORWARD_BATCH];
	struct delay_line *from[FORWARD_BATCH];
	unsigned int filled;
	uint8_t buffers[FORWARD_BATCH][BUFFER_ROOM];
} delay = {.lock = PTHREAD_MUTEX_INITIALIZER};

static uint64_t now(void)
{
	struct timespec t;

	clock_gettime(CLOCK_MONOTONIC, &t);
	return t.tv_sec * 1000000000ull + t.tv_nsec;
}

void delay_lock(void)
{
	pthread_mutex_lock(&delay.lock);
}

void delay_unlock(void)
{
	delay.wakes_at = 0;
	pthread_cond_signal(&delay.changed);
	pthread_mutex_unlock(&delay.lock);
}

void delay_frame(struct delay_line *line, const struct egress *egress, uint64_t time)
{
	uint8_t copy[BUFFER_ROOM];
	uint32_t len = egress_copy(egress, copy);

	pthread_mutex_lock(&delay.lock);
	impair_send(line->channel, time, copy, len, 0);
	if (impair_due(line->channel) < delay.wakes_at) {
		delay.wakes_at = impair_due(line->channel);
		pthread_cond_signal(&delay.changed);
	}
	pthread_mutex_unlock(&delay.lock);
}

static void collect(void *context, uint8_t *data, size_t len, uintptr_t tag)
{
	struct frame *frame = &delay.frames[delay.filled];

	memcpy(frame->data, data, len);
	frame->len = len;
	frame->tag_type = 0;
	delay.from[delay.filled++] = context;
}

/* With the lock: gather what is due; the time to look again. */
static uint64_t gather(uint64_t time)
{
	uint64_t earliest = UINT64_MAX;

	for (struct delay_line *line = delay.lines; line; line = line->next) {
		uint64_t next;

		impair_step(line->model, time, &next);
		earliest = next < earliest ? next : earliest;
		while (delay.filled < FORWARD_BATCH && impair_due(line->channel) <= time)
			impair_flow_one(line->channel, collect, line);
		next = impair_due(line->channel);
		earliest = next < earliest ? next : earliest;
	}
	return earliest;
}

static void forward_gathered(void)
{
	for (unsigned int i = 0; i < delay.filled; i++) {
		struct delay_line *line = delay.from[i];

		if (line->out)
			forward_out(delay.forwarder, line->port,
				    &(struct egress){&delay.frames[i], 0}, 1);
		else
			forward_in(delay.forwarder, line->port, &delay.frames[i]);
	}
	delay.filled = 0;
}

static void *run(void *argument)
{
	rcu_register_thread();
	pthread_mutex_lock(&delay.lock);
	while (!delay.quit) {
		uint64_t earliest;

		/* Lines live as long as this batch: they are freed after a grace period. */
		forward_begin(delay.forwarder);
		earliest = gather(now());
		if (delay.filled) {
			pthread_mutex_unlock(&delay.lock);
			forward_gathered();
			forward_end(delay.forwarder);
			pthread_mutex_lock(&delay.lock);
			continue;
		}
		forward_end(delay.forwarder);
		delay.wakes_at = earliest;
		if (earliest == UINT64_MAX)
			pthread_cond_wait(&delay.changed, &delay.lock);
		else
			pthread_cond_timedwait(
				&delay.changed, &delay.lock,
				&(struct timespec){earliest / 1000000000, earliest % 1000000000});
	}
	pthread_mutex_unlock(&delay.lock);
	rcu_unregister_thread();
	return NULL;
}

static bool start(struct vswitch *sw)
{
	pthread_condattr_t attributes;

	if (delay.running)
		return true;
	pthread_condattr_init(&attributes);
	pthread_condattr_setclock(&attributes, CLOCK_MONOTONIC);
	pthread_cond_init(&delay.changed, &attributes);
	pthread_condattr_destroy(&attributes);
	delay.sw = sw;
	delay.forwarder = forwarder_new(sw);
	for (unsigned int i = 0; i < FORWARD_BATCH; i++)
		delay.frames[i].data = delay.buffers[i];
	delay.running = delay.forwarder && pthread_create(&delay.thread, NULL, run, NULL) == 0;
	return delay.running;
}

void delay_stop(void)
{
	if (!delay.running)
		return;
	delay_lock();
	delay.quit = true;
	delay_unlock();
	pthread_join(delay.thread, NULL);
	forwarder_free(delay.forwarder);
	pthread_cond_destroy(&delay.changed);
	delay.running = false;
}

static struct delay_line *line_new(struct port *port, struct impair_model *model, bool out)
{
	struct delay_line *line = calloc(1, sizeof(*line));

	if (!line)
		return NULL;
	line->port = port;
	line->out = out;
	line->model = model;
	line->channel = impair_channel_new(model, out ? IMPAIR_RL : IMPAIR_LR);
	if (!line->channel) {
		free(line);
		return NULL;
	}
	return line;
}

static void line_free(struct delay_line *line)
{
	if (line)
		impair_channel_free(line->channel);
	free(line);
}

struct impair_model *delay_model(struct vswitch *sw, struct port *port, bool make)
{
	struct impair_model *model;
	struct delay_line *in, *out;

	if (port->delay_in)
		return port->delay_in->model;
	if (!make || !start(sw))
		return NULL;
	model = impair_model_new(0);
	in = model ? line_new(port, model, false) : NULL;
	out = in ? line_new(port, model, true) : NULL;
	if (!out) {
		line_free(in);
		impair_model_free(model);
		return NULL;
	}
	delay_lock();
	in->next = out;
	out->next = delay.lines;
	delay.lines = in;
	delay_unlock();
	rcu_assign_pointer(port->delay_in, in);
	rcu_assign_pointer(port->delay_out, out);
	port_changed(sw, port);
	return model;
}

/* Both lines of a port hang on the first. */
static void free_lines(struct rcu_head *head)
{
	struct delay_line *in = caa_container_of(head, struct delay_line, rcu);

	impair_model_free(in->model);
	line_free(in->next);
	line_free(in);
}

static void unlink_line(struct delay_line *line)
{
	struct delay_line **link = &delay.lines;

	while (*link != line)
		link = &(*link)->next;
	*link = line->next;
}

void delay_clear(struct vswitch *sw, struct port *port)
{
	struct delay_line *in = port->delay_in, *out = port->delay_out;

	if (!in)
		return;
	rcu_assign_pointer(port->delay_in, NULL);
	rcu_assign_pointer(port->delay_out, NULL);
	delay_lock();
	unlink_line(in);
	unlink_line(out);
	delay_unlock();
	/* The thread walks the list under the lock, others hold lines under RCU. */
	in->next = out;
	call_rcu(&in->rcu, free_lines);
	port_changed(sw, port);
}

struct impair_counters delay_counters(const struct port *port, enum impair_way way)
{
	const struct delay_line *line = way == IMPAIR_LR ? port->delay_in : port->delay_out;

	return line ? impair_count(line->channel) : (struct impair_counters){0};
}
