/* SPDX-License-Identifier: GPL-2.0-only */
/*
 * libFuzzer target: everything of the switch that reads what others wrote. The first byte of the
 * input chooses what the rest is: a connection request, console commands, frames that arrive at
 * ports, a configuration, a BPDU, what a client writes to the management socket. The plugins are on
 * and see the frames; a client listens to all events. The switch is the real one, but for its
 * plane, which checks what it is given and throws it away. It is run in a directory of its own.
 */
#include <stdlib.h>
#include <string.h>
#include <sys/socket.h>
#include <sys/un.h>
#include <unistd.h>
#include <urcu.h>

#include "user/vde/switch/config/config.h"
#include "user/vde/switch/console/console.h"
#include "user/vde/switch/console/session.h"
#include "user/vde/switch/control/control.h"
#include "user/vde/switch/control/request.h"
#include "user/vde/switch/fdb/aging.h"
#include "user/vde/switch/forward/delay.h"
#include "user/vde/switch/loop/loop.h"
#include "user/vde/switch/planes/plane.h"
#include "user/vde/switch/plugins/plugins.h"
#include "user/vde/switch/ports/ports.h"
#include "user/vde/switch/rstp/bpdu.h"
#include "user/vde/switch/rstp/rstp.h"
#include "user/vde/switch/vlan/vlan.h"

#define PORTS	   5
#define MANAGEMENT "mgmt"

static struct vswitch the_switch;
static int client = -1; /* of the management socket */
static struct forwarder *forwarder;
static struct endpoint endpoints[PORTS];

static void check_transmit(struct forwarder *f, struct endpoint *endpoint,
			   const struct egress *frames, unsigned int count)
{
	static uint8_t copy[FRAME_MAX + 4];

	if (!count || count > FORWARD_BATCH)
		abort();
	for (unsigned int i = 0; i < count; i++) {
		uint32_t len = egress_length(&frames[i]);

		if (len < FRAME_MIN || len > sizeof(copy) || egress_copy(&frames[i], copy) != len)
			abort();
	}
}

static int attach(struct endpoint *endpoint)
{
	return 0;
}

static void detach(struct endpoint *endpoint)
{
}

static const struct plane_ops checking_plane = {
	.name = "checking",
	.attach = attach,
	.detach = detach,
	.release = detach,
	.transmit = check_transmit,
};

static struct plane plane = {.ops = &checking_plane, .sw = &the_switch};

static void left(struct endpoint *endpoint)
{
	endpoint->port = NULL;
}

static void command(const char *line)
{
	json_t *listing = NULL;

	console_run(the_switch.console, line, &listing);
	json_decref(listing);
}

static void stop(void *context, const void *data, size_t size)
{
	loop_stop(the_switch.loop);
}

/* Let the control thread, which is this one, do what waits for it; throw away what the client gets.
 */
static void settle(void)
{
	static char answers[65536];
	ssize_t n = -1;

	loop_post(the_switch.loop, stop, NULL, "", 0);
	loop_run(the_switch.loop);
	while (client >= 0 && (n = recv(client, answers, sizeof(answers), MSG_DONTWAIT)) > 0)
		;
	if (n == 0) {
		close(client);
		client = -1;
	}
}

static void tell(const char *text, size_t len)
{
	(void)!send(client, text, len, MSG_DONTWAIT | MSG_NOSIGNAL);
	settle();
}

/* Logging out is allowed: connect again. */
static void log_in(void)
{
	struct sockaddr_un address = {.sun_family = AF_UNIX, .sun_path = MANAGEMENT};
	static const char *const lines[] = {"debug/add d\n", "debug/add iplog\n",
					    "debug/add hash\n"};

	if (client >= 0)
		return;
	client = socket(AF_UNIX, SOCK_STREAM | SOCK_CLOEXEC, 0);
	if (client < 0 || connect(client, (struct sockaddr *)&address, sizeof(address)))
		abort();
	settle();
	for (unsigned int i = 0; i < 3; i++)
		tell(lines[i], strlen(lines[i]));
}

/* Commands and configurations take things away: put the endpoints and the plugins back. */
static void plug(void)
{
	command("plugin/add dump");
	command("plugin/add pdump");
	command("plugin/add iplog");
	command("dump/active 1");
	command("pdump/active 1");
	command("iplog/ipadd 0.0.0.0/0");
	command("iplog/ipadd ::/0");
	log_in();
	for (int i = 0; i < PORTS; i++) {
		struct endpoint *endpoint = &endpoints[i];

		if (endpoint->port)
			continue;
		rcu_barrier();
		*endpoint = (struct endpoint){
			.plane = &plane, .id = i, .module = "checking", .left = left};
		port_join(&the_switch, i, endpoint);
	}
}

