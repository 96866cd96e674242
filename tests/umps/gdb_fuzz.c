/* SPDX-License-Identifier: GPL-2.0-or-later */
/*
 * libFuzzer against the gdb server, on a machine of its own without a kernel.
 *
 * First byte even: the rest is what comes over the connection. Odd: the rest is packets, one per
 * line, past the framing, which random bytes seldom get right. The connection is at its end, so a
 * machine that is told to run stops after a slice.
 */
#include <stdlib.h>
#include <string.h>
#include <unistd.h>

#include "tests/umps/small_machine.h"
#include "umps/gdb/server.h"

int LLVMFuzzerTestOneInput(const uint8_t *data, size_t size);

static void feed_packets(struct server *s, const char *data, size_t size)
{
	while (size) {
		const char *end = memchr(data, '\n', size);
		size_t length = end ? (size_t)(end - data) : size;
		char packet[PACKET_MAX + 1];

		if (length > PACKET_MAX)
			length = PACKET_MAX;
		memcpy(packet, data, length);
		packet[length] = 0;
		s->closed = false;
		if (s->machine)
			server_handle(s, packet, length);
		length += end && length < size;
		data += length;
		size -= length;
	}
}

int LLVMFuzzerTestOneInput(const uint8_t *data, size_t size)
{
	static struct server s;
	struct umps_error error;
	int ends[2];

	if (!size || pipe(ends) < 0)
		return 0;
	close(ends[1]);
	s = (struct server){.in = ends[0],
			    .out = -1,
			    .keyboard = -1,
			    .asid = CURRENT_ASID,
			    .interpreter = true};
	s.record = data[0] & 2;
	s.config = small_machine();
	if (server_power_on(&s, &error) < 0)
		abort();
	server_connected(&s);
	if (data[0] & 1)
		feed_packets(&s, (const char *)data + 1, size - 1);
	else
		for (size_t i = 1; i < size && s.machine; i++)
			server_take(&s, data[i]);
	server_power_off(&s);
	umps_config_free(s.config);
	close(ends[0]);
	return 0;
}
