/* SPDX-License-Identifier: GPL-2.0-or-later */
/*
 * The web server of the page, on loopback. Every path starts with a random token, so other users of
 * this computer and pages of other sites, who do not know it, get nothing.
 *
 *	GET  /TOKEN/            the page, and its files below
 *	GET  /TOKEN/events      server-sent events: "changed" {}, and "output" {"device", "text"}, a
 *	                        character per byte
 *	GET  /TOKEN/state       everything that is shown (state.c)
 *	GET  /TOKEN/code?cpu=&address=    /TOKEN/memory?cpu=&asid=&address=&length=    /TOKEN/symbols
 *	POST /TOKEN/do          a request of command.c
 *
 * A stream with nothing to tell is suspended; http_serve() wakes it when the session has changed,
 * at most every PUSH_MS.
 */
#include <arpa/inet.h>
#include <errno.h>
#include <microhttpd.h>
#include <poll.h>
#include <stdlib.h>
#include <string.h>
#include <sys/random.h>
#include <time.h>

#include "umps/ui/resources.h"
#include "umps/ui/session.h"

#define TOKEN_BYTES 16
#define PUSH_MS	    50
/* A suspended stream is woken this often, to see whether its window still exists. */
#define ALIVE_MS 5000
#define MAX_BODY 65536

struct http {
	struct session *session;
	struct MHD_Daemon *daemon;
	char token[2 * TOKEN_BYTES + 1];
	char url[80];
	struct stream *streams;
	uint64_t last_push, last_alive;
};

struct stream {
	struct http *http;
	struct MHD_Connection *connection;
	struct stream *next;
	bool suspended, alive;
	uint64_t seen;		      /* session->changes that was told */
	uint64_t position[N_OUTPUTS]; /* of the output told */
	char *text;		      /* being sent */
	size_t length, at;
};

struct body {
	char *bytes;
	size_t length;
	bool too_long;
};

static uint64_t now_ms(void)
{
	struct timespec t;

	clock_gettime(CLOCK_MONOTONIC, &t);
	return (uint64_t)t.tv_sec * 1000 + (uint64_t)t.tv_nsec / 1000000;
}

/* ---- answers */

static enum MHD_Result answer(struct MHD_Connection *connection, unsigned status,
			      struct MHD_Response *response, const char *type)
{
	enum MHD_Result result;

	if (!response)
		return MHD_NO;
	MHD_add_response_header(response, "Content-Type", type);
	MHD_add_response_header(response, "Cache-Control", "no-store");
	MHD_add_response_header(response, "Referrer-Policy", "no-referrer");
	MHD_add_response_header(response, "X-Content-Type-Options", "nosniff");
	/* the terminals make style elements of their own */
	MHD_add_response_header(
		response, "Content-Security-Policy",
		"default-src 'self'; style-src 'self' 'unsafe-inline'; frame-ancestors 'none'");
	result = MHD_queue_response(connection, status, response);
	MHD_destroy_response(response);
	return result;
}

static enum MHD_Result answer_text(struct MHD_Connection *connection, unsigned status,
				   const char *text)
{
	return answer(
		connection, status,
		MHD_create_response_from_buffer(strlen(text), (void *)text, MHD_RESPMEM_MUST_COPY),
		"text/plain");
}

static enum MHD_Result answer_json(struct MHD_Connection *connection, json_t *json)
{
	char *text = json ? json_dumps(json, JSON_COMPACT) : NULL;

	json_decref(json);
	if (!text)
		return answer_text(connection, MHD_HTTP_BAD_REQUEST,
				   "the machine is off, or the question makes no sense\n");
	return answer(connection, MHD_HTTP_OK,
		      MHD_create_response_from_buffer(strlen(text), text, MHD_RESPMEM_MUST_FREE),
		      "application/json");
}

