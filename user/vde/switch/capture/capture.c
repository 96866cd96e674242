/* SPDX-License-Identifier: GPL-2.0-or-later */
/*
 * Captures; see capture.h. The list of captures is read by data threads under RCU and changed by
 * the control thread. Each has two buffers: data threads fill one under the capture's lock while
 * the writer empties the other. A frame of a VLAN is taken once, when it comes in.
 */
#include <errno.h>
#include <fcntl.h>
#include <poll.h>
#include <pthread.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/eventfd.h>
#include <syslog.h>
#include <time.h>
#include <unistd.h>

#include "user/vde/names/names.h"
#include "user/vde/switch/capture/capture.h"
#include "user/vde/switch/capture/pcapng.h"
#include "user/vde/switch/console/argument.h"
#include "user/vde/switch/console/console.h"
#include "user/vde/switch/forward/observe.h"
#include "user/vde/switch/ports/ports.h"

#define BUFFER_SIZE (4u << 20)
#define VID	    0xfff

struct buffer {
	uint8_t data[BUFFER_SIZE];
	size_t len;
};

struct capture {
	struct capture *next; /* RCU */
	struct rcu_head rcu;
	unsigned int id;
	int port; /* or CAPTURE_ANY */
	int vlan; /* or CAPTURE_ANY */
	char *path;
	int fd, stop; /* stop: an eventfd that ends the writer */
	pthread_t writer;

	pthread_mutex_t lock; /* the fields below */
	pthread_cond_t filled;
	bool ending;
	struct buffer *filling, *writing;
	int interface[PORT_MAX + 1]; /* number of a port's interface block; 0: none yet */
	int interfaces;
	uint64_t frames, lost;
	int error; /* errno that ended the writing */
};

static struct capture *captures; /* RCU */

static int vlan_of(const struct port *port, const struct egress *egress)
{
	const uint8_t *tag = egress->frame->data + 12;

	if ((tag[0] << 8 | tag[1]) == port->tag_type && ((tag[2] << 8 | tag[3]) & VID))
		return (tag[2] << 8 | tag[3]) & VID;
	return port->untagged_vlan;
}

static bool wants(const struct capture *capture, const struct port *port,
		  const struct egress *egress, enum direction direction)
{
	if (capture->port >= 0 && capture->port != (int)port->number)
		return false;
	return capture->vlan == CAPTURE_ANY ||
	       (direction == DIRECTION_IN && capture->vlan == vlan_of(port, egress));
}

/* With the lock: the interface of a port, described in the buffer when it is new. */
static uint32_t interface_of(struct capture *capture, const struct port *port)
{
	char name[64];

	if (!capture->interface[port->number]) {
		snprintf(name, sizeof(name), "port %u%s%s", port->number, *port->name ? " " : "",
			 port->name);
		capture->filling->len +=
			pcapng_interface(capture->filling->data + capture->filling->len, name);
		capture->interface[port->number] = ++capture->interfaces;
	}
	return capture->interface[port->number] - 1;
}

static void record(struct capture *capture, const struct port *port, const struct egress *egress,
		   enum direction direction, uint64_t time)
{
	uint32_t len = egress_length(egress);
	struct buffer *buffer;

	pthread_mutex_lock(&capture->lock);
	buffer = capture->filling;
	if (buffer->len + PCAPNG_HEADER_MAX + PCAPNG_PACKET_MAX(len) > BUFFER_SIZE) {
		capture->lost++;
	} else {
		uint32_t interface = interface_of(capture, port);
		uint8_t *block = buffer->data + buffer->len;

		egress_copy(egress, pcapng_packet(block, interface, time, len));
		buffer->len += pcapng_packet_end(block, len, direction == DIRECTION_IN);
		capture->frames++;
		pthread_cond_signal(&capture->filled);
	}
	pthread_mutex_unlock(&capture->lock);
}

static void capture_frame(struct observer *observer, const struct port *port,
			  const struct egress *egress, enum direction direction)
{
	struct timespec now;

	clock_gettime(CLOCK_REALTIME, &now);
	for (struct capture *c = rcu_dereference(captures); c; c = rcu_dereference(c->next))
		if (wants(c, port, egress, direction))
			record(c, port, egress, direction,
			       now.tv_sec * 1000000000ull + now.tv_nsec);
}

