/* SPDX-License-Identifier: LGPL-2.1-or-later */
/*
 * Network devices (section 9.5) on a VDE link.
 *
 * Frames go from the link to a short queue when the machine looks at its links, and from there to
 * the guest by the rules of the device. Looking for frames in interrupt mode happens at every
 * period from poll_start; as with terminals, no event exists while the queue is empty.
 */
#include <errno.h>
#include <fcntl.h>
#include <poll.h>
#include <stdlib.h>
#include <unistd.h>

#include <libvdeplug.h>

#include "umps/machine/machine.h"

enum { RESET, ACK, READ_CONFIGURATION, READ, WRITE, CONFIGURE };
enum { READ_ERROR = 5, WRITE_ERROR, DMA_ERROR };
enum { POLLING = 1 }; /* the sub-device that stands for looking for frames */
#define READ_PENDING   0x80u
#define MODE_NAMED     1u
#define MODE_INTERRUPT 2u
#define MODE_PROMISC   4u
#define NEW_ADDRESS    0x80u
#define MAX_FRAME      1514u
#define RESET_US       200
#define CONFIGURE_US   40
#define TRANSFER_US    1220
#define POLL_US	       610
#define PATIENCE_MS    50 /* for a switch that is busy */

static int network_open(struct umps *m, struct device *d, const struct umps_device_config *config,
			const char *path, struct umps_error *error)
{
	static const struct vde_open_args no_arguments;
	const char *name = strstr(config->file, "://") ? config->file : path;
	uint32_t unique = (uint32_t)getpid();

	d->link = vde_open((char *)name, (char *)"umps", (struct vde_open_args *)&no_arguments);
	if (!d->link)
		return fail(
			error,
			"eth%d: cannot join the VDE network %s: %s; is a vde_switch running there?",
			d->number, name, strerror(errno));
	fcntl(vde_datafd(d->link), F_SETFL, fcntl(vde_datafd(d->link), F_GETFL) | O_NONBLOCK);
	d->frames = calloc(FRAME_QUEUE, sizeof(*d->frames));
	d->packet = calloc(1, 2 * UMPS_PAGE);
	if (!d->frames || !d->packet)
		return fail(error, "eth%d: out of memory", d->number);
	d->mode = MODE_PROMISC | MODE_NAMED;
	if (config->has_address)
		memcpy(d->address, config->address, sizeof(d->address));
	else
		for (int i = 0; i < 6; i++)
			d->address[i] =
				i ? (uint8_t)(unique >> (i - 1) * 7) : (uint8_t)(2 * d->number);
	return 0;
}

static void network_close(struct device *d)
{
	vde_close(d->link);
}

/* ---- between the link and the queue */

static bool accepted(const struct device *d, const uint8_t *frame, size_t length)
{
	return (d->mode & MODE_PROMISC) || (length && (frame[0] & 1)) ||
	       (length >= sizeof(d->address) && !memcmp(frame, d->address, sizeof(d->address)));
}

static void look_later(struct umps *m, struct device *d)
{
	uint64_t period = (uint64_t)POLL_US * m->clock_rate;

	if (!(d->mode & MODE_INTERRUPT) || d->read_pending || !d->n_frames || d->completes[POLLING])
		return;
	d->completes[POLLING] = m->tod + period - (m->tod - d->poll_start) % period;
	event_add(m, (struct event){.tick = d->completes[POLLING],
				    .kind = EVENT_DEVICE,
				    .a = d->line,
				    .b = d->number,
				    .c = POLLING});
}

void network_queue(struct umps *m, struct device *d, const void *frame, size_t length)
{
	struct frame *f;

	if (d->n_frames == FRAME_QUEUE || !accepted(d, frame, length))
		return;
	record_input(m, d, frame, length);
	f = &d->frames[(d->first_frame + d->n_frames++) % FRAME_QUEUE];
	memset(f, 0, sizeof(*f));
	f->length = (uint16_t)length;
	memcpy(f->bytes, frame, length);
	look_later(m, d);
}

