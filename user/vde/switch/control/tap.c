/* SPDX-License-Identifier: GPL-2.0-or-later */
/* Taps: a network interface of this host joined to a port (Linux, Documentation/networking/tuntap).
 */
#include <errno.h>
#include <fcntl.h>
#include <linux/if_tun.h>
#include <net/if.h>
#include <stdio.h>
#include <string.h>
#include <sys/ioctl.h>
#include <syslog.h>
#include <unistd.h>

#include "user/vde/switch/control/control.h"
#include "user/vde/switch/planes/user/user.h"
#include "user/vde/switch/ports/ports.h"

/* As others take a tap for in their spanning trees (cost 2,000), whatever the kernel calls it. */
#define TAP_SPEED 10000

static void tap_left(struct endpoint *endpoint)
{
	syslog(LOG_INFO, "tap %s left port %u", endpoint->descr, endpoint->port->number);
}

int control_add_tap(struct vswitch *sw, const char *interface)
{
	struct ifreq request = {.ifr_flags = IFF_TAP | IFF_NO_PI};
	struct endpoint *endpoint;
	int error, fd;

	if (!*interface || strlen(interface) >= IFNAMSIZ) {
		syslog(LOG_ERR, "tap %s: the name of an interface has 1 to %d characters",
		       interface, IFNAMSIZ - 1);
		return -EINVAL;
	}
	fd = open("/dev/net/tun", O_RDWR | O_CLOEXEC);
	strcpy(request.ifr_name, interface);
	if (fd < 0 || ioctl(fd, TUNSETIFF, &request)) {
		error = -errno;
		syslog(LOG_ERR,
		       "cannot attach tap %s: %m; ask root for it (ip tuntap add %s mode "
		       "tap user NAME)",
		       interface, interface);
		if (fd >= 0)
			close(fd);
		return error;
	}
	endpoint = user_endpoint_new(plane_called(sw, "user"), USER_TAP, fd);
	if (!endpoint) {
		close(fd);
		return -ENOMEM;
	}
	endpoint->id = fd;
	endpoint->user = geteuid();
	endpoint->module = "tuntap";
	endpoint->speed = TAP_SPEED;
	endpoint->left = tap_left;
	snprintf(endpoint->descr, sizeof(endpoint->descr), "%s", request.ifr_name);
	error = port_join(sw, PORT_AUTOMATIC, endpoint);
	if (error) {
		syslog(LOG_ERR, "tap %s: no port is free for it", interface);
		user_endpoint_discard(endpoint);
	}
	return error;
}
