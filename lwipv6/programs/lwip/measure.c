/* SPDX-License-Identifier: GPL-2.0-or-later */
/*
 * lwip measure: TCP throughput in iperf3's protocol, client and server, so that either end may be
 * iperf3 itself; with -r the rate of one-byte requests to an echo service.
 *
 *   client                control connection                server
 *   cookie               ------------------------------->
 *                        <-------------------------------   PARAM_EXCHANGE
 *   parameters (JSON)    ------------------------------->
 *                        <-------------------------------   CREATE_STREAMS
 *   data connections, each begun by the cookie; TEST_START, TEST_RUNNING; data
 *   TEST_END             ------------------------------->
 *                        <-------------------------------   EXCHANGE_RESULTS
 *   results (JSON)       <------------------------------>   results; DISPLAY_RESULTS; IPERF_DONE
 */
#include <errno.h>
#include <netinet/tcp.h>
#include <stdlib.h>
#include <string.h>
#include <sys/random.h>
#include <time.h>
#include "lwipv6/programs/lwip/options.h"

#define PORT	    5201
#define COOKIE	    37
#define STREAMS	    64
#define BLOCK	    131072
#define RESULTS_MAX 65536
#define SERVER_WAIT 10000

enum state {
	TEST_START = 1,
	TEST_RUNNING = 2,
	TEST_END = 4,
	PARAM_EXCHANGE = 9,
	CREATE_STREAMS = 10,
	EXCHANGE_RESULTS = 13,
	DISPLAY_RESULTS = 14,
	IPERF_DONE = 16,
	ACCESS_DENIED = -1,
	SERVER_ERROR = -2
};

struct measure {
	struct session *session;
	int control;
	int fd[STREAMS];
	uint64_t bytes[STREAMS];
	long streams, seconds, port;
	bool sends, reverse;
	char cookie[COOKIE];
	double took;
	char block[BLOCK];
};

static double now(void)
{
	struct timespec ts;

	clock_gettime(CLOCK_MONOTONIC, &ts);
	return ts.tv_sec + ts.tv_nsec / 1e9;
}

static bool receive_all(struct session *s, int fd, void *data, size_t len)
{
	char *at = data;

	while (len) {
		ssize_t n = lwip_recv(fd, at, len, MSG_DONTWAIT);

		if (n < 0 && errno == EAGAIN) {
			if (!wait_for(s, fd, POLLIN, -1))
				return false;
			continue;
		}
		if (n <= 0) {
			complain(s, "the other end has gone%s%s", n ? ": " : "",
				 n ? strerror(errno) : "");
			return false;
		}
		at += n;
		len -= n;
	}
	return true;
}

static bool send_state(struct measure *m, signed char state)
{
	return send_all(m->session, m->control, &state, 1);
}

static bool expect(struct measure *m, signed char wanted)
{
	signed char state;

	if (!receive_all(m->session, m->control, &state, 1))
		return false;
	if (state == wanted)
		return true;
	complain(m->session, state == ACCESS_DENIED ? "the server is busy with another test"
			     : state == SERVER_ERROR
				     ? "the server refuses the test"
				     : "the other end does not speak iperf3's protocol");
	return false;
}

static bool send_json(struct measure *m, json_t *all)
{
	char *text = json_dumps(all, JSON_COMPACT);
	uint32_t len = text ? htonl(strlen(text)) : 0;
	bool good = text && send_all(m->session, m->control, &len, sizeof(len)) &&
		    send_all(m->session, m->control, text, strlen(text));

	free(text);
	json_decref(all);
	return good;
}

static json_t *receive_json(struct measure *m)
{
	uint32_t len;
	char *text;
	json_t *all;

	if (!receive_all(m->session, m->control, &len, sizeof(len)))
		return NULL;
	len = ntohl(len);
	text = len <= RESULTS_MAX ? calloc(1, len + 1) : NULL;
	if (!text || !receive_all(m->session, m->control, text, len)) {
		free(text);
		return NULL;
	}
	/* iperf3 writes -1 as 2^64 - 1, which is no integer of JSON's readers. */
	all = json_loads(text, JSON_DECODE_INT_AS_REAL, NULL);
	free(text);
	if (!all)
		complain(m->session, "the other end sent no JSON");
	return all;
}

