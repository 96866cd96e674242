// SPDX-License-Identifier: GPL-2.0-or-later
/*
 * Theory: what arrives collects in one buffer. Complete lines are taken from its front and told
 * apart by their first digits; an unfinished line that ends in "$ " is the prompt, and only after
 * it is the next command sent, because the classic switch takes each read for one command.
 */
#include "user/vde/cmd/console.h"

#include <ctype.h>
#include <errno.h>
#include <poll.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/socket.h>
#include <sys/stat.h>
#include <sys/un.h>
#include <time.h>
#include <unistd.h>

#include "user/vde/cmd/command.h"

#define COMMAND_MAX 1024
#define INPUT_MAX   65536

struct console_link {
	int fd;
	char *path;
	void (*event)(void *context, const char *line);
	void *context;
	size_t used;
	char buffer[INPUT_MAX];
	char prompt[64];
};

struct collect {
	FILE *listing;
	int status;
	char *message;
	bool in_listing, done;
};

static bool is_event(const char *line)
{
	return line[0] == '3' && line[1] >= '0' && line[1] <= '7' && line[2] >= '0' &&
	       line[2] <= '7' && line[3] >= '0' && line[3] <= '7' && line[4] == ' ';
}

static bool is_status(const char *line)
{
	return line[0] == '1' && isdigit(line[1]) && isdigit(line[2]) && isdigit(line[3]) &&
	       (line[4] == ' ' || !line[4]);
}

static void take_line(struct console_link *link, const char *line, struct collect *collect)
{
	if (is_event(line) && (!collect || !collect->in_listing)) {
		if (link->event)
			link->event(link->context, line);
	} else if (!collect) {
		return;
	} else if (collect->in_listing && strcmp(line, ".") == 0) {
		collect->in_listing = false;
	} else if (!collect->in_listing && strncmp(line, "0000 DATA END", 13) == 0) {
		collect->in_listing = true;
	} else if (!collect->in_listing && is_status(line)) {
		collect->status = atoi(line) - 1000;
		free(collect->message);
		collect->message = strdup(line[4] ? line + 5 : "");
		collect->done = true;
	} else if (*line || collect->in_listing) {
		fprintf(collect->listing, "%s\n", line);
	}
}

/* Read what there is and take its lines; 0, or -1 when the console has closed. */
static int take_input(struct console_link *link, struct collect *collect, bool *prompt)
{
	ssize_t n =
		read(link->fd, link->buffer + link->used, sizeof(link->buffer) - 1 - link->used);
	char *line = link->buffer, *end;

	if (n < 0 && errno == EINTR)
		return 0;
	if (n <= 0)
		return -1;
	/* A byte of 0 would hide the rest of its line. */
	for (char *at = link->buffer + link->used; n-- > 0; at++, link->used++)
		if (!*at)
			*at = '?';
	link->buffer[link->used] = 0;
	while ((end = strchr(line, '\n'))) {
		*end = 0;
		if (end > line && end[-1] == '\r')
			end[-1] = 0;
		take_line(link, line, collect);
		line = end + 1;
	}
	link->used -= line - link->buffer;
	memmove(link->buffer, line, link->used + 1);
	if (strncmp(link->buffer, "9999", 4) == 0)
		return -1;
	*prompt = false;
	if (link->used >= 2 && link->used < sizeof(link->prompt) &&
	    strcmp(link->buffer + link->used - 2, "$ ") == 0) {
		strcpy(link->prompt, link->buffer);
		link->used = 0;
		*prompt = true;
	} else if (link->used == sizeof(link->buffer) - 1) {
		return -1;
	}
	return 0;
}