static enum MHD_Result answer_file(struct MHD_Connection *connection, const struct resource *file)
{
	return answer(connection, MHD_HTTP_OK,
		      MHD_create_response_from_buffer((size_t)(file->end - file->start),
						      (void *)file->start, MHD_RESPMEM_PERSISTENT),
		      file->type);
}

/* ---- the stream of events */

static void write_event(FILE *out, const char *name, json_t *data)
{
	char *text = json_dumps(data, JSON_COMPACT);

	if (text)
		fprintf(out, "event: %s\ndata: %s\n\n", name, text);
	free(text);
	json_decref(data);
}

/* What device number I has said since the stream last told. */
static void write_output(FILE *out, struct stream *stream, int i)
{
	const struct output *o = &stream->http->session->outputs[i];
	uint64_t end = o->start + o->length;
	char device[16], *text;
	size_t n = 0;

	if (stream->position[i] < o->start)
		stream->position[i] = o->start;
	if (stream->position[i] == end)
		return;
	text = malloc(2 * (size_t)(end - stream->position[i]));
	if (!text)
		return;
	for (uint64_t at = stream->position[i]; at < end;
	     at++) { /* bytes as the characters U+0000..U+00FF */
		uint8_t byte = o->bytes[at - o->start];

		if (byte & 0x80)
			text[n++] = (char)(0xC0 | byte >> 6);
		text[n++] = (char)(byte & 0x80 ? 0x80 | (byte & 0x3F) : byte);
	}
	snprintf(device, sizeof(device), "%s%d", i < UMPS_N_DEVICES ? "terminal" : "printer",
		 i % UMPS_N_DEVICES);
	write_event(out, "output",
		    json_pack("{s:s, s:o}", "device", device, "text", json_stringn(text, n)));
	free(text);
	stream->position[i] = end;
}

static void compose(struct stream *stream)
{
	struct session *s = stream->http->session;
	FILE *out;

	if (!stream->alive && stream->seen == s->changes)
		return;
	out = open_memstream(&stream->text, &stream->length);
	if (!out)
		return;
	stream->at = 0;
	for (int i = 0; i < N_OUTPUTS; i++)
		write_output(out, stream, i);
	if (stream->seen != s->changes)
		write_event(out, "changed", json_object());
	else
		fputs(":\n\n", out);
	stream->seen = s->changes;
	stream->alive = false;
	fclose(out);
}

static ssize_t read_stream(void *context, uint64_t position, char *to, size_t max)
{
	struct stream *stream = context;
	size_t n;

	if (!stream->text)
		compose(stream);
	if (!stream->text) {
		MHD_suspend_connection(stream->connection);
		stream->suspended = true;
		return 0;
	}
	n = stream->length - stream->at < max ? stream->length - stream->at : max;
	memcpy(to, stream->text + stream->at, n);
	stream->at += n;
	if (stream->at == stream->length) {
		free(stream->text);
		stream->text = NULL;
	}
	return (ssize_t)n;
}

static void free_stream(void *context)
{
	struct stream *stream = context, **link = &stream->http->streams;

	while (*link != stream)
		link = &(*link)->next;
	*link = stream->next;
	free(stream->text);
	free(stream);
}

static enum MHD_Result answer_events(struct http *http, struct MHD_Connection *connection)
{
	struct stream *stream = calloc(1, sizeof(*stream));
	struct MHD_Response *response;

	if (!stream)
		return MHD_NO;
	*stream = (struct stream){.http = http,
				  .connection = connection,
				  .next = http->streams,
				  .seen = http->session->changes - 1};
	response = MHD_create_response_from_callback(MHD_SIZE_UNKNOWN, 65536, read_stream, stream,
						     free_stream);
	if (!response) {
		free(stream);
		return MHD_NO;
	}
	http->streams = stream;
	return answer(connection, MHD_HTTP_OK, response, "text/event-stream");
}

