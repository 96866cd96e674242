/* SPDX-License-Identifier: GPL-2.0-or-later */
/* Parsing of connection requests; see request.h. */
#include <string.h>
#include <sys/socket.h>

#include "user/vde/switch/control/request.h"
#include "user/vde/switch/ports/ports.h"

#define VERSION_3  3
#define ADDRESS_V3 12
#define ADDRESS_V1 14

enum type { TYPE_PORT = 0, TYPE_PORT_0 = 1 };

static uint32_t word_at(const uint8_t *data)
{
	uint32_t word;

	memcpy(&word, data, sizeof(word));
	return word;
}

static void copy_printable(char *to, const uint8_t *from, size_t len)
{
	size_t n;

	for (n = 0; n < len && n < DESCR_MAX - 1 && from[n]; n++)
		to[n] = from[n] >= ' ' && from[n] < 0x7f ? (char)from[n] : '?';
	to[n] = '\0';
}

int request_parse(const uint8_t *data, size_t len, struct request *request, const char **why)
{
	size_t address, descr;
	uint32_t second, type;

	if (len < 4)
		return 0;
	if (word_at(data) != REQUEST_MAGIC) {
		*why = "it does not begin with the magic number of VDE";
		return -1;
	}
	if (len < 8)
		return 0;
	second = word_at(data + 4);
	if (second == 2 || second > VERSION_3) {
		*why = "its protocol version is neither 1 nor 3";
		return -1;
	}
	address = second == VERSION_3 ? ADDRESS_V3 : ADDRESS_V1;
	descr = address + sizeof(request->address);
	if (len < descr)
		return 0;
	type = second == VERSION_3 ? word_at(data + 8) : second;
	if ((type & 0xff) > TYPE_PORT_0) {
		*why = "its type is neither a port nor the management port";
		return -1;
	}
	request->version = second == VERSION_3 ? 3 : 1;
	request->port = type >> 8 ? (int)(type >> 8) : PORT_AUTOMATIC;
	if ((type & 0xff) == TYPE_PORT_0)
		request->port = 0;
	memcpy(&request->address, data + address, sizeof(request->address));
	if (request->address.sun_family != AF_UNIX) {
		*why = "its address is not a Unix socket";
		return -1;
	}
	if (request->address.sun_path[0] &&
	    !memchr(request->address.sun_path, '\0', sizeof(request->address.sun_path))) {
		*why = "the path in its address does not end";
		return -1;
	}
	copy_printable(request->descr, data + descr, len - descr);
	return 1;
}
