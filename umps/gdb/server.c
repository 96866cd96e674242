/* SPDX-License-Identifier: GPL-2.0-or-later */
/*
 * Packets in, actions on the machine, replies out. Requests and replies strictly alternate; a
 * packet that is not understood gets the empty reply, as the protocol wants it.
 */
#include <errno.h>
#include <poll.h>
#include <stdarg.h>
#include <stdlib.h>
#include <string.h>
#include <unistd.h>

#include "umps/gdb/server.h"

#define MAX_TRANSFER (PACKET_MAX / 2 - 16) /* bytes of memory in one packet */

/* ---- sending */

static void write_all(struct server *s, const char *bytes, size_t length)
{
	while (length && !s->closed && s->out >= 0) {
		ssize_t n = write(s->out, bytes, length);

		if (n < 0 && errno == EAGAIN) {
			poll(&(struct pollfd){.fd = s->out, .events = POLLOUT}, 1, -1);
			continue;
		}
		if (n < 0 && errno != EINTR)
			s->closed = true;
		if (n > 0) {
			bytes += n;
			length -= (size_t)n;
		}
	}
}

static void transmit(struct server *s, const void *data, size_t length)
{
	char *framed = NULL;
	size_t framed_length;
	FILE *out = open_memstream(&framed, &framed_length);

	if (!out) {
		s->closed = true;
		return;
	}
	packet_write(out, data, length);
	fclose(out);
	write_all(s, framed, framed_length);
	free(framed);
}

void send_packet(struct server *s, const void *data, size_t length)
{
	char *copy = malloc(length + 1);

	if (copy) {
		memcpy(copy, data, length);
		free(s->last);
		s->last = copy;
		s->last_length = length;
	}
	transmit(s, data, length);
}

void send_text(struct server *s, const char *text)
{
	send_packet(s, text, strlen(text));
}

void send_error(struct server *s, const char *format, ...)
{
	char text[600] = "E.";
	va_list args;

	va_start(args, format);
	vsnprintf(text + 2, sizeof(text) - 2, format, args);
	va_end(args);
	send_text(s, text);
}

static void send_hex(struct server *s, const void *bytes, size_t length, char prefix)
{
	char *text = NULL;
	size_t text_length;
	FILE *out = open_memstream(&text, &text_length);

	if (!out) {
		s->closed = true;
		return;
	}
	if (prefix)
		fputc(prefix, out);
	hex_write(out, bytes, length);
	fclose(out);
	send_packet(s, text, text_length);
	free(text);
}

void send_console(struct server *s, const void *text, size_t length)
{
	if (length && s->out >= 0)
		send_hex(s, text, length, 'O');
}

void show_console(struct server *s)
{
	if (s->console_in_packets) {
		send_console(s, s->console, s->console_length);
	} else {
		fwrite(s->console, 1, s->console_length, stdout);
		fflush(stdout);
	}
	s->console_length = 0;
}

/* ---- threads */

bool parse_thread(const char **text, int *cpu, bool *any)
{
	uint32_t number;

	*any = false;
	if (!strncmp(*text, "-1", 2)) {
		*text += 2;
		*any = true;
		return true;
	}
	if (!hex_number(text, &number))
		return false;
	*any = number == 0;
	*cpu = (int)number - 1;
	return number <= 16;
}

static bool is_cpu(const struct server *s, int cpu)
{
	return cpu >= 0 && cpu < umps_cpus(s->machine);
}

/* H: the thread that the following packets are about. */
static void set_thread(struct server *s, const char *text)
{
	bool any;
	int cpu;

	if (!*text || (text++, !parse_thread(&text, &cpu, &any)) || *text ||
	    (!any && !is_cpu(s, cpu))) {
		send_error(s, "there is no such processor");
		return;
	}
	if (!any)
		s->cpu = cpu;
	send_text(s, "OK");
}

static void thread_alive(struct server *s, const char *text)
{
	bool any;
	int cpu;

	send_text(s, parse_thread(&text, &cpu, &any) && is_cpu(s, cpu) ? "OK" : "E01");
}

/* ---- registers */

static void put_register(struct server *s, FILE *out, uint32_t number)
{
	uint32_t value;
	bool known;

	if (description_read(s->description, s->machine, s->cpu, number, &value, &known) && known)
		hex_write(out, &value, sizeof(value));
	else
		fputs("xxxxxxxx", out);
}

static void read_registers(struct server *s)
{
	char text[DESCRIPTION_GENERAL * 8 + 1];
	FILE *out = fmemopen(text, sizeof(text), "w");

	for (uint32_t i = 0; i < DESCRIPTION_GENERAL; i++)
		put_register(s, out, i);
	fclose(out);
	send_text(s, text);
}

static void write_registers(struct server *s, const char *text)
{
	uint32_t values[DESCRIPTION_GENERAL];

	if (strlen(text) < DESCRIPTION_GENERAL * 8 ||
	    !hex_bytes(text, (uint8_t *)values, sizeof(values))) {
		send_error(s, "%d registers of 8 digits are needed", DESCRIPTION_GENERAL);
		return;
	}
	for (uint32_t i = 0; i < DESCRIPTION_GENERAL; i++) {
		uint32_t old;
		bool known;

		description_read(s->description, s->machine, s->cpu, i, &old, &known);
		if (old != values[i])
			description_write(s->description, s->machine, s->cpu, i, values[i]);
	}
	send_text(s, "OK");
}

