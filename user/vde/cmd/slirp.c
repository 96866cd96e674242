// SPDX-License-Identifier: GPL-2.0-or-later
/*
 * vde slirp: a gateway from a network to whatever this machine's user can reach.
 *
 * Theory: libslirp is a TCP/IP stack that turns the network's connections into our own sockets. It
 * tells before each poll() which sockets it waits for and when its next timer is due; frames go in
 * by slirp_input() and come out by send_packet(). One thread, no privileges.
 */
#include <errno.h>
#include <net/if.h>
#include <poll.h>
#include <signal.h>
#include <slirp/libslirp.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <time.h>
#include <unistd.h>

#include "user/vde/cmd/cable.h"
#include "user/vde/cmd/command.h"

#define FORWARDS_MAX 64
#define BATCH	     64

enum { KEY_NO_DHCP = 256, KEY_NO_IPV6, KEY_NO_LOOPBACK, KEY_HOSTNAME, KEY_IPV6, KEY_MTU };

struct forward {
	bool udp;
	struct in_addr host, guest;
	int host_port, guest_port;
	const char *text;
};

struct timer {
	struct timer *next;
	SlirpTimerId id;
	void *cookie;
	int64_t due; /* milliseconds, -1 = not set */
};

struct gateway {
	struct cable_options options;
	const char *network;
	SlirpConfig config;
	struct forward forwards[FORWARDS_MAX];
	unsigned int forward_count;
	bool has_dns, has_dhcp;

	struct end *end;
	Slirp *slirp;
	struct timer *timers;
	struct pollfd *wait;
	int wait_count, wait_room;
	bool gone;
};

static int64_t clock_ns(void *context)
{
	struct timespec time;

	clock_gettime(CLOCK_MONOTONIC, &time);
	return time.tv_sec * 1000000000ll + time.tv_nsec;
}

static ssize_t send_frame(const void *frame, size_t length, void *context)
{
	struct gateway *gateway = context;

	if (end_send(gateway->end, frame, length) < 0 && errno != EAGAIN)
		gateway->gone = true;
	return length;
}

static void guest_error(const char *message, void *context)
{
	complain("%s", message);
}

static void *timer_new(SlirpTimerId id, void *cookie, void *context)
{
	struct gateway *gateway = context;
	struct timer *timer = calloc(1, sizeof(*timer));

	if (!timer)
		abort();
	*timer = (struct timer){.next = gateway->timers, .id = id, .cookie = cookie, .due = -1};
	gateway->timers = timer;
	return timer;
}

static void timer_free(void *timer, void *context)
{
	struct gateway *gateway = context;

	for (struct timer **at = &gateway->timers; *at; at = &(*at)->next)
		if (*at == timer) {
			*at = (*at)->next;
			free(timer);
			return;
		}
}

static void timer_set(void *timer, int64_t due, void *context)
{
	((struct timer *)timer)->due = due;
}

static void ignore_fd(int fd, void *context)
{
}

static void ignore(void *context)
{
}

static const SlirpCb callbacks = {
	.send_packet = send_frame,
	.guest_error = guest_error,
	.clock_get_ns = clock_ns,
	.timer_new_opaque = timer_new,
	.timer_free = timer_free,
	.timer_mod = timer_set,
	.register_poll_fd = ignore_fd,
	.unregister_poll_fd = ignore_fd,
	.notify = ignore,
};

static int add_poll(int fd, int events, void *context)
{
	struct gateway *gateway = context;
	struct pollfd wait = {.fd = fd};

	if (gateway->wait_count == gateway->wait_room) {
		int room = gateway->wait_room ? 2 * gateway->wait_room : 64;
		struct pollfd *more = reallocarray(gateway->wait, room, sizeof(*more));

		if (!more)
			return -1;
		gateway->wait = more;
		gateway->wait_room = room;
	}
	wait.events |= events & SLIRP_POLL_IN ? POLLIN : 0;
	wait.events |= events & SLIRP_POLL_OUT ? POLLOUT : 0;
	wait.events |= events & SLIRP_POLL_PRI ? POLLPRI : 0;
	gateway->wait[gateway->wait_count] = wait;
	return gateway->wait_count++;
}

