/* SPDX-License-Identifier: GPL-2.0-or-later */
/*
 * Counters of ports and their rates. Counters only grow in the data planes; a reset remembers where
 * they stood, so that no thread has to be stopped. Rates are differences over the last whole
 * second.
 */
#include <errno.h>
#include <stdlib.h>
#include <string.h>

#include "user/vde/switch/console/console.h"
#include "user/vde/switch/loop/loop.h"
#include "user/vde/switch/planes/plane.h"
#include "user/vde/switch/ports/ports.h"

#define FIELDS (sizeof(struct counters) / sizeof(uint64_t))

/* As struct counters, field by field. */
static const char *const names[FIELDS] = {"frames_in", "bytes_in",  "frames_out", "bytes_out",
					  "drops_in",  "drops_out", "errors_in",  "errors_out"};

union fields {
	struct counters counters;
	uint64_t at[FIELDS];
};

struct history {
	union fields zero; /* at the last reset */
	union fields last; /* a second ago */
	union fields rate; /* per second */
};

struct port_statistics {
	struct history port[PORT_MAX + 1];
	struct timer *timer;
};

static void total(struct vswitch *sw, struct port *port, union fields *sum)
{
	const struct port_counters *c = &port->counters;

	sum->counters = (struct counters){
		.frames_in = c->frames_in,
		.bytes_in = c->bytes_in,
		.frames_out = c->frames_out,
		.bytes_out = c->bytes_out,
		.drops_in = c->drops_in,
		.drops_out = c->drops_out,
		.errors_in = c->errors_in,
		.errors_out = c->errors_out,
	};
	planes_count(sw, port, &sum->counters);
}

void port_keep_counters(struct port *port, const struct counters *counted)
{
	struct port_counters *kept = &port->counters;

	count(&kept->frames_in, counted->frames_in);
	count(&kept->bytes_in, counted->bytes_in);
	count(&kept->frames_out, counted->frames_out);
	count(&kept->bytes_out, counted->bytes_out);
	count(&kept->drops_in, counted->drops_in);
	count(&kept->drops_out, counted->drops_out);
	count(&kept->errors_in, counted->errors_in);
	count(&kept->errors_out, counted->errors_out);
}

void port_count(struct vswitch *sw, struct port *port, struct counters *counters)
{
	const union fields *zero = &sw->statistics->port[port->number].zero;
	union fields sum;

	total(sw, port, &sum);
	for (unsigned int f = 0; f < FIELDS; f++)
		sum.at[f] -= zero->at[f];
	*counters = sum.counters;
}

void port_rate(struct vswitch *sw, const struct port *port, struct counters *rate)
{
	*rate = sw->statistics->port[port->number].rate.counters;
}

void port_reset_counters(struct vswitch *sw, struct port *port)
{
	total(sw, port, &sw->statistics->port[port->number].zero);
}

static void sample(void *context)
{
	struct vswitch *sw = context;

	for (unsigned int i = 0; i <= sw->numports; i++) {
		struct history *history = &sw->statistics->port[i];
		union fields now;

		if (!sw->ports[i].exists)
			continue;
		total(sw, &sw->ports[i], &now);
		for (unsigned int f = 0; f < FIELDS; f++)
			history->rate.at[f] = now.at[f] - history->last.at[f];
		history->last = now;
	}
}

int port_statistics_start(struct vswitch *sw)
{
	sw->statistics = calloc(1, sizeof(*sw->statistics));
	if (!sw->statistics)
		return -ENOMEM;
	sw->statistics->timer = loop_every(sw->loop, 1000, sample, sw);
	return sw->statistics->timer ? 0 : -ENOMEM;
}

void port_statistics_stop(struct vswitch *sw)
{
	if (sw->statistics)
		loop_cancel(sw->loop, sw->statistics->timer);
	free(sw->statistics);
}

static json_t *fields_json(const struct counters *counters)
{
	const union fields *fields = (const union fields *)counters;
	json_t *object = json_object();

	for (unsigned int f = 0; f < FIELDS; f++)
		json_object_set_new(object, names[f], json_integer(fields->at[f]));
	return object;
}

static json_t *port_counters_json(struct vswitch *sw, struct port *port)
{
	struct counters sum, rate;

	port_count(sw, port, &sum);
	port_rate(sw, port, &rate);
	return json_pack("{s:i, s:s, s:b, s:o, s:o}", "port", (int)port->number, "name", port->name,
			 "active", port->endpoints != NULL, "total", fields_json(&sum), "rate",
			 fields_json(&rate));
}

static int list_counters(struct call *call, json_t **listing)
{
	return port_listing(call, listing, port_counters_json);
}

static void print_counters(FILE *out, const json_t *listing)
{
	const json_t *port;
	size_t i;

	json_array_foreach (listing, i, port) {
		fprintf(out, "Port %04lld %s\n", listing_number(port, "port"),
			listing_text(port, "name"));
		for (unsigned int f = 0; f < FIELDS; f++)
			fprintf(out, " %-10s %20lld %15lld/s\n", names[f],
				json_integer_value(
					json_object_get(json_object_get(port, "total"), names[f])),
				json_integer_value(
					json_object_get(json_object_get(port, "rate"), names[f])));
	}
}

static int run_reset(struct call *call)
{
	struct vswitch *sw = call->sw;
	struct port *port = *call->argument ? port_named(sw, call->argument) : NULL;

	if (*call->argument && !port)
		return ENXIO;
	for (unsigned int i = 0; i <= sw->numports; i++)
		if (sw->ports[i].exists && (!port || port->number == i))
			port_reset_counters(sw, &sw->ports[i]);
	return 0;
}

const struct command port_counter_table[] = {
	{.path = "port/counters",
	 .syntax = "[PORT]",
	 .help = "frames, bytes, drops, errors and their rates",
	 .list = list_counters,
	 .print = print_counters},
	{.path = "port/resetcounter",
	 .syntax = "[PORT]",
	 .help = "count from zero again",
	 .run = run_reset},
	{0},
};
