/* SPDX-License-Identifier: GPL-2.0-or-later */
/* lwip ping: echo over a raw socket, both families. */
#include <arpa/inet.h>
#include <errno.h>
#include <math.h>
#include <netinet/icmp6.h>
#include <netinet/ip.h>
#include <netinet/ip_icmp.h>
#include <stdlib.h>
#include <string.h>
#include <time.h>
#include <unistd.h>
#include "lwipv6/programs/lwip/options.h"

#define MAX_BYTES 65000

struct ping {
	struct session *session;
	struct target target;
	int fd;
	bool v4, quiet;
	long count, size, wait_s;
	double interval;
	uint16_t id;
	long sent, received;
	double least, most, sum, squares;
};

static double now(void)
{
	struct timespec ts;

	clock_gettime(CLOCK_MONOTONIC, &ts);
	return ts.tv_sec * 1e3 + ts.tv_nsec / 1e6;
}

static uint16_t checksum(const uint8_t *bytes, size_t len)
{
	uint32_t sum = 0;

	for (size_t i = 0; i < len; i++)
		sum += i & 1 ? bytes[i] : bytes[i] << 8;
	while (sum >> 16)
		sum = (sum & 0xffff) + (sum >> 16);
	return htons(~sum);
}

static bool send_one(struct ping *p, uint16_t sequence)
{
	size_t len = sizeof(struct icmphdr) + p->size;
	uint8_t *bytes = calloc(1, len);
	struct icmphdr *h = (struct icmphdr *)bytes;
	double time = now();
	ssize_t n;

	if (!bytes)
		return false;
	h->type = p->v4 ? ICMP_ECHO : ICMP6_ECHO_REQUEST;
	h->un.echo.id = htons(p->id);
	h->un.echo.sequence = htons(sequence);
	for (long i = 0; i < p->size; i++)
		bytes[sizeof(*h) + i] = i;
	if (p->size >= (long)sizeof(time))
		memcpy(h + 1, &time, sizeof(time));
	if (p->v4) /* ICMPv6's is the stack's business */
		h->checksum = checksum(bytes, len);
	n = lwip_sendto(p->fd, bytes, len, MSG_DONTWAIT, (struct sockaddr *)&p->target.name,
			p->target.len);
	if (n < 0 && errno != EAGAIN)
		complain(p->session, "%s: %s", p->target.text, strerror(errno));
	free(bytes);
	p->sent++;
	return n >= 0;
}

/* A received message: is it an answer to us? */
static void take(struct ping *p, const uint8_t *bytes, ssize_t len, int ttl)
{
	struct session *s = p->session;
	const struct icmphdr *h;
	double time, took = -1;

	if (p->v4) {
		const struct iphdr *ip = (const struct iphdr *)bytes;

		if (len < (ssize_t)sizeof(*ip) || len < ip->ihl * 4)
			return;
		ttl = ip->ttl;
		bytes += ip->ihl * 4;
		len -= ip->ihl * 4;
	}
	h = (const struct icmphdr *)bytes;
	if (len < (ssize_t)sizeof(*h) || h->type != (p->v4 ? ICMP_ECHOREPLY : ICMP6_ECHO_REPLY) ||
	    h->un.echo.id != htons(p->id))
		return;
	p->received++;
	if (len - sizeof(*h) >= sizeof(time)) {
		memcpy(&time, h + 1, sizeof(time));
		took = now() - time;
		p->least = p->received == 1 || took < p->least ? took : p->least;
		p->most = took > p->most ? took : p->most;
		p->sum += took;
		p->squares += took * took;
	}
	if (p->quiet || s->json)
		return;
	fprintf(s->out, "%zd bytes from %s: seq=%d", len, p->target.text,
		ntohs(h->un.echo.sequence));
	if (ttl >= 0)
		fprintf(s->out, " ttl=%d", ttl);
	if (took >= 0)
		fprintf(s->out, " time=%.3f ms", took);
	fputc('\n', s->out);
	fflush(s->out);
}

