/* SPDX-License-Identifier: GPL-2.0-only */
/*
 * Recording, travelling, reversing, snapshots. Run by time_travel.sh, which builds the guest.
 *
 * usage: time_travel MACHINE.json DISK-IMAGE        (guest: echo.c)
 */
#include <stdlib.h>
#include <string.h>

#include "tests/lib/tap.h"
#include "umps/machine/umps.h"

#define POINTS 40
#define STEP   60000

static char shown[4096];
static size_t n_shown;
static const char *disk;

static void on_output(void *context, int number, uint8_t character)
{
	if (n_shown < sizeof(shown) - 1)
		shown[n_shown++] = (char)character;
}

struct point {
	uint64_t tick;
	void *state;
	size_t length;
	uint64_t disk_sum;
};

static uint64_t disk_sum(void)
{
	FILE *file = fopen(disk, "rb");
	uint64_t sum = 0;
	int c;

	while (file && (c = fgetc(file)) != EOF)
		sum = sum * 31 + (uint64_t)c;
	if (file)
		fclose(file);
	return sum;
}

static struct point point(struct umps *m)
{
	struct point p = {.tick = umps_ticks(m), .disk_sum = disk_sum()};

	p.state = umps_snapshot(m, &p.length);
	return p;
}

static bool at_point(struct umps *m, const struct point *p)
{
	size_t length;
	void *state = umps_snapshot(m, &length);
	bool same = length == p->length && !memcmp(state, p->state, length) &&
		    disk_sum() == p->disk_sum;

	free(state);
	return same;
}

static void test_travel(struct umps *m, struct umps_error *error)
{
	static const int order[] = {39, 37, 0, 16, 18, 15, 4, 33, 1, 39};
	struct point points[POINTS];
	size_t before;
	char text[32];

	ok(umps_travel(m, 0, error) < 0, "without a recording there is no past: %s", error->text);
	ok(umps_record(m, error) == 0, "recording starts");
	for (int i = 0; i < POINTS; i++) {
		snprintf(text, sizeof(text), "line %d\n", i);
		if (i % 3 == 0)
			umps_terminal_input(m, 0, text, strlen(text));
		if (i == 20 || i == 24)
			umps_set_failing(m, UMPS_DISK, 0, i == 20);
		umps_run(m, umps_ticks(m) + STEP, 0);
		points[i] = point(m);
	}
	before = n_shown;
	for (size_t i = 0; i < sizeof(order) / sizeof(order[0]); i++)
		ok(umps_travel(m, points[order[i]].tick, error) == 0 &&
			   at_point(m, &points[order[i]]),
		   "at tick %llu again: state and disk are as they were",
		   (unsigned long long)points[order[i]].tick);
	ok(n_shown == before, "nothing is shown while time is replayed");
	umps_travel(m, points[9].tick, NULL);
	umps_run(m, points[30].tick, 0);
	ok(at_point(m, &points[30]), "running forward from the past leads to the same present");
	ok(umps_travel(m, points[39].tick + 1, error) < 0, "the future cannot be travelled to: %s",
	   error->text);
	umps_travel(m, points[12].tick, NULL);
	umps_terminal_input(m, 0, "another future\n", 15);
	umps_run(m, points[20].tick, 0);
	ok(!at_point(m, &points[20]), "input given in the past makes another future");
	shown[n_shown] = 0;
	ok(strstr(shown, "[another future]"), "which is shown");
	for (int i = 0; i < POINTS; i++)
		free(points[i].state);
}

