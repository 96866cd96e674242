/* SPDX-License-Identifier: GPL-2.0-or-later */
/*
 * Input scripts. A line is a command; words in double quotes may hold \n, \t, \\ and \":
 *
 *	wait [terminalN] "TEXT"		until the terminal has sent TEXT since the last wait
 *	send [terminalN] "TEXT"		type TEXT
 *	at TICK				until that tick
 *	after TICKS			until that many ticks later
 *	fail DEVICE, repair DEVICE	the hardware failure switch, e.g. of disk0
 *	tape tapeN ["FILE"]		put that tape in the drive, which is rewound; none: take it out
 *	stop				end the run
 *
 * N is 0 if left out. Empty lines and lines that begin with # mean nothing.
 */
#include <ctype.h>
#include <errno.h>
#include <stdlib.h>
#include <string.h>

#include <jansson.h>

#include "umps/front/names.h"
#include "umps/run/run.h"

enum verb {
	VERB_WAIT,
	VERB_SEND,
	VERB_AT,
	VERB_AFTER,
	VERB_FAIL,
	VERB_REPAIR,
	VERB_TAPE,
	VERB_STOP
};
static const char *const verbs[] = {"wait", "send",   "at",   "after",
				    "fail", "repair", "tape", "stop"};
#define N_VERBS (sizeof(verbs) / sizeof(verbs[0]))

#define MAX_SEEN (1u << 20)

struct command {
	enum verb verb;
	enum umps_line line;
	int device, source_line;
	uint64_t ticks;
	char *text;
	size_t length;
};

struct script {
	char *path;
	struct command *commands;
	int n, next;
	uint64_t until; /* of the `at` or `after` being waited for; 0: not computed yet */
	char *seen[UMPS_N_DEVICES]; /* output not consumed by a wait yet */
	size_t seen_length[UMPS_N_DEVICES], seen_size[UMPS_N_DEVICES];
};

static int complain(const char *path, int line, struct umps_error *error, const char *what)
{
	snprintf(error->text, sizeof(error->text), "%s: line %d: %s", path, line, what);
	return -1;
}

/* The quoted string at *AT, unescaped in place; NULL if there is none. */
static char *quoted(char **at, size_t *length)
{
	char *from = *at, *to, *start;

	if (*from != '"')
		return NULL;
	start = to = ++from;
	for (; *from && *from != '"'; from++) {
		if (*from == '\\' && from[1]) {
			from++;
			*to++ = *from == 'n' ? '\n' : *from == 't' ? '\t' : *from;
		} else {
			*to++ = *from;
		}
	}
	if (!*from)
		return NULL;
	*at = from + 1;
	*length = (size_t)(to - start);
	*to = 0;
	return start;
}

static char *skip_blanks(char *at)
{
	while (isblank((unsigned char)*at))
		at++;
	return at;
}

static int parse_text(struct command *c, char *rest, const char *path, struct umps_error *error)
{
	char *blank = strpbrk(rest, " \t"), *text;

	c->line = UMPS_TERMINAL;
	if (*rest != '"' && blank) {
		*blank = 0;
		if (!device_from_name(rest, &c->line, &c->device) || c->line != UMPS_TERMINAL)
			return complain(path, c->source_line, error,
					"a terminal (terminal0 to terminal7) or a text in "
					"double quotes must follow");
		rest = skip_blanks(blank + 1);
	}
	text = quoted(&rest, &c->length);
	if (!text || *skip_blanks(rest) || !c->length)
		return complain(path, c->source_line, error,
				"a text in double quotes must follow, and nothing else");
	c->text = malloc(c->length + 1);
	if (!c->text)
		abort();
	memcpy(c->text, text, c->length + 1);
	return 0;
}