/* One stream moves what it can; false when it ended. */
static bool move(struct measure *m, long i)
{
	for (int round = 0; round < 16; round++) {
		ssize_t n =
			m->sends ? lwip_send(m->fd[i], m->block, BLOCK, MSG_DONTWAIT | MSG_NOSIGNAL)
				 : lwip_recv(m->fd[i], m->block, BLOCK, MSG_DONTWAIT);

		if (n < 0)
			return errno == EAGAIN;
		if (!n)
			return false;
		m->bytes[i] += n;
	}
	return true;
}

/* Data until @seconds are over (client) or the control connection says something (server). */
static bool run_streams(struct measure *m, bool client)
{
	struct pollfd p[STREAMS + 2];
	double start = now(), end = start + m->seconds;
	bool good = true;

	p[0] = (struct pollfd){.fd = m->session->cancel, .events = POLLIN | POLLRDHUP};
	p[1] = (struct pollfd){.fd = m->control, .events = POLLIN};
	for (long i = 0; i < m->streams; i++)
		p[i + 2] = (struct pollfd){.fd = m->fd[i], .events = m->sends ? POLLOUT : POLLIN};
	while (!client || now() < end) {
		int left = client ? (int)((end - now()) * 1000) + 1 : -1;
		int n = lwip_poll(p, m->streams + 2, left);

		if (n < 0 && errno != EINTR)
			break;
		if (p[0].revents) {
			good = false;
			break;
		}
		if (p[1].revents) {
			if (client)
				good = !complain(m->session, "the server ended the test");
			break;
		}
		for (long i = 0; i < m->streams; i++)
			if (p[i + 2].revents && !move(m, i))
				p[i + 2].fd = -1;
	}
	m->took = now() - start;
	return good;
}

static json_t *results(struct measure *m)
{
	json_t *streams = json_array();

	for (long i = 0; i < m->streams; i++)
		json_array_append_new(
			streams, json_pack("{s:i, s:I, s:i, s:i, s:i, s:i, s:i, s:f}", "id",
					   (int)(i ? i + 2 : 1), "bytes", (json_int_t)m->bytes[i],
					   "retransmits", m->sends ? 0 : -1, "jitter", 0, "errors",
					   0, "packets", 0, "start_time", 0, "end_time", m->took));
	return json_pack("{s:f, s:f, s:f, s:i, s:s, s:o}", "cpu_util_total", 0.0, "cpu_util_user",
			 0.0, "cpu_util_system", 0.0, "sender_has_retransmits", m->sends ? 0 : -1,
			 "congestion_used", "cubic", "streams", streams);
}

static uint64_t total_of(json_t *theirs)
{
	uint64_t total = 0;
	json_t *stream;
	size_t i;

	json_array_foreach (json_object_get(theirs, "streams"), i, stream)
		total += json_number_value(json_object_get(stream, "bytes"));
	return total;
}

static uint64_t total(const struct measure *m)
{
	uint64_t sum = 0;

	for (long i = 0; i < m->streams; i++)
		sum += m->bytes[i];
	return sum;
}

static void report(struct measure *m, const char *peer, uint64_t sent, uint64_t received)
{
	struct session *s = m->session;
	double rate = m->took > 0 ? received * 8 / m->took : 0;

	if (s->json) {
		json_t *all =
			json_pack("{s:s, s:f, s:I, s:I, s:I, s:f, s:b}", "host", peer, "seconds",
				  m->took, "streams", (json_int_t)m->streams, "bytes_sent",
				  (json_int_t)sent, "bytes_received", (json_int_t)received,
				  "bits_per_second", rate, "reverse", m->reverse);

		json_dumpf(all, s->out, JSON_COMPACT | JSON_REAL_PRECISION(9));
		fputc('\n', s->out);
		json_decref(all);
	} else {
		fprintf(s->out, "%s: %llu bytes sent, %llu received in %.2f s, %.1f Mbit/s\n", peer,
			(unsigned long long)sent, (unsigned long long)received, m->took,
			rate / 1e6);
	}
	fflush(s->out);
}

static void close_all(struct measure *m)
{
	for (long i = 0; i < STREAMS; i++)
		if (m->fd[i] >= 0)
			lwip_close(m->fd[i]);
	if (m->control >= 0)
		lwip_close(m->control);
	for (long i = 0; i < STREAMS; i++)
		m->fd[i] = -1;
	m->control = -1;
	memset(m->bytes, 0, sizeof(m->bytes));
}

