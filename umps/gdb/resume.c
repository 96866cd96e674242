/* SPDX-License-Identifier: GPL-2.0-or-later */
/*
 * Time passes here. The machine runs in slices of ticks; between two of them the connection is
 * looked at for an interrupt, the keyboard for input, and what the terminal said is passed on. An
 * idle machine that waits for somebody (a key, a frame) is paced in real time and costs nothing; an
 * idle one that only waits for its own clock jumps.
 */
#include <errno.h>
#include <poll.h>
#include <stdarg.h>
#include <string.h>
#include <time.h>
#include <unistd.h>

#include "umps/front/names.h"
#include "umps/front/why.h"
#include "umps/gdb/server.h"

#define SLICE	 500000u /* ticks: some milliseconds */
#define MAX_WAIT 200	 /* ms between two looks at things that no descriptor tells of */
#define MAX_FDS	 (2 + UMPS_N_DEVICES)
#define AT_BEGIN (-1) /* the id of a stop at the limit: the limit is the begin of the recording */

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

/* The debugger sends nothing to a running machine but an interrupt, or the end of the connection.
 */
static bool interrupted(struct server *s)
{
	bool stop = false;

	while (s->input_at < s->input_end)
		stop |= packet_feed(&s->reader, s->input[s->input_at++]) == PACKET_INTERRUPT;
	return stop;
}

/* Waits up to MS for anything from outside; true: the debugger wants the machine stopped. */
static bool look_outside(struct server *s, int ms)
{
	struct pollfd fds[MAX_FDS] = {{.fd = s->in, .events = POLLIN},
				      {.fd = s->keyboard, .events = POLLIN}};
	int links[UMPS_N_DEVICES], n = umps_network_fds(s->machine, links, UMPS_N_DEVICES);

	for (int i = 0; i < n && i < UMPS_N_DEVICES; i++)
		fds[2 + i] = (struct pollfd){.fd = links[i], .events = POLLIN};
	if (s->console_length)
		show_console(s);
	if (interrupted(s))
		return true;
	if (poll(fds, (nfds_t)(2 + n), ms) <= 0)
		return false;
	if (fds[1].revents)
		type_keys(s);
	for (int i = 0; i < n; i++)
		if (fds[2 + i].revents)
			umps_poll_network(s->machine);
	if (fds[0].revents)
		receive(s);
	return interrupted(s) || s->closed;
}

/* Does somebody outside decide when the idle machine goes on? */
static bool waits_for_outside(const struct server *s, uint64_t wake)
{
	int link;

	return wake == UINT64_MAX || umps_is_starved(s->machine) ||
	       umps_network_fds(s->machine, &link, 1) > 0;
}

/* Lets real time pass until tick WAKE, input or the debugger; true: the debugger. Says how many
 * ticks that were. */
static bool pace(struct server *s, uint64_t wake, uint64_t *ticks)
{
	uint64_t per_ms = (uint64_t)umps_get_config(s->machine)->clock_rate * 1000;
	uint64_t ms = (wake - umps_ticks(s->machine)) / per_ms + 1;
	struct timespec before, after;
	bool stop;

	clock_gettime(CLOCK_MONOTONIC, &before);
	stop = look_outside(s, ms < MAX_WAIT ? (int)ms : MAX_WAIT);
	clock_gettime(CLOCK_MONOTONIC, &after);
	*ticks = (uint64_t)((after.tv_sec - before.tv_sec) * 1000000 +
			    (after.tv_nsec - before.tv_nsec) / 1000) *
		 per_ms / 1000;
	return stop;
}

/* Runs to tick UNTIL at most. UMPS_STOP_LIMIT: nothing has happened that would interest the
 * debugger. */
static struct umps_stop run_slice(struct server *s, uint64_t until)
{
	const struct umps_stop request = {.reason = UMPS_STOP_REQUEST, .cpu = s->cpu};
	uint64_t now = umps_ticks(s->machine), ticks;
	struct umps_stop stop;

	if (until - now > SLICE)
		until = now + SLICE;
	stop = umps_run(s->machine, until, UMPS_RUN_IDLE_STOPS);
	if (stop.reason == UMPS_STOP_LIMIT && look_outside(s, 0))
		return request;
	if (stop.reason != UMPS_STOP_IDLE)
		return stop;
	now = umps_ticks(s->machine);
	ticks = stop.wake - now - 1;
	if (waits_for_outside(s, stop.wake)) {
		if (pace(s, stop.wake, &ticks))
			return request;
		if (ticks > stop.wake - now - 1)
			ticks = stop.wake - now - 1;
	}
	return umps_run(s->machine, now + ticks, 0);
}

/* There is nothing recorded before now. */
static struct umps_stop at_begin(int cpu)
{
	return (struct umps_stop){.reason = UMPS_STOP_LIMIT, .cpu = cpu, .id = AT_BEGIN};
}

static struct umps_stop go_back(struct server *s)
{
	struct umps_error error;
	struct umps_stop stop = umps_reverse(s->machine, &error);

	s->ended = false;
	if (stop.reason == UMPS_STOP_LIMIT)
		return at_begin(s->cpu);
	return stop;
}

struct umps_stop resume_continue(struct server *s, enum direction direction)
{
	struct umps_stop stop;

	if (direction == BACKWARD)
		return go_back(s);
	do
		stop = run_slice(s, UINT64_MAX);
	while (stop.reason == UMPS_STOP_LIMIT);
	return stop;
}

