/* SPDX-License-Identifier: GPL-2.0-or-later */
/*
 * viewctl: control of a view from inside. What its files share.
 *
 *	main.c		finds the sub-command, by name or by an old command's name
 *	ask.c		requests to the manager, tables
 *	services.c	list, add, remove, alias
 *	view.c		info, name, who, mounts, shutdown, attach
 *	names.c		names, and the old vuname
 *	mount.c		mount, umount
 *	su.c		su, sudo
 *
 * Exit status: 0 done, 1 refused (one sentence on stderr says why), 64 wrong usage; that of
 * mount(8) for mount and umount, that of the command for su and sudo.
 */
#ifndef VIEW_CTL_H
#define VIEW_CTL_H

#include <argp.h>
#include <jansson.h>
#include <stdbool.h>

#define STATUS_USAGE 64

int list_main(int argc, char **argv);
int add_main(int argc, char **argv);
int remove_main(int argc, char **argv);
int alias_main(int argc, char **argv);
int info_main(int argc, char **argv);
int name_main(int argc, char **argv);
int who_main(int argc, char **argv);
int mounts_main(int argc, char **argv);
int shutdown_main(int argc, char **argv);
int attach_main(int argc, char **argv);
int types_main(int argc, char **argv);
int diff_main(int argc, char **argv);
int apply_main(int argc, char **argv);
int discard_main(int argc, char **argv);
int names_main(int argc, char **argv);
int vuname_main(int argc, char **argv);
int mount_main(int argc, char **argv);
int umount_main(int argc, char **argv);
int su_main(int argc, char **argv);
int sudo_main(int argc, char **argv);

/* ---- ask.c */

/* "viewctl COMMAND: " sentence newline, on stderr; returns 1, the exit status. */
__attribute__((format(printf, 1, 2))) int complain(const char *format, ...);

/* The reply, to decref; NULL: refused or not in a view, which was said. */
json_t *ask(json_t *request);

/* A request whose reply is nothing but that it was done: the exit status. */
int ask_done(json_t *request);

/* A member of an object as text: numbers, too; "" for none. */
const char *text_of(json_t *object, const char *key, char *room, size_t size);

struct column {
	const char *key;
	const char *title;
	bool right;
};

/*
 * Print a list of objects, as JSON or as a table of columns, which end with a NULL key.
 */
void print_list(json_t *list, const struct column *columns, bool json);

/* Parse a command line that has but options without arguments, and words: the first word's index.
 * words: at least, at most. */
struct switches {
	bool json, permanent, prompt, quiet;
};

int parse_words(int argc, char **argv, const struct argp_option *options, const char *words,
		const char *doc, int least, int most, struct switches *switches);

#endif
