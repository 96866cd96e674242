// SPDX-License-Identifier: LGPL-2.1-or-later
/*
 * umfuse: file systems by FUSE servers.
 *
 *	mount -t TYPE -o OPTIONS SOURCE TARGET -> a line of the table -> the server's command
 *
 * The table (fstypes(5)) says for each type which program serves it, how it is called and which
 * package has it. A type may have "umfuse" or "vufuse" in front, as both old generations had it, or
 * be "auto": then the image is looked at. The user's own table is read before the one installed.
 *
 * A file in memory, "ramfile", needs no server: it is a file of a tmpfs that nothing else shows.
 */
#include <blkid/blkid.h>
#include <errno.h>
#include <limits.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/mount.h>
#include <unistd.h>

#include "user/view/view.h"

#define ARGUMENTS 32

/* One line of the table, cut into its fields. */
struct entry {
	char *types, *package, *command;
	char line[1024];
};

static const char *plain_type(const char *type)
{
	if (!strncmp(type, "umfuse", 6) || !strncmp(type, "vufuse", 6))
		return type + 6;
	return type;
}

static bool has_word(const char *words, const char *word)
{
	size_t length = strlen(word);

	while (*words) {
		size_t next = strcspn(words, " \t");

		if (next == length && !memcmp(words, word, length))
			return true;
		words += next;
		words += strspn(words, " \t");
	}
	return false;
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

/* TYPE...: PACKAGE: COMMAND */
static bool parse_line(struct entry *entry)
{
	char *first = strchr(entry->line, ':'), *second = first ? strchr(first + 1, ':') : NULL;

	if (entry->line[0] == '#' || !second)
		return false;
	*first = *second = '\0';
	entry->types = trim(entry->line);
	entry->package = trim(first + 1);
	entry->command = trim(second + 1);
	return true;
}

static bool find_in(const char *path, const char *type, struct entry *entry)
{
	FILE *file = fopen(path, "re");
	bool found = false;

	while (file && !found && fgets(entry->line, sizeof(entry->line), file))
		found = parse_line(entry) && has_word(entry->types, type);
	if (file)
		fclose(file);
	return found;
}

static bool find(const char *table, const char *type, struct entry *entry)
{
	const char *home = getenv("HOME");
	char path[PATH_MAX];

	snprintf(path, sizeof(path), "%s/.viewos/fstypes", home ? home : "");
	return find_in(path, type, entry) || find_in(table, type, entry);
}

/* What an image holds, by its contents; NULL: not known. To free(3). */
static char *look_at(const char *path)
{
	blkid_probe probe = blkid_new_probe_from_filename(path);
	const char *value;
	char *type = NULL;

	if (!probe)
		return NULL;
	blkid_probe_enable_superblocks(probe, 1);
	blkid_probe_set_superblocks_flags(probe, BLKID_SUBLKS_TYPE);
	if (blkid_do_safeprobe(probe) == 0 &&
	    blkid_probe_lookup_value(probe, "TYPE", &value, NULL) == 0)
		type = strdup(value);
	blkid_free_probe(probe);
	return type;
}

/* ---- options */

/*
 * Options for the server: those of the mount, without what only old generations knew, and what the
 * flags say.
 */
static int make_options(struct view_mount *mount, char *options, size_t size)
{
	static const char *const dropped[] = {"rw+", "rw", "debug", "defaults", "human", "loop"};
	char *copy = strdup(view_mount_options(mount)), *state = NULL, *word;
	unsigned long flags = view_mount_flags(mount);
	size_t used = snprintf(options, size, "%s%s", flags & MS_RDONLY ? "ro" : "rw",
			       flags & MS_NOEXEC ? ",noexec" : "");

	for (word = copy ? strtok_r(copy, ",", &state) : NULL; word && used < size;
	     word = strtok_r(NULL, ",", &state)) {
		bool drop = false;

		for (size_t i = 0; i < sizeof(dropped) / sizeof(*dropped); i++)
			drop = drop || !strcmp(word, dropped[i]);
		if (!strncmp(word, "fuseuid=", 8) || !strncmp(word, "fusegid=", 8))
			word += 4;
		if (!drop)
			used += snprintf(options + used, size - used, ",%s", word);
	}
	free(copy);
	return used < size ? 0 : -E2BIG;
}

/* Put values for %s, %t, %o and the like into a word of the command; the result is to free(3). */
static char *expand(const char *word, struct view_mount *mount, const char *options)
{
	char *text = NULL, owner[64] = "";
	size_t size;
	FILE *out = open_memstream(&text, &size);

	if (!out)
		return NULL;
	if (view_mount_single_id(mount))
		snprintf(owner, sizeof(owner), ",uid=%d,gid=%d", getuid(), getgid());
	for (; *word; word++) {
		const char *value = NULL;

		if (word[0] == '%' && word[1] == 's')
			value = view_mount_source(mount);
		else if (word[0] == '%' && word[1] == 't')
			value = view_mount_place(mount);
		else if (word[0] == '%' && word[1] == 'o')
			value = options;
		else if (word[0] == '%' && word[1] == 'u')
			value = owner;
		else if (word[0] == '%' && word[1] == 'w')
			value = view_mount_flags(mount) & MS_RDONLY ? "ro" : "rw+";
		else if (word[0] == '%' && word[1] == 'p')
			value = options + strlen("rw");
		if (value) {
			fputs(value, out);
			word++;
		} else {
			fputc(*word, out);
		}
	}
	fclose(out);
	return text;
}

static int run(struct view_mount *mount, struct entry *entry)
{
	char options[4096], *argv[ARGUMENTS + 1] = {NULL}, *state = NULL, *word;
	int count = 0, error = make_options(mount, options, sizeof(options));

	for (word = strtok_r(entry->command, " \t", &state); word && !error && count < ARGUMENTS;
	     word = strtok_r(NULL, " \t", &state)) {
		argv[count] = expand(word, mount, options);
		if (!argv[count++])
			error = -ENOMEM;
	}
	if (!error)
		error = view_mount_lock(mount, !(view_mount_flags(mount) & MS_RDONLY));
	if (!error && count)
		error = view_mount_run(mount, argv);
	if (error == -ENOENT)
		view_mount_error(
			mount, error, "%s on %s needs the program %s: install the package %s",
			view_mount_type(mount), view_mount_target(mount), argv[0], entry->package);
	while (count > 0)
		free(argv[--count]);
	return error;
}

/* ---- the mount */

static int mount_type(struct view_mount *mount, void *data)
{
	const char *type = plain_type(view_mount_type(mount));
	char *found = NULL;
	struct entry entry;
	int result;

	if (!strcmp(type, "auto")) {
		found = look_at(view_mount_source(mount));
		if (!found)
			return view_mount_error(mount, -EINVAL,
						"%s: no file system that is known was found in it; "
						"say its type with -t",
						view_mount_source(mount));
		type = found;
	}
	if (find(data, type, &entry))
		result = run(mount, &entry);
	else
		result = view_mount_error(mount, -ENODEV,
					  "no server is known for file systems of type %s: add one "
					  "to ~/.viewos/fstypes, see fstypes(5)",
					  type);
	free(found);
	return result;
}

static int mount_ramfile(struct view_mount *mount, void *data)
{
	char options[256];
	char *make[] = {"/bin/sh",
			"-c",
			"d=$(mktemp -d) && mount -t tmpfs -o \"nosuid,nodev,$1\" none $d && touch "
			"$d/file && "
			"mount --bind $d/file \"$0\"; s=$?; umount -l $d; rmdir $d; exit $s",
			(char *)view_mount_place(mount),
			options,
			NULL};

	if (snprintf(options, sizeof(options), "mode=755%s%s",
		     view_mount_options(mount)[0] ? "," : "",
		     view_mount_options(mount)) >= (int)sizeof(options))
		return -E2BIG;
	return view_mount_run(mount, make);
}

static int start(struct view *view, const char *options, void **data)
{
	char path[PATH_MAX];

	if (snprintf(path, sizeof(path), "%s/fstypes", view_directory(view)) >= (int)sizeof(path))
		return -ENAMETOOLONG;
	*data = strdup(path);
	return *data ? 0 : -ENOMEM;
}

/* Any type may be in a table. */
static bool claims(const char *type, void *data)
{
	const char *plain = plain_type(type);
	struct entry entry;

	return plain != type || !strcmp(type, "auto") || find(data, type, &entry);
}

static const struct view_mount_type types[] = {
	{.prefix = "", .mount = mount_type, .claims = claims},
	{.prefix = "ramfile", .mount = mount_ramfile},
	{.prefix = "umfuseramfile", .mount = mount_ramfile},
	{},
};

const struct view_service view_service = {
	.abi = VIEW_ABI,
	.name = "umfuse",
	.description = "file systems by FUSE servers",
	.mounts = types,
	.start = start,
	.stop = free,
};
