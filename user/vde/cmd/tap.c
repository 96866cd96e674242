// SPDX-License-Identifier: GPL-2.0-or-later
/*
 * vde tap: join a network and a tap of this machine.
 *
 * Theory: a cable whose one end is libvdeplug's tap://NAME. The options are those of vde_plug2tap.
 * A tap that does not exist is made and goes away with us; making one needs CAP_NET_ADMIN, joining
 * one that `ip tuntap add NAME mode tap user USER` gave to the user needs nothing.
 */
#include <errno.h>
#include <net/if.h>
#include <stdio.h>
#include <string.h>
#include <sys/ioctl.h>
#include <sys/socket.h>
#include <unistd.h>

#include "user/vde/cmd/cable.h"
#include "user/vde/cmd/command.h"

struct tap {
	struct cable_options options;
	const char *network, *name;
	bool up;
};

static int parse(int key, char *text, struct argp_state *state)
{
	struct tap *tap = state->input;

	switch (key) {
	case ARGP_KEY_INIT:
		state->child_inputs[0] = &tap->options;
		break;
	case 's':
		tap->network = text;
		break;
	case 'u':
		tap->up = true;
		break;
	case ARGP_KEY_ARG:
		if (tap->name)
			argp_error(state, "one tap at a time: \"%s\" is too many", text);
		if (!*text || strlen(text) >= IFNAMSIZ || strchr(text, '/'))
			argp_error(state, "%s: a device name has 1 to %d characters and no slash",
				   text, IFNAMSIZ - 1);
		tap->name = text;
		break;
	case ARGP_KEY_END:
		if (!tap->name)
			argp_error(state, "which tap?");
		break;
	default:
		return ARGP_ERR_UNKNOWN;
	}
	return 0;
}

static const struct argp_option options[] = {
	{"sock", 's', "VNL", 0, "Network to join (the default switch); - is framed stdio", 0},
	{"up", 'u', NULL, 0, "Bring the tap up", 0},
	{}};

static const struct argp_child children[] = {{&cable_argp, 0, NULL, 0}, {}};

static const struct argp parser = {
	options, parse, "TAP", "Join a network and a tap of this machine.", children, NULL, NULL};

static int bring_up(const char *name)
{
	struct ifreq request = {};
	int fd = socket(AF_INET, SOCK_DGRAM | SOCK_CLOEXEC, 0), result;

	strncpy(request.ifr_name, name, IFNAMSIZ - 1);
	result = ioctl(fd, SIOCGIFFLAGS, &request);
	request.ifr_flags |= IFF_UP;
	if (!result)
		result = ioctl(fd, SIOCSIFFLAGS, &request);
	if (result)
		complain("cannot bring %s up: %m%s", name,
			 errno == EPERM ? " (it needs CAP_NET_ADMIN)" : "");
	close(fd);
	return result;
}

int tap_main(int argc, char **argv)
{
	struct tap tap = {};
	struct cable cable = {};
	char vnl[16 + IFNAMSIZ];
	int status = 1, signals;

	argp_parse(&parser, argc, argv, 0, NULL, &tap);
	if (!tap.options.end.description)
		tap.options.end.description = "vde tap";
	if (tap.options.daemon && daemon_start())
		return 1;
	signals = signals_open();
	snprintf(vnl, sizeof(vnl), "tap://%s", tap.name);
	cable.end[0] = end_open(tap.network ? tap.network : "", &tap.options.end);
	cable.end[1] = cable.end[0] ? end_open(vnl, NULL) : NULL;
	if (cable.end[1] && !(tap.up && bring_up(tap.name))) {
		daemon_ready(tap.options.pidfile);
		status = cable_run(&cable, signals);
	}
	end_close(cable.end[1]);
	end_close(cable.end[0]);
	return status;
}
