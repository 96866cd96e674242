// SPDX-License-Identifier: GPL-2.0-or-later
/*
 * The kvde plane as the switch sees it: which ports the module carries, and its copy of the model.
 *
 * A port is carried when its only endpoint is a client's socket and port_is_plain(), and the switch is no hub. Its socket is
 * then read by the module only; the user plane goes on to send to it. To take a port over, the worker is stopped first; to
 * give it back, what the module has handed up is dealt with before the worker reads on. So frames of one client keep
 * their order.
 */
#include <errno.h>
#include <fcntl.h>
#include <stdlib.h>
#include <string.h>
#include <sys/ioctl.h>
#include <syslog.h>
#include <unistd.h>
#include <urcu.h>

#include "user/vde/switch/loop/loop.h"
#include "user/vde/switch/planes/kvde/parts.h"
#include "user/vde/switch/planes/user/user.h"
#include "user/vde/switch/ports/ports.h"
#include "user/vde/switch/vlan/vlan.h"

#define OPTION_KVDE 1300

static const struct argp_option options[] = {
	{"kvde", OPTION_KVDE, "WHEN", 0,
	 "Have the kernel module kvde forward between clients: auto (where it is loaded), always "
	 "(or do not start), never",
	 0},
	{}};

static error_t option(int key, char *text, struct argp_state *state)
{
	static const char *const names[] = {"auto", "always", "never"};
	struct plane *plane = state->input;
	struct kvde_state *kvde = plane->state;

	if (key != OPTION_KVDE)
		return ARGP_ERR_UNKNOWN;
	for (int i = 0; i < 3; i++)
		if (strcmp(text, names[i]) == 0) {
			kvde->when = i;
			return 0;
		}
	argp_error(state, "--kvde %s: give auto, always or never", text);
	return EINVAL;
}

static const struct argp kvde_options = {.options = options, .parser = option};

int kvde_call(const struct kvde_state *kvde, unsigned long command, void *argument)
{
	return ioctl(kvde->fd, command, argument) < 0 ? -errno : 0;
}

static int kvde_init(struct plane *plane)
{
	struct kvde_state *kvde = calloc(1, sizeof(*kvde));

	if (!kvde)
		return -ENOMEM;
	kvde->fd = -1;
	plane->state = kvde;
	return 0;
}

/* ---- the model in the module */

static void put_words(__u64 *words, const struct port_set *set)
{
	for (unsigned int w = 0; w < PORT_WORDS; w++)
		words[w] = atomic_load_explicit(&set->word[w], memory_order_relaxed);
}

/* Does a flood in the VLAN concern ports that are not carried? */
static bool concerns_others(const struct plane *plane, const struct vlan *vlan)
{
	const struct kvde_state *kvde = plane->state;

	for (unsigned int w = 0; w < PORT_WORDS; w++)
		if (vlan->members.word[w] & plane->sw->active.word[w] & ~kvde->adopted.word[w])
			return true;
	return false;
}

static void kvde_vlan_changed(struct plane *plane, struct vlan *vlan)
{
	struct kvde_state *kvde = plane->state;
	struct kvde_vlan bits = {.vlan = vlan->id};
	int error;

	if (kvde->fd < 0)
		return;
	if (concerns_others(plane, vlan))
		bits.flags = KVDE_VLAN_UP;
	put_words(bits.member, &vlan->members);
	put_words(bits.tagged, &vlan->tagged);
	put_words(bits.learning, &vlan->learning);
	put_words(bits.forwarding, &vlan->forwarding);
	error = kvde_call(kvde, KVDE_VLAN, &bits);
	if (error)
		syslog(LOG_ERR, "kvde: cannot set VLAN %u: %s", vlan->id, strerror(-error));
}

static void vlans_changed(struct plane *plane, unsigned int port)
{
	for (unsigned int id = 0; id < VLAN_COUNT; id++) {
		struct vlan *vlan = vlan_get(plane->sw, id);

		if (vlan && (!port || port_set_has(&vlan->members, port)))
			kvde_vlan_changed(plane, vlan);
	}
}

/* ---- ports */

bool kvde_counters(const struct kvde_state *kvde, unsigned int port, struct kvde_counters *counters)
{
	struct kvde_port_state state = {.port = port};

	if (kvde->fd < 0 || !port_set_has(&kvde->adopted, port) ||
	    kvde_call(kvde, KVDE_COUNT, &state))
		return false;
	*counters = state.counters;
	return true;
}