static void wake_streams(struct http *http)
{
	uint64_t now = now_ms();
	bool alive = now - http->last_alive >= ALIVE_MS;

	if (now - http->last_push < PUSH_MS)
		return;
	for (struct stream *stream = http->streams; stream; stream = stream->next) {
		stream->alive |= alive;
		if (!stream->suspended || (!alive && stream->seen == http->session->changes))
			continue;
		stream->suspended = false;
		MHD_resume_connection(stream->connection);
		http->last_push = now;
	}
	if (alive)
		http->last_alive = now;
}

/* ---- requests */

static const char *argument(struct MHD_Connection *connection, const char *name,
			    const char *otherwise)
{
	const char *value = MHD_lookup_connection_value(connection, MHD_GET_ARGUMENT_KIND, name);

	return value ? value : otherwise;
}

static int int_argument(struct MHD_Connection *connection, const char *name)
{
	return (int)strtol(argument(connection, name, "0"), NULL, 0);
}

static enum MHD_Result answer_get(struct http *http, struct MHD_Connection *c, const char *path)
{
	const struct session *s = http->session;
	const struct resource *file = resource_named(*path ? path : "index.html");
	const char *address = argument(c, "address", "");

	if (file)
		return answer_file(c, file);
	if (!strcmp(path, "events"))
		return answer_events(http, c);
	if (!strcmp(path, "state"))
		return answer_json(c, state_json(s));
	if (!strcmp(path, "code"))
		return answer_json(c, view_code(s, int_argument(c, "cpu"), address));
	if (!strcmp(path, "memory"))
		return answer_json(c,
				   view_memory(s, int_argument(c, "cpu"), int_argument(c, "asid"),
					       address, (uint32_t)int_argument(c, "length")));
	if (!strcmp(path, "symbols"))
		return answer_json(c, view_symbols(s));
	return answer_text(c, MHD_HTTP_NOT_FOUND, "there is no such page\n");
}

static enum MHD_Result answer_post(struct http *http, struct MHD_Connection *c, const char *path,
				   struct body *body)
{
	json_error_t error;
	json_t *request, *reply;

	if (strcmp(path, "do") || body->too_long)
		return answer_text(c, MHD_HTTP_BAD_REQUEST,
				   "requests are short and go to \"do\"\n");
	request = json_loadb(body->bytes ? body->bytes : "", body->length, 0, &error);
	if (!request)
		return answer_text(c, MHD_HTTP_BAD_REQUEST, "a request is a JSON object\n");
	reply = command_run(http->session, request);
	json_decref(request);
	return answer_json(c, reply);
}

static void collect(struct body *body, const char *data, size_t length)
{
	char *bytes = body->length + length > MAX_BODY
			      ? NULL
			      : realloc(body->bytes, body->length + length);

	if (!bytes) {
		body->too_long = true;
		return;
	}
	memcpy(bytes + body->length, data, length);
	body->bytes = bytes;
	body->length += length;
}

/* The path behind "/TOKEN/", or NULL. Compares in constant time. */
static const char *path_behind_token(const struct http *http, const char *url)
{
	size_t length = strlen(http->token);
	uint8_t difference = 0;

	if (strlen(url) < length + 2 || url[0] != '/' || url[length + 1] != '/')
		return NULL;
	for (size_t i = 0; i < length; i++)
		difference |= (uint8_t)(url[1 + i] ^ http->token[i]);
	return difference ? NULL : url + length + 2;
}

static enum MHD_Result handle(void *context, struct MHD_Connection *connection, const char *url,
			      const char *method, const char *version, const char *data,
			      size_t *length, void **request)
{
	struct http *http = context;
	const char *path = path_behind_token(http, url);
	struct body *body = *request;

	if (!body) {
		*request = calloc(1, sizeof(*body));
		return *request ? MHD_YES : MHD_NO;
	}
	if (*length) {
		collect(body, data, *length);
		*length = 0;
		return MHD_YES;
	}
	if (!path)
		return answer_text(connection, MHD_HTTP_FORBIDDEN,
				   "open the address that umps ui has printed\n");
	if (!strcmp(method, MHD_HTTP_METHOD_GET))
		return answer_get(http, connection, path);
	if (!strcmp(method, MHD_HTTP_METHOD_POST))
		return answer_post(http, connection, path, body);
	return answer_text(connection, MHD_HTTP_METHOD_NOT_ALLOWED,
			   "GET and POST are what is understood here\n");
}

