/* SPDX-License-Identifier: GPL-2.0-or-later */
/* The management page's server; see web.h. Everything here is the control thread's. */
#include <arpa/inet.h>
#include <errno.h>
#include <microhttpd.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/epoll.h>
#include <sys/stat.h>
#include <time.h>
#include <fcntl.h>
#include <unistd.h>

#include "user/vde/switch/capture/capture.h"
#include "user/vde/switch/console/argument.h"
#include "user/vde/switch/console/console.h"
#include "user/vde/switch/loop/loop.h"
#include "user/vde/switch/web/web.h"

#define TOKEN_SIZE	128
#define COMMAND_MAX	1024
#define CLIENTS_MAX	32
#define CLIENT_IDLE	30 /* seconds */
#define RECORDINGS	16
#define KEPT_MS		500
#define ADDRESSES_SHOWN "1000"

/* The page, as the linker sees it. */
__asm__(".section .rodata\n"
	".global vde_page\nvde_page:\n.incbin \"user/vde/switch/web/page.html\"\n"
	".global vde_page_end\nvde_page_end:\n.byte 0\n.previous\n");
extern const char vde_page[], vde_page_end[];

/* Listings that the page may see; none of them changes anything. */
static const char *const listings[] = {
	"showinfo",	 "port/counters", "port/allprint", "port/settings",
	"vlan/allprint", "fstp/print",	  "fstp/showinfo", "hash/print",
	"hash/showinfo", "impair/print",  "capture/print", "config/print",
};

struct web {
	struct vswitch *sw;
	struct MHD_Daemon *daemon;
	struct watch *watch;
	struct timer *timer;
	unsigned int port;
	char address[INET6_ADDRSTRLEN];
	char token[TOKEN_SIZE];
	struct recording {
		unsigned int capture; /* its number; 0: the place is free */
		int fd;
	} recordings[RECORDINGS];
	struct kept {
		char *text;
		uint64_t made; /* ms */
	} kept[sizeof(listings) / sizeof(*listings)];
};

/* A request whose body is being received. */
struct body {
	char text[COMMAND_MAX];
	size_t len;
	bool too_long;
};

static struct web *web;

static enum MHD_Result answer(struct MHD_Connection *connection, unsigned int status,
			      const char *type, struct MHD_Response *response)
{
	enum MHD_Result result;

	if (!response)
		return MHD_NO;
	MHD_add_response_header(response, "Content-Type", type);
	MHD_add_response_header(response, "Cache-Control", "no-store");
	MHD_add_response_header(response, "X-Content-Type-Options", "nosniff");
	MHD_add_response_header(response, "Content-Security-Policy",
				"default-src 'self'; script-src 'unsafe-inline'; style-src "
				"'unsafe-inline'; frame-ancestors 'none'");
	result = MHD_queue_response(connection, status, response);
	MHD_destroy_response(response);
	return result;
}

static enum MHD_Result say(struct MHD_Connection *connection, unsigned int status, const char *text)
{
	return answer(
		connection, status, "text/plain",
		MHD_create_response_from_buffer(strlen(text), (void *)text, MHD_RESPMEM_MUST_COPY));
}

static enum MHD_Result say_json(struct MHD_Connection *connection, const json_t *json)
{
	char *text = json_dumps(json, JSON_COMPACT | JSON_ENCODE_ANY);

	return text ? answer(connection, MHD_HTTP_OK, "application/json",
			     MHD_create_response_from_buffer(strlen(text), text,
							     MHD_RESPMEM_MUST_FREE))
		    : say(connection, MHD_HTTP_INTERNAL_SERVER_ERROR, "out of memory\n");
}

/* Our own names only: a name that resolves to us but is not ours belongs to a foreign page. */
static bool is_our_host(const char *host)
{
	char wanted[3][INET6_ADDRSTRLEN + 16];

	snprintf(wanted[0], sizeof(wanted[0]), "%s:%u", web->address, web->port);
	snprintf(wanted[1], sizeof(wanted[1]), "localhost:%u", web->port);
	snprintf(wanted[2], sizeof(wanted[2]), "[%s]:%u", web->address, web->port);
	for (int i = 0; host && i < 3; i++)
		if (strcasecmp(host, wanted[i]) == 0)
			return true;
	return false;
}