static void add_counters(struct counters *sum, const struct kvde_counters *counters)
{
	sum->frames_in += counters->in_frames;
	sum->bytes_in += counters->in_bytes;
	sum->drops_in += counters->in_dropped;
	sum->errors_in += counters->in_errors;
	sum->frames_out += counters->out_frames;
	sum->bytes_out += counters->out_bytes;
	sum->drops_out += counters->out_dropped;
}

static struct kvde_port settings_of(const struct port *port)
{
	return (struct kvde_port){
		.port = port->number, .pvid = port->untagged_vlan, .tpid = port->tag_type};
}

static void give_back(struct plane *plane, struct port *port)
{
	struct kvde_state *kvde = plane->state;
	struct endpoint *endpoint = kvde->adopted_at[port->number];
	struct kvde_port_state state = {.port = port->number};
	struct counters sum = {};
	int error = kvde_call(kvde, KVDE_RELEASE, &state);

	if (error)
		syslog(LOG_ERR, "kvde: cannot release port %u: %s", port->number, strerror(-error));
	else
		reader_wait(kvde->reader, state.records);
	port_set_put(&kvde->adopted, port->number, false);
	rcu_assign_pointer(kvde->adopted_at[port->number], NULL);
	add_counters(&sum, &state.counters);
	port_keep_counters(port, &sum);
	user_endpoint_resume(endpoint);
}

static int adopt(struct plane *plane, struct port *port, struct endpoint *endpoint)
{
	struct kvde_state *kvde = plane->state;
	struct kvde_adopt adopt = {.port = settings_of(port), .fd = user_endpoint_socket(endpoint)};
	int error;

	if (!user_endpoint_pause(endpoint))
		return -EAGAIN;
	/* Frames may be handed up at once. */
	rcu_assign_pointer(kvde->adopted_at[port->number], endpoint);
	error = kvde_call(kvde, KVDE_ADOPT, &adopt);
	if (error) {
		rcu_assign_pointer(kvde->adopted_at[port->number], NULL);
		user_endpoint_resume(endpoint);
	} else {
		port_set_put(&kvde->adopted, port->number, true);
	}
	return error;
}

static void take_over(struct plane *plane, struct port *port, struct endpoint *endpoint)
{
	struct kvde_state *kvde = plane->state;
	int error = adopt(plane, port, endpoint);

	/* A client that is not connected yet, or has frames waiting for it, is tried again a second later. */
	kvde->again[port->number] = error == -ENOTCONN || error == -EAGAIN;
	if (!error || kvde->again[port->number])
		return;
	kvde->refused[port->number] = endpoint;
	syslog(LOG_INFO, "kvde: port %u stays in user space: %s", port->number, strerror(-error));
}

/* The endpoint that the module is to carry; NULL: none. */
static struct endpoint *wanted(const struct plane *plane, const struct port *port)
{
	const struct kvde_state *kvde = plane->state;
	struct endpoint *only =
		port->endpoints && port->endpoints->count == 1 ? port->endpoints->at[0] : NULL;

	if (!only || !port->number || plane->sw->hub || user_endpoint_socket(only) < 0 ||
	    kvde->refused[port->number] == only || !port_is_plain(port))
		return NULL;
	return only;
}

static void kvde_port_changed(struct plane *plane, struct port *port)
{
	struct kvde_state *kvde = plane->state;
	struct endpoint *endpoint, *now;
	struct kvde_port settings = settings_of(port);
	struct kvde_pause pause = {};
	bool was;

	if (kvde->fd < 0)
		return;
	if (!port->endpoints)
		kvde->refused[port->number] = NULL;
	kvde->again[port->number] = false;
	endpoint = wanted(plane, port);
	now = kvde->adopted_at[port->number];
	was = now != NULL;
	if (now && now == endpoint) {
		kvde_call(kvde, KVDE_PORT, &settings);
		return;
	}
	/*
	 * What is handed up by now is dealt with before frames go another way, so that none overtakes another. Also a port
	 * that others carry makes a difference to floods.
	 */
	kvde_call(kvde, KVDE_PAUSE, &pause);
	reader_wait(kvde->reader, pause.records);
	if (now)
		give_back(plane, port);
	if (endpoint)
		take_over(plane, port, endpoint);
	vlans_changed(plane, port->number);
	if (was != port_set_has(&kvde->adopted, port->number))
		kvde_addresses_moved(plane, port->number);
	kvde_call(kvde, KVDE_RESUME, NULL);
}

