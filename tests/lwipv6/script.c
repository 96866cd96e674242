/* SPDX-License-Identifier: GPL-2.0-only */
#include "tests/lwipv6/script.h"
#include <stdio.h>

struct wire *script_wire;
struct conn script;
static uint32_t peer_base, stack_base; /* sequence number 0 of a line */

/* What a line says. */
struct line {
	uint8_t flags;
	uint32_t seq, end, len, ack, window, urgent;
	bool has_ack, has_window, has_urgent, ts, fin;
	int nsack;
	uint32_t sack[4][2];
};

static struct line parse(const char *text)
{
	static const char letters[] = "FSRP.U";
	struct line l = {0};
	char word[16];
	int n;

	for (; *text && *text != ' '; text++) {
		const char *at = strchr(letters, *text);

		if (!at)
			break;
		if (*at != '.')
			l.flags |= 1 << (at - letters);
	}
	if (sscanf(text, " %u:%u(%u)%n", &l.seq, &l.end, &l.len, &n) != 3 ||
	    l.end - l.seq != l.len) {
		fprintf(stderr, "not a segment: %s\n", text);
		exit(2);
	}
	for (text += n; sscanf(text, " %15s%n", word, &n) == 1;) {
		text += n;
		if (!strcmp(word, "ack")) {
			l.has_ack = true;
			l.flags |= TH_ACK;
			sscanf(text, " %u%n", &l.ack, &n);
		} else if (!strcmp(word, "win")) {
			l.has_window = true;
			sscanf(text, " %u%n", &l.window, &n);
		} else if (!strcmp(word, "urg")) {
			l.has_urgent = true;
			sscanf(text, " %u%n", &l.urgent, &n);
		} else if (!strcmp(word, "sack")) {
			char separator = ',';

			while (separator == ',' && l.nsack < 4 &&
			       sscanf(text, " %u:%u%n", &l.sack[l.nsack][0], &l.sack[l.nsack][1],
				      &n) == 2) {
				separator = text[n];
				text += n + (separator == ',');
				l.nsack++;
			}
			continue;
		} else if (!strcmp(word, "ts")) {
			l.ts = true;
			continue;
		} else {
			fprintf(stderr, "unknown word: %s\n", word);
			exit(2);
		}
		text += n;
	}
	return l;
}

void script_open(const struct offer *o, void (*setup)(int listener))
{
	int listener;

	script_wire = wire_open(0);
	listener = listen_on(script_wire, o->v6, 80);
	if (setup)
		setup(listener);
	if (!conn_accept(script_wire, &script, listener, 80, o))
		exit(2);
	peer_base = script.seq - 1;
	stack_base = script.ack - 1;
}

void script_close(void)
{
	wire_close(script_wire);
}

void in(const char *text)
{
	struct line l = parse(text);
	struct segment s = {.sport = script.port,
			    .dport = script.stack_port,
			    .seq = peer_base + l.seq,
			    .ack = l.has_ack ? stack_base + l.ack : 0,
			    .flags = l.flags,
			    .urgent = l.urgent,
			    .data = (uint8_t *)pattern() + (l.seq ? l.seq - 1 : 0),
			    .len = l.len};

	if (l.has_window)
		script.window = l.window;
	s.window = script.window;
	if (l.ts) {
		uint32_t v = htonl(script.tsval++), e = htonl(script.tsecr);

		memcpy(s.options, "\1\1\10\12", 4);
		memcpy(s.options + 4, &v, 4);
		memcpy(s.options + 8, &e, 4);
		s.options_len = 12;
	}
	if (l.nsack) {
		uint8_t head[4] = {1, 1, 5, 2 + 8 * l.nsack};

		memcpy(s.options + s.options_len, head, 4);
		s.options_len += 4;
		for (int i = 0; i < 2 * l.nsack; i++) {
			uint32_t v = htonl(stack_base + l.sack[i / 2][i % 2]);

			memcpy(s.options + s.options_len, &v, 4);
			s.options_len += 4;
		}
	}
	segment_send(script_wire, script.v6, &s);
	wire_advance(script_wire, 0);
}

