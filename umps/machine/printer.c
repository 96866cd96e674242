/* SPDX-License-Identifier: LGPL-2.1-or-later */
/*
 * Printers (section 9.1).
 */
#include <errno.h>
#include <fcntl.h>

#include "umps/machine/machine.h"

enum { RESET, ACK, PRINT };
enum { PRINT_ERROR = 4 };
#define RESET_US 40
#define PRINT_US 8

static int printer_open(struct umps *m, struct device *d, const struct umps_device_config *config,
			const char *path, struct umps_error *error)
{
	d->fd = open(path, O_WRONLY | O_CREAT | O_TRUNC | O_CLOEXEC, 0666);
	if (d->fd < 0)
		return fail(
			error,
			"printer%d: cannot write %s: %s; name a file in a directory you may write",
			d->number, path, strerror(errno));
	return 0;
}

static void printer_write(struct umps *m, struct device *d, int reg, uint32_t value)
{
	if (reg == 2)
		d->reg[2] = value;
	if (reg != 1)
		return;
	d->reg[1] = value;
	switch (value) {
	case RESET:
		device_busy(m, d, 0, (uint64_t)RESET_US * m->clock_rate, STATUS_READY);
		break;
	case ACK:
		device_acknowledge(m, d, 0);
		d->reg[0] = STATUS_READY;
		break;
	case PRINT:
		device_busy(m, d, 0, (uint64_t)PRINT_US * m->clock_rate, STATUS_READY);
		break;
	default:
		device_finish(m, d, 0, STATUS_ILLEGAL);
	}
}

static void printer_complete(struct umps *m, struct device *d, int sub)
{
	uint8_t character = (uint8_t)d->reg[2];

	if (d->reg[1] == PRINT && d->failing) {
		device_finish(m, d, 0, PRINT_ERROR);
		return;
	}
	if (d->reg[1] == PRINT) {
		device_log(m, d, &character, 1);
		if (m->host.printer_output && !m->replaying)
			m->host.printer_output(m->host.context, d->number, character);
	}
	device_finish(m, d, 0, d->result[0]);
}

static void printer_describe(const struct device *d, char *text, size_t size)
{
	static const char *const names[] = {"none", "ready", "illegal operation", "busy",
					    "print error"};

	snprintf(text, size, "%s", names[d->reg[0] % 5]);
}

const struct device_kind printer_kind = {
	.name = "printer",
	.open = printer_open,
	.write = printer_write,
	.complete = printer_complete,
	.describe = printer_describe,
};
