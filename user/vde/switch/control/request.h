/* SPDX-License-Identifier: GPL-2.0-or-later */
/*
 * The connection request of the VDE protocol, versions 1 and 3. Integers are of native order and
 * packed:
 *
 *   version 3: magic, 3, type, address (sockaddr_un), description...
 *   version 1: magic, type, hardware address (6, ignored), address (sockaddr_un), description...
 *
 * The low byte of the type is 0 (a port of the switch) or 1 (the management port 0); the rest is
 * the number of the port, 0 = any. The description may be cut anywhere.
 */
#ifndef VDE_REQUEST_H
#define VDE_REQUEST_H

#include <stddef.h>
#include <stdint.h>
#include <sys/un.h>

#include "user/vde/switch/switch.h"

#define REQUEST_MAGIC 0xfeedfaceu
#define REQUEST_MAX   256 /* bytes of a request that are looked at */

struct request {
	unsigned int version;
	int port; /* a number, or PORT_AUTOMATIC */
	struct sockaddr_un address;
	char descr[DESCR_MAX]; /* printable */
};

/*
 * 1: *request is filled in. 0: more bytes must come. -1: not a request; *why says in what way.
 */
int request_parse(const uint8_t *data, size_t len, struct request *request, const char **why);

#endif
