/* SPDX-License-Identifier: GPL-2.0-or-later */
/*
 * The q and Q packets: what the server can do, threads, the target description, monitor commands.
 */
#include <stdlib.h>
#include <string.h>

#include "umps/gdb/server.h"

static bool starts(const char *text, const char *prefix)
{
	return !strncmp(text, prefix, strlen(prefix));
}

static void supported(struct server *s, const char *packet)
{
	char text[256];

	s->swbreak = strstr(packet, "swbreak+");
	snprintf(text, sizeof(text),
		 "PacketSize=%x;qXfer:features:read+;vContSupported+;QStartNoAckMode+;swbreak+;"
		 "error-message+%s",
		 PACKET_MAX, can_reverse(s) ? ";ReverseStep+;ReverseContinue+" : "");
	send_text(s, text);
}

/* qXfer:features:read:target.xml:OFFSET,LENGTH */
static void transfer(struct server *s, const char *text)
{
	const char *xml = description_xml(s->description);
	size_t total = strlen(xml);
	uint32_t offset, length;
	char *piece;

	if (!hex_number(&text, &offset) || *text++ != ',' || !hex_number(&text, &length) ||
	    offset > total) {
		send_error(s, "OFFSET,LENGTH within the document is needed");
		return;
	}
	if (length > PACKET_MAX / 2)
		length = PACKET_MAX / 2;
	if (length > total - offset)
		length = (uint32_t)(total - offset);
	piece = malloc(length + 1);
	if (!piece) {
		send_error(s, "out of memory");
		return;
	}
	piece[0] = offset + length == total ? 'l' : 'm';
	memcpy(piece + 1, xml + offset, length);
	send_packet(s, piece, length + 1);
	free(piece);
}

static void threads(struct server *s)
{
	char text[UMPS_MAX_CPUS * 4] = "m1", number[16];

	for (int i = 1; i < umps_cpus(s->machine); i++) {
		snprintf(number, sizeof(number), ",%x", (unsigned)i + 1);
		strcat(text, number);
	}
	send_text(s, text);
}

static void thread_info(struct server *s, const char *text)
{
	static const char *const states[] = {"halted", "running", "waiting"};
	char info[64], hex[sizeof(info) * 2];
	FILE *out;
	bool any;
	int cpu;

	if (!parse_thread(&text, &cpu, &any) || any || cpu >= umps_cpus(s->machine)) {
		send_error(s, "there is no such processor");
		return;
	}
	snprintf(info, sizeof(info), "processor %d, %s, ASID %u", cpu,
		 states[umps_cpu_state(s->machine, cpu)],
		 umps_get_register(s->machine, cpu, UMPS_REG_CP0 + 10) >> 6 & 63);
	out = fmemopen(hex, sizeof(hex), "w");
	hex_write(out, info, strlen(info));
	fclose(out);
	send_text(s, hex);
}

static void command(struct server *s, const char *hex)
{
	size_t length = strlen(hex) / 2;
	char text[1024];

	if (length >= sizeof(text) || !hex_bytes(hex, (uint8_t *)text, length)) {
		send_error(s, "a command of at most %zu characters is needed", sizeof(text) - 1);
		return;
	}
	text[length] = 0;
	handle_monitor(s, text);
}

void handle_query(struct server *s, const char *packet, size_t length)
{
	char text[16];

	if (starts(packet, "qSupported"))
		supported(s, packet);
	else if (starts(packet, "qXfer:features:read:target.xml:"))
		transfer(s, packet + strlen("qXfer:features:read:target.xml:"));
	else if (!strcmp(packet, "qfThreadInfo"))
		threads(s);
	else if (!strcmp(packet, "qsThreadInfo"))
		send_text(s, "l");
	else if (starts(packet, "qThreadExtraInfo,"))
		thread_info(s, packet + strlen("qThreadExtraInfo,"));
	else if (!strcmp(packet, "qC")) {
		snprintf(text, sizeof(text), "QC%x", (unsigned)s->cpu + 1);
		send_text(s, text);
	} else if (starts(packet, "qAttached"))
		send_text(s, "0");
	else if (starts(packet, "qRcmd,"))
		command(s, packet + strlen("qRcmd,"));
	else if (!strcmp(packet, "QStartNoAckMode")) {
		send_text(s, "OK");
		s->no_acknowledge = true;
	} else
		send_text(s, "");
}
