/* SPDX-License-Identifier: GPL-2.0-or-later */
/*
 * The debugged machine: power on, power off, and what its terminal says on the way.
 */
#include <stdlib.h>

#include "umps/gdb/server.h"

static void terminal_output(void *context, int number, uint8_t character)
{
	struct server *s = context;

	if (number != s->terminal)
		return;
	s->console[s->console_length++] = character;
	if (s->console_length == sizeof(s->console))
		show_console(s);
}

static void warning(void *context, const char *sentence)
{
	fprintf(stderr, "umps gdb: %s\n", sentence);
}

int server_power_on(struct server *s, struct umps_error *error)
{
	const struct umps_host host = {
		.context = s, .terminal_output = terminal_output, .warning = warning};

	umps_destroy(s->machine); /* first: two machines cannot have the same backing files */
	description_free(s->description);
	s->description = NULL;
	s->machine = umps_create(s->config, &host, error);
	if (!s->machine)
		return -1;
	s->description = description_new(s->machine);
	if (!s->description || (s->record && umps_record(s->machine, error) < 0)) {
		server_power_off(s);
		return -1;
	}
	if (!s->interpreter)
		umps_set_engine(s->machine,
				UMPS_TRANSLATOR); /* a host that cannot translate interprets */
	umps_set_exception_stops(s->machine, s->exception_stops);
	points_restore(s);
	s->cpu = 0;
	s->ended = false;
	s->stop = (struct umps_stop){.reason = UMPS_STOP_LIMIT};
	return 0;
}

void server_power_off(struct server *s)
{
	umps_destroy(s->machine);
	description_free(s->description);
	free(s->points);
	free(s->last);
	s->machine = NULL;
	s->description = NULL;
	s->points = NULL;
	s->last = NULL;
	s->n_points = 0;
}
