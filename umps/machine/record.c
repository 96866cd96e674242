/* SPDX-License-Identifier: LGPL-2.1-or-later */
/*
 * Time travel: going back is restoring a checkpoint and running again, with the same input at the
 * same ticks and nothing visible outside.
 *
 * While recording, everything that comes from outside is logged with its tick: terminal input,
 * frames, failure switches. Checkpoints are snapshots; blocks that the guest overwrites on disks
 * and flash devices are kept in a journal, to be put back. `present` is the latest tick ever
 * executed: between it and an earlier tick to which one travelled, running means replaying. Input
 * given in the past starts a new future there; changing registers or memory from outside starts a
 * new recording.
 *
 * Without memory for what must be kept, the past is given up, not the machine: input that cannot be
 * logged starts a new recording, a checkpoint that cannot be taken is left out, and without memory
 * for even the first one the recording ends.
 */
#include <stdlib.h>
#include <unistd.h>

#include "umps/machine/machine.h"

#define MAX_CHECKPOINTS 32
#define FIRST_INTERVAL	(1u << 20)
#define MAX_JOURNAL	16384 /* blocks; then the past is forgotten */

enum input_kind { INPUT_BYTES, INPUT_FAILS, INPUT_WORKS };

struct input {
	uint64_t tick;
	struct device *device;
	enum input_kind kind;
	uint8_t *bytes;
	size_t length;
};

struct checkpoint {
	uint64_t tick;
	void *snapshot;
	size_t length;
	int journal; /* entries that existed then */
};

struct overwritten {
	const struct device *device;
	int64_t block;
	uint8_t *bytes;
};

struct recording {
	uint64_t present, interval;
	struct input *inputs;
	int n_inputs, max_inputs;
	struct checkpoint checkpoints[MAX_CHECKPOINTS];
	int n_checkpoints;
	struct overwritten *journal;
	int n_journal;
	bool restart; /* the past no longer leads here */
};

/* ---- keeping */

static bool inputs_reserve(struct recording *r, int n)
{
	int max = r->max_inputs ? 2 * r->max_inputs : 64;
	struct input *more;

	if (n <= r->max_inputs)
		return true;
	more = realloc(r->inputs, (size_t)max * sizeof(*more));
	if (!more)
		return false;
	r->inputs = more;
	r->max_inputs = max;
	return true;
}

static bool checkpoint_add(struct umps *m)
{
	struct recording *r = m->recording;
	struct checkpoint *c = &r->checkpoints[r->n_checkpoints];

	c->tick = m->tod;
	c->snapshot = umps_snapshot(m, &c->length);
	c->journal = r->n_journal;
	if (!c->snapshot)
		return false;
	r->n_checkpoints++;
	return true;
}

/* Every second one goes, so that they stay spread over all the time there is. */
static void checkpoints_thin(struct recording *r)
{
	int kept = 1;

	for (int i = 1; i < r->n_checkpoints; i++) {
		if (i % 2)
			free(r->checkpoints[i].snapshot);
		else
			r->checkpoints[kept++] = r->checkpoints[i];
	}
	r->n_checkpoints = kept;
	r->interval *= 2;
}

static void inputs_cut(struct recording *r, uint64_t after)
{
	while (r->n_inputs && r->inputs[r->n_inputs - 1].tick > after)
		free(r->inputs[--r->n_inputs].bytes);
}

static void checkpoints_cut(struct recording *r, uint64_t after)
{
	while (r->n_checkpoints && r->checkpoints[r->n_checkpoints - 1].tick > after)
		free(r->checkpoints[--r->n_checkpoints].snapshot);
}

static void forget(struct recording *r)
{
	while (r->n_inputs)
		free(r->inputs[--r->n_inputs].bytes);
	while (r->n_checkpoints)
		free(r->checkpoints[--r->n_checkpoints].snapshot);
	while (r->n_journal)
		free(r->journal[--r->n_journal].bytes);
}

/* A new recording from here. False: it could not begin, and there is none any more. */
static bool start_over(struct umps *m)
{
	struct recording *r = m->recording;

	forget(r);
	r->present = m->tod;
	r->interval = FIRST_INTERVAL;
	r->restart = false;
	if (checkpoint_add(m))
		return true;
	record_free(m);
	return false;
}

static bool restart(struct umps *m)
{
	if (start_over(m))
		return true;
	machine_warn(m, "time is no longer recorded: there is no memory for it");
	return false;
}

