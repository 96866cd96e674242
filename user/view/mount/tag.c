// SPDX-License-Identifier: GPL-2.0-or-later
/* Sources by what they hold (tag.h). */
#include <blkid/blkid.h>
#include <limits.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <strings.h>
#include <sys/stat.h>
#include <unistd.h>

#include "tab.h"
#include "tag.h"

static const struct {
	const char *name, *directory;
} tags[] = {
	{"LABEL=", "by-label"},
	{"UUID=", "by-uuid"},
	{"PARTLABEL=", "by-partlabel"},
	{"PARTUUID=", "by-partuuid"},
};

#define TAGS (sizeof(tags) / sizeof(*tags))

/* Which of them; TAGS: none. */
static size_t kind_of(const char *source)
{
	size_t kind = 0;

	while (kind < TAGS &&
	       (!source || strncmp(source, tags[kind].name, strlen(tags[kind].name))))
		kind++;
	return kind;
}

bool tag_is(const char *source)
{
	return kind_of(source) < TAGS;
}

struct search {
	const char *name, *value; /* of libblkid: "LABEL", without quotes */
	char *found;
};

static bool holds(const char *path, const struct search *search)
{
	blkid_probe probe = blkid_new_probe_from_filename(path);
	const char *value;
	bool same = false;

	if (!probe)
		return false;
	blkid_probe_enable_superblocks(probe, 1);
	blkid_probe_set_superblocks_flags(probe, BLKID_SUBLKS_LABEL | BLKID_SUBLKS_UUID);
	if (blkid_do_safeprobe(probe) == 0 &&
	    blkid_probe_lookup_value(probe, search->name, &value, NULL) == 0)
		same = !strcmp(search->name, "UUID") ? !strcasecmp(value, search->value)
						     : !strcmp(value, search->value);
	blkid_free_probe(probe);
	return same;
}

static bool look_at(const struct tab_line *line, void *data)
{
	struct search *search = data;
	struct stat about;

	if (stat(line->source, &about) < 0 || !S_ISREG(about.st_mode) ||
	    !holds(line->source, search))
		return false;
	search->found = strdup(line->source);
	return true;
}

char *tag_find(const char *source)
{
	size_t kind = kind_of(source), length;
	char name[16], value[256], path[PATH_MAX];
	struct search search = {name, value, NULL};

	if (kind == TAGS)
		return NULL;
	length = strlen(tags[kind].name);
	snprintf(name, sizeof(name), "%.*s", (int)length - 1, source);
	source += length;
	length = strlen(source);
	if (length > 1 && *source == '"' && source[length - 1] == '"') {
		source++;
		length -= 2;
	}
	snprintf(value, sizeof(value), "%.*s", (int)length, source);
	if (tab_each(look_at, &search))
		return search.found;
	snprintf(path, sizeof(path), "/dev/disk/%s/%s", tags[kind].directory, value);
	return access(path, F_OK) == 0 ? strdup(path) : NULL;
}