/* Write a buffer out, waiting for a slow reader but not for one after the end is asked for. */
static int write_out(struct capture *capture, const struct buffer *buffer)
{
	struct pollfd ready[] = {{.fd = capture->fd, .events = POLLOUT},
				 {.fd = capture->stop, .events = POLLIN}};
	size_t done = 0;

	while (done < buffer->len) {
		ssize_t n = write(capture->fd, buffer->data + done, buffer->len - done);

		if (n > 0) {
			done += n;
		} else if (n < 0 && errno == EAGAIN) {
			poll(ready, 2, -1);
			if (ready[1].revents && !ready[0].revents)
				return ECANCELED;
		} else if (errno != EINTR) {
			return errno;
		}
	}
	return 0;
}

static void *write_frames(void *argument)
{
	struct capture *capture = argument;

	pthread_mutex_lock(&capture->lock);
	for (;;) {
		struct buffer *full = capture->filling;
		int error;

		if (!full->len) {
			if (capture->ending)
				break;
			pthread_cond_wait(&capture->filled, &capture->lock);
			continue;
		}
		capture->filling = capture->writing;
		capture->writing = full;
		pthread_mutex_unlock(&capture->lock);
		error = write_out(capture, full);
		pthread_mutex_lock(&capture->lock);
		full->len = 0;
		if (error) {
			capture->error = error;
			capture->lost += capture->ending ? 0 : 1;
			break;
		}
	}
	pthread_mutex_unlock(&capture->lock);
	return NULL;
}

static bool some_capture_wants(const struct observer *observer, const struct port *port)
{
	for (const struct capture *c = captures; c; c = c->next)
		if (c->port < 0 || c->port == (int)port->number)
			return true;
	return false;
}

/* One observer for all captures, there while there are any. */
static struct observer capturing = {.wants = some_capture_wants, .frame = capture_frame};

static void capture_free(struct rcu_head *head)
{
	struct capture *capture = caa_container_of(head, struct capture, rcu);

	if (capture->fd >= 0)
		close(capture->fd);
	if (capture->stop >= 0)
		close(capture->stop);
	pthread_mutex_destroy(&capture->lock);
	pthread_cond_destroy(&capture->filled);
	free(capture->filling);
	free(capture->writing);
	free(capture->path);
	free(capture);
}

int capture_to(struct vswitch *sw, int fd, const char *name, int port, int vlan, unsigned int *id)
{
	static unsigned int last_id;
	struct capture *capture = calloc(1, sizeof(*capture));
	int error;

	if (!capture) {
		close(fd);
		return ENOMEM;
	}
	pthread_mutex_init(&capture->lock, NULL);
	pthread_cond_init(&capture->filled, NULL);
	capture->stop = eventfd(0, EFD_CLOEXEC);
	capture->fd = fd;
	error = capture->stop < 0 ? errno : 0;
	capture->filling = calloc(1, sizeof(*capture->filling));
	capture->writing = calloc(1, sizeof(*capture->writing));
	capture->path = strdup(name);
	if (!error && (!capture->filling || !capture->writing || !capture->path))
		error = ENOMEM;
	if (!error) {
		capture->port = port;
		capture->vlan = vlan;
		capture->filling->len = pcapng_section(capture->filling->data);
		error = pthread_create(&capture->writer, NULL, write_frames, capture);
	}
	if (error) {
		capture_free(&capture->rcu);
		return error;
	}
	capture->id = *id = ++last_id;
	capture->next = captures;
	rcu_assign_pointer(captures, capture);
	if (capture->next)
		observers_mark(sw);
	else
		observer_add(sw, &capturing);
	return 0;
}

static void capture_end(struct vswitch *sw, struct capture *capture)
{
	struct capture **link = &captures;

	while (*link != capture)
		link = &(*link)->next;
	rcu_assign_pointer(*link, capture->next);
	if (captures)
		observers_mark(sw);
	else
		observer_remove(sw, &capturing);
	pthread_mutex_lock(&capture->lock);
	capture->ending = true;
	pthread_cond_signal(&capture->filled);
	pthread_mutex_unlock(&capture->lock);
	(void)!write(capture->stop, &(uint64_t){1}, sizeof(uint64_t));
	pthread_join(capture->writer, NULL);
	call_rcu(&capture->rcu, capture_free);
}