static void read_register(struct server *s, const char *text)
{
	char value[9] = "xxxxxxxx";
	uint32_t number, word;
	bool known;

	if (!hex_number(&text, &number) || *text ||
	    !description_read(s->description, s->machine, s->cpu, number, &word, &known)) {
		send_error(s, "there is no such register");
		return;
	}
	if (known)
		for (int i = 0; i < 4; i++)
			snprintf(value + 2 * i, 3, "%02x", (unsigned)(word >> 8 * i & 0xFF));
	send_text(s, value);
}

static void write_register(struct server *s, const char *text)
{
	uint32_t number, value;

	if (!hex_number(&text, &number) || *text++ != '=' ||
	    !hex_bytes(text, (uint8_t *)&value, sizeof(value))) {
		send_error(s, "NUMBER=VALUE is needed");
		return;
	}
	if (description_write(s->description, s->machine, s->cpu, number, value))
		send_text(s, "OK");
	else
		send_error(s, "this register cannot be written");
}

/* ---- memory */

static bool parse_range(const char **text, uint32_t *address, uint32_t *length)
{
	return hex_number(text, address) && *(*text)++ == ',' && hex_number(text, length);
}

static void read_memory(struct server *s, const char *text)
{
	uint8_t bytes[MAX_TRANSFER];
	uint32_t address, length;
	size_t n;

	if (!parse_range(&text, &address, &length)) {
		send_error(s, "ADDRESS,LENGTH is needed");
		return;
	}
	if (length > sizeof(bytes))
		length = sizeof(bytes);
	if (s->asid == UMPS_ASID_PHYS)
		n = umps_read_physical(s->machine, address, bytes, length);
	else
		n = umps_read_virtual(s->machine, s->cpu, s->asid, address, bytes, length);
	if (n || !length)
		send_hex(s, bytes, n, 0);
	else
		send_text(s, "E0e"); /* EFAULT */
}

static void write_memory(struct server *s, const char *packet, size_t packet_length, bool binary)
{
	uint8_t bytes[MAX_TRANSFER];
	const char *text = packet + 1;
	const void *data = bytes;
	uint32_t address, length;
	size_t n;

	if (!parse_range(&text, &address, &length) || *text++ != ':') {
		send_error(s, "ADDRESS,LENGTH:DATA is needed");
		return;
	}
	if (binary && length <= packet_length - (size_t)(text - packet)) {
		data = text;
	} else if (binary || length > sizeof(bytes) || !hex_bytes(text, bytes, length)) {
		send_error(s, "there must be %u bytes of data", (unsigned)length);
		return;
	}
	if (s->asid == UMPS_ASID_PHYS)
		n = umps_write_physical(s->machine, address, data, length);
	else
		n = umps_write_virtual(s->machine, s->cpu, s->asid, address, data, length);
	send_text(s, n == length ? "OK" : "E0e");
}

/* ---- stop points */

static void change_point(struct server *s, const char *packet)
{
	const char *text = packet + 1;
	struct umps_error error;
	uint32_t type, address, length;
	int result;

	if (!hex_number(&text, &type) || *text++ != ',' || !parse_range(&text, &address, &length)) {
		send_error(s, "TYPE,ADDRESS,KIND is needed");
		return;
	}
	if (type > 4) {
		send_text(s, "");
		return;
	}
	if (packet[0] == 'Z')
		result = point_insert(s, (int)type, address, length, &error);
	else
		result = point_remove(s, (int)type, address, length, &error);
	if (result < 0)
		send_error(s, "%s", error.text);
	else
		send_text(s, "OK");
}

/* ---- time */

static void stopped(struct server *s, struct umps_stop stop)
{
	s->stop = stop;
	if (stop.cpu >= 0 && stop.cpu < umps_cpus(s->machine))
		s->cpu = stop.cpu;
	show_console(s);
	send_stop(s);
}

static void go(struct server *s, bool step, enum direction direction)
{
	if (direction == BACKWARD && !can_reverse(s)) {
		send_error(s, "nothing is recorded; start `umps gdb` without --no-record");
		return;
	}
	stopped(s, step ? resume_step(s, s->cpu, direction) : resume_continue(s, direction));
}

/* c and s, with the address to go on from that nobody sends any more */
static void go_from(struct server *s, const char *packet)
{
	const char *text = packet + 1;
	uint32_t address;

	if (hex_number(&text, &address))
		umps_set_register(s->machine, s->cpu, UMPS_REG_PC, address);
	go(s, packet[0] == 's', FORWARD);
}

/*
 * vCont;ACTION[:THREAD];...: the first action for a thread counts. All processors advance in lock
 * step: one that is to be stepped decides, otherwise the machine runs.
 */
