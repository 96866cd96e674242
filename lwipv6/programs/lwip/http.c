/* SPDX-License-Identifier: GPL-2.0-or-later */
/*
 * Files over HTTP/1.1: GET and HEAD, ranges, connections that stay. Paths are resolved beneath the
 * served directory by the kernel (openat2), so no name leads out of it.
 */
#include <ctype.h>
#include <dirent.h>
#include <errno.h>
#include <fcntl.h>
#include <linux/openat2.h>
#include <stdlib.h>
#include <string.h>
#include <strings.h>
#include <sys/stat.h>
#include <sys/syscall.h>
#include <time.h>
#include <unistd.h>
#include "lwipv6/programs/lwip/serve.h"

struct request {
	char *method, *path;
	bool keep, head, has_range;
	uint64_t first, last;
};

static int open_beneath(int directory, const char *path)
{
	struct open_how how = {.flags = O_RDONLY | O_CLOEXEC | O_NONBLOCK,
			       .resolve = RESOLVE_BENEATH | RESOLVE_NO_MAGICLINKS};

	return syscall(SYS_openat2, directory, *path ? path : ".", &how, sizeof(how));
}

static const char *content_type(const char *path)
{
	static const char *const types[][2] = {
		{".html", "text/html; charset=utf-8"},
		{".txt", "text/plain; charset=utf-8"},
		{".css", "text/css"},
		{".js", "text/javascript"},
		{".json", "application/json"},
		{".png", "image/png"},
		{".jpg", "image/jpeg"},
		{".svg", "image/svg+xml"},
		{".pdf", "application/pdf"},
	};
	const char *dot = strrchr(path, '.');

	for (size_t i = 0; dot && i < sizeof(types) / sizeof(types[0]); i++)
		if (!strcasecmp(dot, types[i][0]))
			return types[i][1];
	return "application/octet-stream";
}

static void header(struct connection *c, const struct request *r, const char *status,
		   const char *type, uint64_t length, const char *more)
{
	time_t t = time(NULL);
	struct tm tm;
	char date[40];

	strftime(date, sizeof(date), "%a, %d %b %Y %H:%M:%S GMT", gmtime_r(&t, &tm));
	c->out_at = 0;
	c->out_len = snprintf(c->out, sizeof(c->out),
			      "HTTP/1.1 %s\r\nDate: %s\r\nServer: lwip\r\nContent-Type: "
			      "%s\r\nContent-Length: %llu\r\n"
			      "%sConnection: %s\r\n\r\n",
			      status, date, type, (unsigned long long)length, more,
			      r->keep ? "keep-alive" : "close");
	c->ending = !r->keep;
}

static void plain(struct connection *c, const struct request *r, const char *status,
		  const char *more)
{
	size_t body = strlen(status) + 1;

	header(c, r, status, "text/plain", body, more);
	if (!r->head)
		c->out_len +=
			snprintf(c->out + c->out_len, sizeof(c->out) - c->out_len, "%s\n", status);
}

/* %XX to bytes; false when malformed. */
static bool decode(char *path)
{
	char *to = path;

	for (char *at = path; *at && *at != '?'; to++) {
		unsigned int byte;

		if (*at != '%') {
			*to = *at++;
			continue;
		}
		if (!isxdigit((unsigned char)at[1]) || !isxdigit((unsigned char)at[2]) ||
		    sscanf(at + 1, "%2x", &byte) != 1 || !byte)
			return false;
		*to = byte;
		at += 3;
	}
	*to = 0;
	return true;
}

static void list_directory(struct connection *c, const struct request *r, int fd)
{
	char *page = NULL;
	size_t size = 0;
	FILE *f = open_memstream(&page, &size);
	DIR *d = fdopendir(fd);
	struct dirent *e;

	if (!f || !d) {
		plain(c, r, "500 Internal Server Error", "");
	} else {
		fputs("<!doctype html><title>Files</title>\n", f);
		while ((e = readdir(d))) {
			if (*e->d_name == '.' || strpbrk(e->d_name, "<>&\"'%"))
				continue;
			fprintf(f, "<p><a href=\"%s%s\">%s</a>\n", e->d_name,
				e->d_type == DT_DIR ? "/" : "", e->d_name);
		}
		fclose(f);
		f = NULL;
		/* A directory that does not fit is cut, and says so by its length. */
		if (size > sizeof(c->out) / 2)
			size = sizeof(c->out) / 2;
		header(c, r, "200 OK", "text/html; charset=utf-8", size, "");
		if (!r->head) {
			memcpy(c->out + c->out_len, page, size);
			c->out_len += size;
		}
	}
	if (f)
		fclose(f);
	if (d)
		closedir(d);
	else
		close(fd);
	free(page);
}