void kvde_refuse(struct plane *plane, unsigned int number)
{
	struct kvde_state *kvde = plane->state;

	kvde->refused[number] = kvde->adopted_at[number];
	if (kvde->refused[number])
		kvde_port_changed(plane, &plane->sw->ports[number]);
}

static void kvde_switch_changed(struct plane *plane)
{
	struct kvde_state *kvde = plane->state;
	struct kvde_switch all = {.flags = plane->sw->spanning_tree ? KVDE_SPANNING_TREE : 0,
				  .persistence = fdb_persistence(plane->sw->fdb)};

	if (kvde->fd < 0)
		return;
	kvde_call(kvde, KVDE_SWITCH, &all);
	for (unsigned int i = 1; i <= plane->sw->numports; i++)
		if (plane->sw->ports[i].endpoints &&
		    !wanted(plane, &plane->sw->ports[i]) != !kvde->adopted_at[i])
			kvde_port_changed(plane, &plane->sw->ports[i]);
}

static bool kvde_carries(struct plane *plane, const struct port *port)
{
	const struct kvde_state *kvde = plane->state;

	return port_set_has(&kvde->adopted, port->number);
}

static void kvde_count(struct plane *plane, struct port *port, struct counters *sum)
{
	struct kvde_counters counters;

	if (kvde_counters(plane->state, port->number, &counters))
		add_counters(sum, &counters);
}

/* ---- start and end */

static int open_device(struct kvde_state *kvde)
{
	__u32 version = 0;
	int error = 0;

	kvde->fd = open(KVDE_DEVICE, O_RDWR | O_CLOEXEC | O_NONBLOCK);
	if (kvde->fd < 0)
		return -errno;
	if (ioctl(kvde->fd, KVDE_ABI, &version) < 0)
		error = -errno;
	else if (version != KVDE_ABI_VERSION)
		error = -EPROTO;
	if (error) {
		close(kvde->fd);
		kvde->fd = -1;
	}
	return error;
}

static void look_again(void *context)
{
	struct plane *plane = context;
	struct kvde_state *kvde = plane->state;

	for (unsigned int i = 1; i <= plane->sw->numports; i++)
		if (kvde->again[i])
			kvde_port_changed(plane, &plane->sw->ports[i]);
}

static int kvde_start(struct plane *plane)
{
	struct kvde_state *kvde = plane->state;
	int error;

	kvde_commands(plane->sw->console);
	if (kvde->when == KVDE_NEVER)
		return 0;
	error = open_device(kvde);
	if (!error) {
		kvde->reader = reader_start(plane);
		kvde->timer = loop_every(plane->sw->loop, 1000, look_again, plane);
		if (!kvde->reader || !kvde->timer)
			error = -ENOMEM;
	}
	if (error && kvde->when == KVDE_ALWAYS) {
		syslog(LOG_ERR, "cannot use %s: %s%s", KVDE_DEVICE, strerror(-error),
		       error == -ENOENT	  ? "; load it by modprobe kvde"
		       : error == -EPROTO ? "; module and switch are of different versions"
					  : "");
		return error;
	}
	if (error)
		return 0; /* as without the module */
	kvde_switch_changed(plane);
	vlans_changed(plane, 0);
	kvde_addresses_sync(plane);
	return 0;
}

static void kvde_stop(struct plane *plane)
{
	struct kvde_state *kvde = plane->state;

	if (kvde->timer)
		loop_cancel(plane->sw->loop, kvde->timer);
	reader_stop(kvde->reader);
	if (kvde->fd >= 0)
		close(kvde->fd);
	free(kvde);
	plane->state = NULL;
}

const struct plane_ops kvde_plane = {
	.name = "kvde",
	.options = &kvde_options,
	.init = kvde_init,
	.start = kvde_start,
	.stop = kvde_stop,
	.port_changed = kvde_port_changed,
	.vlan_changed = kvde_vlan_changed,
	.switch_changed = kvde_switch_changed,
	.fdb_changed = kvde_address_changed,
	.fdb_idle = kvde_address_idle,
	.count = kvde_count,
	.carries = kvde_carries,
};
