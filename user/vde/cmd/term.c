// SPDX-License-Identifier: GPL-2.0-or-later
/*
 * vde term: a terminal for the console of a switch, with history, completion and events.
 *
 * Theory: libedit reads the keyboard through next_key(), which waits for the keyboard and the
 * console at once. An event that arrives while a line is being typed is printed above it.
 * Completion knows the commands from the console's own `help`.
 */
#include <errno.h>
#include <histedit.h>
#include <poll.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <unistd.h>

#include "user/vde/cmd/command.h"
#include "user/vde/cmd/console.h"

struct term {
	const char *path;
	struct console_link *link;
	EditLine *edit;
	History *history;
	char **words; /* command paths, NULL at the end */
	bool typing, closed;
};

static void show_event(void *context, const char *line)
{
	struct term *term = context;

	/* Above the line being typed: back to its start, over it, and draw it again. */
	printf(term->typing ? "\r\033[K%s\n" : "%s\n", line);
	if (term->typing)
		el_set(term->edit, EL_REFRESH);
	fflush(stdout);
}

static char *prompt(EditLine *edit)
{
	struct term *term;

	el_get(edit, EL_CLIENTDATA, &term);
	return (char *)console_prompt(term->link);
}

static int next_key(EditLine *edit, wchar_t *key)
{
	struct term *term;

	el_get(edit, EL_CLIENTDATA, &term);
	for (;;) {
		struct pollfd wait[2] = {{.fd = STDIN_FILENO, .events = POLLIN},
					 {.fd = console_input(term->link), .events = POLLIN}};
		char byte;

		if (poll(wait, 2, -1) < 0) {
			if (errno == EINTR)
				continue;
			return -1;
		}
		if (wait[1].revents && console_take_events(term->link)) {
			term->closed = true;
			return 0;
		}
		if (wait[0].revents) {
			ssize_t n = read(STDIN_FILENO, &byte, 1);

			*key = (unsigned char)byte;
			return n < 0 ? -1 : n;
		}
	}
}

/* Learn the commands from the first column of `help`. */
static int read_words(struct term *term)
{
	struct console_reply reply;
	char *rest, *line;
	size_t count = 0;

	if (console_command(term->link, "help", 10, &reply))
		return -1;
	for (rest = reply.listing; (line = strsep(&rest, "\n")) && rest;) {
		size_t length = strcspn(line, " \t");
		char **more = reallocarray(term->words, count + 2, sizeof(*more));

		if (!more)
			break;
		term->words = more;
		term->words[count] = NULL;
		if (length && line[length] && strncmp(line, "----", 4) &&
		    strncmp(line, "====", 4) && strncmp(line, "COMMAND", 7))
			term->words[count++] = strndup(line, length);
		term->words[count] = NULL;
	}
	console_reply_free(&reply);
	return 0;
}

static unsigned char complete(EditLine *edit, int key)
{
	const LineInfo *line = el_line(edit);
	size_t typed = line->cursor - line->buffer, common = 0, matches = 0;
	const char *first = NULL;
	struct term *term;
	char rest[128];

	el_get(edit, EL_CLIENTDATA, &term);
	for (char **word = term->words; word && *word; word++) {
		if (strncmp(*word, line->buffer, typed))
			continue;
		if (!matches++) {
			first = *word;
			common = strlen(first);
		}
		while (strncmp(first, *word, common))
			common--;
	}
	if (!matches)
		return CC_ERROR;
	snprintf(rest, sizeof(rest), "%.*s%s", (int)(common - typed), first + typed,
		 matches == 1 ? " " : "");
	if (*rest)
		return el_insertstr(edit, rest) ? CC_ERROR : CC_REFRESH;
	printf("\n");
	for (char **word = term->words; *word; word++)
		if (strncmp(*word, line->buffer, typed) == 0)
			printf("%s  ", *word);
	printf("\n");
	return CC_REDISPLAY;
}

static int parse(int key, char *text, struct argp_state *state)
{
	struct term *term = state->input;

	switch (key) {
	case ARGP_KEY_ARG:
		if (term->path)
			argp_usage(state);
		term->path = text;
		break;
	case ARGP_KEY_END:
		if (!term->path)
			argp_usage(state);
		break;
	default:
		return ARGP_ERR_UNKNOWN;
	}
	return 0;
}

static const struct argp parser = {
	NULL,
	parse,
	"CONSOLE",
	"Terminal for the console of a switch, with history, completion and events.\v"
	"CONSOLE is the socket that vde_switch -M made. History is kept in ~/.vde_history.",
	NULL,
	NULL,
	NULL};

static void carry_out(struct term *term, const char *line)
{
	struct console_reply reply;

	if (console_command(term->link, line, 0, &reply)) {
		term->closed = true;
		return;
	}
	fputs(reply.listing, stdout);
	if (reply.status > 0)
		printf("%d %s\n", 1000 + reply.status, reply.message);
	else if (reply.status < 0)
		term->closed = true;
	console_reply_free(&reply);
}

static void set_up_editing(struct term *term, const char *history_file)
{
	HistEvent event;

	term->edit = el_init("vde", stdin, stdout, stderr);
	term->history = history_init();
	history(term->history, &event, H_SETSIZE, 1000);
	if (history_file)
		history(term->history, &event, H_LOAD, history_file);
	el_set(term->edit, EL_CLIENTDATA, term);
	el_set(term->edit, EL_PROMPT, prompt);
	el_set(term->edit, EL_EDITOR, "emacs");
	el_set(term->edit, EL_HIST, history, term->history);
	el_set(term->edit, EL_SIGNAL, 1);
	el_set(term->edit, EL_GETCFN, next_key);
	el_set(term->edit, EL_ADDFN, "complete", "complete a command", complete);
	el_set(term->edit, EL_BIND, "^I", "complete", NULL);
}

int term_main(int argc, char **argv)
{
	struct term term = {};
	char *history_file = NULL;
	HistEvent event;
	int count;

	argp_parse(&parser, argc, argv, 0, NULL, &term);
	term.link = console_open(term.path, show_event, &term);
	if (!term.link || read_words(&term))
		return 1;
	if (getenv("HOME") && asprintf(&history_file, "%s/.vde_history", getenv("HOME")) < 0)
		history_file = NULL;
	set_up_editing(&term, history_file);
	while (!term.closed) {
		const char *line;
		char *copy;

		term.typing = true;
		line = el_gets(term.edit, &count);
		term.typing = false;
		if (!line || count <= 0)
			break;
		copy = strdup(line);
		copy[strcspn(copy, "\r\n")] = 0;
		if (copy[strspn(copy, " \t")]) {
			history(term.history, &event, H_ENTER, copy);
			if (history_file)
				history(term.history, &event, H_SAVE, history_file);
			carry_out(&term, copy);
		}
		free(copy);
	}
	if (term.closed)
		fprintf(stderr, "The console has closed.\n");
	else
		printf("\n");
	history_end(term.history);
	el_end(term.edit);
	console_close(term.link);
	for (char **word = term.words; word && *word; word++)
		free(*word);
	free(term.words);
	free(history_file);
	return 0;
}