/* tapeN, then a file name in quotes, or nothing. */
static int parse_tape(struct command *c, char *rest, const char *path, struct umps_error *error)
{
	char *blank = rest + strcspn(rest, " \t"), *text;

	if (*blank)
		*blank++ = 0;
	if (!device_from_name(rest, &c->line, &c->device) || c->line != UMPS_TAPE)
		return complain(path, c->source_line, error,
				"a drive (tape0 to tape7) must follow");
	rest = skip_blanks(blank);
	if (!*rest)
		return 0;
	text = quoted(&rest, &c->length);
	if (!text || *skip_blanks(rest) || !c->length)
		return complain(path, c->source_line, error,
				"a file name in double quotes may follow, and nothing else");
	c->text = strdup(text);
	if (!c->text)
		abort();
	return 0;
}

static int parse_arguments(struct command *c, char *rest, const char *path,
			   struct umps_error *error)
{
	char *end;

	switch (c->verb) {
	case VERB_WAIT:
	case VERB_SEND:
		return parse_text(c, rest, path, error);
	case VERB_AT:
	case VERB_AFTER:
		errno = 0;
		c->ticks = strtoull(rest, &end, 0);
		if (!isdigit((unsigned char)*rest) || *skip_blanks(end) || errno)
			return complain(path, c->source_line, error,
					"a number of ticks must follow");
		return 0;
	case VERB_TAPE:
		return parse_tape(c, rest, path, error);
	case VERB_FAIL:
	case VERB_REPAIR:
		if (!device_from_name(rest, &c->line, &c->device))
			return complain(path, c->source_line, error,
					"a device such as disk0 must follow");
		return 0;
	default:
		return *rest ? complain(path, c->source_line, error, "nothing may follow") : 0;
	}
}

static int parse_line(struct script *s, char *line, int number, struct umps_error *error)
{
	struct command *c;
	char *word = skip_blanks(line), *rest;
	size_t verb;

	for (size_t n = strlen(word); n && isspace((unsigned char)word[n - 1]); n--)
		word[n - 1] = 0;
	if (!*word || *word == '#')
		return 0;
	rest = word + strcspn(word, " \t");
	if (*rest)
		*rest++ = 0;
	for (verb = 0; verb < N_VERBS && strcmp(verbs[verb], word); verb++)
		;
	if (verb == N_VERBS)
		return complain(
			s->path, number, error,
			"a line begins with wait, send, at, after, fail, repair, tape or stop");
	s->commands = realloc(s->commands, (size_t)(s->n + 1) * sizeof(*s->commands));
	if (!s->commands)
		abort();
	c = &s->commands[s->n++];
	*c = (struct command){.verb = (enum verb)verb, .source_line = number};
	return parse_arguments(c, skip_blanks(rest), s->path, error);
}

struct script *script_read(const char *path, struct umps_error *error)
{
	FILE *file = fopen(path, "r");
	struct script *s = calloc(1, sizeof(*s));
	char *line = NULL;
	size_t size = 0;
	int number = 0, bad = 0;

	if (!file || !s) {
		snprintf(error->text, sizeof(error->text), "cannot read the script %s: %s", path,
			 strerror(errno));
		free(s);
		return NULL;
	}
	s->path = strdup(path);
	while (!bad && getline(&line, &size, file) >= 0)
		bad = parse_line(s, line, ++number, error);
	free(line);
	fclose(file);
	if (bad) {
		script_free(s);
		return NULL;
	}
	return s;
}

void script_free(struct script *s)
{
	if (!s)
		return;
	for (int i = 0; i < s->n; i++)
		free(s->commands[i].text);
	for (int i = 0; i < UMPS_N_DEVICES; i++)
		free(s->seen[i]);
	free(s->commands);
	free(s->path);
	free(s);
}

bool script_ended(const struct script *s)
{
	return !s || s->next == s->n;
}

bool script_waits(const struct script *s)
{
	return !script_ended(s) && s->commands[s->next].verb == VERB_WAIT;
}

