// SPDX-License-Identifier: GPL-2.0-or-later
/*
 * The command line of mount(8), as far as we do it ourselves: mounts of a type or by what is in the
 * source, by a table of mounts, all of a table, and remounting. Binding, moving, sharing, and the
 * list of what is mounted, are left to the real program, which needs no loop device for them.
 */
#include <errno.h>
#include <getopt.h>
#include <limits.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/mount.h>
#include <unistd.h>

#include "command.h"
#include "tab.h"
#include "wish.h"

#define FAILED 32 /* exit statuses of mount(8) */
#define USAGE  1
#define SOME   64

struct command {
	struct wish wish;
	const char *tags, *options; /* -O, -o */
	bool all, fake, read_only, read_write;
	char *tag; /* of -L and -U */
};

enum { LONG_SOURCE = 256, LONG_TARGET };

/* False: it has what is not for us. */
static bool parse(struct command *command, int argc, char **argv)
{
	static const struct option known[] = {
		{"all", no_argument, NULL, 'a'},
		{"types", required_argument, NULL, 't'},
		{"options", required_argument, NULL, 'o'},
		{"test-opts", required_argument, NULL, 'O'},
		{"fstab", required_argument, NULL, 'T'},
		{"read-only", no_argument, NULL, 'r'},
		{"rw", no_argument, NULL, 'w'},
		{"read-write", no_argument, NULL, 'w'},
		{"verbose", no_argument, NULL, 'v'},
		{"no-mtab", no_argument, NULL, 'n'},
		{"fake", no_argument, NULL, 'f'},
		{"fork", no_argument, NULL, 'F'},
		{"label", required_argument, NULL, 'L'},
		{"uuid", required_argument, NULL, 'U'},
		{"source", required_argument, NULL, LONG_SOURCE},
		{"target", required_argument, NULL, LONG_TARGET},
		{NULL, 0, NULL, 0},
	};
	struct wish *wish = &command->wish;
	int key;

	optind = 0;
	opterr = 0;
	while ((key = getopt_long(argc, argv, "at:o:O:T:rwvnfFL:U:", known, NULL)) != -1) {
		switch (key) {
		case 'a':
			command->all = true;
			break;
		case 't':
			wish->type = optarg;
			break;
		case 'o':
			wish_options(wish, optarg);
			break;
		case 'O':
			command->tags = optarg;
			break;
		case 'T':
			tab_use(optarg);
			break;
		case 'r':
			command->read_only = true;
			break;
		case 'w':
			command->read_write = true;
			break;
		case 'v':
			wish->verbose = true;
			break;
		case 'f':
			command->fake = true;
			break;
		case 'n':
		case 'F':
			break;
		case 'L':
		case 'U':
			if (asprintf(&command->tag, "%s=%s", key == 'L' ? "LABEL" : "UUID",
				     optarg) < 0)
				return false;
			wish->source = command->tag;
			break;
		case LONG_SOURCE:
			wish->source = optarg;
			break;
		case LONG_TARGET:
			wish->target = optarg;
			break;
		default:
			return false;
		}
	}
	if (command->read_only)
		wish_options(wish, "ro");
	if (command->read_write)
		wish_options(wish, "rw");
	return true;
}

/* The words that are no options: SOURCE TARGET, or one of them. False: there are too many. */
static bool take_words(struct command *command, int argc, char **argv)
{
	struct wish *wish = &command->wish;
	int left = argc - optind;

	if (left == 2 && !wish->source && !wish->target) {
		wish->source = argv[optind];
		wish->target = argv[optind + 1];
	} else if (left == 1 && wish->source && !wish->target) {
		wish->target = argv[optind];
	} else if (left == 1 && wish->target && !wish->source) {
		wish->source = argv[optind];
	} else if (left == 1 && !wish->source) {
		wish->target = argv[optind]; /* or a source: the table tells */
	} else {
		return !left;
	}
	return true;
}

/* ---- one mount */

/* Types that name a program: mount.fuse(8) runs it. Returns if there is none. */
static void run_mount_fuse(const struct wish *wish)
{
	char options[8192];
	char *words[] = {"mount.fuse",
			 (char *)wish->source,
			 (char *)wish->target,
			 "-t",
			 (char *)wish->type,
			 "-o",
			 options,
			 NULL};

	if (snprintf(options, sizeof(options), "%s%s%s%s", wish->flags & MS_RDONLY ? "ro" : "rw",
		     wish->flags & MS_NOEXEC ? ",noexec" : "", wish->used ? "," : "",
		     wish->data ? wish->data : "") >= (int)sizeof(options))
		return;
	execv("/sbin/mount.fuse3", words);
	execv("/sbin/mount.fuse", words);
}

static int mount_one(struct command *command, struct wish *wish)
{
	const char *type = wish->type;

	wish_settle(wish);
	if (command->fake)
		return 0;
	if (type && strchr(type, ','))
		wish->type = NULL; /* any of a list: by what is in it */
	if (type && (!strcmp(type, "fuse") || !strncmp(type, "fuse.", 5))) {
		run_mount_fuse(wish);
		fprintf(stderr, "mount: type %s needs mount.fuse(8): install the package fuse3\n",
			type);
		return FAILED;
	}
	return wish_mount(wish, "mount");
}

/* ---- by a table */

