/* SPDX-License-Identifier: GPL-2.0-or-later */
/* lwip get: a file over HTTP/1.1, with redirections and chunked bodies. */
#include <ctype.h>
#include <errno.h>
#include <fcntl.h>
#include <stdlib.h>
#include <string.h>
#include <strings.h>
#include <unistd.h>
#include "lwipv6/programs/lwip/options.h"

#define REDIRECTIONS 5
#define HEAD_MAX     16384

struct get {
	struct session *session;
	FILE *out;
	int fd;
	char buf[HEAD_MAX + 1];
	size_t have, at; /* bytes of buf; consumed ones */
	char host[256], path[2048];
	int port;
};

/* http://HOST[:PORT][/PATH], the host perhaps [in brackets]; or a path on the same host. */
static bool read_url(struct get *g, const char *url)
{
	const char *at = url, *end;
	size_t len;

	if (*url == '/') {
		snprintf(g->path, sizeof(g->path), "%s", url);
		return true;
	}
	if (!strncasecmp(url, "https:", 6))
		return complain(g->session, "%s: TLS is not spoken here, only http:", url), false;
	if (!strncasecmp(at, "http://", 7))
		at += 7;
	end = *at == '[' ? strchr(at, ']') : at + strcspn(at, ":/?");
	if (*at == '[')
		at++;
	len = end ? (size_t)(end - at) : 0;
	if (!len || len >= sizeof(g->host))
		return misuse(g->session, "get: %s: not a URL, as in http://10.0.0.1/file", url),
		       false;
	memcpy(g->host, at, len);
	g->host[len] = 0;
	at = *end == ']' ? end + 1 : end;
	g->port = 80;
	if (*at == ':') {
		g->port = strtol(at + 1, (char **)&at, 10);
		if (g->port < 1 || g->port > 65535)
			return misuse(g->session, "get: %s: the port is from 1 to 65535", url),
			       false;
	}
	snprintf(g->path, sizeof(g->path), "%s%s", *at == '/' ? "" : "/", at);
	return true;
}

/* More bytes behind what is there: 1, 0 at the end, -1 told. */
static int fill(struct get *g)
{
	ssize_t n;

	if (g->at) {
		memmove(g->buf, g->buf + g->at, g->have - g->at);
		g->have -= g->at;
		g->at = 0;
	}
	if (g->have == HEAD_MAX)
		return complain(g->session, "%s: the answer's header is too long", g->host), -1;
	for (;;) {
		n = lwip_recv(g->fd, g->buf + g->have, HEAD_MAX - g->have, MSG_DONTWAIT);
		if (n >= 0 || errno != EAGAIN)
			break;
		if (!wait_for(g->session, g->fd, POLLIN, -1))
			return -1;
	}
	if (n < 0)
		return complain(g->session, "%s: %s", g->host, strerror(errno)), -1;
	g->have += n;
	g->buf[g->have] = 0;
	return n > 0;
}

/* A line without its end, in the buffer; NULL when there is none. */
static char *line(struct get *g)
{
	char *end;

	while (!(end = memchr(g->buf + g->at, '\n', g->have - g->at)))
		if (fill(g) <= 0)
			return NULL;
	char *start = g->buf + g->at;

	*end = 0;
	if (end > start && end[-1] == '\r')
		end[-1] = 0;
	g->at = end + 1 - g->buf;
	return start;
}

/* @len bytes of body to the output, or all that come when @len is UINT64_MAX. */
static bool body(struct get *g, uint64_t len)
{
	while (len) {
		size_t part = g->have - g->at;

		if (!part) {
			int more = fill(g);

			if (more > 0)
				continue;
			if (!more && len == UINT64_MAX)
				return true;
			return more < 0 ? false
					: (complain(g->session,
						    "%s: the connection ended before the file did",
						    g->host),
					   false);
		}
		if (part > len)
			part = len;
		if (fwrite(g->buf + g->at, 1, part, g->out) != part)
			return complain(g->session, "writing: %s", strerror(errno)), false;
		g->at += part;
		if (len != UINT64_MAX)
			len -= part;
	}
	return true;
}

