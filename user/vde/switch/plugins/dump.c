/* SPDX-License-Identifier: GPL-2.0-or-later */
/*
 * Plugins that show frames: dump as hexadecimal on the event channel, pdump in a pcap file of which
 * each frame has its first 96 bytes. Data threads send the beginnings of frames to the control
 * thread as notes, which does the rest; when it cannot follow, frames are missing, and the switch
 * waits for nothing. (`capture` keeps up with more and keeps frames whole.)
 */
#include <errno.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <time.h>

#include "user/vde/switch/console/argument.h"
#include "user/vde/switch/forward/observe.h"
#include "user/vde/switch/loop/loop.h"
#include "user/vde/switch/plugins/plugins.h"

#define SHOWN	   96 /* bytes of a frame */
#define PCAP_MAGIC 0xa1b2c3d4u
#define ETHERNET   1 /* LINKTYPE_ETHERNET */

struct glimpse {
	uint16_t port, length, shown;
	uint8_t direction;
	int64_t seconds;
	int32_t microseconds;
	uint8_t data[SHOWN];
};
_Static_assert(sizeof(struct glimpse) <= LOOP_NOTE_MAX, "a glimpse is one note");

/* What both plugins are: an observer of all ports whose frames go to take() as glimpses. */
struct shower {
	struct observer observer;
	struct vswitch *sw;
	bool active;
	loop_note *take;
};

static bool wants(const struct observer *observer, const struct port *port)
{
	return true;
}

static void glimpse(struct observer *observer, const struct port *port, const struct egress *egress,
		    enum direction direction)
{
	struct shower *shower = (struct shower *)observer;
	struct glimpse glimpse = {
		.port = port->number, .length = egress_length(egress), .direction = direction};
	struct iovec pieces[EGRESS_IOV];
	struct timespec now;
	uint8_t tag[4];
	unsigned int count = egress_pieces(egress, pieces, tag);

	for (unsigned int i = 0; i < count; i++) {
		size_t room = SHOWN - glimpse.shown;
		size_t n = pieces[i].iov_len < room ? pieces[i].iov_len : room;

		memcpy(glimpse.data + glimpse.shown, pieces[i].iov_base, n);
		glimpse.shown += n;
	}
	clock_gettime(CLOCK_REALTIME, &now);
	glimpse.seconds = now.tv_sec;
	glimpse.microseconds = now.tv_nsec / 1000;
	loop_post(shower->sw->loop, shower->take, shower, &glimpse, sizeof(glimpse));
}

static void set_active(struct shower *shower, struct vswitch *sw, bool active)
{
	if (active == shower->active)
		return;
	shower->active = active;
	if (!active) {
		observer_remove(sw, &shower->observer);
		return;
	}
	shower->sw = sw;
	observer_add(sw, &shower->observer);
}

/* ---- dump */

static void tell(void *context, const void *data, size_t size)
{
	const struct shower *shower = context;
	const struct glimpse *frame = data;
	enum event event = frame->direction == DIRECTION_IN ? EVENT_DUMP_IN : EVENT_DUMP_OUT;
	char text[3 * SHOWN + 1], *at = text;

	if (!shower->active || !event_wanted(shower->sw, event))
		return;
	for (unsigned int i = 0; i < frame->shown; i++)
		at += sprintf(at, " %02x", frame->data[i]);
	event_raise(shower->sw, event, "Port %04u length %u:%s", frame->port, frame->length, text);
}

static struct shower dump = {.observer = {.wants = wants, .frame = glimpse}, .take = tell};

static int dump_active(struct call *call)
{
	bool active;

	if (argument_switch(call->argument, &active))
		return EINVAL;
	set_active(&dump, call->sw, active);
	return 0;
}

static int dump_start(struct vswitch *sw)
{
	return 0;
}

static void dump_stop(struct vswitch *sw)
{
	set_active(&dump, sw, false);
}

static const struct command dump_commands[] = {
	{.path = "dump", .help = "frames as events dump/packetin and dump/packetout"},
	{.path = "dump/active", .syntax = "0/1", .help = "show frames or not", .run = dump_active},
	{0},
};

const struct plugin plugin_dump = {"dump", "frames in hexadecimal, as events", dump_commands,
				   dump_start, dump_stop};

/* ---- pdump */

static FILE *file;
static char *filename;
static bool buffered;

static void save(void *context, const void *data, size_t size)
{
	const struct glimpse *frame = data;
	const uint32_t head[4] = {frame->seconds, frame->microseconds, frame->shown, frame->length};

	if (!file)
		return;
	fwrite(head, sizeof(head), 1, file);
	fwrite(frame->data, frame->shown, 1, file);
	if (!buffered)
		fflush(file);
}

static struct shower pdump = {.observer = {.wants = wants, .frame = glimpse}, .take = save};

static void close_file(void)
{
	if (file)
		fclose(file);
	file = NULL;
}

/* The file is opened when dumping begins, and with every new name while it goes on. */
static int open_file(void)
{
	const uint32_t head[6] = {PCAP_MAGIC, 2 | 4 << 16, 0, 0, SHOWN, ETHERNET};

	close_file();
	file = plugin_file(filename, false);
	if (!file)
		return errno;
	fwrite(head, sizeof(head), 1, file);
	return fflush(file) ? errno : 0;
}

static int pdump_active(struct call *call)
{
	bool active;
	int error;

	if (argument_switch(call->argument, &active))
		return EINVAL;
	error = active && !file ? open_file() : 0;
	if (error)
		return error;
	set_active(&pdump, call->sw, active);
	if (!active)
		close_file();
	return 0;
}

static int pdump_filename(struct call *call, json_t **listing)
{
	char *name = *call->argument ? strdup(call->argument) : NULL;
	int error = 0;

	if (*call->argument && !name)
		error = ENOMEM;
	if (name) {
		free(filename);
		filename = name;
		error = file ? open_file() : 0;
	}
	*listing = json_pack("{s:s}", "dumpfile", filename);
	return error;
}

static void print_filename(FILE *out, const json_t *listing)
{
	fprintf(out, "dumpfile=%s\n", listing_text(listing, "dumpfile"));
}

static int pdump_buffered(struct call *call)
{
	return argument_switch(call->argument, &buffered);
}

static int pdump_start(struct vswitch *sw)
{
	filename = strdup("vde_dump.cap");
	return filename ? 0 : -ENOMEM;
}

static void pdump_stop(struct vswitch *sw)
{
	set_active(&pdump, sw, false);
	close_file();
	free(filename);
	filename = NULL;
}

static const struct command pdump_commands[] = {
	{.path = "pdump", .help = "the beginnings of frames in a pcap file"},
	{.path = "pdump/active",
	 .syntax = "0/1",
	 .help = "write or not",
	 .names_file = true,
	 .run = pdump_active},
	{.path = "pdump/filename",
	 .syntax = "[FILE]",
	 .help = "show or set the file (vde_dump.cap)",
	 .names_file = true,
	 .list = pdump_filename,
	 .print = print_filename},
	{.path = "pdump/buffered",
	 .syntax = "0/1",
	 .help = "1: write when a buffer is full",
	 .run = pdump_buffered},
	{0},
};

const struct plugin plugin_pdump = {"pdump", "the beginnings of frames in a pcap file",
				    pdump_commands, pdump_start, pdump_stop};
