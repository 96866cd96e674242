/* SPDX-License-Identifier: LGPL-2.1-or-later */
/*
 * Flash devices (section 9.4): numbered blocks, one of them in a buffer.
 */
#include "umps/machine/machine.h"

enum { RESET, ACK, READ, WRITE };
enum { READ_ERROR = 4, WRITE_ERROR = 5, DMA_ERROR = 6 };
#define MAGIC	 0x0153504Du
#define RESET_US 400

static int flash_open(struct umps *m, struct device *d, const struct umps_device_config *config,
		      const char *path, struct umps_error *error)
{
	uint32_t header[2];

	if (block_open(d, path, MAGIC, header, 2, error) < 0)
		return -1;
	if (header[0] < 1 || header[0] > 0xFFFFFF)
		return fail(error, "flash%d: %s: blocks is %u, not 1..16777215", d->number, path,
			    header[0]);
	if (header[1] < 1 || header[1] > 100000)
		return fail(error, "flash%d: %s: write time is %u us, not 1..100000", d->number,
			    path, header[1]);
	d->blocks = header[0];
	d->write_time = header[1];
	d->reg[3] = d->blocks;
	return 0;
}

static void start_read(struct umps *m, struct device *d, uint32_t block)
{
	uint64_t time = (uint64_t)d->write_time * 3 / 4 * m->clock_rate;

	if (block >= d->blocks) {
		device_finish(m, d, 0, READ_ERROR);
		return;
	}
	d->target = block;
	device_busy(m, d, 0, (d->buffered == block ? 0 : time) + BLOCK_DMA_TICKS, STATUS_READY);
}

static void start_write(struct umps *m, struct device *d, uint32_t block)
{
	uint64_t time = (uint64_t)d->write_time * m->clock_rate;

	if (block >= d->blocks) {
		device_finish(m, d, 0, WRITE_ERROR);
		return;
	}
	d->target = block;
	block_start_write(m, d, time + BLOCK_DMA_TICKS, DMA_ERROR);
}

static void flash_write(struct umps *m, struct device *d, int reg, uint32_t value)
{
	if (reg == 2)
		d->reg[2] = value;
	if (reg != 1)
		return;
	d->reg[1] = value;
	switch (value & 0xFF) {
	case RESET:
		device_busy(m, d, 0, ((uint64_t)RESET_US + d->write_time) * m->clock_rate,
			    STATUS_READY);
		break;
	case ACK:
		device_acknowledge(m, d, 0);
		d->reg[0] = STATUS_READY;
		break;
	case READ:
		start_read(m, d, value >> 8);
		break;
	case WRITE:
		start_write(m, d, value >> 8);
		break;
	default:
		device_finish(m, d, 0, STATUS_ILLEGAL);
	}
}

static void flash_complete(struct umps *m, struct device *d, int sub)
{
	uint32_t status = STATUS_READY;

	switch (d->reg[1] & 0xFF) {
	case READ:
		status = block_end_read(m, d, READ_ERROR, DMA_ERROR);
		break;
	case WRITE:
		status = block_end_write(m, d, WRITE_ERROR);
		break;
	default: /* RESET */
		d->buffered = -1;
	}
	block_finish(m, d, status, DMA_ERROR);
}

static void flash_describe(const struct device *d, char *text, size_t size)
{
	static const char *const names[] = {"none",	"ready",      "illegal operation",
					    "busy",	"read error", "write error",
					    "DMA error"};

	snprintf(text, size, "%s", names[d->reg[0] % 7]);
}

const struct device_kind flash_kind = {
	.name = "flash",
	.open = flash_open,
	.write = flash_write,
	.complete = flash_complete,
	.describe = flash_describe,
};
