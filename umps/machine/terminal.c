/* SPDX-License-Identifier: LGPL-2.1-or-later */
/*
 * Terminals (section 9.2): a receiver (sub-device 0) and a transmitter (1) that share one
 * interrupt.
 *
 * A receiver without input stays busy and looks again every period. There is no event for that: the
 * periods are counted from receive_start when input comes, so an idle guest is really idle.
 */
#include <errno.h>
#include <fcntl.h>
#include <stdlib.h>

#include "umps/machine/machine.h"

enum { RESET, ACK, MOVE_CHARACTER };
enum { TERMINAL_ERROR = 4, CHARACTER_MOVED = 5 };
#define RESET_US 400
#define MOVE_US	 80

static int terminal_open(struct umps *m, struct device *d, const struct umps_device_config *config,
			 const char *path, struct umps_error *error)
{
	d->fd = open(path, O_WRONLY | O_CREAT | O_TRUNC | O_CLOEXEC, 0666);
	if (d->fd < 0)
		return fail(
			error,
			"terminal%d: cannot write %s: %s; name a file in a directory you may write",
			d->number, path, strerror(errno));
	d->reg[2] = STATUS_READY;
	return 0;
}

/* RECEIVECHAR commands are compared as words, transmitter commands by their low byte. */
static uint32_t command(const struct device *d, int sub)
{
	return sub ? d->reg[3] & 0xFF : d->reg[1];
}

static void terminal_write(struct umps *m, struct device *d, int reg, uint32_t value)
{
	int sub = reg >> 1;

	if (!(reg & 1))
		return;
	d->reg[reg] = value;
	switch (command(d, sub)) {
	case RESET:
		device_busy(m, d, sub, (uint64_t)RESET_US * m->clock_rate, STATUS_READY);
		break;
	case ACK:
		device_acknowledge(m, d, sub);
		d->reg[2 * sub] = STATUS_READY;
		break;
	case MOVE_CHARACTER:
		device_busy(m, d, sub, (uint64_t)MOVE_US * m->clock_rate, CHARACTER_MOVED);
		break;
	default:
		device_finish(m, d, sub, STATUS_ILLEGAL);
	}
}

static void starve(struct umps *m, struct device *d)
{
	d->starved = true;
	d->completes[0] = 0;
	d->receive_start = m->tod;
	if (m->host.terminal_starved && !m->replaying)
		m->host.terminal_starved(m->host.context, d->number);
}

static void receiver_complete(struct umps *m, struct device *d)
{
	uint32_t character;

	if (d->reg[1] != MOVE_CHARACTER) {
		device_finish(m, d, 0, d->result[0]);
	} else if (d->failing) {
		device_finish(m, d, 0, TERMINAL_ERROR);
	} else if (!d->input_length) {
		starve(m, d);
	} else {
		character = d->input[d->input_start++];
		d->input_length--;
		device_finish(m, d, 0, character << 8 | CHARACTER_MOVED);
	}
}

static void transmitter_complete(struct umps *m, struct device *d)
{
	uint8_t character = (uint8_t)(d->reg[3] >> 8);

	if (command(d, 1) != MOVE_CHARACTER) {
		device_finish(m, d, 1, d->result[1]);
	} else if (d->failing) {
		device_finish(m, d, 1, (uint32_t)character << 8 | TERMINAL_ERROR);
	} else {
		device_log(m, d, &character, 1);
		if (m->host.terminal_output && !m->replaying)
			m->host.terminal_output(m->host.context, d->number, character);
		device_finish(m, d, 1, (uint32_t)character << 8 | CHARACTER_MOVED);
	}
}

static void terminal_complete(struct umps *m, struct device *d, int sub)
{
	if (sub == 0) {
		receiver_complete(m, d);
		return;
	}
	if (d->completes[0] == m->tod) { /* the receiver goes first */
		event_remove_device(m, d->line, d->number, 0);
		receiver_complete(m, d);
	}
	transmitter_complete(m, d);
}

/* The log shows input as it is entered; guests get it at the next look of the receiver. */
bool terminal_queue(struct umps *m, struct device *d, const void *text, size_t length)
{
	if (!length)
		return true;
	if (d->input_start)
		memmove(d->input, d->input + d->input_start, d->input_length);
	d->input_start = 0;
	if (d->input_length + length > d->input_capacity) {
		size_t capacity = 2 * (d->input_length + length);
		uint8_t *more = realloc(d->input, capacity);

		if (!more)
			return false;
		d->input = more;
		d->input_capacity = capacity;
	}
	device_log(m, d, text, length);
	memcpy(d->input + d->input_length, text, length);
	d->input_length += length;
	terminal_look(m, d);
	return true;
}

/* Something changed for a starved receiver: let it look at the end of its period. */
void terminal_look(struct umps *m, struct device *d)
{
	uint64_t period = (uint64_t)MOVE_US * m->clock_rate;

	if (!d->starved)
		return;
	d->starved = false;
	d->completes[0] = m->tod + period - (m->tod - d->receive_start) % period;
	event_add(m, (struct event){.tick = d->completes[0],
				    .kind = EVENT_DEVICE,
				    .a = d->line,
				    .b = d->number,
				    .c = 0});
}

static void terminal_describe(const struct device *d, char *text, size_t size)
{
	static const char *const names[] = {"none", "ready", "illegal operation",
					    "busy", "error", "character"};
	char moved[2][8] = {"", ""};

	for (int sub = 0; sub < 2; sub++) {
		uint8_t character = (uint8_t)(d->reg[2 * sub] >> 8);

		if (d->reg[2 * sub] % 256 == CHARACTER_MOVED)
			snprintf(moved[sub], sizeof(moved[sub]),
				 character > 32 && character < 127 ? " %c" : " %02X", character);
	}
	snprintf(text, size, "receiver %s%s, transmitter %s%s", names[d->reg[0] % 256 % 6],
		 moved[0], names[d->reg[2] % 256 % 6], moved[1]);
}

const struct device_kind terminal_kind = {
	.name = "terminal",
	.open = terminal_open,
	.write = terminal_write,
	.complete = terminal_complete,
	.describe = terminal_describe,
};
