// SPDX-License-Identifier: GPL-2.0-or-later
/* What the sub-commands share: asking the manager, plain command lines, printing tables. */
#include <errno.h>
#include <stdarg.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#include "ctl.h"
#include "user/view/client/client.h"

int complain(const char *format, ...)
{
	int error = errno;
	va_list args;

	va_start(args, format);
	fprintf(stderr, "%s: ", program_invocation_name);
	errno = error;
	vfprintf(stderr, format, args);
	fprintf(stderr, "\n");
	va_end(args);
	return 1;
}

json_t *ask(json_t *request)
{
	json_t *reply;
	const char *error;

	/* Jansson makes no object of other texts. */
	if (!request) {
		complain("what was given is no text in UTF-8");
		return NULL;
	}
	reply = client_ask(request, -1);
	error = json_string_value(json_object_get(reply, "error"));
	if (!reply && errno == ENOENT)
		complain("this process is in no view; start one with umview, kmview or view");
	else if (!reply)
		complain("the manager of this view does not answer: %m");
	else if (error)
		complain("%s", error);
	else
		return reply;
	json_decref(reply);
	return NULL;
}

int ask_done(json_t *request)
{
	json_t *reply = ask(request);

	json_decref(reply);
	return reply ? 0 : 1;
}

/* ---- tables */

const char *text_of(json_t *object, const char *key, char *room, size_t size)
{
	json_t *value = json_object_get(object, key);

	if (json_is_string(value))
		return json_string_value(value);
	room[0] = '\0';
	if (json_is_integer(value))
		snprintf(room, size, "%" JSON_INTEGER_FORMAT, json_integer_value(value));
	return room;
}

/* The length of a text, or the text itself, with control characters as \xNN: one line, whatever names
 * hold. */
static size_t print_plain(FILE *out, const char *text)
{
	size_t length = 0;

	for (; *text; text++) {
		bool control = (unsigned char)*text < ' ' || *text == 0x7f;

		length += control ? 4 : 1;
		if (out)
			fprintf(out, control ? "\\x%02x" : "%c", (unsigned char)*text);
	}
	return length;
}

static size_t width_of(json_t *list, const struct column *column)
{
	size_t width = strlen(column->title), index;
	json_t *row;
	char room[32];

	json_array_foreach (list, index, row) {
		size_t length = print_plain(NULL, text_of(row, column->key, room, sizeof(room)));

		width = length > width ? length : width;
	}
	return width;
}

static void print_cell(const struct column *column, const char *text, size_t width)
{
	int blanks = width - print_plain(NULL, text);

	if (!column[1].key && !column->right)
		blanks = 0; /* nothing follows: no blanks */
	if (column->right)
		printf("%*s", blanks, "");
	print_plain(stdout, text);
	if (!column->right)
		printf("%*s", blanks, "");
	fputs(column[1].key ? "  " : "\n", stdout);
}

void print_list(json_t *list, const struct column *columns, bool json)
{
	const struct column *column;
	size_t index;
	json_t *row;
	char room[32];

	if (json) {
		json_dumpf(list, stdout, JSON_INDENT(2));
		putchar('\n');
		return;
	}
	for (column = columns; column->key; column++)
		print_cell(column, column->title, width_of(list, column));
	json_array_foreach (list, index, row)
		for (column = columns; column->key; column++)
			print_cell(column, text_of(row, column->key, room, sizeof(room)),
				   width_of(list, column));
}

/* ---- command lines */

struct words {
	struct switches *switches;
	int first, least, most;
};

static error_t parse(int key, char *argument, struct argp_state *state)
{
	struct words *words = state->input;

	switch (key) {
	case 'j':
		words->switches->json = true;
		return 0;
	case 'p':
		words->switches->permanent = words->switches->prompt = true;
		return 0;
	case 'q':
		words->switches->quiet = true;
		return 0;
	case ARGP_KEY_ARGS:
		words->first = state->next;
		return 0;
	case ARGP_KEY_END:
		if (state->argc - words->first < words->least)
			argp_error(state, "something is missing");
		if (state->argc - words->first > words->most)
			argp_error(state, "\"%s\" is too much",
				   state->argv[words->first + words->most]);
		return 0;
	default:
		return ARGP_ERR_UNKNOWN;
	}
}

int parse_words(int argc, char **argv, const struct argp_option *options, const char *usage,
		const char *doc, int least, int most, struct switches *switches)
{
	struct words words = {switches, argc, least, most};
	const struct argp argp = {options, parse, usage, doc, NULL, NULL, NULL};

	argp_parse(&argp, argc, argv, 0, NULL, &words);
	return words.first;
}