bool capture_stop(struct vswitch *sw, unsigned int id)
{
	for (struct capture *c = captures; c; c = c->next)
		if (c->id == id) {
			capture_end(sw, c);
			return true;
		}
	return false;
}

void capture_stop_all(struct vswitch *sw)
{
	while (captures)
		capture_end(sw, captures);
}

/* A pipe is opened for both ways, or opening it would wait for its reader. */
static int capture_start(struct vswitch *sw, const char *path, int port, int vlan)
{
	int fd = name_open_output(path, O_RDWR, 0600);
	unsigned int id;

	if (fd < 0)
		return errno;
	(void)!ftruncate(fd, 0);
	return capture_to(sw, fd, path, port, vlan, &id);
}

/* "FILE [port PORT|vlan N]" */
static int run_start(struct call *call)
{
	char *rest = call->argument, *path = argument_word(&rest), *what = argument_word(&rest);
	unsigned int vlan;
	struct port *port;

	if (!path)
		return EINVAL;
	if (!what)
		return capture_start(call->sw, path, CAPTURE_ANY, CAPTURE_ANY);
	if (strcmp(what, "port") == 0) {
		port = port_named(call->sw, rest);
		return port ? capture_start(call->sw, path, port->number, CAPTURE_ANY) : ENXIO;
	}
	if (strcmp(what, "vlan") != 0 || argument_number(rest, 0, VLAN_COUNT - 2, &vlan))
		return EINVAL;
	return vlan_get(call->sw, vlan) ? capture_start(call->sw, path, CAPTURE_ANY, vlan) : ENXIO;
}

static int run_stop(struct call *call)
{
	bool found = false;
	unsigned int id;

	/* By number, or every one that writes to this file. */
	if (!*call->argument)
		return EINVAL;
	if (argument_number(call->argument, 1, UINT32_MAX, &id))
		id = 0;
	for (struct capture *c = captures, *next; c; c = next) {
		next = c->next;
		if (id ? c->id == id : strcmp(c->path, call->argument) == 0) {
			capture_end(call->sw, c);
			found = true;
		}
	}
	return found ? 0 : ENOENT;
}

static int list_captures(struct call *call, json_t **listing)
{
	*listing = json_array();
	for (struct capture *c = captures; c; c = c->next) {
		pthread_mutex_lock(&c->lock);
		json_array_append_new(*listing,
				      json_pack("{s:i, s:s, s:i, s:i, s:I, s:I, s:s}", "id",
						(int)c->id, "file", c->path, "port", c->port,
						"vlan", c->vlan, "frames", (json_int_t)c->frames,
						"lost", (json_int_t)c->lost, "state",
						c->error ? strerror(c->error) : "writing"));
		pthread_mutex_unlock(&c->lock);
	}
	return 0;
}

static void print_captures(FILE *out, const json_t *listing)
{
	const json_t *capture;
	size_t i;

	json_array_foreach (listing, i, capture) {
		long long port = listing_number(capture, "port");
		long long vlan = listing_number(capture, "vlan");

		fprintf(out, "Capture %lld", listing_number(capture, "id"));
		if (port >= 0)
			fprintf(out, " port %04lld", port);
		if (vlan >= 0)
			fprintf(out, " VLAN %04lld", vlan);
		fprintf(out, " frames %lld lost %lld %s: %s\n", listing_number(capture, "frames"),
			listing_number(capture, "lost"), listing_text(capture, "state"),
			listing_text(capture, "file"));
	}
}

static const struct command commands[] = {
	{.path = "capture", .help = "frames to a file or pipe, as pcapng"},
	{.path = "capture/start",
	 .syntax = "FILE [port PORT|vlan N]",
	 .help = "of a port both ways, of what enters a VLAN, or of all ports",
	 .names_file = true,
	 .run = run_start},
	{.path = "capture/stop", .syntax = "ID|FILE", .help = "end a capture", .run = run_stop},
	{.path = "capture/print",
	 .help = "captures and what they took",
	 .list = list_captures,
	 .print = print_captures},
	{0},
};

void capture_commands(struct console *console)
{
	console_add(console, commands);
}
