/* SPDX-License-Identifier: LGPL-2.1-or-later */
/*
 * umfuse: what its files share.
 *
 *	umfuse.c	the service: from a mount to a server's command
 *	table.c		the table of types, fstypes(5)
 *	rules.c		options: which of them the server gets, and as what
 *	image.c		what an image holds: a file system, an archive, partitions
 *	apart.c		the process that looks at it
 */
#ifndef VIEW_UMFUSE_H
#define VIEW_UMFUSE_H

#include <stdbool.h>
#include <stddef.h>
#include <stdint.h>
#include <stdio.h>

#include "user/view/view.h"

/* ---- table.c */

enum rule_kind {
	RULE_TAKE,     /* the server gets the option as it is */
	RULE_BECOME,   /* or another: FROM>TO */
	RULE_DROP,     /* the option says what is so anyway */
	RULE_NOTE,     /* it has no effect, which is told */
	RULE_REFUSE,   /* it asks for what nobody does */
	RULE_HUSH,     /* lines of the server that are not passed on */
	RULE_REMEMBER, /* what the server gets when nobody can change what is mounted */
	RULE_OPENS,    /* and files may be opened without it: an argument that makes that safe */
	RULE_OFFSET,   /* option by which the server begins at a byte */
	RULE_READS,    /* the server cannot write */
	RULE_KNOWN,    /* an image of it is always known by its contents */
};

/* Words of one line below a type. */
struct rule {
	enum rule_kind kind;
	char *words;  /* separated by blanks; of RULE_HUSH: a pattern */
	char *reason; /* after ": "; NULL: none */
};

#define RULES 64

/* A type: its line, and the rules that hold for it. */
struct entry {
	char *types, *package, *command;
	struct rule rules[RULES];
	unsigned int count;
	char *text; /* what all these point to */
};

/* Find a type in a table, but for so many lines that have it; the user's own is read first. To be freed
 * by entry_free, if found. */
bool table_find(const char *table, const char *type, unsigned int skip, struct entry *entry);
void entry_free(struct entry *entry);
bool entry_has(const struct entry *entry, enum rule_kind kind);

/* Call use with each word of a text, up to true, which is returned. */
bool each_word(const char *words, bool (*use)(const char *word, void *data), void *data);

/* ---- rules.c */

/* Where in the source the file system is. */
struct part {
	uint64_t offset, size; /* bytes; size 0: to the end */
	unsigned int number;   /* of a partition; 0: none asked for */
};

/* What the options say of it. A negative errno: said why. */
int rules_part(struct view_mount *mount, struct part *part);

/* The options for the server, at least "ro" or "rw"; to free(3). NULL: *error, and said why. */
char *rules_apply(struct view_mount *mount, const struct entry *entry, int *error);

/* What a server said, without lines that are of no use; to free(3). */
char *rules_hush(const struct entry *entry, const char *said);

/* ---- apart.c */

/* What is found in the file, as a text of up to 64 KiB to free(3); NULL: nothing. */
typedef char *apart_probe(int fd, const void *argument);

/*
 * Call probe in a process that can do nothing but read this descriptor; control characters that it
 * may answer are blanks in the result. NULL: it found nothing, or broke.
 */
char *apart(apart_probe *probe, int fd, const void *argument);

/* ---- image.c */

/* The type of what an image holds; NULL: not known. To free(3). */
char *image_type(int fd, const struct part *part);

/* The handlers of avfs(1) for an archive: "#ugz#utar". */
const char *image_handlers(int fd);

/* ---- extent.c */

/* The bytes that the file system takes, as it says itself; 0: not known. */
uint64_t image_extent(int fd, const struct part *part);

/* ---- image.c, partitions */

/* Say in words which partitions a disk has: "1 (ext4, 20 MiB), 2 (vfat, 8 MiB)"; to free(3). NULL:
 * it has none. */
char *image_partitions(int fd, const char **table);

/* Where a partition is. ENOENT: there is none of that number. */
int image_partition(int fd, unsigned int number, struct part *part);

#endif