static void test_reverse(struct umps *m, struct umps_error *error)
{
	const struct umps_symbol *keep = umps_symbol_named(m, "keep"),
				 *lines = umps_symbol_named(m, "lines");
	struct umps_stop_point breakpoint = {
		.kind = UMPS_BREAKPOINT, .enabled = true, .asid = UMPS_ASID_PHYS};
	struct umps_stop_point suspect = {
		.kind = UMPS_SUSPECT, .enabled = true, .asid = UMPS_ASID_PHYS};
	uint64_t hits[4], end = umps_ticks(m);
	struct umps_stop stop;
	uint32_t before, after;
	int id;

	breakpoint.first = breakpoint.last = keep ? keep->start : 0;
	suspect.first = lines ? lines->start : 0;
	suspect.last = suspect.first + 3;
	suspect.on_write = true;
	id = umps_add_stop_point(m, &breakpoint, error);
	for (int i = 0; i < 4; i++) {
		umps_terminal_input(m, 0, "x\n", 2);
		stop = umps_run(m, umps_ticks(m) + 200000, 0);
		hits[i] = umps_ticks(m);
		ok(stop.reason == UMPS_STOP_BREAKPOINT && stop.id == id &&
			   umps_get_register(m, 0, UMPS_REG_PC) == breakpoint.first,
		   "breakpoint %d at tick %llu", i, (unsigned long long)hits[i]);
	}
	for (int i = 2; i >= 0; i--) {
		stop = umps_reverse(m, error);
		ok(stop.reason == UMPS_STOP_BREAKPOINT && umps_ticks(m) == hits[i],
		   "reversing comes to breakpoint %d", i);
	}
	stop = umps_run(m, umps_ticks(m) + 10000000, 0);
	ok(stop.reason == UMPS_STOP_BREAKPOINT && umps_ticks(m) == hits[1],
	   "forward again comes to breakpoint 1");
	umps_remove_stop_point(m, id);
	id = umps_add_stop_point(m, &suspect, error);
	umps_read_physical(m, suspect.first, &before, 4);
	stop = umps_run(m, umps_ticks(m) + 10000000, 0);
	umps_read_physical(m, suspect.first, &after, 4);
	ok(stop.reason == UMPS_STOP_SUSPECT && stop.id == id && stop.write &&
		   stop.address == suspect.first && after == before + 1,
	   "a suspect stops after the store: %u became %u", before, after);
	umps_travel(m, umps_ticks(m) - 1, NULL);
	umps_read_physical(m, suspect.first, &after, 4);
	ok(after == before, "one tick back the store has not happened");
	umps_remove_stop_point(m, id);
	stop = umps_reverse(m, error);
	ok(stop.reason == UMPS_STOP_LIMIT && umps_ticks(m) == umps_recorded_since(m) &&
		   umps_ticks(m) < end,
	   "with nothing to find reversing ends where the recording starts");
}

static void test_snapshot(struct umps *m, struct umps_error *error)
{
	size_t length;
	char *state = umps_snapshot(m, &length);
	uint64_t tick = umps_ticks(m);

	umps_run(m, tick + 12345, 0);
	ok(umps_restore(m, state, length, error) == 0 && umps_ticks(m) == tick,
	   "a snapshot is restored");
	ok(umps_restore(m, state, length / 2, error) < 0 && umps_ticks(m) == tick,
	   "half of one is not: %s", error->text);
	state[0] = 'X';
	ok(umps_restore(m, state, length, error) < 0, "nor something else: %s", error->text);
	free(state);
}

int main(int argc, char **argv)
{
	struct umps_host host = {.terminal_output = on_output};
	struct umps_error error = {""};
	struct umps_config *config = umps_config_read(argv[1], &error);
	struct umps *m;

	disk = argv[2];
	for (int engine = UMPS_INTERPRETER; engine <= UMPS_TRANSLATOR; engine++) {
		m = config ? umps_create(config, &host, &error) : NULL;
		ok(m && umps_set_engine(m, (enum umps_engine)engine) == 0, "%s: %s",
		   engine == UMPS_INTERPRETER ? "interpreter" : "translator", error.text);
		if (!m)
			break;
		test_travel(m, &error);
		test_reverse(m, &error);
		test_snapshot(m, &error);
		umps_destroy(m);
		n_shown = 0;
	}
	umps_config_free(config);
	return done_testing();
}