/* In a time that does not tell how much of it was right. */
static bool is_token(const char *token)
{
	size_t len = strlen(web->token);
	unsigned char wrong = 0;

	if (!len || !token || strlen(token) != len)
		return false;
	for (size_t i = 0; i < len; i++)
		wrong |= token[i] ^ web->token[i];
	return !wrong;
}

/* The only argument of these URLs is a name without a value. */
static enum MHD_Result first_name(void *context, enum MHD_ValueKind kind, const char *name,
				  const char *value)
{
	*(const char **)context = name;
	return MHD_NO;
}

static const char *query(struct MHD_Connection *connection)
{
	const char *name = "";

	MHD_get_connection_values(connection, MHD_GET_ARGUMENT_KIND, first_name, &name);
	return name;
}

/*
 * A listing. What was made within the last half second is given again, so that many readers cost
 * what one does; of the MAC table only its beginning is shown.
 */
static enum MHD_Result say_listing(struct MHD_Connection *connection, size_t number)
{
	static const char table[] = "hash/print";
	struct kept *kept = &web->kept[number];
	struct timespec time;
	char command[64];
	json_t *listing;
	uint64_t now;

	clock_gettime(CLOCK_MONOTONIC, &time);
	now = time.tv_sec * 1000ull + time.tv_nsec / 1000000;
	if (!kept->text || now - kept->made >= KEPT_MS) {
		snprintf(command, sizeof(command), "%s%s", listings[number],
			 strcmp(listings[number], table) == 0 ? " 0 " ADDRESSES_SHOWN : "");
		console_run(web->sw->console, command, &listing);
		free(kept->text);
		kept->text = json_dumps(listing, JSON_COMPACT | JSON_ENCODE_ANY);
		kept->made = now;
		json_decref(listing);
	}
	if (!kept->text)
		return say(connection, MHD_HTTP_INTERNAL_SERVER_ERROR, "out of memory\n");
	return answer(connection, MHD_HTTP_OK, "application/json",
		      MHD_create_response_from_buffer(strlen(kept->text), kept->text,
						      MHD_RESPMEM_MUST_COPY));
}

static enum MHD_Result get_list(struct MHD_Connection *connection)
{
	const char *wanted = query(connection);

	for (size_t i = 0; i < sizeof(listings) / sizeof(*listings); i++) {
		if (strcmp(wanted, listings[i]) != 0)
			continue;
		return say_listing(connection, i);
	}
	return say(connection, MHD_HTTP_NOT_FOUND, "there is no such listing\n");
}

/*
 * The token is for the network, not for the machine: nothing that names files or devices, and
 * nothing that ends the switch or the page.
 */
static bool is_for_page(const char *command)
{
	static const char *const menus[] = {"impair/", "port/", "vlan/", "fstp/", "hash/"};

	for (size_t i = 0; i < sizeof(menus) / sizeof(*menus); i++)
		if (strncmp(command, menus[i], strlen(menus[i])) == 0)
			return true;
	return false;
}

static enum MHD_Result post_run(struct MHD_Connection *connection, const struct body *body)
{
	json_t *listing;
	int error;

	if (body->too_long)
		return say(connection, MHD_HTTP_CONTENT_TOO_LARGE, "the command is too long\n");
	if (!is_for_page(body->text))
		return say(connection, MHD_HTTP_BAD_REQUEST, "this command is not for the page\n");
	error = console_run(web->sw->console, body->text, &listing);
	json_decref(listing);
	for (size_t i = 0; i < sizeof(listings) / sizeof(*listings); i++)
		web->kept[i].made = 0; /* who changes something sees it */
	return say(connection, error ? MHD_HTTP_BAD_REQUEST : MHD_HTTP_OK,
		   error ? strerror(error) : "Success");
}

/* A place for a recording, or NULL. */
static struct recording *recording(unsigned int capture)
{
	for (int i = 0; i < RECORDINGS; i++)
		if (web->recordings[i].capture == capture)
			return &web->recordings[i];
	return NULL;
}

static enum MHD_Result start_recording(struct MHD_Connection *connection)
{
	struct recording *place = recording(0);
	unsigned int port, id;
	enum MHD_Result result;
	json_t *json;
	int error, fd;