/*
 * To the last tick after which CPU had executed fewer instructions than now: far back in growing
 * steps, then by halves.
 */
static struct umps_stop step_back(struct server *s, int cpu)
{
	const struct umps_stop failed = {.reason = UMPS_STOP_REQUEST, .cpu = cpu};
	uint64_t count = umps_instructions(s->machine, cpu),
		 start = umps_recorded_since(s->machine);
	uint64_t now = umps_ticks(s->machine), low = now, high = now, step = 1;

	if (now <= start)
		return at_begin(cpu);
	s->ended = false;
	do {
		high = low;
		low = low - start > step ? low - step : start;
		step *= 2;
		if (umps_travel(s->machine, low, NULL) < 0)
			return failed;
	} while (umps_instructions(s->machine, cpu) == count && low > start);
	while (high - low > 1) {
		uint64_t middle = low + (high - low) / 2;

		if (umps_travel(s->machine, middle, NULL) < 0)
			return failed;
		if (umps_instructions(s->machine, cpu) < count)
			low = middle;
		else
			high = middle;
	}
	if (umps_ticks(s->machine) != low && umps_travel(s->machine, low, NULL) < 0)
		return failed;
	return (struct umps_stop){.reason = UMPS_STOP_LIMIT, .cpu = cpu};
}

struct umps_stop resume_step(struct server *s, int cpu, enum direction direction)
{
	uint64_t before = umps_instructions(s->machine, cpu);
	struct umps_stop stop;

	if (direction == BACKWARD)
		return step_back(s, cpu);
	do
		stop = run_slice(s, umps_ticks(s->machine) + 1);
	while (stop.reason == UMPS_STOP_LIMIT && umps_instructions(s->machine, cpu) == before);
	if (stop.reason == UMPS_STOP_LIMIT)
		stop.cpu = cpu;
	return stop;
}

struct umps_stop resume_range(struct server *s, int cpu, uint32_t start, uint32_t end)
{
	struct umps_stop stop;

	do
		stop = resume_step(s, cpu, FORWARD);
	while (stop.reason == UMPS_STOP_LIMIT &&
	       umps_get_register(s->machine, cpu, UMPS_REG_PC) - start < end - start);
	return stop;
}

void resume_detached(struct server *s, int descriptor)
{
	struct pollfd fd = {.fd = descriptor, .events = POLLIN};
	struct umps_stop stop = {.reason = UMPS_STOP_LIMIT};

	while (stop.reason == UMPS_STOP_LIMIT && poll(&fd, 1, 0) == 0)
		stop = run_slice(s, UINT64_MAX);
	show_console(s);
}

/* ---- why it stopped */

__attribute__((format(printf, 2, 3))) static void tell(struct server *s, const char *format, ...)
{
	char text[WHY_SIZE + 16];
	va_list args;

	va_start(args, format);
	vsnprintf(text, sizeof(text), format, args);
	va_end(args);
	send_console(s, text, strlen(text));
}

/* The end of the machine is a signal at first, so that one can look around, and go back; then it is
 * the end. */
static void send_end(struct server *s, const char *what, int signal, const char *final)
{
	char text[40], why[WHY_SIZE];

	if (s->ended) {
		send_text(s, final);
		s->finished = !s->extended;
		return;
	}
	s->ended = true;
	tell(s, "umps: %s at tick %llu\n", what, (unsigned long long)umps_ticks(s->machine));
	why_it_ended(s->machine, &s->stop, why);
	if (why[0])
		tell(s, "umps: %s\n", why);
	snprintf(text, sizeof(text), "T%02xthread:%x;", (unsigned)signal, (unsigned)s->cpu + 1);
	send_text(s, text);
}

void send_stop(struct server *s)
{
	static const char *const watch[] = {[2] = "watch", [3] = "rwatch", [4] = "awatch"};
	const struct umps_stop *stop = &s->stop;
	char text[96], why[48] = "";
	int signal = 5, type;
	uint32_t address;

	switch (stop->reason) {
	case UMPS_STOP_HALT:
		send_end(s, "the machine halted", 15, "W00");
		return;
	case UMPS_STOP_POWEROFF:
		send_end(s, "the machine switched its power off", 15, "W00");
		return;
	case UMPS_STOP_PANIC:
		send_end(s, "kernel panic", 6, "X06");
		return;
	case UMPS_STOP_MEMORY:
		send_end(s, "the host has no memory for it any more", 6, "X06");
		return;
	case UMPS_STOP_DEAD:
		send_end(s, "no processor will ever execute again", 6, "X06");
		return;
	case UMPS_STOP_REQUEST:
		signal = 2;
		break;
	case UMPS_STOP_SUSPECT:
		type = point_hit(s, stop, &address);
		snprintf(why, sizeof(why), "%s:%x;", watch[type], address);
		break;
	case UMPS_STOP_BREAKPOINT:
		if (s->swbreak)
			snprintf(why, sizeof(why), "swbreak:;");
		break;
	case UMPS_STOP_EXCEPTION:
		tell(s, "umps: exception %s%s, EPC 0x%08X\n", exception_name(stop->code),
		     stop->code & UMPS_REFILL ? " (TLB refill)" : "", stop->address);
		break;
	default:
		if (stop->id == AT_BEGIN)
			snprintf(why, sizeof(why), "replaylog:begin;");
	}
	snprintf(text, sizeof(text), "T%02x%sthread:%x;", (unsigned)signal, why,
		 (unsigned)s->cpu + 1);
	send_text(s, text);
}