/* Until the prompt: 0, -1 closed, -2 too late. */
static int wait_prompt(struct console_link *link, struct collect *collect, unsigned int seconds)
{
	time_t limit = time(NULL) + seconds + 1;
	bool prompt = false;

	while (!prompt) {
		struct pollfd input = {.fd = link->fd, .events = POLLIN};

		if (seconds && time(NULL) >= limit)
			return -2;
		if (poll(&input, 1, seconds ? 200 : -1) <= 0)
			continue;
		if (take_input(link, collect, &prompt))
			return -1;
	}
	return 0;
}

/* What to do about a path where no console is. */
static const char *hint(const char *path, int error)
{
	struct stat about;

	if (stat(path, &about) == 0 && S_ISDIR(about.st_mode))
		return "clients connect to a directory, the console is what vde_switch -M made";
	if (error == ENOENT)
		return "it is the socket that vde_switch -M made";
	if (error == EACCES)
		return "who may is said by vde_switch --mgmtmode and --mgmtgroup";
	return error == ECONNREFUSED ? "the switch has ended" : "no console of a switch";
}

struct console_link *console_open(const char *path, void (*event)(void *context, const char *line),
				  void *context)
{
	struct sockaddr_un address = {.sun_family = AF_UNIX};
	struct console_link *link;

	if (strlen(path) >= sizeof(address.sun_path)) {
		complain("%s: a socket's path has at most %zu characters", path,
			 sizeof(address.sun_path) - 1);
		return NULL;
	}
	strcpy(address.sun_path, path);
	link = calloc(1, sizeof(*link));
	if (!link || !(link->path = strdup(path))) {
		complain("out of memory");
		free(link);
		return NULL;
	}
	link->event = event;
	link->context = context;
	link->fd = socket(AF_UNIX, SOCK_STREAM | SOCK_CLOEXEC, 0);
	if (link->fd < 0 || connect(link->fd, (struct sockaddr *)&address, sizeof(address))) {
		int error = errno;

		complain("cannot reach the console at %s: %s (%s)", path, strerror(error),
			 hint(path, error));
		console_close(link);
		return NULL;
	}
	if (wait_prompt(link, NULL, 10)) {
		complain("%s: no console of a switch answers there", path);
		console_close(link);
		return NULL;
	}
	return link;
}

void console_close(struct console_link *link)
{
	if (!link)
		return;
	if (link->fd >= 0)
		close(link->fd);
	free(link->path);
	free(link);
}

int console_input(const struct console_link *link)
{
	return link->fd;
}

const char *console_prompt(const struct console_link *link)
{
	return link->prompt;
}

int console_command(struct console_link *link, const char *command, unsigned int seconds,
		    struct console_reply *reply)
{
	bool last = strcmp(command, "logout") == 0 || strcmp(command, "shutdown") == 0;
	struct collect collect = {.status = -1};
	char line[COMMAND_MAX + 2];
	size_t length = 0;
	int result;

	memset(reply, 0, sizeof(*reply));
	if (strlen(command) > COMMAND_MAX || strchr(command, '\n')) {
		complain("a command is one line of at most %d characters", COMMAND_MAX);
		return -1;
	}
	collect.listing = open_memstream(&reply->listing, &length);
	if (!collect.listing) {
		complain("out of memory");
		return -1;
	}
	result = snprintf(line, sizeof(line), "%s\n", command);
	result = send(link->fd, line, result, MSG_NOSIGNAL) == result
			 ? wait_prompt(link, &collect, seconds)
			 : -1;
	fclose(collect.listing);
	reply->status = collect.status;
	reply->message = collect.message;
	if (!result || (result == -1 && (collect.done || last)))
		return 0;
	if (result == -2)
		complain("%s: no answer to \"%s\" within %u s", link->path, command, seconds);
	else
		complain("%s: the console closed before it answered \"%s\"", link->path, command);
	console_reply_free(reply);
	return -1;
}

void console_reply_free(struct console_reply *reply)
{
	free(reply->message);
	free(reply->listing);
	memset(reply, 0, sizeof(*reply));
}

int console_take_events(struct console_link *link)
{
	bool prompt;

	return take_input(link, NULL, &prompt);
}