static int polled(int index, void *context)
{
	struct gateway *gateway = context;
	int events = index < 0 ? 0 : gateway->wait[index].revents;

	return (events & POLLIN ? SLIRP_POLL_IN : 0) | (events & POLLOUT ? SLIRP_POLL_OUT : 0) |
	       (events & POLLPRI ? SLIRP_POLL_PRI : 0) | (events & POLLERR ? SLIRP_POLL_ERR : 0) |
	       (events & POLLHUP ? SLIRP_POLL_HUP : 0);
}

/* Milliseconds until the next timer, at most `most`; runs those that are due. */
static uint32_t run_timers(struct gateway *gateway, uint32_t most)
{
	int64_t now = clock_ns(NULL) / 1000000;

	for (struct timer *timer = gateway->timers; timer; timer = timer->next) {
		if (timer->due < 0)
			continue;
		if (timer->due <= now) {
			timer->due = -1;
			slirp_handle_timer(gateway->slirp, timer->id, timer->cookie);
			return 0;
		}
		if (timer->due - now < most)
			most = timer->due - now;
	}
	return most;
}

static int take_frames(struct gateway *gateway)
{
	uint8_t frame[END_FRAME_MAX];

	for (int i = 0; i < BATCH; i++) {
		ssize_t n = end_receive(gateway->end, frame, sizeof(frame));

		if (n < 0)
			return -1;
		if (n == 0)
			break;
		slirp_input(gateway->slirp, frame, n);
	}
	return 0;
}

/* Until the network closes or a signal comes. */
static int run(struct gateway *gateway, int signals)
{
	enum { NETWORK, HANGUP, SIGNALS, OWN };

	while (!gateway->gone) {
		uint32_t timeout = 10000;
		int n;

		gateway->wait_count = 0;
		add_poll(end_input(gateway->end), SLIRP_POLL_IN, gateway);
		add_poll(end_hangup(gateway->end), SLIRP_POLL_IN, gateway);
		if (add_poll(signals, SLIRP_POLL_IN, gateway) != SIGNALS)
			return complain("out of memory");
		slirp_pollfds_fill(gateway->slirp, &timeout, add_poll, gateway);
		n = poll(gateway->wait, gateway->wait_count, run_timers(gateway, timeout));
		slirp_pollfds_poll(gateway->slirp, n < 0, polled, gateway);
		if (n <= 0)
			continue;
		if (gateway->wait[SIGNALS].revents || gateway->wait[HANGUP].revents)
			return 0;
		if (gateway->wait[NETWORK].revents && take_frames(gateway))
			return errno ? complain("%s: %m", end_name(gateway->end)) : 0;
	}
	return 0;
}

/* "ADDRESS/BITS": the network and the gateway's own address in it. */
static void parse_host(struct argp_state *state, SlirpConfig *config, char *text)
{
	char copy[32], *bits;
	long length = 24;

	snprintf(copy, sizeof(copy), "%s", text);
	bits = strchr(copy, '/');
	if (bits) {
		*bits = 0;
		length = strtol(bits + 1, &bits, 10);
	}
	if ((bits && *bits) || length < 8 || length > 29 ||
	    inet_pton(AF_INET, copy, &config->vhost) != 1)
		argp_error(state, "%s: an address of ours is like 10.0.2.2/24, with 8 to 29 bits",
			   text);
	config->vnetmask.s_addr = htonl(0xffffffffu << (32 - length));
	config->vnetwork.s_addr = config->vhost.s_addr & config->vnetmask.s_addr;
}

static void parse_ipv6(struct argp_state *state, SlirpConfig *config, char *text)
{
	char copy[64], *bits;

	snprintf(copy, sizeof(copy), "%s", text);
	bits = strchr(copy, '/');
	if (bits)
		*bits++ = 0;
	config->vprefix_len = bits ? atoi(bits) : 64;
	if (config->vprefix_len != 64 || inet_pton(AF_INET6, copy, &config->vprefix_addr6) != 1)
		argp_error(state, "%s: an IPv6 prefix is like fd00::/64, and its length is 64",
			   text);
	config->vhost6 = config->vprefix_addr6;
	config->vhost6.s6_addr[15] = 2;
	config->vnameserver6 = config->vprefix_addr6;
	config->vnameserver6.s6_addr[15] = 3;
}