/* ---- client */

static void make_cookie(char *cookie)
{
	static const char letters[] = "abcdefghijklmnopqrstuvwxyz234567";
	unsigned char random[COOKIE] = {0};

	if (getrandom(random, sizeof(random), 0) < 0)
		random[0] = time(NULL);
	for (int i = 0; i < COOKIE - 1; i++)
		cookie[i] = letters[random[i] % 32];
	cookie[COOKIE - 1] = 0;
}

static bool client(struct measure *m, const char *host)
{
	struct session *s = m->session;
	json_t *parameters, *theirs;
	struct target t;
	uint64_t other;

	if (!find_target(s, host, m->port, &t))
		return false;
	make_cookie(m->cookie);
	m->control = connect_target(s, &t);
	if (m->control < 0 || !send_all(s, m->control, m->cookie, COOKIE) ||
	    !expect(m, PARAM_EXCHANGE))
		return false;
	parameters = json_pack("{s:b, s:i, s:I, s:i, s:i, s:I, s:i, s:i, s:s}", "tcp", 1, "omit", 0,
			       "time", (json_int_t)m->seconds, "num", 0, "blockcount", 0,
			       "parallel", (json_int_t)m->streams, "len", BLOCK, "pacing_timer",
			       1000, "client_version", "3.12");
	if (m->reverse)
		json_object_set_new(parameters, "reverse", json_true());
	if (!send_json(m, parameters) || !expect(m, CREATE_STREAMS))
		return false;
	for (long i = 0; i < m->streams; i++) {
		m->fd[i] = connect_target(s, &t);
		if (m->fd[i] < 0 || !send_all(s, m->fd[i], m->cookie, COOKIE))
			return false;
	}
	m->sends = !m->reverse;
	if (!expect(m, TEST_START) || !expect(m, TEST_RUNNING) || !run_streams(m, true) ||
	    !send_state(m, TEST_END))
		return false;
	/* A sender on the other side notices only now: what is on its way is taken. */
	if (!expect(m, EXCHANGE_RESULTS) || !send_json(m, results(m)))
		return false;
	theirs = receive_json(m);
	if (!theirs)
		return false;
	other = total_of(theirs);
	json_decref(theirs);
	if (!expect(m, DISPLAY_RESULTS) || !send_state(m, IPERF_DONE))
		return false;
	report(m, t.text, m->sends ? total(m) : other, m->sends ? other : total(m));
	return true;
}

/* ---- server */

static int accept_one(struct measure *m, int listener, int timeout_ms)
{
	int fd;

	for (;;) {
		fd = lwip_accept4(listener, NULL, NULL, SOCK_NONBLOCK | SOCK_CLOEXEC);
		if (fd >= 0 || errno != EAGAIN)
			return fd;
		if (!wait_for(m->session, listener, POLLIN, timeout_ms))
			return -1;
	}
}

static bool serve_test(struct measure *m, int listener)
{
	struct session *s = m->session;
	json_t *parameters, *theirs;
	char cookie[COOKIE];
	uint64_t other;
	bool udp;

	if (!receive_all(s, m->control, m->cookie, COOKIE) || !send_state(m, PARAM_EXCHANGE))
		return false;
	parameters = receive_json(m);
	if (!parameters)
		return false;
	udp = json_is_true(json_object_get(parameters, "udp"));
	m->streams = json_number_value(json_object_get(parameters, "parallel"));
	m->reverse = m->sends = json_is_true(json_object_get(parameters, "reverse"));
	json_decref(parameters);
	if (!m->streams)
		m->streams = 1;
	if (udp || m->streams < 1 || m->streams > STREAMS) {
		static const uint32_t errors[2];

		send_state(m, SERVER_ERROR);
		send_all(s, m->control, errors, sizeof(errors));
		complain(s, "a client asked for %s",
			 udp ? "UDP, which is not measured" : "too many streams");
		return false;
	}
	if (!send_state(m, CREATE_STREAMS))
		return false;
	for (long i = 0; i < m->streams; i++) {
		m->fd[i] = accept_one(m, listener, SERVER_WAIT);
		if (m->fd[i] < 0 || !receive_all(s, m->fd[i], cookie, COOKIE) ||
		    memcmp(cookie, m->cookie, COOKIE))
			return false;
	}
	if (!send_state(m, TEST_START) || !send_state(m, TEST_RUNNING) || !run_streams(m, false) ||
	    !expect(m, TEST_END))
		return false;
	if (!m->sends) { /* what had arrived before the end was said */
		for (long i = 0; i < m->streams; i++)
			move(m, i);
	}
	if (!send_state(m, EXCHANGE_RESULTS))
		return false;
	theirs = receive_json(m);
	if (!theirs || !send_json(m, results(m)))
		return false;
	other = total_of(theirs);
	json_decref(theirs);
	report(m, "client", m->sends ? total(m) : other, m->sends ? other : total(m));
	return send_state(m, DISPLAY_RESULTS) && expect(m, IPERF_DONE);
}

