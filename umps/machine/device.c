/* SPDX-License-Identifier: LGPL-2.1-or-later */
/*
 * What all devices share (section 9): registers, being busy, completing, acknowledging, backing
 * files.
 *
 * A write to a register goes to the kind's write(); that may make the device busy for some ticks,
 * after which the kind's complete() does the work and finishes with a status and an interrupt.
 */
#include <errno.h>
#include <fcntl.h>
#include <stdlib.h>
#include <unistd.h>

#include "umps/machine/machine.h"

/* Registers of a busy (sub-)device cannot be written. */
static bool busy(const struct device *d, int reg)
{
	if (d->line == UMPS_TERMINAL)
		return d->reg[reg & 2] % 256 == STATUS_BUSY;
	return (d->reg[0] & 0x7F) == STATUS_BUSY;
}

uint32_t device_read(const struct umps *m, const struct device *d, int reg)
{
	return d->installed ? d->reg[reg] : 0;
}

void device_write(struct umps *m, struct device *d, int reg, uint32_t value)
{
	if (!d->installed || busy(d, reg))
		return;
	if (m->observer && m->observer->device_command && !m->replaying)
		m->observer->device_command(m->observer->context, d->line, d->number, reg, value);
	d->kind->write(m, d, reg, value);
}

void device_event(struct umps *m, struct device *d, int sub)
{
	d->kind->complete(m, d, sub);
}

/* Starts an operation of TICKS; what becomes of it is RESULT. */
void device_busy(struct umps *m, struct device *d, int sub, uint64_t ticks, uint32_t outcome)
{
	device_acknowledge(m, d, sub);
	d->reg[2 * sub] = STATUS_BUSY;
	d->result[sub] = outcome;
	d->completes[sub] = m->tod + ticks;
	event_add(m, (struct event){.tick = d->completes[sub],
				    .kind = EVENT_DEVICE,
				    .a = d->line,
				    .b = d->number,
				    .c = (uint8_t)sub});
}

/* The operation is over: show STATUS and interrupt. */
void device_finish(struct umps *m, struct device *d, int sub, uint32_t status)
{
	d->completes[sub] = 0;
	d->reg[2 * sub] = status;
	d->unacknowledged[sub] = true;
	interrupt_raise_device(m, d);
	if (m->observer && m->observer->device_done && !m->replaying)
		m->observer->device_done(m->observer->context, d->line, d->number, sub, status);
}

void device_acknowledge(struct umps *m, struct device *d, int sub)
{
	d->unacknowledged[sub] = false;
	if (!d->unacknowledged[!sub])
		interrupt_clear_device(m, d);
}

int device_open(struct umps *m, struct device *d, const struct umps_device_config *config,
		struct umps_error *error)
{
	char *path;
	int result;

	d->fd = -1;
	d->routed_to = -1;
	d->buffered = -1;
	if (!config->enabled || !config->file || !*config->file)
		return 0;
	path = machine_path(m, config->file, d->line >= UMPS_PRINTER);
	result = path ? d->kind->open(m, d, config, path, error)
		      : fail(error, "%s%d: out of memory", d->kind->name, d->number);
	free(path);
	if (result < 0)
		return -1;
	d->installed = true;
	d->reg[0] = STATUS_READY;
	return 0;
}

void device_close(struct umps *m, struct device *d)
{
	if (d->installed && d->kind->close)
		d->kind->close(d);
	if (d->fd >= 0)
		close(d->fd);
	free(d->buffer);
	free(d->input);
	free(d->frames);
	free(d->packet);
}

void device_log(struct umps *m, struct device *d, const void *bytes, size_t length)
{
	const char *at = bytes;

	if (m->replaying || d->write_failed)
		return;
	while (length) {
		ssize_t n = write(d->fd, at, length);

		if (n < 0 && errno == EINTR)
			continue;
		if (n <= 0) {
			d->write_failed = true;
			machine_warn(m,
				     "%s%d: its file cannot be written (%s); what it prints from "
				     "now on is lost there",
				     d->kind->name, d->number, strerror(errno));
			return;
		}
		at += n;
		length -= (size_t)n;
	}
}

/* ---- what the outside may do */

const char *umps_device_class(const struct umps *m, enum umps_line line)
{
	return m->devices[line - UMPS_FIRST_LINE][0].kind->name;
}

static struct device *device_of(const struct umps *m, enum umps_line line, int number)
{
	if (line < UMPS_FIRST_LINE || line > UMPS_TERMINAL || number < 0 ||
	    number >= UMPS_N_DEVICES)
		return NULL;
	return (struct device *)&m->devices[line - UMPS_FIRST_LINE][number];
}

uint32_t umps_device_address(const struct umps *m, enum umps_line line, int number)
{
	return m->variant->device_base +
	       (uint32_t)((line - UMPS_FIRST_LINE) * UMPS_N_DEVICES + number) * 16;
}

void umps_get_device(const struct umps *m, enum umps_line line, int number, struct umps_device *out)
{
	const struct device *d = device_of(m, line, number);

	*out = (struct umps_device){.line = line, .number = number};
	if (!d || !d->installed)
		return;
	out->installed = true;
	out->failing = d->failing;
	memcpy(out->registers, d->reg, sizeof(out->registers));
	memcpy(out->completes, d->completes, sizeof(out->completes));
	d->kind->describe(d, out->status, sizeof(out->status));
}

int umps_set_failing(struct umps *m, enum umps_line line, int number, bool failing)
{
	struct device *d = device_of(m, line, number);

	if (!d || !d->installed)
		return -1;
	record_failing(m, d, failing);
	d->failing = failing;
	if (line == UMPS_TERMINAL)
		terminal_look(m, d);
	return 0;
}

int umps_terminal_input(struct umps *m, int number, const void *text, size_t length)
{
	struct device *d = device_of(m, UMPS_TERMINAL, number);

	if (!d || !d->installed)
		return -1;
	if (!terminal_queue(m, d, text, length))
		return -1;
	record_input(m, d, text, length);
	return 0;
}