static void print(char *to, size_t size, const struct segment *s)
{
	snprintf(to, size, "; came %s%s%s%s%s%s %d:%d(%zu)", s->flags & TH_FIN ? "F" : "",
		 s->flags & TH_SYN ? "S" : "", s->flags & TH_RST ? "R" : "",
		 s->flags & TH_PUSH ? "P" : "", s->flags & TH_URG ? "U" : "",
		 s->flags & ~TH_ACK ? "" : ".", s->seq - stack_base,
		 (uint32_t)(s->seq - stack_base + s->len), s->len);
	if (s->flags & TH_ACK)
		snprintf(to + strlen(to), size - strlen(to), " ack %d", s->ack - peer_base);
	snprintf(to + strlen(to), size - strlen(to), " win %u", s->window);
	if (s->flags & TH_URG)
		snprintf(to + strlen(to), size - strlen(to), " urg %u", s->urgent);
}

static bool fits(const struct line *l, const struct segment *s)
{
	uint8_t compared = TH_FIN | TH_SYN | TH_RST | TH_URG | TH_ACK | (l->flags & TH_PUSH);

	if ((s->flags & compared) != (l->flags & compared) || s->seq != stack_base + l->seq ||
	    s->len != l->len || (l->has_ack && s->ack != peer_base + l->ack) ||
	    (l->has_window && s->window != l->window) || (l->has_urgent && s->urgent != l->urgent))
		return false;
	if (l->nsack && l->nsack != s->nsack)
		return false;
	for (int i = 0; i < 2 * l->nsack; i++)
		if (s->sack[i / 2][i % 2] != peer_base + l->sack[i / 2][i % 2])
			return false;
	return true;
}

static char seen[200];

const char *script_seen(void)
{
	return seen;
}

/* "row 15: fin waits" of "row15_fin_waits". */
const char *script_title(const char *function)
{
	static char title[200];
	int row, n = 0;

	if (sscanf(function, "row%d_%n", &row, &n) == 1 && n)
		snprintf(title, sizeof(title), "row %d: %s", row, function + n);
	else
		snprintf(title, sizeof(title), "%s", function);
	for (char *at = title; *at; at++)
		if (*at == '_')
			*at = ' ';
	return title;
}

bool script_out(const char *text)
{
	struct line l = parse(text);
	struct segment s;

	seen[0] = 0;
	if (!segment_take(script_wire, &s)) {
		snprintf(seen, sizeof(seen), "; came nothing");
		return false;
	}
	script.tsecr = s.tsval;
	if (fits(&l, &s))
		return true;
	print(seen, sizeof(seen), &s);
	return false;
}

bool script_none(void)
{
	struct segment s;

	seen[0] = 0;
	if (!segment_take(script_wire, &s))
		return true;
	print(seen, sizeof(seen), &s);
	skip();
	return false;
}

void after(unsigned int ms)
{
	wire_advance(script_wire, ms);
}

unsigned int skip(void)
{
	struct segment s;
	unsigned int n = 0;

	while (segment_take(script_wire, &s))
		n++;
	return n;
}

void writes(size_t len)
{
	ssize_t n = lwip_send(script.fd, pattern(), len, 0);

	if (n != (ssize_t)len) {
		fprintf(stderr, "%zd of %zu bytes written\n", n, len);
		exit(2);
	}
}

size_t reads(size_t len)
{
	static uint8_t in[1 << 20];
	ssize_t n = lwip_recv(script.fd, in, len < sizeof(in) ? len : sizeof(in), 0);

	return n < 0 ? 0 : n;
}

int error_of(int fd)
{
	int error = 0;
	socklen_t len = sizeof(error);

	lwip_getsockopt(fd, SOL_SOCKET, SO_ERROR, &error, &len);
	return error;
}