int LLVMFuzzerInitialize(int *argc, char ***argv)
{
	struct vswitch *sw = &the_switch;

	rcu_register_thread();
	ports_init(sw, 8);
	sw->loop = loop_new();
	sw->fdb = fdb_new(FDB_BUCKETS);
	sw->console = console_new(sw);
	fdb_commands(sw->console);
	rstp_commands(sw->console);
	port_commands(sw->console);
	vlan_commands(sw->console);
	delay_commands(sw->console);
	plugin_commands(sw->console);
	unlink(MANAGEMENT);
	sw->planes = &plane;
	if (port_statistics_start(sw) || rstp_init(sw, 0x8000) || rstp_start(sw) || vlan_init(sw) ||
	    aging_start(sw) || sessions_listen(sw->console, MANAGEMENT, 0600, -1))
		abort();
	forwarder = forwarder_new(sw);
	plug();
	return 0;
}

static void fuzz_request(const uint8_t *data, size_t len)
{
	struct request request;
	const char *why;

	if (request_parse(data, len < REQUEST_MAX ? len : REQUEST_MAX, &request, &why) == 1)
		for (const char *c = request.descr; *c; c++)
			if (*c < ' ' || *c > '~')
				abort();
}

/* Commands that open files by name may do so with names of one character. */
static bool is_harmless(const char *line)
{
	static const char *const files[] = {"filename", "logfile"};

	for (unsigned int i = 0; i < 2; i++) {
		const char *name = strstr(line, files[i]);

		if (name && (strlen(name) > strlen(files[i]) + 2 || strchr(name, '/')))
			return false;
	}
	return !strstr(line, "load") && !strstr(line, "queue") && !strstr(line, "qlen");
}

static void fuzz_session(const uint8_t *data, size_t len)
{
	char *text = strndup((const char *)data, len);

	if (is_harmless(text))
		tell(text, strlen(text));
	free(text);
}

static void fuzz_console(const uint8_t *data, size_t len)
{
	char *text = strndup((const char *)data, len), *rest = text, *line, *output = NULL;
	size_t size;
	FILE *out = open_memstream(&output, &size);

	while ((line = strsep(&rest, "\n")))
		if (is_harmless(line))
			console_execute(the_switch.console, NULL, line, out);
	fclose(out);
	free(output);
	free(text);
}

/* Each frame: a byte for the port, two for its length, its bytes. */
static void fuzz_frames(const uint8_t *data, size_t len)
{
	static uint8_t buffers[FORWARD_BATCH][FRAME_MAX + 1];
	struct frame frames[FORWARD_BATCH];
	unsigned int count = 0;

	forward_begin(forwarder);
	while (len >= 3 && count < FORWARD_BATCH) {
		struct endpoint *endpoint = &endpoints[data[0] % PORTS];
		size_t size = (data[1] << 8 | data[2]) % (FRAME_MAX + 2);
		size_t given = size < len - 3 ? size : len - 3;
		struct frame *frame = &frames[count];

		frame->data = buffers[count++];
		frame->len = size;
		memset(frame->data, 0, size);
		memcpy(frame->data, data + 3, given);
		if (endpoint->port)
			forward(forwarder, endpoint, frame);
		data += 3 + given;
		len -= 3 + given;
	}
	forward_end(forwarder);
}

static void fuzz_config(const uint8_t *data, size_t len)
{
	json_t *config = json_loadb((const char *)data, len, 0, NULL), *before, *after;
	char why[CONFIG_WHY_SIZE];

	if (!config)
		return;
	before = config_json(&the_switch);
	if (config_apply(&the_switch, config, why)) {
		after = config_json(&the_switch);
		if (!json_equal(before, after))
			abort();
		json_decref(after);
	}
	json_decref(before);
	json_decref(config);
}

static void fuzz_bpdu(const uint8_t *data, size_t len)
{
	uint8_t frame[BPDU_FRAME_MAX];
	struct bpdu bpdu;

	/* A frame that is read and written is read as the same again. */
	if (bpdu_read(&bpdu, data, len) && bpdu.type != BPDU_TCN) {
		struct bpdu again;
		size_t size = bpdu_write(&bpdu, (const uint8_t[6]){2}, frame);

		if (!bpdu_read(&again, frame, size) || again.root != bpdu.root ||
		    again.cost != bpdu.cost || again.role != bpdu.role)
			abort();
	}
}

int LLVMFuzzerTestOneInput(const uint8_t *data, size_t len)
{
	static void (*const targets[])(const uint8_t *data, size_t len) = {
		fuzz_request, fuzz_console, fuzz_frames, fuzz_config, fuzz_bpdu, fuzz_session};

	if (len < 1)
		return 0;
	targets[data[0] % 6](data + 1, len - 1);
	settle();
	plug();
	return 0;
}
