/* SPDX-License-Identifier: LGPL-2.1-or-later */
/*
 * What happens when: the queue of events by tick, and the two kinds of timers as seen from outside.
 *
 * next_due is the earliest tick at which an event, the interval timer or a local timer wants
 * attention; the engines execute up to horizon < next_due. Whoever makes something due earlier
 * lowers both.
 */
#include <stdlib.h>

#include "umps/machine/machine.h"

#define MIN_EVENTS 128 /* enough for all devices; messages between processors may be more */

static void due(struct umps *m, uint64_t tick)
{
	if (tick < m->next_due)
		m->next_due = tick;
	if (m->next_due <= m->horizon)
		m->horizon = m->next_due > m->tod ? m->next_due - 1 : m->tod;
}

bool events_reserve(struct umps *m, int n)
{
	int max = m->max_events ? m->max_events : MIN_EVENTS;
	struct event *more;

	while (max < n)
		max *= 2;
	if (max == m->max_events)
		return true;
	more = realloc(m->events, (size_t)max * sizeof(*more));
	if (!more)
		return false;
	m->events = more;
	m->max_events = max;
	return true;
}

/*
 * Without memory the event is lost, and with it the machine: it stops for good.
 *
 * Order of equal deadlines (section 2): one equal to the head's goes before the head, otherwise
 * behind all that are equal.
 */
void event_add(struct umps *m, struct event event)
{
	int at = m->n_events;

	if (!events_reserve(m, m->n_events + 1)) {
		m->out_of_memory = true;
		machine_break(m);
		return;
	}
	if (m->n_events && event.tick <= m->events[0].tick)
		at = 0;
	else
		while (at > 0 && m->events[at - 1].tick > event.tick)
			at--;
	memmove(m->events + at + 1, m->events + at, (size_t)(m->n_events - at) * sizeof(event));
	m->events[at] = event;
	m->n_events++;
	due(m, event.tick);
}

static void remove_at(struct umps *m, int at)
{
	m->n_events--;
	memmove(m->events + at, m->events + at + 1,
		(size_t)(m->n_events - at) * sizeof(*m->events));
}

void event_remove_device(struct umps *m, int line, int number, int sub)
{
	for (int i = 0; i < m->n_events; i++) {
		const struct event *e = &m->events[i];

		if (e->kind == EVENT_DEVICE && e->a == line && e->b == number && e->c == sub) {
			remove_at(m, i);
			return;
		}
	}
}

struct event event_take(struct umps *m)
{
	struct event event = m->events[0];

	remove_at(m, 0);
	return event;
}

uint32_t interval_value(const struct umps *m)
{
	return m->interval_timer - (uint32_t)(m->tod - m->interval_tick);
}

void interval_write(struct umps *m, uint32_t value)
{
	m->interval_timer = value;
	m->interval_tick = m->tod;
	interrupt_clear_interval(m);
	timers_changed(m);
}

void timers_changed(struct umps *m)
{
	uint64_t next = m->interval_tick + m->interval_timer + 1;

	for (int i = 0; i < m->n_cpus; i++) {
		uint64_t tick = local_timer_due(&m->cpus[i]);

		if (tick < next)
			next = tick;
	}
	if (m->n_events && m->events[0].tick < next)
		next = m->events[0].tick;
	m->next_due = next;
	due(m, next);
}