/* From a line of the table and what the command line adds; strings are the caller's. */
static struct wish wish_of(const struct command *command, const struct tab_line *line)
{
	struct wish wish = {.source = line->source,
			    .target = line->target,
			    .type = strcmp(line->type, "auto") ? line->type : NULL,
			    .verbose = command->wish.verbose};

	if (!strcmp(line->type, "none"))
		wish.type = NULL;
	wish_options(&wish, line->options);
	if (command->wish.used)
		wish_options(&wish, command->wish.data);
	wish.flags |= command->wish.flags;
	if (command->read_write)
		wish_options(&wish, "rw");
	return wish;
}

struct search {
	struct command *command;
	const char *real; /* the word as an absolute path; NULL: there is none */
	int status;
	unsigned int tried, failed;
};

static bool same(const char *word, const char *real, const char *field)
{
	return word && (!strcmp(word, field) || (real && !strcmp(real, field)));
}

static bool mount_line(const struct tab_line *line, void *data)
{
	struct search *search = data;
	const struct wish *asked = &search->command->wish;
	struct wish wish;

	if (!same(asked->target, search->real, line->target) &&
	    !same(asked->source ? asked->source : asked->target, search->real, line->source))
		return false;
	wish = wish_of(search->command, line);
	search->status = mount_one(search->command, &wish);
	free(wish.data);
	return true;
}

static int mount_by_table(struct command *command)
{
	const char *word = command->wish.target ? command->wish.target : command->wish.source;
	char *real = realpath(word, NULL);
	struct search search = {.command = command, .real = real};

	if (!tab_each(mount_line, &search)) {
		fprintf(stderr,
			"mount: %s is in no table of mounts (~/.viewos/fstab, /etc/fstab, or that "
			"of "
			"-T): say what to mount, and where\n",
			word);
		search.status = FAILED;
	}
	free(real);
	return search.status;
}

/* ---- all of a table */

/* Is a word in a list with commas; "no" in front of the list turns it around. */
static bool in_list(const char *list, const char *word)
{
	bool turned = !strncmp(list, "no", 2);
	size_t length = strlen(word);

	for (list += turned ? 2 : 0; *list; list += *list == ',') {
		size_t next = strcspn(list, ",");

		if (next == length && !memcmp(list, word, length))
			return !turned;
		list += next;
	}
	return turned;
}

/* -O: all of these options, or with "no" in front not this one. */
static bool has_options(const char *wanted, const char *options)
{
	bool good = true;

	while (*wanted && good) {
		size_t length = strcspn(wanted, ",");
		bool no = length > 2 && !strncmp(wanted, "no", 2);
		char word[256];

		snprintf(word, sizeof(word), "%.*s", (int)(length - (no ? 2 : 0)),
			 wanted + (no ? 2 : 0));
		good = !length || in_list(options, word) != no;
		wanted += length + (wanted[length] == ',');
	}
	return good;
}

static void unescape(char *path)
{
	char *to = path;

	for (; *path; path++) {
		unsigned int code;

		if (*path == '\\' && sscanf(path + 1, "%3o", &code) == 1) {
			*to++ = code;
			path += 3;
		} else {
			*to++ = *path;
		}
	}
	*to = '\0';
}

static bool is_mounted(const char *target)
{
	FILE *file = fopen("/proc/self/mountinfo", "re");
	char *line = NULL, point[PATH_MAX], *real = realpath(target, NULL);
	size_t size = 0;
	bool found = false;

	while (file && !found && getline(&line, &size, file) > 0) {
		if (sscanf(line, "%*u %*u %*s %*s %4095s", point) != 1)
			continue;
		unescape(point);
		found = !strcmp(point, real ? real : target);
	}
	free(line);
	free(real);
	if (file)
		fclose(file);
	return found;
}

static bool mount_next(const struct tab_line *line, void *data)
{
	struct search *search = data;
	struct command *command = search->command;
	struct wish wish;

	if (!strcmp(line->type, "swap") || !strcmp(line->type, "ignore") ||
	    (command->wish.type && !in_list(command->wish.type, line->type)) ||
	    (command->tags && !has_options(command->tags, line->options)))
		return false;
	wish = wish_of(command, line);
	if (wish.manual)
		; /* by name only */
	else if (is_mounted(line->target)) {
		if (command->wish.verbose)
			printf("%-25s: already mounted\n", line->target);
	} else {
		search->tried++;
		search->failed += mount_one(command, &wish) != 0;
	}
	free(wish.data);
	return false;
}

static int mount_all(struct command *command)
{
	struct search search = {.command = command};

	tab_each(mount_next, &search);
	if (!search.failed)
		return 0;
	return search.failed == search.tried ? FAILED : SOME;
}

/* ---- */

static int run(struct command *command)
{
	struct wish *wish = &command->wish;

	if (command->all)
		return mount_all(command);
	if (wish->flags & MS_REMOUNT && !(wish->flags & MS_BIND)) {
		if (!wish->target)
			wish->target = wish->source;
		wish->source = "none";
		wish->type = NULL;
		return mount_one(command, wish);
	}
	if (wish->source && wish->target)
		return mount_one(command, wish);
	return mount_by_table(command);
}

int command_mount(int argc, char **argv)
{
	struct command command = {0};
	int status = -1;

	if (parse(&command, argc, argv) && take_words(&command, argc, argv) &&
	    (command.all || command.wish.source || command.wish.target) &&
	    !(command.wish.flags & (MS_BIND | MS_MOVE) && !command.wish.type))
		status = run(&command);
	free(command.wish.data);
	free(command.tag);
	return status;
}