void script_output(struct run *run, int terminal, uint8_t character)
{
	struct script *s = run->script;
	const struct command *c;

	if (script_ended(s))
		return;
	if (s->seen_length[terminal] == MAX_SEEN) { /* forget the older half */
		s->seen_length[terminal] /= 2;
		memmove(s->seen[terminal], s->seen[terminal] + MAX_SEEN / 2, MAX_SEEN / 2);
	}
	if (s->seen_length[terminal] == s->seen_size[terminal]) {
		s->seen_size[terminal] = s->seen_size[terminal] ? 2 * s->seen_size[terminal] : 256;
		s->seen[terminal] = realloc(s->seen[terminal], s->seen_size[terminal]);
		if (!s->seen[terminal])
			abort();
	}
	s->seen[terminal][s->seen_length[terminal]++] = (char)character;
	c = &s->commands[s->next];
	if (c->verb == VERB_WAIT && c->device == terminal &&
	    s->seen_length[terminal] >= c->length &&
	    !memcmp(s->seen[terminal] + s->seen_length[terminal] - c->length, c->text, c->length))
		umps_interrupt(run->machine);
}

static bool saw(struct script *s, const struct command *c)
{
	char *found =
		s->seen_length[c->device]
			? memmem(s->seen[c->device], s->seen_length[c->device], c->text, c->length)
			: NULL;
	size_t used;

	if (!found)
		return false;
	used = (size_t)(found - s->seen[c->device]) + c->length;
	s->seen_length[c->device] -= used;
	memmove(s->seen[c->device], s->seen[c->device] + used, s->seen_length[c->device]);
	return true;
}

static int change_tape(struct run *run, const struct script *s, const struct command *c)
{
	struct umps_error error;

	if (umps_change_tape(run->machine, c->device, c->text, &error) == 0)
		return 1;
	fprintf(stderr, "%s: %s: line %d: %s\n", run->program, s->path, c->source_line, error.text);
	return -1;
}

/* One command: 1 done, 0 not yet, -1 impossible. */
static int perform(struct run *run, struct script *s, const struct command *c)
{
	switch (c->verb) {
	case VERB_WAIT:
		return saw(s, c);
	case VERB_SEND:
		return umps_terminal_input(run->machine, c->device, c->text, c->length) < 0 ? -1
											    : 1;
	case VERB_AT:
	case VERB_AFTER:
		if (!s->until)
			s->until =
				c->ticks + (c->verb == VERB_AFTER ? umps_ticks(run->machine) : 0);
		if (umps_ticks(run->machine) < s->until)
			return 0;
		s->until = 0;
		return 1;
	case VERB_FAIL:
	case VERB_REPAIR:
		return umps_set_failing(run->machine, c->line, c->device, c->verb == VERB_FAIL) < 0
			       ? -1
			       : 1;
	case VERB_TAPE:
		return change_tape(run, s, c);
	default:
		run->interrupted = true;
		return 1;
	}
}

bool script_step(struct run *run)
{
	struct script *s = run->script;

	while (!script_ended(s)) {
		int done = perform(run, s, &s->commands[s->next]);

		if (done < 0) {
			if (s->commands[s->next].verb == VERB_TAPE)
				return false; /* it was told */
			fprintf(stderr, "%s: %s: line %d: the machine has no such device\n",
				run->program, s->path, s->commands[s->next].source_line);
			return false;
		}
		if (!done)
			break;
		s->next++;
	}
	return true;
}

uint64_t script_wake(const struct run *run)
{
	return run->script && run->script->until ? run->script->until : UINT64_MAX;
}

void script_tell(const struct run *run, FILE *out)
{
	const struct script *s = run->script;

	if (!script_ended(s))
		fprintf(out, "%s: %s: line %d: still waiting for: %s %s\n", run->program, s->path,
			s->commands[s->next].source_line, verbs[s->commands[s->next].verb],
			s->commands[s->next].text ? s->commands[s->next].text : "");
}

json_t *script_json(const struct script *s)
{
	const struct command *c;
	json_t *text;

	if (script_ended(s))
		return NULL;
	c = &s->commands[s->next];
	text = c->text ? json_stringn(c->text, c->length) : NULL;
	if (!text) /* none, or not UTF-8 */
		text = json_null();
	return json_pack("{s:s, s:i, s:s, s:i, s:o}", "file", s->path, "line", c->source_line,
			 "command", verbs[c->verb], "terminal", c->device, "text", text);
}
