// SPDX-License-Identifier: GPL-2.0-or-later
/*
 * A first set of rules, from what one run did: which program executes which, writes below which
 * directories, connects to and binds which addresses. What was seen is allowed, all else is logged.
 *
 * Names are generalised: of a written file the directory counts, since the names of temporary files
 * are never the same, and of more than SIBLINGS directories in one directory the one that they are in; a
 * port that is bound by a client is any; of an address that a program connects to, host and port are
 * kept.
 */
#include <errno.h>
#include <stdlib.h>
#include <string.h>

#include "guard.h"

#define SIBLINGS 8
#define FACTS	 100000

struct fact {
	struct fact *next; /* in its bucket */
	enum guard_event event;
	char *program, *object;
	bool done;
};

#define BUCKETS 4096

struct guard_learnt {
	struct fact *bucket[BUCKETS];
	struct fact **all;
	size_t count, room;
};

struct guard_learnt *guard_learn_new(void)
{
	return calloc(1, sizeof(struct guard_learnt));
}

static unsigned int hash(unsigned int event, const char *program, const char *object)
{
	unsigned int value = event;

	for (; *program; program++)
		value = value * 31 + (unsigned char)*program;
	for (; *object; object++)
		value = value * 31 + (unsigned char)*object;
	return value % BUCKETS;
}

static void add(struct guard_learnt *learnt, enum guard_event event, const char *program,
		const char *object)
{
	unsigned int at = hash(event, program, object);
	struct fact *fact;

	for (fact = learnt->bucket[at]; fact; fact = fact->next)
		if (fact->event == event && !strcmp(fact->program, program) &&
		    !strcmp(fact->object, object))
			return;
	if (learnt->count == learnt->room) {
		size_t room = learnt->room ? 2 * learnt->room : 256;
		struct fact **all = reallocarray(learnt->all, room, sizeof(*all));

		if (!all || learnt->count >= FACTS)
			return;
		learnt->all = all;
		learnt->room = room;
	}
	fact = calloc(1, sizeof(*fact));
	if (!fact)
		return;
	fact->event = event;
	fact->program = strdup(program);
	fact->object = strdup(object);
	fact->next = learnt->bucket[at];
	learnt->bucket[at] = fact;
	learnt->all[learnt->count++] = fact;
}

void guard_learn(struct guard_learnt *learnt, const char *program,
		 const struct guard_object *object)
{
	char text[GUARD_TEXT];
	char *slash, *colon;

	snprintf(text, sizeof(text), "%s", object->text);
	switch (object->event) {
	case GUARD_WRITE:
		slash = strrchr(text, '/');
		if (!slash || *text != '/')
			return;
		slash[1] = '\0';
		break;
	case GUARD_BIND:
		colon = strrchr(text, ':');
		if (colon && object->inet.sin6_family && !object->inet.sin6_port)
			strcpy(colon, ":*");
		break;
	case GUARD_EXEC:
	case GUARD_CONNECT:
	case GUARD_LISTEN:
		break;
	default:
		return;
	}
	add(learnt, object->event, program, text);
}

/* ---- writing */

/* How a directory is written as a pattern: its own files, or all below the directory it is in. */
static void directory_pattern(const struct guard_learnt *learnt, const struct fact *fact,
			      char text[GUARD_TEXT])
{
	size_t length = strlen(fact->object) - 1, siblings = 0;

	while (length && fact->object[length - 1] != '/')
		length--;
	for (size_t i = 0; length > 1 && i < learnt->count; i++) {
		const struct fact *other = learnt->all[i];

		siblings += other->event == GUARD_WRITE && !strcmp(other->program, fact->program) &&
			    !strncmp(other->object, fact->object, length);
	}
	if (siblings > SIBLINGS)
		snprintf(text, GUARD_TEXT, "%.*s**", (int)length, fact->object);
	else
		snprintf(text, GUARD_TEXT, "%s*", fact->object);
}

static void put_string(FILE *out, const char *text)
{
	fputc('"', out);
	for (; *text; text++) {
		if (*text == '"' || *text == '\\')
			fputc('\\', out);
		fputc(*text == '\n' ? '?' : *text, out);
	}
	fputc('"', out);
}

/* Stars in the name of a file would match more than it; that is a wider rule, not a wrong one. */
static void pattern_of(const struct guard_learnt *learnt, const struct fact *fact,
		       char text[GUARD_TEXT])
{
	if (fact->event == GUARD_WRITE)
		directory_pattern(learnt, fact, text);
	else
		snprintf(text, GUARD_TEXT, "%s", fact->object);
}

/* The rule for what one program did of one kind. */
static void write_rule(FILE *out, struct guard_learnt *learnt, struct fact *first)
{
	static char patterns[512][GUARD_TEXT];
	unsigned int count = 0;
	bool objects = first->event != GUARD_LISTEN;

	for (size_t i = 0; i < learnt->count; i++) {
		struct fact *fact = learnt->all[i];
		unsigned int j = 0;

		if (fact->event != first->event || strcmp(fact->program, first->program) ||
		    count == 512)
			continue;
		fact->done = true;
		pattern_of(learnt, fact, patterns[count]);
		while (j < count && strcmp(patterns[j], patterns[count]))
			j++;
		count += j == count;
	}
	fprintf(out, "on %s", guard_event_names[first->event]);
	for (unsigned int i = 0; objects && i < count; i++) {
		fputs(i ? ",\n\t" : " ", out);
		put_string(out, patterns[i]);
	}
	fputs(" by ", out);
	put_string(out, first->program);
	fputs(": allow\n", out);
}

int guard_learn_write(struct guard_learnt *learnt, const char *file, char **command)
{
	static const enum guard_event events[] = {GUARD_EXEC, GUARD_WRITE, GUARD_CONNECT,
						  GUARD_BIND, GUARD_LISTEN};
	FILE *out = fopen(file, "we");

	if (!out) {
		complain("cannot write the rules %s: %s", file, strerror(errno));
		return -1;
	}
	fprintf(out, "# Learnt by " PROGRAM " guard --learn from one run of:");
	for (; *command; command++)
		fprintf(out, " %.*s", (int)strcspn(*command, "\n"), *command);
	fprintf(out, "\n# Read each line: what the run did is allowed here, right or wrong. Make "
		     "\"log\" at\n"
		     "# the end of a part \"deny\" once nothing usual is logged any more.\n");
	for (size_t e = 0; e < sizeof(events) / sizeof(events[0]); e++) {
		fputc('\n', out);
		for (size_t i = 0; i < learnt->count; i++)
			if (learnt->all[i]->event == events[e] && !learnt->all[i]->done)
				write_rule(out, learnt, learnt->all[i]);
		fprintf(out, "on %s: log\n", guard_event_names[events[e]]);
	}
	if (fclose(out) != 0) {
		complain("cannot write the rules %s: %s", file, strerror(errno));
		return -1;
	}
	return 0;
}
