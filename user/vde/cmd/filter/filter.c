// SPDX-License-Identifier: GPL-2.0-or-later
/*
 * vde filter: a cable that loses, delays and spoils frames.
 *
 *   end left -> channel LR -> end right
 *   end left <- channel RL <- end right
 *
 * The loop waits for input of the ends, for the next frame that is due, for the next step of the
 * Markov chain and for the console. An end whose channel is not ready (speed limit) is not read, so
 * that its sender feels the limit.
 */
#include "user/vde/cmd/filter/filter.h"

#include <errno.h>
#include <poll.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/socket.h>
#include <sys/un.h>
#include <time.h>
#include <unistd.h>

#include "user/vde/cmd/command.h"

#define BATCH 32

static uint64_t clock_now(void)
{
	struct timespec time;

	clock_gettime(CLOCK_MONOTONIC, &time);
	return time.tv_sec * 1000000000ull + time.tv_nsec;
}

/* One datagram for each frame that passes, for panels of lamps. */
static void blink(struct filter *filter, enum impair_way way, size_t length)
{
	char text[128];
	int n;

	if (filter->blink < 0)
		return;
	n = snprintf(text, sizeof(text), "%s %s %zu\n", filter->blink_id,
		     way == IMPAIR_LR ? "LR" : "RL", length);
	send(filter->blink, text, n, MSG_DONTWAIT | MSG_NOSIGNAL);
}

static void deliver(void *context, uint8_t *frame, size_t length, uintptr_t way)
{
	struct filter *filter = context;

	blink(filter, way, length);
	if (end_send(filter->end[!way], frame, length) < 0 && errno != EAGAIN) {
		if (errno != EPIPE && errno != ECONNREFUSED && errno != ECONNRESET)
			complain("%s: %m", end_name(filter->end[!way]));
		filter->stopping = true;
	}
}

/* 0, or -1 when the end is closed. */
static int take_frames(struct filter *filter, enum impair_way way)
{
	uint8_t frame[END_FRAME_MAX];

	for (int i = 0; i < BATCH || end_pending(filter->end[way]); i++) {
		uint64_t now = clock_now();
		ssize_t n;

		if (impair_ready(filter->channel[way], now) > now)
			return 0;
		n = end_receive(filter->end[way], frame, sizeof(frame));
		if (n < 0) {
			if (errno)
				complain("%s: %m", end_name(filter->end[way]));
			return -1;
		}
		if (n == 0)
			return 0;
		impair_send(filter->channel[way], now, frame, n, way);
	}
	return 0;
}

static void wait_until(struct timespec *timeout, uint64_t now, uint64_t due)
{
	uint64_t left = due > now ? due - now : 0;

	timeout->tv_sec = left / 1000000000ull;
	timeout->tv_nsec = left % 1000000000ull;
}

/* Deliver what is due; the time at which something has to be done next. */
static uint64_t flow(struct filter *filter, uint64_t now)
{
	uint64_t next = UINT64_MAX;

	if (impair_step(filter->model, now, &filter->next_step))
		filter_tell_node(filter);
	next = filter->next_step;
	for (enum impair_way way = 0; way < IMPAIR_WAYS; way++) {
		uint64_t due;

		impair_flow(filter->channel[way], now, deliver, filter);
		due = impair_due(filter->channel[way]);
		next = due < next ? due : next;
	}
	return next;
}

enum {
	WAIT_SIGNALS,
	WAIT_LISTENER,
	WAIT_HANGUP,
	WAIT_ENDS = WAIT_HANGUP + 2,
	WAIT_SESSIONS = WAIT_ENDS + 2,
	WAIT_COUNT = WAIT_SESSIONS + SESSIONS_MAX
};

