// SPDX-License-Identifier: LGPL-2.1-or-later
/*
 * Options: from those of the mount to those of the server, by the rules of the table.
 *
 * A word of a rule is an option, NAME= for an option with any value, NAME=VALUE for one value, a
 * beginning and "*", or "*" alone for any option. The rules of a type come before those of all types; the
 * most exact one counts: a value before any value before a beginning before "*". An option that a type with rules does not
 * have is refused. Three options are ours, for every type: offset=, sizelimit=, partition=.
 */
#include <errno.h>
#include <fnmatch.h>
#include <stdlib.h>
#include <string.h>
#include <sys/mount.h>

#include "umfuse.h"
#include "user/view/mount/option.h"

/* ---- numbers: 4096, 2M, 0x200, 3s for sectors as of fdisk(8) */

static bool parse_bytes(const char *text, uint64_t *bytes)
{
	static const char *const letters = "kmgtpe";
	const char *letter;
	unsigned long long number;
	char *end;

	errno = 0;
	number = strtoull(text, &end, 0);
	if (errno || end == text || *text == '-')
		return false;
	*bytes = number;
	if (!*end)
		return true;
	if (!strcmp(end, "s"))
		return !__builtin_mul_overflow(number, 512ULL, bytes);
	letter = strchr(letters, *end | 0x20);
	if (!letter || (end[1] && strcasecmp(end + 1, "iB") && strcasecmp(end + 1, "B")))
		return false;
	for (int i = 0; i <= letter - letters; i++)
		if (__builtin_mul_overflow(*bytes, 1024ULL, bytes))
			return false;
	return true;
}

/* 1: ours. 0: not ours. Or a negative errno. */
static int take_part(struct view_mount *mount, const char *option, struct part *part)
{
	uint64_t number = 0;
	bool good;

	if (!strncmp(option, "offset=", 7)) {
		good = parse_bytes(option + 7, &part->offset);
	} else if (!strncmp(option, "sizelimit=", 10)) {
		good = parse_bytes(option + 10, &part->size);
	} else if (!strncmp(option, "partition=", 10)) {
		good = parse_bytes(option + 10, &number) && number > 0 && number < 1000;
		part->number = number;
	} else {
		return 0;
	}
	if (good)
		return 1;
	return view_mount_error(
		mount, -EINVAL,
		"%s: that is no number; bytes may have K, M, G or s (sectors) behind", option);
}

/* ---- rules */

struct matching {
	const char *option;
	const char *to; /* what RULE_BECOME makes of it */
	unsigned int
		exact; /* the best so far: 4 the whole, 3 any value, 2 a beginning, 1 anything */
	char word[256];
};

static bool match_word(const char *word, void *data)
{
	struct matching *matching = data;
	const char *option = matching->option, *to = strchr(word, '>');
	size_t length = to ? (size_t)(to - word) : strlen(word);
	unsigned int exact = 0;

	if (length == strlen(option) && !strncmp(word, option, length))
		exact = 4;
	else if (length && word[length - 1] == '=' && !strncmp(word, option, length))
		exact = 3;
	else if (length > 1 && word[length - 1] == '*' && !strncmp(word, option, length - 1))
		exact = 2;
	else if (length == 1 && *word == '*')
		exact = 1;
	if (exact > matching->exact) {
		matching->exact = exact;
		snprintf(matching->word, sizeof(matching->word), "%s", word);
	}
	return false;
}

/* The rule for an option; NULL: there is none. matching has the word of it. */
static const struct rule *rule_for(const struct entry *entry, const char *option,
				   struct matching *matching)
{
	const struct rule *best = NULL;

	*matching = (struct matching){.option = option};
	/* The type's own rules are the last ones. */
	for (unsigned int i = entry->count; i-- > 0;) {
		unsigned int exact = matching->exact;

		if (entry->rules[i].kind > RULE_REFUSE)
			continue;
		each_word(entry->rules[i].words, match_word, matching);
		if (matching->exact > exact)
			best = &entry->rules[i];
	}
	matching->to = strchr(matching->word, '>');
	return best;
}

