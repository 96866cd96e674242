/* SPDX-License-Identifier: LGPL-2.1-or-later */
/*
 * Tapes (section 17.5): blocks that are read one after the other. A marker after each block says
 * whether the file goes on (2), ends (1), or the tape ends (0); the one under the head is in data
 * register 1, where 3 means the start of the tape.
 *
 * `position` is the block that comes next. A drive without a tape has no image and shows the end.
 */
#include <errno.h>
#include <fcntl.h>
#include <stdlib.h>
#include <sys/stat.h>
#include <unistd.h>

#include "umps/machine/machine.h"

enum { RESET, ACK, SKIP, READ, BACK };
enum { SKIP_ERROR = 4, READ_ERROR = 5, BACK_ERROR = 6, DMA_ERROR = 7 };
enum { END_OF_TAPE, END_OF_FILE, END_OF_BLOCK, START_OF_TAPE };
#define MAGIC	    0x0153504Du
#define BLOCK_BYTES (UMPS_PAGE + 4)
#define MAX_BLOCKS  0xFFFFFF
#define RESET_US    200
#define REWIND_US   60 /* a block */
#define SKIP_US	    100
#define READ_US	    122
#define BACK_US	    60

/* Opens the tape in file PATH, rewound. */
static int load(struct device *d, const char *path, struct umps_error *error)
{
	int fd = open(path, O_RDONLY | O_CLOEXEC | O_NONBLOCK); /* a pipe must not stop us */
	uint32_t magic = 0;
	struct stat st;
	int result = 0;

	if (fd < 0 || fstat(fd, &st) < 0)
		result = fail(error, "tape%d: cannot open %s: %s; umps-mkdev -t makes tapes",
			      d->number, path, strerror(errno));
	else if (!S_ISREG(st.st_mode))
		result = fail(error, "tape%d: %s is not a regular file; umps-mkdev -t makes tapes",
			      d->number, path);
	else if (pread(fd, &magic, 4, 0) != 4 || magic != MAGIC)
		result = fail(error,
			      "tape%d: %s does not start with the magic word 0x%08X of a tape but "
			      "with 0x%08X",
			      d->number, path, MAGIC, magic);
	else if (st.st_size < 4 + BLOCK_BYTES || (st.st_size - 4) % BLOCK_BYTES ||
		 st.st_size / BLOCK_BYTES > MAX_BLOCKS)
		result = fail(error,
			      "tape%d: %s has %lld bytes: a tape is its magic word and one block "
			      "of 4100 bytes or more, all whole",
			      d->number, path, (long long)st.st_size);
	if (result < 0) {
		if (fd >= 0)
			close(fd);
		return -1;
	}
	if (d->fd >= 0)
		close(d->fd);
	d->fd = fd;
	d->blocks = (uint32_t)(st.st_size / BLOCK_BYTES);
	d->position = 0;
	d->reg[3] = START_OF_TAPE;
	return 0;
}

static int tape_open(struct umps *m, struct device *d, const struct umps_device_config *config,
		     const char *path, struct umps_error *error)
{
	(void)m;
	(void)config;
	d->buffer = calloc(1, UMPS_PAGE);
	return d->buffer ? load(d, path, error) : fail(error, "tape%d: out of memory", d->number);
}

/* What is under the head when block POSITION comes next; a tape that was cut short ends there. */
static uint32_t marker(const struct device *d, uint32_t position)
{
	uint32_t word;

	if (position == 0)
		return START_OF_TAPE;
	if (position >= d->blocks || pread(d->fd, &word, 4, (off_t)position * BLOCK_BYTES) != 4 ||
	    word > END_OF_BLOCK)
		return END_OF_TAPE;
	return word;
}

static void start(struct umps *m, struct device *d, uint64_t us, uint64_t more)
{
	device_busy(m, d, 0, us * m->clock_rate + more, STATUS_READY);
}

static void at_once(struct umps *m, struct device *d, uint32_t status)
{
	device_acknowledge(m, d, 0);
	device_finish(m, d, 0, status);
}