/* Takes what the link has. */
static void receive(struct umps *m, struct device *d)
{
	struct pollfd link = {.fd = vde_datafd(d->link), .events = POLLIN};
	uint8_t bytes[sizeof(d->frames->bytes)];

	while (d->n_frames < FRAME_QUEUE && poll(&link, 1, 0) > 0) {
		ssize_t length = vde_recv(d->link, bytes, sizeof(bytes), 0);

		if (length <= 0) {
			if (length < 0 && errno != EAGAIN && errno != EINTR && !d->write_failed) {
				d->write_failed = true;
				machine_warn(m, "eth%d: the link to its switch was lost (%s)",
					     d->number, strerror(errno));
			}
			break;
		}
		if (length > 1)
			network_queue(m, d, bytes, (size_t)length);
	}
}

void umps_poll_network(struct umps *m)
{
	for (int i = 0; i < UMPS_N_DEVICES; i++)
		if (m->devices[UMPS_NETWORK - UMPS_FIRST_LINE][i].installed)
			receive(m, &m->devices[UMPS_NETWORK - UMPS_FIRST_LINE][i]);
}

int umps_network_fds(const struct umps *m, int *fds, int max)
{
	int n = 0;

	for (int i = 0; i < UMPS_N_DEVICES; i++) {
		const struct device *d = &m->devices[UMPS_NETWORK - UMPS_FIRST_LINE][i];

		if (d->installed && n < max)
			fds[n++] = vde_datafd(d->link);
	}
	return n;
}

/* ---- registers */

static void set_status(struct device *d, uint32_t status)
{
	d->reg[0] = status | (d->read_pending ? READ_PENDING : 0);
}

static void finish(struct umps *m, struct device *d, uint32_t status)
{
	device_finish(m, d, 0, status | (d->read_pending ? READ_PENDING : 0));
}

static void start(struct umps *m, struct device *d, uint32_t us, int outcome)
{
	d->outcome = outcome;
	device_busy(m, d, 0, (uint64_t)us * m->clock_rate, STATUS_READY);
	set_status(d, STATUS_BUSY);
}

static void start_write(struct umps *m, struct device *d)
{
	uint32_t length = d->reg[3];
	int outcome = STATUS_READY;

	if (length > MAX_FRAME)
		outcome = WRITE_ERROR;
	else if (!bus_dma_from(m, d->reg[2], d->packet, (length + 3) & ~3u))
		outcome = DMA_ERROR;
	d->packet_length = length;
	start(m, d, TRANSFER_US, outcome);
}

static void network_write(struct umps *m, struct device *d, int reg, uint32_t value)
{
	if (reg == 2 || reg == 3)
		d->reg[reg] = value;
	if (reg != 1)
		return;
	d->reg[1] = value;
	switch (value) {
	case RESET:
		start(m, d, RESET_US, STATUS_READY);
		break;
	case ACK:
		device_acknowledge(m, d, 0);
		set_status(d, STATUS_READY);
		break;
	case READ_CONFIGURATION:
	case CONFIGURE:
		start(m, d, CONFIGURE_US, STATUS_READY);
		break;
	case READ:
		start(m, d, TRANSFER_US, STATUS_READY);
		break;
	case WRITE:
		start_write(m, d);
		break;
	default:
		finish(m, d, STATUS_ILLEGAL);
	}
}

static int end_read(struct umps *m, struct device *d)
{
	struct frame *f = &d->frames[d->first_frame];
	uint32_t length = 0;
	bool moved = true;

	if (d->failing)
		return READ_ERROR;
	if (d->n_frames) {
		length = f->length < MAX_FRAME ? f->length : MAX_FRAME;
		moved = bus_dma_to(m, d->reg[2], f->bytes, (length + 3) & ~3u);
		d->first_frame = (d->first_frame + 1) % FRAME_QUEUE;
		d->n_frames--;
	}
	d->reg[3] = length;
	d->read_pending = d->n_frames > 0;
	d->poll_start = m->tod;
	return moved ? STATUS_READY : DMA_ERROR;
}