static void parse_address(struct argp_state *state, struct in_addr *address, const char *text)
{
	if (inet_pton(AF_INET, text, address) != 1)
		argp_error(state, "%s: not an IPv4 address", text);
}

static int port_number(const char *text)
{
	char *rest;
	unsigned long port = strtoul(text, &rest, 10);

	return rest == text || *rest || port < 1 || port > 65535 ? -1 : (int)port;
}

/* [HOSTADDRESS:]PORT:GUESTADDRESS:PORT */
static void parse_forward(struct argp_state *state, struct gateway *gateway, char *text, bool udp)
{
	struct forward *forward = &gateway->forwards[gateway->forward_count];
	char copy[96], *field[4], *rest = copy;
	int count = 0;

	if (gateway->forward_count == FORWARDS_MAX)
		argp_error(state, "more than %d forwarded ports", FORWARDS_MAX);
	snprintf(copy, sizeof(copy), "%s", text);
	while (rest && count < 4)
		field[count++] = strsep(&rest, ":");
	*forward =
		(struct forward){.udp = udp, .host.s_addr = htonl(INADDR_LOOPBACK), .text = text};
	if (rest || count < 3 ||
	    (count == 4 && inet_pton(AF_INET, field[0], &forward->host) != 1) ||
	    inet_pton(AF_INET, field[count - 2], &forward->guest) != 1 ||
	    (forward->host_port = port_number(field[count - 3])) < 0 ||
	    (forward->guest_port = port_number(field[count - 1])) < 0)
		argp_error(state,
			   "%s: a forwarded port is [HOST:]PORT:GUEST:PORT, with IPv4 addresses",
			   text);
	gateway->forward_count++;
}

static int parse(int key, char *text, struct argp_state *state)
{
	struct gateway *gateway = state->input;
	SlirpConfig *config = &gateway->config;

	switch (key) {
	case ARGP_KEY_INIT:
		state->child_inputs[0] = &gateway->options;
		break;
	case 's':
		gateway->network = text;
		break;
	case 'H':
		parse_host(state, config, text);
		break;
	case 'n':
		parse_address(state, &config->vnameserver, text);
		gateway->has_dns = true;
		break;
	case 'N':
		config->disable_dns = true;
		break;
	case 'S':
		parse_address(state, &config->vdhcp_start, text);
		gateway->has_dhcp = true;
		break;
	case KEY_NO_DHCP:
		config->disable_dhcp = true;
		break;
	case KEY_NO_IPV6:
		config->in6_enabled = false;
		break;
	case KEY_IPV6:
		parse_ipv6(state, config, text);
		break;
	case KEY_NO_LOOPBACK:
		config->disable_host_loopback = true;
		break;
	case KEY_HOSTNAME:
		config->vhostname = text;
		break;
	case KEY_MTU:
		config->if_mtu = config->if_mru = strtoul(text, NULL, 10);
		if (config->if_mtu < 576 || config->if_mtu > 9000)
			argp_error(state, "%s: an MTU is 576 to 9000", text);
		break;
	case 'L':
		parse_forward(state, gateway, text, false);
		break;
	case 'U':
		parse_forward(state, gateway, text, true);
		break;
	case 't':
		config->tftp_path = text;
		break;
	case 'b':
		config->bootfile = text;
		break;
	case ARGP_KEY_ARG:
		if (gateway->network)
			argp_error(state, "one network at a time: \"%s\" is too many", text);
		gateway->network = text;
		break;
	default:
		return ARGP_ERR_UNKNOWN;
	}
	return 0;
}

