/* SPDX-License-Identifier: LGPL-2.1-or-later */
/*
 * Images of disks and flash devices (sections 12.5, 12.6): a header of words, then blocks of 4096
 * bytes, read and written in place. Each write goes to the file at once, so an image is as of the
 * last completed command however the emulator ends.
 */
#include <errno.h>
#include <fcntl.h>
#include <stdlib.h>
#include <sys/stat.h>
#include <unistd.h>

#include "umps/machine/machine.h"

/* Opens the image of D and reads its header: the magic word and WORDS more. */
int block_open(struct device *d, const char *path, uint32_t magic, uint32_t *header, int words,
	       struct umps_error *error)
{
	const char *name = d->kind->name;
	ssize_t size = (ssize_t)sizeof(uint32_t) * (words + 1);
	uint32_t raw[8];
	struct stat st;

	d->fd = open(path, O_RDWR | O_CLOEXEC);
	if (d->fd < 0)
		return fail(error,
			    "%s%d: cannot open %s for reading and writing: %s; umps-mkdev makes "
			    "device images",
			    name, d->number, path, strerror(errno));
	if (fstat(d->fd, &st) < 0 || !S_ISREG(st.st_mode))
		return fail(error, "%s%d: %s is not a regular file; umps-mkdev makes device images",
			    name, d->number, path);
	if (st.st_size < UMPS_PAGE || pread(d->fd, raw, (size_t)size, 0) != size)
		return fail(error,
			    "%s%d: %s is too short for a device image (%lld bytes); umps-mkdev "
			    "makes them",
			    name, d->number, path, (long long)st.st_size);
	if (raw[0] != magic)
		return fail(error,
			    "%s%d: %s does not start with the magic word 0x%08X of a %s image but "
			    "with 0x%08X",
			    name, d->number, path, magic, name, raw[0]);
	memcpy(header, raw + 1, sizeof(uint32_t) * (size_t)words);
	d->buffer = calloc(1, UMPS_PAGE);
	return d->buffer ? 0 : fail(error, "%s%d: out of memory", name, d->number);
}

static off_t place(const struct device *d, int64_t block)
{
	if (d->kind == &tape_kind)
		return 4 + block * (UMPS_PAGE + 4);
	return (d->line == UMPS_DISK ? 28 : 12) + block * UMPS_PAGE;
}

bool block_read(struct device *d, int64_t block, uint8_t *buffer)
{
	return pread(d->fd, buffer, UMPS_PAGE, place(d, block)) == UMPS_PAGE;
}

bool block_write(struct umps *m, struct device *d, int64_t block, const uint8_t *buffer)
{
	record_block(m, d, block);
	if (pwrite(d->fd, buffer, UMPS_PAGE, place(d, block)) == UMPS_PAGE)
		return true;
	machine_warn(m,
		     "%s%d: block %lld cannot be written to its image (%s); the guest sees a write "
		     "error",
		     d->kind->name, d->number, (long long)block, strerror(errno));
	return false;
}

/* ---- commands, from and to the device's buffer */

/* What is to be written comes from memory at once; WHEN_READY is then the command's time. */
void block_start_write(struct umps *m, struct device *d, uint64_t when_ready, uint32_t dma_error)
{
	d->buffered = -1;
	if (bus_dma_from(m, d->reg[2], d->buffer, UMPS_PAGE))
		device_busy(m, d, 0, when_ready, STATUS_READY);
	else
		device_busy(m, d, 0, BLOCK_DMA_TICKS, dma_error);
}

uint32_t block_end_write(struct umps *m, struct device *d, uint32_t write_error)
{
	if (d->result[0] != STATUS_READY)
		return d->result[0];
	if (d->failing || !block_write(m, d, d->target, d->buffer))
		return write_error;
	d->buffered = d->target;
	return STATUS_READY;
}

uint32_t block_end_read(struct umps *m, struct device *d, uint32_t read_error, uint32_t dma_error)
{
	if (d->failing || (d->buffered != d->target && !block_read(d, d->target, d->buffer)))
		return read_error;
	d->buffered = d->target;
	return bus_dma_to(m, d->reg[2], d->buffer, UMPS_PAGE) ? STATUS_READY : dma_error;
}

/* A command is over; after errors, but not those of memory, the buffer holds nothing. */
void block_finish(struct umps *m, struct device *d, uint32_t status, uint32_t dma_error)
{
	if (status != STATUS_READY && status != dma_error)
		d->buffered = -1;
	device_finish(m, d, 0, status);
}

/* Puts back what was there, when time is turned back. */
void block_restore(const struct device *d, int64_t block, const uint8_t *buffer)
{
	if (pwrite(d->fd, buffer, UMPS_PAGE, place(d, block)) != UMPS_PAGE)
		return; /* the disk filled up in between; the replay writes the block again */
}
