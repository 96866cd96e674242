/* SPDX-License-Identifier: GPL-2.0-or-later */
/*
 * Sessions. Input is gathered into lines; each line is one command. Classic clients (vdeterm) send
 * a command without the end of its line, so one that does not go on for LINE_PAUSE is complete. The
 * output is put into the
 * session's output buffer and sent as the other side reads it. A reader that stops reading is
 * dropped when OUTPUT_MAX bytes wait for it, so that it costs the switch neither time nor memory.
 */
#include <errno.h>
#include <stdlib.h>
#include <string.h>
#include <sys/epoll.h>
#include <sys/socket.h>
#include <syslog.h>
#include <unistd.h>

#include "user/vde/switch/console/parts.h"
#include "user/vde/switch/console/session.h"
#include "user/vde/switch/loop/loop.h"
#include "user/vde/switch/planes/plane.h"

#define PROMPT	     "\nvde$ "
#define FAREWELL     "9999 END OF SESSION"
#define LINE_LENGTH  4095
#define LINE_PAUSE   50 /* milliseconds */
#define OUTPUT_MAX   (64u << 20)
#define SESSIONS_MAX 256

struct session {
	struct console *console;
	struct session *next, **link;
	int in, out;
	uid_t user; /* who typed, as the kernel says */
	struct watch *watch;
	struct timer *pause; /* running while a line has no end yet */
	uint32_t events;
	bool plain;    /* no banner, no prompts: standard output is a program's */
	bool ending;   /* after what is buffered has been sent */
	bool too_long; /* skipping the rest of a line that was too long */
	char line[LINE_LENGTH + 1];
	size_t line_len;
	char *output;
	size_t output_len, output_sent, output_size;
};

static void session_close(struct session *session)
{
	struct console *console = session->console;
	bool terminal = session->in == STDIN_FILENO;

	loop_unwatch(console->sw->loop, session->watch);
	loop_cancel(console->sw->loop, session->pause);
	if (!terminal)
		close(session->in);
	*session->link = session->next;
	if (session->next)
		session->next->link = session->link;
	free(session->output);
	free(session);
	planes_watch_fdb(console->sw);
	if (terminal)
		loop_stop(console->sw->loop);
}

/* Send what waits; false: the other side has gone. */
static bool send_output(struct session *session)
{
	while (session->output_sent < session->output_len) {
		const char *from = session->output + session->output_sent;
		size_t len = session->output_len - session->output_sent;
		ssize_t n = session->in == STDIN_FILENO
				    ? write(session->out, from, len)
				    : send(session->out, from, len, MSG_NOSIGNAL | MSG_DONTWAIT);

		if (n >= 0)
			session->output_sent += n;
		else if (errno == EAGAIN)
			return loop_rewatch(session->console->sw->loop, session->watch,
					    EPOLLIN | EPOLLOUT) == 0;
		else if (errno != EINTR)
			return false;
	}
	if (session->output_sent)
		loop_rewatch(session->console->sw->loop, session->watch, EPOLLIN);
	session->output_len = session->output_sent = 0;
	return !session->ending;
}

/* Put text into the output; what cannot be kept ends the session. */
static void put(struct session *session, const char *text, size_t len)
{
	size_t need = session->output_len + len;

	if (need > session->output_size) {
		size_t size = need < 4096 ? 4096 : 2 * need;
		char *bigger = need > OUTPUT_MAX ? NULL : realloc(session->output, size);

		if (!bigger) {
			session->output_len = session->output_sent = 0;
			session->ending = true;
			return;
		}
		session->output = bigger;
		session->output_size = size;
	}
	memcpy(session->output + session->output_len, text, len);
	session->output_len += len;
}

static void execute(struct session *session)
{
	char *text = NULL;
	size_t len = 0;
	FILE *out = open_memstream(&text, &len);

	session->line[session->line_len] = '\0';
	session->line_len = 0;
	if (!out)
		return;
	if (session->too_long)
		fprintf(out, "1%03d %s\n", E2BIG, strerror(E2BIG));
	else
		console_execute(session->console, session, session->line, out);
	session->too_long = false;
	if (!session->plain)
		fputs(session->ending ? FAREWELL : PROMPT, out);
	fclose(out);
	put(session, text, len);
	free(text);
}

static void take_input(struct session *session, const char *data, size_t len)
{
	for (size_t i = 0; i < len && !session->ending; i++) {
		if (data[i] == '\n' || data[i] == '\0')
			execute(session);
		else if (session->line_len < LINE_LENGTH)
			session->line[session->line_len++] = data[i];
		else
			session->too_long = true;
	}
}

static void line_paused(void *context)
{
	struct session *session = context;

	loop_cancel(session->console->sw->loop, session->pause);
	session->pause = NULL;
	execute(session);
	if (!send_output(session))
		session_close(session);
}

