/* SPDX-License-Identifier: GPL-2.0-or-later */
/*
 * Time passes here. The machine runs in slices of ticks; between two of them the connection is looked at for an
 * interrupt, the keyboard for input, and what the terminal said is passed on. An idle machine that waits for
 * somebody (a key, a frame) is paced in real time and costs nothing; an idle one that only waits for its own clock
 * jumps.
 */
#include <errno.h>
#include <poll.h>
#include <string.h>
#include <unistd.h>

#include "umps/gdb/server.h"

#define SLICE	 500000u /* ticks: some milliseconds */
#define MAX_WAIT 200	 /* ms between two looks at things that no descriptor tells of */
#define MAX_FDS	 (2 + UMPS_N_DEVICES)

bool can_reverse(const struct server *s)
{
	return umps_recorded_since(s->machine) != UINT64_MAX;
}

static void type_keys(struct server *s)
{
	char text[256];
	ssize_t n = read(s->keyboard, text, sizeof(text));

	if (n > 0)
		umps_terminal_input(s->machine, s->terminal, text, (size_t)n);
	else if (n == 0 || (errno != EINTR && errno != EAGAIN))
		s->keyboard = -1;
}

/* The debugger sends nothing to a running machine but an interrupt, or the end of the connection. */
static bool interrupted(struct server *s)
{
	uint8_t bytes[256];
	ssize_t n = read(s->in, bytes, sizeof(bytes));
	bool stop = false;

	if (n == 0 || (n < 0 && errno != EINTR && errno != EAGAIN))
		s->closed = true;
	for (ssize_t i = 0; i < n; i++)
		stop |= packet_feed(&s->reader, bytes[i]) == PACKET_INTERRUPT;
	return stop || s->closed;
}

/* Waits up to MS for anything from outside; true: the debugger wants the machine stopped. */
static bool look_outside(struct server *s, int ms)
{
	struct pollfd fds[MAX_FDS] = { { .fd = s->in, .events = POLLIN }, { .fd = s->keyboard, .events = POLLIN } };
	int links[UMPS_N_DEVICES], n = umps_network_fds(s->machine, links, UMPS_N_DEVICES);

	for (int i = 0; i < n && i < UMPS_N_DEVICES; i++)
		fds[2 + i] = (struct pollfd){ .fd = links[i], .events = POLLIN };
	if (s->console_length)
		send_console(s, NULL, 0);
	if (poll(fds, (nfds_t)(2 + n), ms) <= 0)
		return false;
	if (fds[1].revents)
		type_keys(s);
	for (int i = 0; i < n; i++)
		if (fds[2 + i].revents)
			umps_poll_network(s->machine);
	return fds[0].revents && interrupted(s);
}

/* Does somebody outside decide when the idle machine goes on? */
static bool waits_for_outside(const struct server *s, uint64_t wake)
{
	int link;

	return wake == UINT64_MAX || umps_is_starved(s->machine) || umps_network_fds(s->machine, &link, 1) > 0;
}

/* Milliseconds of real time until tick WAKE. */
static int real_time(const struct server *s, uint64_t wake)
{
	uint64_t ms = (wake - umps_ticks(s->machine)) / ((uint64_t)umps_get_config(s->machine)->clock_rate * 1000);

	return ms < MAX_WAIT ? (int)ms : MAX_WAIT;
}

/* Runs to tick UNTIL at most. UMPS_STOP_LIMIT: nothing has happened that would interest the debugger. */
static struct umps_stop run_slice(struct server *s, uint64_t until)
{
	uint64_t now = umps_ticks(s->machine);
	struct umps_stop stop;
	int ms = 0;

	if (until - now > SLICE)
		until = now + SLICE;
	stop = umps_run(s->machine, until, UMPS_RUN_IDLE_STOPS);
	if (stop.reason == UMPS_STOP_IDLE) {
		now = umps_ticks(s->machine);
		if (waits_for_outside(s, stop.wake)) {
			ms = stop.wake == UINT64_MAX ? MAX_WAIT : real_time(s, stop.wake);
			until = stop.wake - now > SLICE ? now + SLICE : stop.wake - 1;
		} else {
			until = stop.wake - 1;
		}
		if (look_outside(s, ms))
			return (struct umps_stop){ .reason = UMPS_STOP_REQUEST, .cpu = s->cpu };
		return umps_run(s->machine, until, 0);
	}
	if (stop.reason == UMPS_STOP_LIMIT && look_outside(s, 0))
		return (struct umps_stop){ .reason = UMPS_STOP_REQUEST, .cpu = s->cpu };
	return stop;
}
