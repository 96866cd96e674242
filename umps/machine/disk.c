/* SPDX-License-Identifier: LGPL-2.1-or-later */
/*
 * Disks (section 9.3): an arm that seeks, sectors that pass under it at the times the TOD clock
 * says, and a controller with a one-sector buffer.
 */
#include "umps/machine/machine.h"

enum { RESET, ACK, SEEK, READ, WRITE };
enum { SEEK_ERROR = 4, READ_ERROR, WRITE_ERROR, DMA_ERROR };
#define MAGIC	 0x0053504Du
#define RESET_US 400

static int check(struct device *d, const char *path, const char *field, uint32_t value,
		 uint32_t min, uint32_t max, struct umps_error *error)
{
	if (value >= min && value <= max)
		return 0;
	return fail(error, "disk%d: %s: %s is %u, not %u..%u", d->number, path, field, value, min,
		    max);
}

static int disk_open(struct umps *m, struct device *d, const struct umps_device_config *config,
		     const char *path, struct umps_error *error)
{
	uint32_t h[6];

	if (block_open(d, path, MAGIC, h, 6, error) < 0 ||
	    check(d, path, "cylinders", h[0], 1, 65535, error) < 0 ||
	    check(d, path, "heads", h[1], 1, 255, error) < 0 ||
	    check(d, path, "sectors per track", h[2], 1, 255, error) < 0 ||
	    check(d, path, "rotation time", h[3], 255, 1000000, error) < 0 ||
	    check(d, path, "seek time", h[4], 0, 1000000, error) < 0 ||
	    check(d, path, "data percentage", h[5], 1, 100, error) < 0)
		return -1;
	d->cylinders = h[0];
	d->heads = h[1];
	d->sectors = h[2];
	d->rotation = h[3];
	d->seek = h[4];
	d->data_percent = h[5];
	d->blocks = d->cylinders * d->heads * d->sectors;
	d->reg[3] = d->cylinders << 16 | d->heads << 8 | d->sectors;
	return 0;
}

static uint32_t sector_ticks(const struct umps *m, const struct device *d)
{
	return d->rotation * m->clock_rate / d->sectors;
}

/* How many whole sectors pass before SECTOR comes, at TIME. */
static uint32_t gap(const struct umps *m, const struct device *d, uint32_t time, uint32_t sector)
{
	uint32_t current = time / sector_ticks(m, d) % d->sectors;

	return sector > current ? sector - current - 1 : d->sectors - 1 - (current - sector);
}

static bool locate(struct device *d, uint32_t command)
{
	uint32_t head = command >> 16 & 0xFF, sector = command >> 8 & 0xFF;

	d->target = ((int64_t)d->cylinder * d->heads + head) * d->sectors + sector;
	return head < d->heads && sector < d->sectors;
}

static void start_read(struct umps *m, struct device *d, uint32_t command)
{
	uint32_t s = sector_ticks(m, d), now = (uint32_t)m->tod;
	uint64_t time = BLOCK_DMA_TICKS;

	if (!locate(d, command)) {
		device_finish(m, d, 0, READ_ERROR);
		return;
	}
	if (d->buffered != d->target)
		time += now % s + (uint64_t)s * gap(m, d, now, command >> 8 & 0xFF) +
			(uint64_t)s * d->data_percent / 100;
	device_busy(m, d, 0, time, STATUS_READY);
}

static void start_write(struct umps *m, struct device *d, uint32_t command)
{
	uint32_t s = sector_ticks(m, d), ready = (uint32_t)m->tod + BLOCK_DMA_TICKS;
	uint64_t time = BLOCK_DMA_TICKS + ready % s +
			(uint64_t)s * gap(m, d, ready, command >> 8 & 0xFF) +
			(uint64_t)s * d->data_percent / 100;

	if (!locate(d, command)) {
		device_finish(m, d, 0, WRITE_ERROR);
		return;
	}
	block_start_write(m, d, time, DMA_ERROR);
}

static void start_seek(struct umps *m, struct device *d, uint32_t cylinder)
{
	uint32_t distance =
		cylinder > d->cylinder ? cylinder - d->cylinder : d->cylinder - cylinder;

	if (cylinder >= d->cylinders) {
		device_finish(m, d, 0, SEEK_ERROR);
		return;
	}
	d->target = cylinder;
	device_busy(m, d, 0, (uint64_t)d->seek * m->clock_rate * distance + 1, STATUS_READY);
}

static void disk_write(struct umps *m, struct device *d, int reg, uint32_t value)
{
	if (reg == 2)
		d->reg[2] = value;
	if (reg != 1)
		return;
	d->reg[1] = value;
	switch (value & 0xFF) {
	case RESET:
		device_busy(m, d, 0,
			    ((uint64_t)RESET_US + (uint64_t)d->seek * d->cylinder) * m->clock_rate,
			    STATUS_READY);
		break;
	case ACK:
		device_acknowledge(m, d, 0);
		d->reg[0] = STATUS_READY;
		break;
	case SEEK:
		start_seek(m, d, value >> 8 & 0xFFFF);
		break;
	case READ:
		start_read(m, d, value);
		break;
	case WRITE:
		start_write(m, d, value);
		break;
	default:
		device_finish(m, d, 0, STATUS_ILLEGAL);
	}
}

/* A failing disk loses its way halfway. */
static uint32_t end_seek(struct device *d)
{
	d->cylinder = d->failing ? (d->cylinder + (uint32_t)d->target) / 2 : (uint32_t)d->target;
	return d->failing ? SEEK_ERROR : STATUS_READY;
}

static void disk_complete(struct umps *m, struct device *d, int sub)
{
	uint32_t status = STATUS_READY;

	switch (d->reg[1] & 0xFF) {
	case SEEK:
		status = end_seek(d);
		break;
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

static void disk_describe(const struct device *d, char *text, size_t size)
{
	static const char *const names[] = {"none",	   "ready",	 "illegal operation",
					    "busy",	   "seek error", "read error",
					    "write error", "DMA error"};

	snprintf(text, size, "%s, cylinder %u", names[d->reg[0] % 8], d->cylinder);
}

const struct device_kind disk_kind = {
	.name = "disk",
	.open = disk_open,
	.write = disk_write,
	.complete = disk_complete,
	.describe = disk_describe,
};