int umps_record(struct umps *m, struct umps_error *error)
{
	if (m->recording)
		return 0;
	m->recording = calloc(1, sizeof(*m->recording));
	if (m->recording)
		m->recording->journal = calloc(MAX_JOURNAL, sizeof(struct overwritten));
	if (!m->recording || !m->recording->journal) {
		record_free(m);
		return fail(error, "out of memory for recording");
	}
	return start_over(m) ? 0 : fail(error, "out of memory for recording");
}

void record_free(struct umps *m)
{
	struct recording *r = m->recording;

	if (!r)
		return;
	forget(r); /* journal: NULL has no entries */
	free(r->inputs);
	free(r->journal);
	free(r);
	m->recording = NULL;
}

static void log_input(struct umps *m, struct device *d, enum input_kind kind, const void *bytes,
		      size_t length)
{
	struct recording *r = m->recording;
	struct input *input;
	uint8_t *copy;

	if (!r || m->replaying)
		return;
	if (m->tod < r->present) { /* another future begins */
		inputs_cut(r, m->tod);
		checkpoints_cut(r, m->tod);
		r->present = m->tod;
	}
	copy = malloc(length + 1);
	if (!copy || !inputs_reserve(r, r->n_inputs + 1)) {
		free(copy);
		r->restart = true;
		return;
	}
	memcpy(copy, bytes, length);
	input = &r->inputs[r->n_inputs++];
	*input = (struct input){
		.tick = m->tod, .device = d, .kind = kind, .length = length, .bytes = copy};
}

void record_input(struct umps *m, struct device *d, const void *bytes, size_t length)
{
	log_input(m, d, INPUT_BYTES, bytes, length);
}

void record_failing(struct umps *m, struct device *d, bool failing)
{
	log_input(m, d, failing ? INPUT_FAILS : INPUT_WORKS, "", 0);
}

void record_block(struct umps *m, struct device *d, int64_t block)
{
	struct recording *r = m->recording;
	struct overwritten *o;

	if (!r)
		return;
	if (r->n_journal == MAX_JOURNAL)
		r->restart = true;
	if (r->restart)
		return;
	o = &r->journal[r->n_journal];
	*o = (struct overwritten){.device = d, .block = block, .bytes = malloc(UMPS_PAGE)};
	if (o->bytes && block_read(d, block, o->bytes)) {
		r->n_journal++;
	} else {
		free(o->bytes);
		r->restart = true; /* the image could not be put back */
	}
}

void record_changed(struct umps *m)
{
	if (m->recording && !m->replaying)
		m->recording->restart = true;
}

void record_tick(struct umps *m)
{
	struct recording *r = m->recording;

	if (!r || m->replaying)
		return;
	if (r->restart && !restart(m))
		return;
	if (m->tod > r->present)
		r->present = m->tod;
	if (m->tod - r->checkpoints[r->n_checkpoints - 1].tick < r->interval)
		return;
	if (r->n_checkpoints == MAX_CHECKPOINTS)
		checkpoints_thin(r);
	if (!checkpoint_add(m))
		r->interval *= 2; /* longer replays instead */
}

/* ---- replaying */

static void replay_inputs(struct umps *m)
{
	const struct recording *r = m->recording;

	for (int i = 0; i < r->n_inputs; i++) {
		const struct input *input = &r->inputs[i];

		if (input->tick != m->tod)
			continue;
		if (input->kind != INPUT_BYTES)
			umps_set_failing(m, input->device->line, input->device->number,
					 input->kind == INPUT_FAILS);
		else if (input->device->line == UMPS_TERMINAL)
			terminal_queue(m, input->device, input->bytes, input->length);
		else
			network_queue(m, input->device, input->bytes, input->length);
	}
}

static uint64_t next_input(const struct recording *r, uint64_t after)
{
	for (int i = 0; i < r->n_inputs; i++)
		if (r->inputs[i].tick > after)
			return r->inputs[i].tick;
	return NEVER;
}

/* Runs in the past, up to UNTIL or the present. */
static struct umps_stop replay(struct umps *m, uint64_t until)
{
	struct recording *r = m->recording;
	struct umps_stop stop = {.reason = UMPS_STOP_LIMIT};

	m->replaying = true;
	while (m->tod < until && m->tod < r->present && stop.reason == UMPS_STOP_LIMIT) {
		uint64_t to = next_input(r, m->tod), from = m->tod;

		if (to > r->present)
			to = r->present;
		stop = machine_run(m, to < until ? to : until, 0);
		if (m->tod > from)
			replay_inputs(m);
	}
	m->replaying = false;
	return stop;
}

struct umps_stop record_run(struct umps *m, uint64_t until, unsigned flags)
{
	struct umps_stop stop;

