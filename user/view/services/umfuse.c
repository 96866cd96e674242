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
#include <errno.h>
#include <limits.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/mount.h>
#include <sys/stat.h>
#include <unistd.h>

#include "umfuse.h"

#define ARGUMENTS 32

static const char *plain_type(const char *type)
{
	if (!strncmp(type, "umfuse", 6) || !strncmp(type, "vufuse", 6))
		return type + 6;
	return type;
}

/* ---- the command */

/* Put values for %s, %t, %o and the like into a word of the command; the result is to free(3). */
static char *expand(const char *word, struct view_mount *mount, const char *options)
{
	const char *source = view_mount_source(mount);
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
			value = source;
		else if (word[0] == '%' && word[1] == 'i')
			value = view_mount_image(mount);
		else if (word[0] == '%' && word[1] == 'b')
			value = view_mount_aside(mount);
		else if (word[0] == '%' && word[1] == 'a')
			value = image_handlers(view_mount_open(mount));
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
		/* A name that a word begins with is no option. */
		if (value == source && *source == '-' && !ftell(out))
			fputs("./", out);
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

/* When nobody can change what is mounted, the kernel may remember all of it. */
static bool unchanging(const struct view_mount *mount)
{
	return view_mount_locked(mount) && view_mount_flags(mount) & MS_RDONLY;
}

/* The rule of a kind; NULL: there is none. */
static const struct rule *rule_of(const struct entry *entry, enum rule_kind kind)
{
	for (unsigned int i = 0; i < entry->count; i++)
		if (entry->rules[i].kind == kind)
			return &entry->rules[i];
	return NULL;
}

static char *with_remembered(struct view_mount *mount, const struct entry *entry, char *options)
{
	const struct rule *rule = unchanging(mount) ? rule_of(entry, RULE_REMEMBER) : NULL;
	char *longer;

	/* First, so that what was asked for counts. */
	if (!rule)
		return options;
	if (asprintf(&longer, "%.2s,%s%s", options, rule->words, options + 2) < 0)
		longer = NULL;
	free(options);
	return longer;
}

static int run_server(struct view_mount *mount, struct entry *entry, const char *options)
{
	char *argv[ARGUMENTS + 1] = {NULL}, *state = NULL, *word, *said;
	const struct rule *opens = unchanging(mount) ? rule_of(entry, RULE_OPENS) : NULL;
	int count = 0, error = 0;

	for (word = strtok_r(entry->command, " \t", &state); word && !error && count < ARGUMENTS;
	     word = strtok_r(NULL, " \t", &state)) {
		argv[count] = expand(word, mount, options);
		if (!argv[count++])
			error = -ENOMEM;
	}
	if (!error && opens && count < ARGUMENTS) {
		argv[count++] = strdup(opens->words);
		view_mount_set_unasked(mount);
	}
	if (!error && count)
		error = view_mount_run(mount, argv);
	if (error == -ENOENT && argv[0])
		view_mount_error(
			mount, error, "%s on %s needs the program %s: install the package %s",
			view_mount_type(mount), view_mount_target(mount), argv[0], entry->package);
	said = rules_hush(entry, view_mount_notes(mount));
	view_mount_forget_notes(mount);
	if (said && *said)
		view_mount_note(mount, "%s", said);
	free(said);
	while (count > 0)
		free(argv[--count]);
	return error;
}

/* ---- the image */

static bool is_image(int fd)
{
	struct stat about;

	return fd >= 0 && fstat(fd, &about) == 0 &&
	       (S_ISREG(about.st_mode) || S_ISBLK(about.st_mode));
}

/* A disk, and nothing was said of which part is meant. */
static int say_partitions(struct view_mount *mount, int fd)
{
	const char *table, *source = view_mount_source(mount);
	char *partitions = image_partitions(fd, &table);
	int error = -EINVAL;

	if (!partitions)
		return 0;
	view_mount_error(mount, error,
			 "%s is a whole disk with a %s table, no file system; its partitions are "
			 "%s: -o partition=N mounts one",
			 source, table, partitions);
	free(partitions);
	return error;
}

/* From partition=N to where that is. */
static int find_part(struct view_mount *mount, int fd, struct part *part)
{
	const char *table, *source = view_mount_source(mount);
	char *partitions;
	int error;

	if (!part->number)
		return 0;
	error = image_partition(fd, part->number, part);
	if (!error)
		return 0;
	partitions = image_partitions(fd, &table);
	view_mount_error(mount, -EINVAL, "%s has no partition %u: %s%s", source, part->number,
			 partitions ? "there are " : "it has no table of partitions",
			 partitions ? partitions : "");
	free(partitions);
	return -EINVAL;
}

/* The type of what is there; NULL: it is not known, and said. */
static char *look_at(struct view_mount *mount, int fd, const struct part *part, int *error)
{
	const char *source = view_mount_source(mount);
	char *type;

	*error = -EINVAL;
	if (fd < 0) {
		view_mount_error(mount, fd, "%s cannot be opened: %s", source, strerror(-fd));
		*error = fd;
		return NULL;
	}
	if (!is_image(fd)) {
		view_mount_error(mount, *error,
				 "%s is no image: say with -t what to mount of it, or -o bind",
				 source);
		return NULL;
	}
	type = image_type(fd, part);
	if (!type && !(!part->offset && say_partitions(mount, fd)))
		view_mount_error(mount, *error,
				 "%s: no file system that is known was found in it; say its type "
				 "with -t",
				 source);
	return type;
}

static bool is_type(const char *word, void *wanted)
{
	return !strcmp(word, wanted);
}

static bool serves(const struct entry *entry, const char *type)
{
	return each_word(entry->types, is_type, (void *)type);
}

/* A server that failed on what is not of its type has no advice to give. */
static void say_what_it_is(struct view_mount *mount, const struct entry *entry, int fd,
			   const struct part *part)
{
	const char *source = view_mount_source(mount);
	char *type = image_type(fd, part);

	if (!type && !part->offset && say_partitions(mount, fd))
		return;
	if (type && entry_has(entry, RULE_KNOWN) && !serves(entry, type))
		view_mount_error(mount, -EIO, "%s is no %s image: it holds %s", source,
				 view_mount_type(mount), type);
	else if (!type && entry_has(entry, RULE_KNOWN))
		view_mount_error(mount, -EIO,
				 "%s is no %s image, or its beginning is damaged: nothing known "
				 "was found in it",
				 source, view_mount_type(mount));
	free(type);
}

/* ---- the mount */

/* Who may not write to an image, or has a server that cannot, reads it, and so can others. */
static void settle_writing(struct view_mount *mount, const struct entry *entry, int fd)
{
	if (entry_has(entry, RULE_READS)) {
		view_mount_set_read_only(mount);
	} else if (is_image(fd) && !(view_mount_flags(mount) & MS_RDONLY) &&
		   !view_mount_writable(mount)) {
		view_mount_set_read_only(mount);
		view_mount_note(mount, "%s is write-protected: it is mounted read-only",
				view_mount_source(mount));
	}
}

/* An image that lacks its end is not written to: what is missing would be found out block by block. */
static void settle_cut_off(struct view_mount *mount, int fd, const struct part *part)
{
	uint64_t wanted = is_image(fd) ? image_extent(fd, part) : 0, there;
	off_t end = wanted ? lseek(fd, 0, SEEK_END) : -1;

	if (end < 0)
		return;
	there = (uint64_t)end > part->offset ? end - part->offset : 0;
	if (part->size && part->size < there)
		there = part->size;
	if (there >= wanted)
		return;
	view_mount_note(
		mount, "%s is cut off: its file system has %llu bytes, and %llu are there%s",
		view_mount_source(mount), (unsigned long long)wanted, (unsigned long long)there,
		view_mount_flags(mount) & MS_RDONLY ? "" : "; it is mounted read-only");
	view_mount_set_read_only(mount);
}

/* The server begins at a byte by itself, or gets a file that is the part. */
static int narrow(struct view_mount *mount, const struct entry *entry, const struct part *part,
		  char **options)
{
	const struct rule *rule = rule_of(entry, RULE_OFFSET);
	char *longer;

	if (!part->offset && !part->size)
		return 0;
	if (rule && !part->size) {
		if (asprintf(&longer, "%s,%s%llu", *options, rule->words,
			     (unsigned long long)part->offset) < 0)
			return -ENOMEM;
		free(*options);
		*options = longer;
		return 0;
	}
	return view_mount_part(mount, part->offset, part->size);
}

static int run(struct view_mount *mount, struct entry *entry, int fd, const struct part *part)
{
	char *options;
	int error;

	settle_writing(mount, entry, fd);
	settle_cut_off(mount, fd, part);
	options = rules_apply(mount, entry, &error);
	if (!options)
		return error;
	error = view_mount_lock(mount, !(view_mount_flags(mount) & MS_RDONLY));
	if (!error && is_image(fd))
		error = narrow(mount, entry, part, &options);
	if (!error)
		options = with_remembered(mount, entry, options);
	if (!error)
		error = options ? run_server(mount, entry, options) : -ENOMEM;
	if ((error == -EIO || error == -ENOTCONN) && is_image(fd))
		say_what_it_is(mount, entry, fd, part);
	free(options);
	return error;
}

static int mount_known(struct view_mount *mount, const char *type, struct entry *entry, int fd,
		       const struct part *part)
{
	const char *source = view_mount_source(mount);

	if (entry->command[0] == '!')
		return view_mount_error(mount, -ENODEV, "%s: there is no server for %s: %s", source,
					type, entry->command + 1);
	if (strstr(entry->command, "%i") || strstr(entry->command, "%b")) {
		if (fd < 0)
			return view_mount_error(mount, fd, "%s cannot be opened: %s", source,
						strerror(-fd));
	} else if (fd < 0 && *source == '-') {
		return view_mount_error(mount, -EINVAL, "%s: a source cannot begin with \"-\"",
					source);
	}
	return run(mount, entry, fd, part);
}

static int mount_type(struct view_mount *mount, void *data)
{
	const char *type = plain_type(view_mount_type(mount));
	struct part part = {0};
	char *found = NULL;
	struct entry entry;
	int fd = view_mount_open(mount), error = rules_part(mount, &part);

	if (!error && is_image(fd))
		error = find_part(mount, fd, &part);
	if (!error && !strcmp(type, "auto"))
		type = found = look_at(mount, fd, &part, &error);
	if (found)
		error = view_mount_set_type(mount, found);
	if (error)
		return error;
	error = -ENODEV;
	for (unsigned int line = 0; table_find(data, type, line, &entry); line++) {
		error = mount_known(mount, type, &entry, fd, &part);
		entry_free(&entry);
		if (error != -ENOENT)
			break;
	}
	if (error == -ENODEV && !view_mount_message(mount)[0])
		view_mount_error(mount, error,
				 "no server is known for file systems of type %s: add one "
				 "to ~/.viewos/fstypes, see fstypes(5)",
				 type);
	free(found);
	return error;
}

/*
 * What shows the machine itself. The kernel makes a new one where the task has process ids or a network
 * of its own; elsewhere what is there is bound.
 */
static int mount_machine(struct view_mount *mount, void *data)
{
	static const char *const places[][2] = {
		{"proc", "/proc"}, {"sysfs", "/sys"}, {"devtmpfs", "/dev"}};
	const char *type = view_mount_type(mount), *target = view_mount_target(mount);
	int error = view_mount_kernel(mount, view_mount_source(mount), target, type,
				      view_mount_flags(mount), view_mount_options(mount));

	for (size_t i = 0; i < sizeof(places) / sizeof(*places); i++)
		if (error == -EPERM && !strcmp(type, places[i][0]))
			return view_mount_kernel(mount, places[i][1], target, NULL,
						 MS_BIND | MS_REC, NULL);
	return error;
}

static bool is_machine(const char *type, void *data)
{
	return !strcmp(type, "proc") || !strcmp(type, "sysfs") || !strcmp(type, "devtmpfs");
}

/* The file is in a tmpfs that is mounted next to the place, in the view's own directory, for so
 * long. */
static int mount_ramfile(struct view_mount *mount, void *data)
{
	char options[256];
	char *make[] = {
		"/bin/sh",
		"-c",
		"d=$0.d; mkdir \"$d\" && mount -t tmpfs -o \"nosuid,nodev,$1\" none \"$d\" && "
		"touch \"$d/file\" && mount --bind \"$d/file\" \"$0\"; s=$?; "
		"umount -l \"$d\"; rmdir \"$d\"; exit $s",
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
	bool known = plain != type || !strcmp(type, "auto");

	if (!known && table_find(data, type, 0, &entry)) {
		entry_free(&entry);
		known = true;
	}
	return known;
}

static const struct view_mount_type types[] = {
	{.prefix = "", .mount = mount_type, .claims = claims},
	{.prefix = "proc", .mount = mount_machine, .claims = is_machine},
	{.prefix = "sysfs", .mount = mount_machine, .claims = is_machine},
	{.prefix = "devtmpfs", .mount = mount_machine, .claims = is_machine},
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