static void add(FILE *out, const char *option)
{
	fprintf(out, ",%s", option);
}

/* FROM>TO; where both end in "=" the value stays. */
static void add_become(FILE *out, const struct matching *matching)
{
	const char *to = matching->to + 1;
	size_t from = matching->to - matching->word;

	if (to[strlen(to) - 1] == '=' && matching->word[from - 1] == '=')
		fprintf(out, ",%s%s", to, matching->option + from);
	else
		add(out, to);
}

static int apply(struct view_mount *mount, const struct entry *entry, FILE *out, const char *option)
{
	struct matching matching;
	const struct rule *rule = rule_for(entry, option, &matching);

	if (!entry->count || (rule && rule->kind == RULE_TAKE)) {
		add(out, option);
		return 0;
	}
	if (!rule)
		return view_mount_error(mount, -EINVAL,
					"%s: the option %s is not known for it here; fstypes(5) "
					"tells which are",
					view_mount_type(mount), option);
	switch (rule->kind) {
	case RULE_BECOME:
		add_become(out, &matching);
		break;
	case RULE_NOTE:
		view_mount_note(mount, "%s has no effect here%s%s", option,
				rule->reason ? ": " : "", rule->reason ? rule->reason : "");
		break;
	case RULE_REFUSE:
		return view_mount_error(mount, -EINVAL, "%s: the option %s cannot be had here: %s",
					view_mount_type(mount), option,
					rule->reason ? rule->reason
						     : "its server does not know it");
	default:
		break;
	}
	return 0;
}

int rules_part(struct view_mount *mount, struct part *part)
{
	char *copy = strdup(view_mount_options(mount)), *at = copy, *option;
	int error = copy ? 0 : -ENOMEM;

	while (error >= 0 && (option = option_next(&at)))
		error = take_part(mount, option, part);
	free(copy);
	return error < 0 ? error : 0;
}

char *rules_apply(struct view_mount *mount, const struct entry *entry, int *error)
{
	static const char *const old[] = {"rw+", "rw", "debug", "defaults", "human", "loop", "ro"};
	char *copy = strdup(view_mount_options(mount)), *text = NULL, *at = copy, *option;
	const char *first = view_mount_flags(mount) & MS_RDONLY ? "ro" : "rw";
	struct matching matching;
	struct part ours;
	const struct rule *rule;
	size_t size;
	FILE *out = open_memstream(&text, &size);

	*error = copy && out ? 0 : -ENOMEM;
	if (out) {
		fprintf(out, "%s%s", first, view_mount_flags(mount) & MS_NOEXEC ? ",noexec" : "");
		rule = rule_for(entry, first, &matching);
		if (rule && rule->kind == RULE_BECOME)
			add_become(out, &matching);
	}
	while (!*error && (option = option_next(&at))) {
		bool drop = !*option || take_part(mount, option, &ours);

		for (size_t i = 0; i < sizeof(old) / sizeof(*old); i++)
			drop = drop || !strcmp(option, old[i]);
		if (!strncmp(option, "fuseuid=", 8) || !strncmp(option, "fusegid=", 8))
			option += 4;
		if (!drop)
			*error = apply(mount, entry, out, option);
	}
	free(copy);
	if (out)
		fclose(out);
	if (!*error)
		return text;
	free(text);
	return NULL;
}

char *rules_hush(const struct entry *entry, const char *said)
{
	char *copy = strdup(said), *text = NULL, *state = NULL, *line;
	size_t size;
	FILE *out = open_memstream(&text, &size);

	for (line = copy && out ? strtok_r(copy, "\n", &state) : NULL; line;
	     line = strtok_r(NULL, "\n", &state)) {
		bool hushed = false;

		for (unsigned int i = 0; i < entry->count && !hushed; i++)
			hushed = entry->rules[i].kind == RULE_HUSH &&
				 !fnmatch(entry->rules[i].words, line, 0);
		if (!hushed)
			fprintf(out, "%s%s", ftell(out) ? "\n" : "", line);
	}
	free(copy);
	if (out)
		fclose(out);
	return text;
}