static void resume(struct server *s, const char *text)
{
	int step_cpu = -1, cpu;
	uint32_t start = 0, end = 0;
	bool range = false, any;

	while (*text == ';') {
		char action = *++text;

		if (!action || !strchr("cCsSr", action)) {
			send_error(s, "the actions are c, C, s, S and r");
			return;
		}
		text++;
		if ((action == 'C' || action == 'S') && !hex_number(&text, &start))
			start = 0;
		if (action == 'r' && !parse_range(&text, &start, &end)) {
			send_error(s, "rSTART,END is needed");
			return;
		}
		any = true;
		if (*text == ':' && (text++, !parse_thread(&text, &cpu, &any))) {
			send_error(s, "there is no such processor");
			return;
		}
		if (action == 'c' || action == 'C' || step_cpu >= 0)
			continue;
		step_cpu = any || !is_cpu(s, cpu) ? s->cpu : cpu;
		range = action == 'r';
	}
	if (step_cpu < 0)
		stopped(s, resume_continue(s, FORWARD));
	else
		stopped(s, range ? resume_range(s, step_cpu, start, end)
				 : resume_step(s, step_cpu, FORWARD));
}

/* ---- the session */

static void restart(struct server *s, bool reply)
{
	struct umps_error error;

	if (server_power_on(s, &error) < 0) {
		send_error(s, "%s", error.text);
		s->finished = true;
	} else if (reply) {
		send_stop(s);
	}
}

static void handle_verbose(struct server *s, const char *packet)
{
	if (!strcmp(packet, "vCont?"))
		send_text(s, "vCont;c;C;s;S;r");
	else if (!strncmp(packet, "vCont", 5))
		resume(s, packet + 5);
	else if (!strncmp(packet, "vRun", 4) && s->extended)
		restart(s, true);
	else if (!strncmp(packet, "vKill", 5)) {
		send_text(s, "OK");
		s->finished = !s->extended;
	} else
		send_text(s, "");
}

void server_handle(struct server *s, const char *packet, size_t length)
{
	switch (packet[0]) {
	case '?':
		send_stop(s);
		break;
	case '!':
		s->extended = true;
		send_text(s, "OK");
		break;
	case 'g':
		read_registers(s);
		break;
	case 'G':
		write_registers(s, packet + 1);
		break;
	case 'p':
		read_register(s, packet + 1);
		break;
	case 'P':
		write_register(s, packet + 1);
		break;
	case 'm':
		read_memory(s, packet + 1);
		break;
	case 'M':
	case 'X':
		write_memory(s, packet, length, packet[0] == 'X');
		break;
	case 'Z':
	case 'z':
		change_point(s, packet);
		break;
	case 'c':
	case 's':
		go_from(s, packet);
		break;
	case 'b':
		if (packet[1] == 'c' || packet[1] == 's')
			go(s, packet[1] == 's', BACKWARD);
		else
			send_text(s, "");
		break;
	case 'v':
		handle_verbose(s, packet);
		break;
	case 'H':
		set_thread(s, packet + 1);
		break;
	case 'T':
		thread_alive(s, packet + 1);
		break;
	case 'q':
	case 'Q':
		handle_query(s, packet, length);
		break;
	case 'D':
		points_clear(s);
		s->detached = true;
		send_text(s, "OK");
		break;
	case 'R':
		restart(s, false);
		break;
	case 'k':
		s->finished = !s->extended;
		break;
	default:
		send_text(s, "");
	}
}

void server_connected(struct server *s)
{
	s->closed = s->detached = s->no_acknowledge = s->extended = s->swbreak = false;
	s->reader.state = OUTSIDE;
	s->input_at = s->input_end = 0;
	s->ended = false;
	s->stop = (struct umps_stop){.reason = UMPS_STOP_LIMIT};
}

void server_take(struct server *s, uint8_t byte)
{
	switch (packet_feed(&s->reader, byte)) {
	case PACKET_COMPLETE:
		if (!s->no_acknowledge)
			write_all(s, "+", 1);
		server_handle(s, s->reader.data, s->reader.length);
		break;
	case PACKET_DAMAGED:
		if (!s->no_acknowledge)
			write_all(s, "-", 1);
		break;
	case PACKET_RESEND:
		if (s->last && !s->no_acknowledge)
			transmit(s, s->last, s->last_length);
		break;
	default: /* an interrupt while standing still means nothing */
		break;
	}
}

void receive(struct server *s)
{
	ssize_t n = read(s->in, s->input, sizeof(s->input));

	s->input_at = 0;
	s->input_end = n > 0 ? (size_t)n : 0;
	if (n == 0 || (n < 0 && errno != EINTR && errno != EAGAIN))
		s->closed = true;
}

void server_serve(struct server *s)
{
	while (!s->closed && !s->finished && !s->detached) {
		if (s->input_at < s->input_end)
			server_take(s, s->input[s->input_at++]);
		else if (poll(&(struct pollfd){.fd = s->in, .events = POLLIN}, 1, -1) > 0)
			receive(s);
		else if (errno != EINTR)
			s->closed = true;
	}
}