	if (m->recording->restart && !restart(m))
		return machine_run(m, until, flags);
	if (m->tod < until && m->tod < m->recording->present) {
		stop = replay(m, until);
		if (stop.reason != UMPS_STOP_LIMIT || m->tod >= until)
			return stop;
	}
	return machine_run(m, until, flags);
}

/* The state and the images as of checkpoint C. -1: no memory, and nothing has changed. */
static int go_back(struct umps *m, const struct checkpoint *c, struct umps_error *error)
{
	struct recording *r = m->recording;
	int result;

	m->replaying = true;
	result = umps_restore(m, c->snapshot, c->length, error);
	m->replaying = false;
	if (result < 0)
		return -1;
	while (r->n_journal > c->journal) {
		struct overwritten *o = &r->journal[--r->n_journal];

		block_restore(o->device, o->block, o->bytes);
		free(o->bytes);
	}
	m->replaying = true;
	replay_inputs(m); /* those given at this very tick, after the snapshot was taken */
	m->replaying = false;
	return 0;
}

static const struct checkpoint *checkpoint_before(const struct recording *r, uint64_t tick)
{
	const struct checkpoint *best = NULL;

	for (int i = 0; i < r->n_checkpoints; i++)
		if (r->checkpoints[i].tick <= tick)
			best = &r->checkpoints[i];
	return best;
}

/* Replays to TICK whatever stops on the way. */
static void advance(struct umps *m, uint64_t tick)
{
	bool breakpoints = m->breakpoints, suspects = m->suspects;
	unsigned exceptions = m->exception_stops;

	m->breakpoints = m->suspects = false;
	m->exception_stops = 0;
	for (uint64_t from = NEVER; m->tod < tick && m->tod != from && !m->powered_off;) {
		from = m->tod;
		replay(m, tick);
	}
	m->breakpoints = breakpoints;
	m->suspects = suspects;
	m->exception_stops = exceptions;
	mmu_flush_all(m);
}

int umps_travel(struct umps *m, uint64_t tick, struct umps_error *error)
{
	struct recording *r = m->recording;

	if (!r)
		return fail(error, "the machine is not being recorded, so it cannot go back");
	if (r->restart && !restart(m))
		return fail(error, "the machine is no longer recorded: there is no memory for it");
	if (tick < r->checkpoints[0].tick || tick > r->present)
		return fail(
			error,
			"tick %llu is not between %llu, where the recording starts, and now, %llu",
			(unsigned long long)tick, (unsigned long long)r->checkpoints[0].tick,
			(unsigned long long)r->present);
	if (tick < m->tod && go_back(m, checkpoint_before(r, tick), error) < 0)
		return -1;
	advance(m, tick);
	return 0;
}

uint64_t umps_recorded_since(const struct umps *m)
{
	if (!m->recording)
		return UINT64_MAX;
	return m->recording->restart ? m->tod : m->recording->checkpoints[0].tick;
}

static bool is_hit(const struct umps_stop *stop)
{
	return stop->reason == UMPS_STOP_BREAKPOINT || stop->reason == UMPS_STOP_SUSPECT ||
	       stop->reason == UMPS_STOP_EXCEPTION;
}

/*
 * The last hit in (checkpoint, END), if any; the machine is somewhere there afterwards. 1: found; 0:
 * none; -1: no memory, and the machine is where it was.
 */
static int last_hit(struct umps *m, const struct checkpoint *c, uint64_t end, struct umps_stop *hit,
		    uint64_t *tick, struct umps_error *error)
{
	int found = 0;

	if (go_back(m, c, error) < 0)
		return -1;
	for (uint64_t from = NEVER; m->tod < end && m->tod != from && !m->powered_off;) {
		struct umps_stop stop;

		from = m->tod;
		stop = replay(m, end);
		if (is_hit(&stop) && m->tod < end) {
			*hit = stop;
			*tick = m->tod;
			found = 1;
		}
	}
	return found;
}

struct umps_stop umps_reverse(struct umps *m, struct umps_error *error)
{
	struct umps_stop hit = {.reason = UMPS_STOP_LIMIT};
	uint64_t end = m->tod, tick;
	const struct checkpoint *c;

	if (umps_travel(m, end, error) < 0) /* is there a past at all? */
		return hit;
	while (end > m->recording->checkpoints[0].tick) {
		int found;

		c = checkpoint_before(m->recording, end - 1);
		found = last_hit(m, c, end, &hit, &tick, error);
		if (found)
			return found > 0 && umps_travel(m, tick, error) == 0
				       ? hit
				       : (struct umps_stop){.reason = UMPS_STOP_LIMIT};
		end = c->tick;
	}
	umps_travel(m, m->recording->checkpoints[0].tick, error);
	return hit;
}