/* After input: begin to wait for the rest of a line, or cease to. */
static void await_rest(struct session *session)
{
	struct loop *loop = session->console->sw->loop;

	loop_cancel(loop, session->pause);
	session->pause = session->line_len && !session->ending
				 ? loop_every(loop, LINE_PAUSE, line_paused, session)
				 : NULL;
}

static void session_ready(void *context, uint32_t events)
{
	struct session *session = context;
	char data[4096];
	ssize_t n = 1;

	if (events & ~EPOLLOUT) {
		n = read(session->in, data, sizeof(data));
		if (n > 0)
			take_input(session, data, n);
		else if (n < 0 && (errno == EAGAIN || errno == EINTR))
			n = 1;
		else if (session->line_len)
			execute(session); /* a last line without its end */
		await_rest(session);
	}
	if (!send_output(session) || n <= 0)
		session_close(session);
}

/* Standard input is ours; of a socket the other end is asked for. */
static uid_t user_of(int in)
{
	struct ucred peer;
	socklen_t len = sizeof(peer);

	if (in == STDIN_FILENO)
		return geteuid();
	return getsockopt(in, SOL_SOCKET, SO_PEERCRED, &peer, &len) ? (uid_t)-1 : peer.uid;
}

static struct session *session_new(struct console *console, int in, int out)
{
	struct session *session = calloc(1, sizeof(*session));

	if (!session)
		return NULL;
	session->console = console;
	session->in = in;
	session->out = out;
	session->user = user_of(in);
	session->watch = loop_watch(console->sw->loop, in, EPOLLIN, session_ready, session);
	if (!session->watch) {
		free(session);
		return NULL;
	}
	session->next = console->sessions;
	session->link = &console->sessions;
	if (session->next)
		session->next->link = &session->next;
	console->sessions = session;
	session->plain = in == STDIN_FILENO && !isatty(out);
	if (!session->plain) {
		put(session, console_banner(), strlen(console_banner()));
		put(session, PROMPT, strlen(PROMPT));
	}
	return session;
}

static void listener_ready(void *context, uint32_t events)
{
	struct console *console = context;
	int fd = accept4(console->listener.fd, NULL, NULL, SOCK_CLOEXEC | SOCK_NONBLOCK);
	unsigned int count = 0;
	struct session *session;

	if (fd < 0)
		return;
	for (session = console->sessions; session; session = session->next)
		count++;
	session = count < SESSIONS_MAX ? session_new(console, fd, fd) : NULL;
	if (!session) {
		syslog(LOG_NOTICE, "refused a management session: there are %u already", count);
		close(fd);
	} else if (!send_output(session)) {
		session_close(session);
	}
}

int sessions_listen(struct console *console, const char *path, int mode, gid_t group)
{
	char reason[NAME_REASON_SIZE], warning[NAME_REASON_SIZE];

	console->mode = mode;
	if (name_listen(&console->listener, path, mode, group, reason, warning) < 0) {
		syslog(LOG_ERR, "%s", reason);
		return -1;
	}
	if (*warning)
		syslog(LOG_WARNING, "%s", warning);
	console->path = realpath(path, NULL);
	console->watch = loop_watch(console->sw->loop, console->listener.fd, EPOLLIN,
				    listener_ready, console);
	return console->watch && console->path ? 0 : -1;
}

int sessions_stdin(struct console *console)
{
	struct session *session = session_new(console, STDIN_FILENO, STDOUT_FILENO);

	if (!session)
		return errno ? -errno : -ENOMEM;
	send_output(session);
	return 0;
}

void sessions_close(struct console *console)
{
	struct session *next;

	for (struct session *session = console->sessions; session; session = next) {
		next = session->next;
		if (!session->plain)
			put(session, FAREWELL, strlen(FAREWELL));
		send_output(session);
		session_close(session);
	}
	if (console->listener.fd < 0)
		return;
	loop_unwatch(console->sw->loop, console->watch);
	name_unlisten(&console->listener);
}

bool session_may_name_files(const struct session *session)
{
	return session->user == 0 || session->user == geteuid();
}

void session_logout(struct session *session)
{
	session->ending = true;
}

uint32_t *session_events(struct session *session)
{
	return &session->events;
}

const char *sessions_path(const struct console *console, int *mode)
{
	*mode = console->mode;
	return console->listener.fd < 0 ? NULL : console->path;
}

void sessions_tell(struct console *console, uint32_t bit, const char *text, size_t len)
{
	struct session *next;

	for (struct session *session = console->sessions; session; session = next) {
		next = session->next;
		if (!(session->events & bit))
			continue;
		put(session, text, len);
		/* Woken rather than sent now: its own command may be the cause of the event. */
		if (session->in == STDIN_FILENO)
			send_output(session);
		else
			loop_rewatch(console->sw->loop, session->watch, EPOLLIN | EPOLLOUT);
	}
}

uint32_t sessions_wanted(const struct console *console)
{
	uint32_t wanted = 0;

	for (const struct session *session = console->sessions; session; session = session->next)
		wanted |= session->events;
	return wanted;
}