	if (argument_number(query(connection), 0, PORT_MAX, &port) || !web->sw->ports[port].exists)
		return say(connection, MHD_HTTP_BAD_REQUEST, "name a port\n");
	if (!place)
		return say(connection, MHD_HTTP_BAD_REQUEST,
			   "too many recordings: end one of them first\n");
	/* Without a name, so that nobody can exchange it. */
	fd = open("/tmp", O_TMPFILE | O_RDWR | O_CLOEXEC, 0600);
	if (fd < 0)
		return say(connection, MHD_HTTP_INTERNAL_SERVER_ERROR, strerror(errno));
	place->fd = fcntl(fd, F_DUPFD_CLOEXEC, 0);
	error = place->fd < 0 ? errno : capture_to(web->sw, fd, "the page", port, CAPTURE_ANY, &id);
	if (error) {
		close(place->fd < 0 ? fd : place->fd);
		return say(connection, MHD_HTTP_BAD_REQUEST, strerror(error));
	}
	place->capture = id;
	json = json_integer(id);
	result = say_json(connection, json);
	json_decref(json);
	return result;
}

static enum MHD_Result end_recording(struct MHD_Connection *connection)
{
	struct recording *place;
	struct MHD_Response *response;
	struct stat file;
	unsigned int id;
	int fd;

	if (argument_number(query(connection), 1, UINT32_MAX, &id))
		return say(connection, MHD_HTTP_BAD_REQUEST, "name a recording\n");
	place = recording(id);
	if (!place)
		return say(connection, MHD_HTTP_NOT_FOUND, "there is no such recording\n");
	capture_stop(web->sw, id);
	fd = place->fd;
	place->capture = 0;
	if (fstat(fd, &file)) {
		close(fd);
		return say(connection, MHD_HTTP_NOT_FOUND, "there is no such recording\n");
	}
	response = MHD_create_response_from_fd(file.st_size, fd);
	if (response)
		MHD_add_response_header(response, "Content-Disposition",
					"attachment; filename=\"capture.pcapng\"");
	else
		close(fd);
	return answer(connection, MHD_HTTP_OK, "application/x-pcapng", response);
}

static enum MHD_Result dispatch(struct MHD_Connection *connection, const char *url,
				const char *method, const struct body *body)
{
	bool allowed =
		is_token(MHD_lookup_connection_value(connection, MHD_HEADER_KIND, "X-Token"));

	if (!is_our_host(MHD_lookup_connection_value(connection, MHD_HEADER_KIND, "Host")))
		return say(connection, MHD_HTTP_FORBIDDEN, "this is not that host\n");
	if (strcmp(method, "GET") == 0 && strcmp(url, "/") == 0)
		return answer(connection, MHD_HTTP_OK, "text/html; charset=utf-8",
			      MHD_create_response_from_buffer(vde_page_end - vde_page,
							      (void *)vde_page,
							      MHD_RESPMEM_PERSISTENT));
	if (strcmp(method, "GET") == 0 && strcmp(url, "/list") == 0)
		return get_list(connection);
	if (strcmp(method, "POST") != 0)
		return say(connection, MHD_HTTP_NOT_FOUND, "there is no such page\n");
	if (!allowed)
		return say(connection, MHD_HTTP_FORBIDDEN,
			   *web->token ? "the token is wrong\n"
				       : "this page only shows: web/start was given no token\n");
	if (strcmp(url, "/run") == 0)
		return post_run(connection, body);
	if (strcmp(url, "/capture/start") == 0)
		return start_recording(connection);
	if (strcmp(url, "/capture/stop") == 0)
		return end_recording(connection);
	return say(connection, MHD_HTTP_NOT_FOUND, "there is no such page\n");
}

static enum MHD_Result handle(void *context, struct MHD_Connection *connection, const char *url,
			      const char *method, const char *version, const char *data,
			      size_t *size, void **state)
{
	struct body *body = *state;

	if (!body) {
		*state = calloc(1, sizeof(*body));
		return *state ? MHD_YES : MHD_NO;
	}
	if (*size) {
		body->too_long = body->too_long || body->len + *size >= sizeof(body->text);
		if (!body->too_long) {
			memcpy(body->text + body->len, data, *size);
			body->len += *size;
		}
		*size = 0;
		return MHD_YES;
	}
	return dispatch(connection, url, method, body);
}

static void completed(void *context, struct MHD_Connection *connection, void **state,
		      enum MHD_RequestTerminationCode how)
{
	free(*state);
	*state = NULL;
}

static void run(void *context)
{
	MHD_run(web->daemon);
}

static void run_ready(void *context, uint32_t events)
{
	MHD_run(web->daemon);
}