static const struct argp_option options[] = {
	{"sock", 's', "VNL", 0, "Network to serve (the default switch)", 0},
	{"host", 'H', "ADDRESS/BITS", 0, "Our address in it (10.0.2.2/24)", 0},
	{"dns", 'n', "ADDRESS", 0, "Our address as name server (the third of the network)", 0},
	{"no-dns", 'N', NULL, 0, "Do not answer as a name server", 0},
	{"dhcp", 'S', "ADDRESS", 0, "First address to lease (the fifteenth of the network)", 0},
	{"no-dhcp", KEY_NO_DHCP, NULL, 0, "Lease no addresses", 0},
	{"ipv6", KEY_IPV6, "PREFIX/64", 0, "IPv6 network (fd00::/64)", 0},
	{"no-ipv6", KEY_NO_IPV6, NULL, 0, "No IPv6", 0},
	{"tcp", 'L', "[HOST:]PORT:GUEST:PORT", 0, "Forward a TCP port of this machine", 0},
	{"udp", 'U', "[HOST:]PORT:GUEST:PORT", 0, "Forward a UDP port of this machine", 0},
	{"no-host-loopback", KEY_NO_LOOPBACK, NULL, 0, "Keep guests from our 127.0.0.1", 0},
	{"hostname", KEY_HOSTNAME, "NAME", 0, "Host name to give by DHCP", 0},
	{"mtu", KEY_MTU, "BYTES", 0, "MTU of the network (1500)", 0},
	{"tftp", 't', "DIRECTORY", 0, "Serve these files by TFTP", 0},
	{"bootfile", 'b', "FILE", 0, "Boot file to give by DHCP", 0},
	{}};

static const struct argp_child children[] = {{&cable_argp, 0, NULL, 0}, {}};

static const struct argp parser = {
	options,
	parse,
	"[VNL]",
	"A gateway from a network to what this machine's user can reach: NAT, DHCP, DNS, TFTP, "
	"forwarded ports, IPv4 and IPv6, without privileges.",
	children,
	NULL,
	NULL};

/* Addresses not given follow from the network's. */
static void complete(struct gateway *gateway)
{
	SlirpConfig *config = &gateway->config;

	if (!gateway->has_dns)
		config->vnameserver.s_addr = config->vnetwork.s_addr | htonl(3);
	if (config->vnameserver.s_addr == config->vhost.s_addr)
		config->vnameserver.s_addr = config->vnetwork.s_addr | htonl(4);
	if (!gateway->has_dhcp)
		config->vdhcp_start.s_addr = config->vnetwork.s_addr |
					     htonl(ntohl(~config->vnetmask.s_addr) > 31 ? 15 : 4);
}

static int start_forwards(struct gateway *gateway)
{
	for (unsigned int i = 0; i < gateway->forward_count; i++) {
		struct forward *forward = &gateway->forwards[i];

		if (slirp_add_hostfwd(gateway->slirp, forward->udp, forward->host,
				      forward->host_port, forward->guest, forward->guest_port))
			return complain("cannot forward %s: %m", forward->text);
	}
	return 0;
}

int slirp_main(int argc, char **argv)
{
	static struct gateway gateway = {
		.config = {.version = 4, .in_enabled = true, .in6_enabled = true}};
	int status = 1, signals;

	parse_host(NULL, &gateway.config, (char[]){"10.0.2.2/24"});
	parse_ipv6(NULL, &gateway.config, (char[]){"fd00::/64"});
	argp_parse(&parser, argc, argv, 0, NULL, &gateway);
	complete(&gateway);
	if (!gateway.options.end.description)
		gateway.options.end.description = "vde slirp";
	if (gateway.options.daemon && daemon_start())
		return 1;
	signals = signals_open();
	gateway.end = end_open(gateway.network ? gateway.network : "", &gateway.options.end);
	if (!gateway.end)
		return 1;
	gateway.slirp = slirp_new(&gateway.config, &callbacks, &gateway);
	if (!gateway.slirp || end_set_nonblocking(gateway.end))
		complain("cannot start the gateway on %s", end_name(gateway.end));
	else if (!start_forwards(&gateway)) {
		daemon_ready(gateway.options.pidfile);
		status = run(&gateway, signals);
	}
	if (gateway.slirp)
		slirp_cleanup(gateway.slirp);
	end_close(gateway.end);
	free(gateway.wait);
	return status;
}