static void tape_write(struct umps *m, struct device *d, int reg, uint32_t value)
{
	if (d->fd < 0)
		return;
	if (reg == 2)
		d->reg[2] = value;
	if (reg != 1)
		return;
	d->reg[1] = value;
	switch (value) {
	case RESET:
		start(m, d, RESET_US + (uint64_t)REWIND_US * d->position, 0);
		break;
	case ACK:
		device_acknowledge(m, d, 0);
		d->reg[0] = STATUS_READY;
		break;
	case SKIP:
		if (d->reg[3] == END_OF_TAPE)
			at_once(m, d, SKIP_ERROR);
		else
			start(m, d, SKIP_US, 0);
		break;
	case READ:
		if (d->reg[3] == END_OF_TAPE)
			at_once(m, d, READ_ERROR);
		else
			start(m, d, READ_US, BLOCK_DMA_TICKS);
		break;
	case BACK:
		if (d->position == 0)
			at_once(m, d, BACK_ERROR);
		else
			start(m, d, BACK_US, 0);
		break;
	default:
		at_once(m, d, STATUS_ILLEGAL);
	}
}

static uint32_t end_read(struct umps *m, struct device *d)
{
	if (d->failing || !block_read(d, d->position, d->buffer))
		return READ_ERROR;
	return bus_dma_to(m, d->reg[2], d->buffer, UMPS_PAGE) ? STATUS_READY : DMA_ERROR;
}

static void tape_complete(struct umps *m, struct device *d, int sub)
{
	uint32_t status = STATUS_READY;

	(void)sub;
	switch (d->reg[1]) {
	case READ:
		status = end_read(m, d);
		d->position++;
		break;
	case SKIP:
		d->position++;
		break;
	case BACK:
		d->position--;
		break;
	default:
		d->position = 0;
	}
	d->reg[3] = marker(d, d->position);
	device_finish(m, d, 0, status);
}

static void tape_describe(const struct device *d, char *text, size_t size)
{
	static const char *const names[] = {"none",	  "ready",	"illegal operation",
					    "busy",	  "skip error", "read error",
					    "back error", "DMA error"};
	static const char *const markers[] = {"at the end of the tape", "at the end of a file", "",
					      "rewound"};

	if (d->fd < 0)
		snprintf(text, size, "no tape");
	else
		snprintf(text, size, "%s, block %u of %u%s%s", names[d->reg[0] % 8], d->position,
			 d->blocks, *markers[d->reg[3] % 4] ? ", " : "", markers[d->reg[3] % 4]);
}

const struct device_kind tape_kind = {
	.name = "tape",
	.open = tape_open,
	.write = tape_write,
	.complete = tape_complete,
	.describe = tape_describe,
};

int umps_change_tape(struct umps *m, int number, const char *path, struct umps_error *error)
{
	struct device *d;

	if (m->variant->block_device != &tape_kind)
		return fail(error, "a %s machine has no tapes", m->variant->name);
	if (number < 0 || number >= UMPS_N_DEVICES)
		return fail(error, "there is no tape%d: tapes are 0 to 7", number);
	d = &m->devices[UMPS_TAPE - UMPS_FIRST_LINE][number];
	if (!d->installed)
		return fail(error, "tape%d is not installed: the machine file must name a tape",
			    number);
	if (d->fd >= 0 && (d->reg[0] == STATUS_BUSY || d->position))
		return fail(error,
			    "tape%d is %s: a tape can be changed when the guest has rewound it "
			    "(RESET)",
			    number, d->reg[0] == STATUS_BUSY ? "busy" : "not rewound");
	if (path) {
		if (load(d, path, error) < 0)
			return -1;
	} else if (d->fd >= 0) {
		close(d->fd);
		d->fd = -1;
		d->reg[3] = END_OF_TAPE;
		d->blocks = 0;
	}
	record_changed(m);
	return 0;
}