/* A switch that stands still must not stop the machine: then the guest sees a write error. */
static bool send_frame(struct device *d)
{
	struct pollfd link = {.fd = vde_datafd(d->link), .events = POLLOUT};

	poll(&link, 1, d->link_stuck ? 0 : PATIENCE_MS);
	d->link_stuck = vde_send(d->link, d->packet, d->packet_length, 0) < 0;
	return !d->link_stuck;
}

static int end_write(struct umps *m, struct device *d)
{
	if (d->outcome != STATUS_READY)
		return d->outcome;
	if (d->failing)
		return WRITE_ERROR;
	if ((d->mode & MODE_NAMED) && d->packet_length >= 12)
		memcpy(d->packet + 6, d->address, sizeof(d->address));
	if (m->replaying)
		return STATUS_READY;
	return send_frame(d) ? STATUS_READY : WRITE_ERROR;
}

static void read_configuration(struct device *d)
{
	const uint8_t *a = d->address;

	d->reg[2] = (uint32_t)d->mode << 16 | (uint32_t)a[0] << 8 | a[1];
	d->reg[3] = (uint32_t)a[2] << 24 | (uint32_t)a[3] << 16 | (uint32_t)a[4] << 8 | a[5];
}

static void configure(struct umps *m, struct device *d)
{
	uint32_t mode = d->reg[2] >> 16;

	d->mode = mode & (MODE_NAMED | MODE_INTERRUPT | MODE_PROMISC);
	if (mode & NEW_ADDRESS) {
		d->address[0] = (uint8_t)(d->reg[2] >> 8);
		d->address[1] = (uint8_t)d->reg[2];
		for (int i = 0; i < 4; i++)
			d->address[2 + i] = (uint8_t)(d->reg[3] >> (24 - 8 * i));
	}
	d->poll_start = m->tod;
}

static void poll_complete(struct umps *m, struct device *d)
{
	d->completes[POLLING] = 0;
	if (d->read_pending || !d->n_frames || !(d->mode & MODE_INTERRUPT))
		return;
	d->read_pending = true;
	if ((d->reg[0] & 0x7F) == STATUS_BUSY) { /* the running operation's completion will tell */
		set_status(d, STATUS_BUSY);
		return;
	}
	finish(m, d, d->reg[0] & 0x7F);
}

static void network_complete(struct umps *m, struct device *d, int sub)
{
	int status = STATUS_READY;

	if (sub == POLLING) {
		poll_complete(m, d);
		return;
	}
	switch (d->reg[1]) {
	case READ_CONFIGURATION:
		read_configuration(d);
		break;
	case CONFIGURE:
		configure(m, d);
		break;
	case READ:
		status = end_read(m, d);
		break;
	case WRITE:
		status = end_write(m, d);
		break;
	default: /* RESET */
		break;
	}
	finish(m, d, (uint32_t)status);
	look_later(m, d);
}

static void network_describe(const struct device *d, char *text, size_t size)
{
	static const char *const names[] = {"none", "ready",	  "illegal operation", "busy",
					    "?",    "read error", "write error",       "DMA error"};

	snprintf(text, size, "%s%s, %02x:%02x:%02x:%02x:%02x:%02x", names[d->reg[0] & 7],
		 d->read_pending ? ", frame waiting" : "", d->address[0], d->address[1],
		 d->address[2], d->address[3], d->address[4], d->address[5]);
}

const struct device_kind network_kind = {
	.name = "eth",
	.open = network_open,
	.close = network_close,
	.write = network_write,
	.complete = network_complete,
	.describe = network_describe,
};