static int server(struct measure *m, bool once)
{
	struct session *s = m->session;
	struct sockaddr_in6 any = {.sin6_family = AF_INET6, .sin6_port = htons(m->port)};
	int listener = lwip_msocket(s->stack, AF_INET6, SOCK_STREAM | SOCK_NONBLOCK, 0);
	bool good = true;

	if (listener < 0 || lwip_bind(listener, (struct sockaddr *)&any, sizeof(any)) < 0 ||
	    lwip_listen(listener, STREAMS) < 0) {
		complain(s, "port %ld: %s", m->port, strerror(errno));
		if (listener >= 0)
			lwip_close(listener);
		return STATUS_FAILED;
	}
	fputs("serving\n", s->out);
	fflush(s->out);
	do {
		m->control = accept_one(m, listener, -1);
		if (m->control < 0)
			break;
		good = serve_test(m, listener);
		close_all(m);
	} while (!once && !cancelled(s));
	lwip_close(listener);
	return good ? STATUS_GOOD : STATUS_FAILED;
}

/* ---- requests */

static bool requests(struct measure *m, const char *host)
{
	struct session *s = m->session;
	struct target t;
	double start, end;
	uint64_t count = 0;
	int one = 1;
	char byte = 'x';

	if (!find_target(s, host, m->port == PORT ? 7 : m->port, &t))
		return false;
	m->control = connect_target(s, &t);
	if (m->control < 0)
		return false;
	lwip_setsockopt(m->control, IPPROTO_TCP, TCP_NODELAY, &one, sizeof(one));
	start = now();
	for (end = start + m->seconds; now() < end; count++)
		if (!send_all(s, m->control, &byte, 1) || !receive_all(s, m->control, &byte, 1))
			return false;
	m->took = now() - start;
	if (s->json)
		fprintf(s->out,
			"{\"host\":\"%s\",\"seconds\":%.3f,\"requests\":%llu,\"requests_per_"
			"second\":%.1f}\n",
			t.text, m->took, (unsigned long long)count, count / m->took);
	else
		fprintf(s->out, "%s: %llu requests answered in %.2f s, %.1f a second\n", t.text,
			(unsigned long long)count, m->took, count / m->took);
	return true;
}

int run_measure(struct session *s, int argc, char **argv)
{
	struct measure *m = calloc(1, sizeof(*m));
	bool serve = false, once = false, rate = false;
	int status = STATUS_USAGE;

	if (!m)
		return complain(s, "out of memory");
	m->session = s;
	m->streams = 1;
	m->seconds = 10;
	m->port = PORT;
	m->control = -1;
	for (int i = 0; i < STREAMS; i++)
		m->fd[i] = -1;
	const struct option_spec specs[] = {
		{"-s", .set = &serve},
		{"-1", .set = &once},
		{"-r", .set = &rate},
		{"-R", .set = &m->reverse},
		{"-t", .number = &m->seconds, .min = 1, .max = 86400},
		{"-P", .number = &m->streams, .min = 1, .max = STREAMS},
		{"-p", .number = &m->port, .min = 1, .max = 65535},
		{0},
	};

	if (read_options(s, specs, &argc, argv)) {
		if (serve ? argc != 1 : argc != 2)
			misuse(s, "measure: name one host, or -s to serve");
		else if (serve)
			status = server(m, once);
		else
			status = (rate ? requests(m, argv[1]) : client(m, argv[1])) ? STATUS_GOOD
										    : STATUS_FAILED;
	}
	close_all(m);
	free(m);
	return status;
}
