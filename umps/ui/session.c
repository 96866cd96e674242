/* SPDX-License-Identifier: GPL-2.0-or-later */
/*
 * The machine of the page. While it runs, it gets slices of some milliseconds between two looks at
 * the web server. Its time is paced: at the speed chosen while it works, and never faster than its
 * own clock while it is idle, so that a guest's clock ticks in real time when there is nothing to
 * compute.
 */
#include <stdlib.h>
#include <string.h>
#include <time.h>

#include "umps/front/names.h"
#include "umps/front/why.h"
#include "umps/ui/session.h"
#include "umps/ui/source.h"

#define SLICE_TICKS 100000u
#define SLICE_US    8000u
#define LOOK_MS                                                                                    \
	100 /* an idle machine is looked at this often: network devices have no other way to say   \
	       so */

const struct speed speeds[N_SPEEDS] = {
	{"10 ticks/s", 10},	   {"1000 ticks/s", 1000},
	{"50 000 ticks/s", 50000}, {"real time (clock rate)", 1},
	{"as fast as it goes", 0},
};

static uint64_t now_us(void)
{
	struct timespec t;

	clock_gettime(CLOCK_MONOTONIC, &t);
	return (uint64_t)t.tv_sec * 1000000 + (uint64_t)t.tv_nsec / 1000;
}

/* ---- what devices say */

static void said(struct session *s, struct output *o, uint8_t character)
{
	if (!o->bytes)
		o->bytes = malloc(MAX_OUTPUT);
	if (!o->bytes)
		abort();
	if (o->length == MAX_OUTPUT) {
		memmove(o->bytes, o->bytes + MAX_OUTPUT / 2, MAX_OUTPUT / 2);
		o->length = MAX_OUTPUT / 2;
		o->start += MAX_OUTPUT / 2;
	}
	o->bytes[o->length++] = character;
	s->changes++;
}

static void terminal_output(void *context, int number, uint8_t character)
{
	struct session *s = context;

	said(s, &s->outputs[number], character);
}

static void printer_output(void *context, int number, uint8_t character)
{
	struct session *s = context;

	said(s, &s->outputs[UMPS_N_DEVICES + number], character);
}

static void warning(void *context, const char *sentence)
{
	fprintf(stderr, "umps ui: %s\n", sentence);
}

/* ---- power */

/* The ELF file of the kernel is beside what was made from it: kernel for kernel.core.umps. */
static struct source *kernel_source(const struct umps_config *config)
{
	char *path = config->load_core ? umps_config_path(config, config->core_file) : NULL;
	char *suffix = path ? strstr(path, ".core.umps") : NULL;
	struct source *source = NULL;

	if (suffix && !suffix[strlen(".core.umps")])
		*suffix = 0;
	if (path)
		source = source_open(path);
	free(path);
	return source;
}

int session_power_on(struct session *s, struct umps_error *error)
{
	const struct umps_host host = {.context = s,
				       .terminal_output = terminal_output,
				       .printer_output = printer_output,
				       .warning = warning};

	session_power_off(s);
	s->machine = umps_create(s->config, &host, error);
	if (!s->machine)
		return -1;
	if (s->record && umps_record(s->machine, error) < 0) {
		session_power_off(s);
		return -1;
	}
	s->source = kernel_source(s->config);
	umps_set_engine(s->machine, UMPS_TRANSLATOR); /* a host that cannot translate interprets */
	umps_set_exception_stops(s->machine, s->stop_mask);
	session_restore_points(s);
	snprintf(s->status, sizeof(s->status), "Stopped: Power on");
	s->changes++;
	return 0;
}

void session_power_off(struct session *s)
{
	umps_destroy(s->machine);
	s->machine = NULL;
	source_free(s->source);
	s->source = NULL;
	s->running = s->idle = false;
	snprintf(s->status, sizeof(s->status), "Off");
	s->changes++;
}

bool session_set_layout(struct session *s, json_t *layout)
{
	if (!json_is_object(layout) || json_dumpb(layout, NULL, 0, JSON_COMPACT) > MAX_LAYOUT)
		return false;
	json_decref(s->layout);
	s->layout = json_incref(layout);
	return true;
}

/* ---- running */

static void pace_from_now(struct session *s)
{
	s->pace_us = now_us();
	s->pace_tick = s->machine ? umps_ticks(s->machine) : 0;
}

void session_touched(struct session *s)
{
	s->idle = false;
	s->changes++;
}

void session_set_speed(struct session *s, int speed)
{
	s->speed = speed;
	session_touched(s);
	pace_from_now(s);
}

void session_continue(struct session *s)
{
	s->running = true;
	snprintf(s->status, sizeof(s->status), "Running");
	session_touched(s);
	pace_from_now(s);
}

void session_pause(struct session *s)
{
	s->running = false;
	snprintf(s->status, sizeof(s->status), "Stopped: User");
	session_touched(s);
}