static void completed(void *context, struct MHD_Connection *connection, void **request,
		      enum MHD_RequestTerminationCode code)
{
	struct body *body = *request;

	if (body)
		free(body->bytes);
	free(body);
	*request = NULL;
}

/* ---- start, turn, stop */

static int make_token(char *token, struct umps_error *error)
{
	uint8_t random[TOKEN_BYTES];

	if (getrandom(random, sizeof(random), 0) != sizeof(random)) {
		snprintf(error->text, sizeof(error->text), "no random numbers: %s",
			 strerror(errno));
		return -1;
	}
	for (int i = 0; i < TOKEN_BYTES; i++)
		snprintf(token + 2 * i, 3, "%02x", random[i]);
	return 0;
}

struct http *http_start(struct session *s, int port, struct umps_error *error)
{
	struct sockaddr_in address = {.sin_family = AF_INET,
				      .sin_port = htons((uint16_t)port),
				      .sin_addr.s_addr = htonl(INADDR_LOOPBACK)};
	struct http *http = calloc(1, sizeof(*http));
	const union MHD_DaemonInfo *info;

	if (!http || make_token(http->token, error) < 0) {
		free(http);
		return NULL;
	}
	http->session = s;
	http->daemon = MHD_start_daemon(
		MHD_USE_EPOLL | MHD_ALLOW_SUSPEND_RESUME, 0, NULL, NULL, handle, http,
		MHD_OPTION_SOCK_ADDR, &address, MHD_OPTION_LISTENING_ADDRESS_REUSE, 1u,
		MHD_OPTION_NOTIFY_COMPLETED, completed, NULL, MHD_OPTION_END);
	if (!http->daemon) {
		snprintf(error->text, sizeof(error->text),
			 "cannot listen on port %d: %s; choose another one with --port", port,
			 strerror(errno));
		free(http);
		return NULL;
	}
	info = MHD_get_daemon_info(http->daemon, MHD_DAEMON_INFO_BIND_PORT);
	snprintf(http->url, sizeof(http->url), "http://127.0.0.1:%d/%s/", info->port, http->token);
	return http;
}

void http_stop(struct http *http)
{
	for (struct stream *stream = http->streams; stream; stream = stream->next)
		if (stream->suspended)
			MHD_resume_connection(stream->connection);
	MHD_stop_daemon(http->daemon);
	free(http);
}

const char *http_url(const struct http *http)
{
	return http->url;
}

void http_serve(struct http *http, int ms)
{
	const union MHD_DaemonInfo *info =
		MHD_get_daemon_info(http->daemon, MHD_DAEMON_INFO_EPOLL_FD);
	struct pollfd fds[1 + UMPS_N_DEVICES] = {{.fd = info->epoll_fd, .events = POLLIN}};
	int links[UMPS_N_DEVICES], n = 0;
	MHD_UNSIGNED_LONG_LONG timeout;

	if (http->session->machine && http->session->running)
		n = umps_network_fds(http->session->machine, links, UMPS_N_DEVICES);
	for (int i = 0; i < n; i++)
		fds[1 + i] = (struct pollfd){.fd = links[i], .events = POLLIN};
	if (http->streams && (ms < 0 || ms > PUSH_MS))
		ms = PUSH_MS;
	if (MHD_get_timeout(http->daemon, &timeout) == MHD_YES &&
	    (ms < 0 || timeout < (MHD_UNSIGNED_LONG_LONG)ms))
		ms = (int)timeout;
	poll(fds, (nfds_t)(1 + n), ms);
	wake_streams(http);
	MHD_run(http->daemon);
}