static int run(struct filter *filter, int signals)
{
	while (!filter->stopping) {
		struct pollfd wait[WAIT_COUNT];
		struct timespec timeout;
		uint64_t now = clock_now(), next = flow(filter, now);

		wait[WAIT_SIGNALS] = (struct pollfd){.fd = signals, .events = POLLIN};
		wait[WAIT_LISTENER] = (struct pollfd){.fd = filter->listener.fd, .events = POLLIN};
		for (enum impair_way way = 0; way < IMPAIR_WAYS; way++) {
			uint64_t ready = impair_ready(filter->channel[way], now);

			wait[WAIT_HANGUP + way] = (struct pollfd){
				.fd = end_hangup(filter->end[way]), .events = POLLIN};
			wait[WAIT_ENDS + way] = (struct pollfd){
				.fd = ready > now ? -1 : end_input(filter->end[way]),
				.events = POLLIN};
			if (ready > now && ready < next)
				next = ready;
		}
		for (int i = 0; i < SESSIONS_MAX; i++)
			wait[WAIT_SESSIONS + i] =
				(struct pollfd){.fd = filter->sessions[i].fd, .events = POLLIN};
		wait_until(&timeout, now, next);
		if (ppoll(wait, WAIT_COUNT, next == UINT64_MAX ? NULL : &timeout, NULL) < 0) {
			if (errno == EINTR)
				continue;
			return complain("cannot wait for frames: %m");
		}
		if (wait[WAIT_SIGNALS].revents || wait[WAIT_HANGUP].revents ||
		    wait[WAIT_HANGUP + 1].revents)
			break;
		for (enum impair_way way = 0; way < IMPAIR_WAYS; way++)
			if (wait[WAIT_ENDS + way].revents && take_frames(filter, way))
				return 0;
		if (wait[WAIT_LISTENER].revents)
			filter_console_accept(filter);
		for (int i = 0; i < SESSIONS_MAX; i++)
			if (wait[WAIT_SESSIONS + i].revents)
				filter_console_read(filter, &filter->sessions[i]);
	}
	return 0;
}

/* Between two plugs of dpipe the second pair of descriptors is in the environment. */
static struct end *open_end(struct filter *filter, int side)
{
	const char *in = getenv("ALTERNATE_STDIN"), *out = getenv("ALTERNATE_STDOUT");

	if (filter->names[side])
		return end_open(filter->names[side], &filter->options.end);
	if (side == 0)
		return end_open("-", NULL);
	if (in && out)
		return end_open_stream("the second pipe", atoi(in), atoi(out));
	complain("a cable has two ends: give two networks, or run between two plugs of dpipe");
	return NULL;
}

static int open_blink(struct filter *filter)
{
	struct sockaddr_un address = {.sun_family = AF_UNIX};

	if (!filter->blink_path)
		return 0;
	snprintf(address.sun_path, sizeof(address.sun_path), "%s", filter->blink_path);
	filter->blink = socket(AF_UNIX, SOCK_DGRAM | SOCK_CLOEXEC, 0);
	if (filter->blink >= 0 &&
	    connect(filter->blink, (struct sockaddr *)&address, sizeof(address)) == 0)
		return 0;
	complain("--blink %s: %m", filter->blink_path);
	return -1;
}

static int set_up(struct filter *filter)
{
	for (enum impair_way way = 0; way < IMPAIR_WAYS; way++) {
		filter->end[way] = open_end(filter, way);
		if (!filter->end[way] || end_set_nonblocking(filter->end[way]))
			return -1;
		filter->channel[way] = impair_channel_new(filter->model, way);
		if (!filter->channel[way]) {
			complain("out of memory");
			return -1;
		}
	}
	if (open_blink(filter) || filter_console_open(filter))
		return -1;
	return filter->script ? filter_run_script(filter, filter->script) : 0;
}

int filter_main(int argc, char **argv)
{
	static struct filter filter = {.listener = {.fd = -1, .directory = -1},
				       .blink = -1,
				       .blink_id = "filter",
				       .console_mode = 0700};
	int status = 1, signals;

	filter.model = impair_model_new(0);
	if (!filter.model)
		return complain("out of memory");
	for (int i = 0; i < SESSIONS_MAX; i++)
		filter.sessions[i].fd = -1;
	filter_options(&filter, argc, argv);
	if (!filter.options.end.description)
		filter.options.end.description = "vde filter";
	if (filter.daemon && daemon_start())
		return 1;
	signals = signals_open();
	if (set_up(&filter) == 0) {
		daemon_ready(filter.pidfile);
		status = run(&filter, signals);
	}
	filter_console_close(&filter);
	if (filter.blink >= 0)
		close(filter.blink);
	for (enum impair_way way = 0; way < IMPAIR_WAYS; way++) {
		if (filter.channel[way])
			impair_channel_free(filter.channel[way]);
		end_close(filter.end[way]);
	}
	impair_model_free(filter.model);
	return status;
}
