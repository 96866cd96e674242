// SPDX-License-Identifier: LGPL-2.1-or-later
/*
 * The table of types (fstypes(5)).
 *
 *	TYPE...: PACKAGE: COMMAND
 *		KEYWORD WORDS [: REASON]	a rule for these types
 *
 * A type may have several lines: the next one is for who has not got the program of the one before.
 * Rules that stand before the first type hold for all types of the file that have rules.
 */
#include <limits.h>
#include <stdlib.h>
#include <string.h>

#include "umfuse.h"

static const char *const keywords[] = {
	[RULE_TAKE] = "take",	      [RULE_BECOME] = "become", [RULE_DROP] = "drop",
	[RULE_NOTE] = "note",	      [RULE_REFUSE] = "refuse", [RULE_HUSH] = "hush",
	[RULE_REMEMBER] = "remember", [RULE_OPENS] = "opens",	[RULE_OFFSET] = "offset",
	[RULE_READS] = "reads",	      [RULE_KNOWN] = "known",
};

#define KEYWORDS (sizeof(keywords) / sizeof(*keywords))

bool each_word(const char *words, bool (*use)(const char *word, void *data), void *data)
{
	char *copy = strdup(words), *state = NULL;
	bool done = false;

	for (char *word = copy ? strtok_r(copy, " \t", &state) : NULL; word && !done;
	     word = strtok_r(NULL, " \t", &state))
		done = use(word, data);
	free(copy);
	return done;
}

static bool is_word(const char *word, void *wanted)
{
	return !strcmp(word, wanted);
}

static char *trim(char *text)
{
	char *end;

	text += strspn(text, " \t");
	end = text + strlen(text);
	while (end > text && strchr(" \t\n", end[-1]))
		*--end = '\0';
	return text;
}

/* KEYWORD WORDS [: REASON]; what is no keyword is no rule. */
static void add_rule(struct entry *entry, char *line)
{
	char *words = line + strcspn(line, " \t"), *reason;
	size_t kind = 0;

	if (*words)
		*words++ = '\0';
	while (kind < KEYWORDS && strcmp(line, keywords[kind]))
		kind++;
	if (kind == KEYWORDS || entry->count == RULES)
		return;
	reason = kind == RULE_HUSH ? NULL : strstr(words, ": ");
	if (reason) {
		*reason = '\0';
		reason = trim(reason + 2);
	}
	entry->rules[entry->count++] = (struct rule){kind, trim(words), reason};
}

static bool parse_line(struct entry *entry, char *line)
{
	char *first = strchr(line, ':'), *second = first ? strchr(first + 1, ':') : NULL;

	if (!second)
		return false;
	*first = *second = '\0';
	entry->types = trim(line);
	entry->package = trim(first + 1);
	entry->command = trim(second + 1);
	return true;
}

/* The text of a file is cut into pieces that the entry points to. */
static bool parse(struct entry *entry, const char *type, unsigned int *skip)
{
	unsigned int common = 0;
	bool found = false, before = true;
	char *next;

	for (char *line = entry->text; line; line = next) {
		bool blank = *line == ' ' || *line == '\t';

		next = strchr(line, '\n');
		if (next)
			*next++ = '\0';
		if (*trim(line) == '#' || !*trim(line))
			continue;
		if (blank) {
			if (found || before)
				add_rule(entry, trim(line));
			continue;
		}
		if (found)
			break; /* the next type */
		if (before)
			common = entry->count;
		before = false;
		found = parse_line(entry, line) && each_word(entry->types, is_word, (void *)type) &&
			!(*skip && (*skip)--);
	}
	/* A type that has no rules has none in common with others either. */
	if (entry->count == common)
		entry->count = 0;
	return found;
}

static bool find_in(const char *path, const char *type, unsigned int *skip, struct entry *entry)
{
	FILE *file = fopen(path, "re");
	size_t size = 0;
	bool found;

	memset(entry, 0, sizeof(*entry));
	if (!file)
		return false;
	found = getdelim(&entry->text, &size, '\0', file) >= 0 && parse(entry, type, skip);
	fclose(file);
	if (!found)
		entry_free(entry);
	return found;
}

bool table_find(const char *table, const char *type, unsigned int skip, struct entry *entry)
{
	const char *home = getenv("HOME");
	char path[PATH_MAX];

	snprintf(path, sizeof(path), "%s/.viewos/fstypes", home ? home : "");
	return find_in(path, type, &skip, entry) || find_in(table, type, &skip, entry);
}

void entry_free(struct entry *entry)
{
	free(entry->text);
	memset(entry, 0, sizeof(*entry));
}

bool entry_has(const struct entry *entry, enum rule_kind kind)
{
	for (unsigned int i = 0; i < entry->count; i++)
		if (entry->rules[i].kind == kind)
			return true;
	return false;
}