static void explain(struct session *s, const struct umps_stop *stop)
{
	static const char *const reasons[] = {
		[UMPS_STOP_LIMIT] = "Stopped: Step",
		[UMPS_STOP_POWEROFF] = "Powered off by the guest",
		[UMPS_STOP_HALT] = "Stopped: System halted",
		[UMPS_STOP_PANIC] = "Stopped: Kernel panic",
		[UMPS_STOP_DEAD] = "Stopped: No processor will ever execute again",
		[UMPS_STOP_IDLE] = "Stopped: Idle",
		[UMPS_STOP_REQUEST] = "Stopped: User",
		[UMPS_STOP_MEMORY] = "Stopped: The host has no memory for it any more",
	};
	char why[WHY_SIZE];

	switch (stop->reason) {
	case UMPS_STOP_BREAKPOINT:
		snprintf(s->status, sizeof(s->status), "Stopped: Breakpoint (B%d), processor %d",
			 stop->id, stop->cpu);
		break;
	case UMPS_STOP_SUSPECT:
		snprintf(s->status, sizeof(s->status),
			 "Stopped: Suspect (S%d), processor %d %s 0x%08X", stop->id, stop->cpu,
			 stop->write ? "wrote" : "read", stop->address);
		break;
	case UMPS_STOP_EXCEPTION:
		snprintf(s->status, sizeof(s->status),
			 "Stopped: Exception (%s%s), processor %d, EPC 0x%08X",
			 exception_name(stop->code), stop->code & UMPS_REFILL ? " refill" : "",
			 stop->cpu, stop->address);
		break;
	default:
		why_it_ended(s->machine, stop, why);
		snprintf(s->status, sizeof(s->status), "%s%s%s", reasons[stop->reason],
			 why[0] ? ": " : "", why);
	}
}

static void stopped(struct session *s, struct umps_stop stop)
{
	explain(s, &stop);
	s->running = s->idle = false;
	s->changes++;
}

void session_step(struct session *s)
{
	s->running = s->idle = false;
	stopped(s, umps_run(s->machine, umps_ticks(s->machine) + 1, 0));
}

int session_back(struct session *s, bool to_stop_point, struct umps_error *error)
{
	uint64_t tick = umps_ticks(s->machine), since = umps_recorded_since(s->machine);

	s->running = s->idle = false;
	s->changes++;
	if (since == UINT64_MAX || tick <= since) {
		snprintf(error->text, sizeof(error->text),
			 since == UINT64_MAX
				 ? "time is not recorded; start `umps ui` without --no-record"
				 : "this is where the recording starts");
		return -1;
	}
	if (to_stop_point) {
		struct umps_stop stop = umps_reverse(s->machine, error);

		if (stop.reason == UMPS_STOP_LIMIT)
			snprintf(s->status, sizeof(s->status), "Stopped: Start of the recording");
		else
			explain(s, &stop);
		return 0;
	}
	snprintf(s->status, sizeof(s->status), "Stopped: One tick back");
	return umps_travel(s->machine, tick - 1, error);
}

/* Ticks per second at which time passes now, 0: no limit. */
static uint64_t rate(const struct session *s)
{
	uint64_t clock = (uint64_t)s->config->clock_rate * 1000000,
		 chosen = speeds[s->speed].ticks_per_second;

	if (chosen == 1 || (chosen == 0 && s->idle))
		return clock;
	return chosen;
}

/* The tick up to which the machine may run by now. */
static uint64_t allowance(const struct session *s)
{
	uint64_t per_second = rate(s);

	return per_second ? s->pace_tick + (now_us() - s->pace_us) * per_second / 1000000
			  : UINT64_MAX;
}

static int ms_until(const struct session *s, uint64_t tick)
{
	uint64_t now = umps_ticks(s->machine), ms;

	if (tick <= now)
		return 0;
	ms = (tick - now) * 1000 / (rate(s) ? rate(s) : 1) + 1;
	return ms < LOOK_MS ? (int)ms : LOOK_MS;
}

static int pass_idle_time(struct session *s)
{
	uint64_t until = allowance(s), now = umps_ticks(s->machine);
	struct umps_stop stop;

	umps_poll_network(s->machine);
	if (until >= s->wake) {
		until = s->wake - 1;
		s->idle = false;
		pace_from_now(s);
		s->pace_tick = until;
	}
	if (until > now) {
		stop = umps_run(s->machine, until, 0);
		s->changes++;
		if (stop.reason != UMPS_STOP_LIMIT)
			stopped(s, stop);
	}
	return s->idle ? ms_until(s, s->wake) : 0;
}

int session_advance(struct session *s)
{
	uint64_t end = now_us() + SLICE_US, until;
	struct umps_stop stop = {.reason = UMPS_STOP_LIMIT};

	if (!s->running)
		return -1;
	if (s->idle)
		return pass_idle_time(s);
	do {
		uint64_t now = umps_ticks(s->machine);

		until = allowance(s);
		if (until <= now)
			return ms_until(s, now + 1);
		stop = umps_run(s->machine, until - now < SLICE_TICKS ? until : now + SLICE_TICKS,
				UMPS_RUN_IDLE_STOPS);
	} while (stop.reason == UMPS_STOP_LIMIT && now_us() < end);
	s->changes++;
	if (stop.reason == UMPS_STOP_IDLE) {
		s->idle = true;
		s->wake = stop.wake;
		pace_from_now(s);
	} else if (stop.reason != UMPS_STOP_LIMIT) {
		stopped(s, stop);
	}
	return 0;
}