/* Take what comes until @until; false when cancelled or all that was asked for is there. */
static bool listen_until(struct ping *p, double until)
{
	static __thread uint8_t bytes[MAX_BYTES + 512];

	for (;;) {
		double left = until - now();
		ssize_t n;

		if (left <= 0)
			return !cancelled(p->session);
		if (!wait_for(p->session, p->fd, POLLIN, (int)left + 1)) {
			if (cancelled(p->session))
				return false;
			continue;
		}
		n = lwip_recv(p->fd, bytes, sizeof(bytes), MSG_DONTWAIT);
		if (n > 0)
			take(p, bytes, n, -1);
		if (p->count && p->received >= p->count)
			return false;
	}
}

static void report(struct ping *p)
{
	double mean = p->received ? p->sum / p->received : 0;
	double deviation = p->received ? sqrt(fmax(0, p->squares / p->received - mean * mean)) : 0;
	double loss = p->sent ? 100.0 * (p->sent - p->received) / p->sent : 0;
	struct session *s = p->session;

	if (s->json) {
		json_t *all = json_pack("{s:s, s:I, s:I, s:f}", "host", p->target.text,
					"transmitted", (json_int_t)p->sent, "received",
					(json_int_t)p->received, "loss_percent", loss);

		if (p->received)
			json_object_set_new(all, "rtt_ms",
					    json_pack("{s:f, s:f, s:f, s:f}", "min", p->least,
						      "mean", mean, "max", p->most, "deviation",
						      deviation));
		json_dumpf(all, s->out, JSON_COMPACT | JSON_REAL_PRECISION(6));
		fputc('\n', s->out);
		json_decref(all);
		return;
	}
	fprintf(s->out, "%ld sent, %ld received, %.0f%% lost", p->sent, p->received, loss);
	if (p->received && p->size >= (long)sizeof(double))
		fprintf(s->out, ", round trip min/mean/max/deviation %.3f/%.3f/%.3f/%.3f ms",
			p->least, mean, p->most, deviation);
	fputc('\n', s->out);
}

static bool parse(struct ping *p, int argc, char **argv, const char **host)
{
	const char *interval = NULL;
	const struct option_spec specs[] = {
		{"-c", .number = &p->count, .min = 1, .max = INT32_MAX},
		{"-s", .number = &p->size, .min = 0, .max = MAX_BYTES},
		{"-W", .number = &p->wait_s, .min = 1, .max = 3600},
		{"-i", .text = &interval},
		{"-q", .set = &p->quiet},
		{0},
	};

	if (!read_options(p->session, specs, &argc, argv))
		return false;
	if (interval)
		p->interval = atof(interval) * 1000;
	if (p->interval < 1)
		return misuse(p->session, "ping: -i %s: not a number of seconds from 0.001",
			      interval),
		       false;
	if (argc != 2)
		return misuse(p->session, "ping: name one host"), false;
	*host = argv[1];
	return true;
}

int run_ping(struct session *s, int argc, char **argv)
{
	struct ping p = {.session = s, .size = 56, .wait_s = 2, .interval = 1000};
	const char *host;
	double next;

	if (!parse(&p, argc, argv, &host))
		return STATUS_USAGE;
	if (!find_target(s, host, 0, &p.target))
		return STATUS_FAILED;
	p.v4 = p.target.name.ss_family == AF_INET;
	p.id = (uint16_t)(getpid() ^ (uintptr_t)&p >> 4 ^ time(NULL));
	p.fd = lwip_msocket(s->stack, p.target.name.ss_family, SOCK_RAW | SOCK_NONBLOCK,
			    p.v4 ? IPPROTO_ICMP : IPPROTO_ICMPV6);
	if (p.fd < 0)
		return complain(s, "raw socket: %s", strerror(errno));
	next = now();
	for (uint16_t sequence = 1; !p.count || p.sent < p.count; sequence++) {
		send_one(&p, sequence);
		next += p.interval;
		if (!listen_until(&p,
				  p.count && p.sent == p.count ? now() + p.wait_s * 1000 : next))
			break;
	}
	lwip_close(p.fd);
	report(&p);
	return p.received ? STATUS_GOOD : STATUS_FAILED;
}