/* "[ADDRESS:]PORT"; an IPv6 address stands in brackets. */
static int parse_address(const char *text, struct sockaddr_storage *address)
{
	struct sockaddr_in *v4 = (struct sockaddr_in *)address;
	struct sockaddr_in6 *v6 = (struct sockaddr_in6 *)address;
	const char *colon = strrchr(text, ':');
	char host[INET6_ADDRSTRLEN] = "127.0.0.1";
	size_t len = colon ? (size_t)(colon - text) : 0;
	unsigned int port;

	memset(address, 0, sizeof(*address));
	if (argument_number(colon ? colon + 1 : text, 1, 65535, &port) || len >= sizeof(host))
		return -EINVAL;
	if (colon) {
		bool brackets = len > 2 && text[0] == '[' && text[len - 1] == ']';

		snprintf(host, sizeof(host), "%.*s", (int)len - 2 * brackets, text + brackets);
	}
	web->port = port;
	snprintf(web->address, sizeof(web->address), "%s", host);
	if (inet_pton(AF_INET, host, &v4->sin_addr) == 1) {
		v4->sin_family = AF_INET;
		v4->sin_port = htons(port);
		return 0;
	}
	if (inet_pton(AF_INET6, host, &v6->sin6_addr) != 1)
		return -EINVAL;
	v6->sin6_family = AF_INET6;
	v6->sin6_port = htons(port);
	return 0;
}

int web_start(struct vswitch *sw, const char *text, const char *token)
{
	const union MHD_DaemonInfo *info;
	struct sockaddr_storage address;
	int error;

	if (web)
		return -EEXIST;
	web = calloc(1, sizeof(*web));
	if (!web)
		return -ENOMEM;
	web->sw = sw;
	error = token && strlen(token) >= TOKEN_SIZE ? -EINVAL : parse_address(text, &address);
	if (error)
		goto fail;
	snprintf(web->token, sizeof(web->token), "%s", token ? token : "");
	errno = 0;
	web->daemon = MHD_start_daemon(
		MHD_USE_EPOLL | (address.ss_family == AF_INET6 ? MHD_USE_IPv6 : 0), web->port, NULL,
		NULL, handle, NULL, MHD_OPTION_SOCK_ADDR, &address, MHD_OPTION_NOTIFY_COMPLETED,
		completed, NULL, MHD_OPTION_CONNECTION_LIMIT, CLIENTS_MAX,
		MHD_OPTION_CONNECTION_TIMEOUT, CLIENT_IDLE, MHD_OPTION_END);
	error = errno ? -errno : -EADDRINUSE;
	if (!web->daemon)
		goto fail;
	info = MHD_get_daemon_info(web->daemon, MHD_DAEMON_INFO_EPOLL_FD);
	/* The timer lets connections that are idle time out. */
	web->watch = info ? loop_watch(sw->loop, info->epoll_fd, EPOLLIN, run_ready, NULL) : NULL;
	web->timer = web->watch ? loop_every(sw->loop, 1000, run, NULL) : NULL;
	error = -ENOMEM;
	if (!web->timer)
		goto fail;
	return 0;
fail:
	web_stop(sw);
	return error;
}

void web_stop(struct vswitch *sw)
{
	if (!web)
		return;
	loop_unwatch(sw->loop, web->watch);
	loop_cancel(sw->loop, web->timer);
	if (web->daemon)
		MHD_stop_daemon(web->daemon);
	for (size_t i = 0; i < sizeof(listings) / sizeof(*listings); i++)
		free(web->kept[i].text);
	for (int i = 0; i < RECORDINGS; i++)
		if (web->recordings[i].capture) {
			capture_stop(sw, web->recordings[i].capture);
			close(web->recordings[i].fd);
		}
	explicit_bzero(web->token, sizeof(web->token));
	free(web);
	web = NULL;
}

static int run_start(struct call *call)
{
	char *rest = call->argument, *address = argument_word(&rest);

	return address ? -web_start(call->sw, address, argument_word(&rest)) : EINVAL;
}

static int run_stop(struct call *call)
{
	if (!web)
		return ENOENT;
	web_stop(call->sw);
	return 0;
}

static const struct command commands[] = {
	{.path = "web", .help = "management page"},
	{.path = "web/start",
	 .syntax = "[ADDRESS:]PORT [TOKEN]",
	 .help = "serve it, on loopback by default; who knows the token may change things",
	 .run = run_start},
	{.path = "web/stop", .help = "serve it no longer", .run = run_stop},
	{0},
};

void web_commands(struct console *console)
{
	console_add(console, commands);
}