static void send_file(struct connection *c, const struct request *r, int fd, const struct stat *st)
{
	uint64_t size = st->st_size, first = 0, last = size ? size - 1 : 0;
	char more[128] = "Accept-Ranges: bytes\r\n";

	if (r->has_range && size) {
		first = r->first;
		last = r->last < size ? r->last : size - 1;
		if (r->first == UINT64_MAX) { /* the last bytes */
			first = r->last < size ? size - r->last : 0;
			last = size - 1;
		}
		if (first > last) {
			snprintf(more, sizeof(more), "Content-Range: bytes */%llu\r\n",
				 (unsigned long long)size);
			plain(c, r, "416 Range Not Satisfiable", more);
			close(fd);
			return;
		}
		snprintf(more, sizeof(more), "Content-Range: bytes %llu-%llu/%llu\r\n",
			 (unsigned long long)first, (unsigned long long)last,
			 (unsigned long long)size);
	}
	c->left = size ? last - first + 1 : 0;
	header(c, r, r->has_range && size ? "206 Partial Content" : "200 OK", content_type(r->path),
	       c->left, more);
	if (r->head || !c->left) {
		close(fd);
		c->left = 0;
		return;
	}
	lseek(fd, first, SEEK_SET);
	c->file = fd;
	c->producing = true;
}

static void answer(struct connection *c, const struct request *r)
{
	const char *path = r->path;
	struct stat st;
	int fd, index;

	if (strcmp(r->method, "GET") && !r->head) {
		plain(c, r, "405 Method Not Allowed", "Allow: GET, HEAD\r\n");
		return;
	}
	while (*path == '/')
		path++;
	fd = open_beneath(c->service->directory, path);
	if (fd < 0 || fstat(fd, &st) < 0) {
		plain(c, r, errno == EACCES ? "403 Forbidden" : "404 Not Found", "");
	} else if (S_ISDIR(st.st_mode)) {
		index = open_beneath(fd, "index.html");
		if (index >= 0 && !fstat(index, &st) && S_ISREG(st.st_mode)) {
			struct request page = *r;

			page.path = "index.html";
			close(fd);
			send_file(c, &page, index, &st);
			return;
		}
		if (index >= 0)
			close(index);
		list_directory(c, r, fd);
		return;
	} else if (S_ISREG(st.st_mode)) {
		send_file(c, r, fd, &st);
		return;
	} else {
		plain(c, r, "403 Forbidden", "");
	}
	if (fd >= 0)
		close(fd);
}

static void read_range(struct request *r, const char *value)
{
	unsigned long long first, last;
	char end;

	if (sscanf(value, " bytes=%llu-%llu%c", &first, &last, &end) == 2 && first <= last) {
		r->first = first;
		r->last = last;
	} else if (sscanf(value, " bytes=-%llu%c", &last, &end) == 1 && last) {
		r->first = UINT64_MAX;
		r->last = last;
	} else if (sscanf(value, " bytes=%llu-%c", &first, &end) == 1) {
		r->first = first;
		r->last = UINT64_MAX - 1;
	} else {
		return;
	}
	r->has_range = true;
}

/* Cut the head of a request into @r; false when it is not HTTP. */
static bool parse(char *head, struct request *r)
{
	char *version, *line, *rest;

	r->method = strtok_r(head, " \r\n", &rest);
	r->path = strtok_r(NULL, " \r\n", &rest);
	version = strtok_r(NULL, "\r\n", &rest);
	if (!r->path || !version || strncmp(version, "HTTP/1.", 7) || *r->path != '/')
		return false;
	r->keep = version[7] != '0';
	r->head = !strcmp(r->method, "HEAD");
	while ((line = strtok_r(NULL, "\r\n", &rest))) {
		if (!strncasecmp(line, "Connection:", 11))
			r->keep = strcasestr(line + 11, "close")	? false
				  : strcasestr(line + 11, "keep-alive") ? true
									: r->keep;
		else if (!strncasecmp(line, "Range:", 6))
			read_range(r, line + 6);
		else if (!strncasecmp(line, "Content-Length:", 15) ||
			 !strncasecmp(line, "Transfer-Encoding:", 18))
			r->keep = false; /* its body is not read */
	}
	return true;
}

void http_request(struct connection *c)
{
	struct request r = {0};
	char *end;
	size_t used;

	c->in[c->in_len] = 0;
	end = strstr(c->in, "\r\n\r\n");
	if (!end) {
		if (c->in_len == sizeof(c->in) - 1 || memchr(c->in, 0, c->in_len))
			plain(c, &r, "431 Request Header Fields Too Large", "");
		return;
	}
	*end = 0;
	used = end + 4 - c->in;
	if (!parse(c->in, &r) || !decode(r.path)) {
		r = (struct request){0};
		plain(c, &r, "400 Bad Request", "");
	} else {
		answer(c, &r);
	}
	memmove(c->in, c->in + used, c->in_len - used);
	c->in_len -= used;
}

void http_produce(struct connection *c)
{
	ssize_t n = read(c->file, c->out, c->left < sizeof(c->out) ? c->left : sizeof(c->out));

	if (n > 0) {
		c->out_len = n;
		c->left -= n;
	}
	if (n > 0 && c->left)
		return;
	/* A file that shrank cannot keep its promise: the connection ends short. */
	if (c->left)
		c->ending = true;
	close(c->file);
	c->file = -1;
	c->producing = false;
}