static bool chunks(struct get *g)
{
	for (;;) {
		char *size = line(g), *end;
		uint64_t len = size ? strtoull(size, &end, 16) : 0;

		if (!size || end == size)
			return complain(g->session, "%s: a chunk without its size", g->host), false;
		if (!len)
			return true;
		if (!body(g, len) || !line(g))
			return false;
	}
}

/* One request; 0, an exit status, or -1 when redirected. */
static int fetch(struct get *g)
{
	struct session *s = g->session;
	char request[3072], location[2048] = "", *text;
	uint64_t len = UINT64_MAX;
	bool chunked = false;
	struct target t;
	int code = 0;

	if (!find_target(s, g->host, g->port, &t))
		return STATUS_FAILED;
	g->fd = connect_target(s, &t);
	if (g->fd < 0)
		return STATUS_FAILED;
	snprintf(request, sizeof(request),
		 "GET %s HTTP/1.1\r\nHost: %s%s%s\r\nUser-Agent: lwip\r\nAccept: "
		 "*/*\r\nConnection: close\r\n\r\n",
		 g->path, strchr(g->host, ':') ? "[" : "", g->host,
		 strchr(g->host, ':') ? "]" : "");
	g->have = g->at = 0;
	if (!send_all(s, g->fd, request, strlen(request)))
		return STATUS_FAILED;
	text = line(g);
	if (!text || sscanf(text, "HTTP/1.%*d %d", &code) != 1)
		return cancelled(s) ? STATUS_FAILED
				    : complain(s, "%s: this is not an HTTP server", g->host);
	if (code >= 400)
		return complain(s, "%s: %s", g->path, text + strcspn(text, " ") + 1);
	while ((text = line(g)) && *text) {
		if (!strncasecmp(text, "Content-Length:", 15))
			len = strtoull(text + 15, NULL, 10);
		else if (!strncasecmp(text, "Transfer-Encoding:", 18))
			chunked = strcasestr(text, "chunked");
		else if (!strncasecmp(text, "Location:", 9))
			snprintf(location, sizeof(location), "%s",
				 text + 9 + strspn(text + 9, " "));
	}
	if (code >= 300 && code != 304 && *location)
		return read_url(g, location) ? -1 : STATUS_FAILED;
	return (chunked ? chunks(g) : body(g, len)) ? STATUS_GOOD : STATUS_FAILED;
}

int run_get(struct session *s, int argc, char **argv)
{
	const char *path = NULL;
	const struct option_spec specs[] = {{"-o", .text = &path}, {0}};
	struct get *g;
	int status = -1, fd;

	if (!read_options(s, specs, &argc, argv))
		return STATUS_USAGE;
	if (argc != 2)
		return misuse(s, "get: give one URL");
	g = calloc(1, sizeof(*g));
	if (!g)
		return complain(s, "out of memory");
	g->session = s;
	g->out = s->out;
	if (!read_url(g, argv[1])) {
		free(g);
		return STATUS_USAGE;
	}
	if (path) {
		fd = openat(s->directory, path, O_WRONLY | O_CREAT | O_TRUNC | O_CLOEXEC, 0666);
		g->out = fd >= 0 ? fdopen(fd, "w") : NULL;
		if (!g->out) {
			free(g);
			return complain(s, "%s: %s", path, strerror(errno));
		}
	}
	for (int i = 0; status < 0 && i <= REDIRECTIONS; i++) {
		g->fd = -1;
		status = fetch(g);
		if (g->fd >= 0)
			lwip_close(g->fd);
	}
	if (status < 0)
		status = complain(s, "%s: more than %d redirections", argv[1], REDIRECTIONS);
	if (path && fclose(g->out))
		status = complain(s, "%s: %s", path, strerror(errno));
	free(g);
	return status;
}
