// SPDX-License-Identifier: GPL-2.0-or-later
/*
 * Attributes kept in the bookkeeping.
 *
 * Text, one TAG=VALUE a line, in a file named by the name and a byte 0x7f: type (f, s, c, b, p),
 * mode (octal), uid, gid, rdev (MAJOR,MINOR), ctime, atime, mtime (SECONDS,NANOSECONDS). Read as
 * well: major and minor for rdev, and the hexadecimal form of the first generation, in a file or
 * symbolic link named by the name and a byte 0xff: mode, uid, gid, rdev, eight digits each, blanks
 * if unset.
 */
#include <fcntl.h>
#include <limits.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/sysmacros.h>
#include <unistd.h>

#include "viewfs.h"

#define TEXT_SUFFIX '\x7f'
#define HEX_SUFFIX  '\xff'
#define TEXT_SIZE   512

static bool file_name(char *buffer, const char *name, char suffix)
{
	size_t length = strlen(name);

	if (length >= NAME_MAX)
		return false;
	memcpy(buffer, name, length);
	buffer[length] = suffix;
	buffer[length + 1] = '\0';
	return true;
}

static ssize_t read_file(int book, const char *file, char *text, size_t size)
{
	int fd = openat(book, file, O_RDONLY | O_NOFOLLOW | O_NONBLOCK | O_CLOEXEC);
	ssize_t length;

	if (fd < 0)
		return errno == ELOOP ? readlinkat(book, file, text, size - 1) : -1;
	length = read(fd, text, size - 1);
	close(fd);
	return length;
}

static mode_t type_of_letter(char letter)
{
	switch (letter) {
	case 's':
		return S_IFSOCK;
	case 'c':
		return S_IFCHR;
	case 'b':
		return S_IFBLK;
	case 'p':
		return S_IFIFO;
	default:
		return S_IFREG;
	}
}

static char letter_of_type(mode_t mode)
{
	switch (mode & S_IFMT) {
	case S_IFSOCK:
		return 's';
	case S_IFCHR:
		return 'c';
	case S_IFBLK:
		return 'b';
	case S_IFIFO:
		return 'p';
	default:
		return 'f';
	}
}

static struct timespec parse_time(const char *value)
{
	struct timespec time = {0};
	char *end;

	time.tv_sec = strtoll(value, &end, 0);
	if (*end == ',')
		time.tv_nsec = strtol(end + 1, NULL, 0);
	if (time.tv_nsec < 0 || time.tv_nsec > 999999999)
		time.tv_nsec = 0;
	return time;
}

static void parse_line(const char *tag, const char *value, struct record *record)
{
	char *end;

	if (!strcmp(tag, "type")) {
		record->mode = (record->mode & ~S_IFMT) | type_of_letter(*value);
		record->has |= RECORD_TYPE;
	} else if (!strcmp(tag, "mode")) {
		record->mode = (record->mode & S_IFMT) | (strtoul(value, NULL, 8) & 07777);
		record->has |= RECORD_MODE;
	} else if (!strcmp(tag, "uid")) {
		record->uid = strtoul(value, NULL, 0);
		record->has |= RECORD_UID;
	} else if (!strcmp(tag, "gid")) {
		record->gid = strtoul(value, NULL, 0);
		record->has |= RECORD_GID;
	} else if (!strcmp(tag, "rdev")) {
		unsigned int major = strtoul(value, &end, 0);

		record->rdev = makedev(major, *end == ',' ? strtoul(end + 1, NULL, 0) : 0);
		record->has |= RECORD_RDEV;
	} else if (!strcmp(tag, "major")) {
		record->rdev = makedev(strtoul(value, NULL, 0), minor(record->rdev));
		record->has |= RECORD_RDEV;
	} else if (!strcmp(tag, "minor")) {
		record->rdev = makedev(major(record->rdev), strtoul(value, NULL, 0));
		record->has |= RECORD_RDEV;
	} else if (!strcmp(tag, "ctime")) {
		record->ctime = parse_time(value);
		record->has |= RECORD_CTIME;
	} else if (!strcmp(tag, "atime")) {
		record->atime = parse_time(value);
		record->has |= RECORD_ATIME;
	} else if (!strcmp(tag, "mtime")) {
		record->mtime = parse_time(value);
		record->has |= RECORD_MTIME;
	}
}

/* Unknown tags are left alone, as both generations did. */
int record_parse(const char *text, struct record *record)
{
	char line[64], *value;

	memset(record, 0, sizeof(*record));
	while (*text) {
		size_t length = strcspn(text, "\n");

		if (length < sizeof(line)) {
			memcpy(line, text, length);
			line[length] = '\0';
			value = strchr(line, '=');
			if (value) {
				*value = '\0';
				parse_line(line, value + 1, record);
			}
		}
		text += length + (text[length] == '\n');
	}
	return record->has ? 0 : -EINVAL;
}

static bool hex(const char *text, size_t length, size_t at, unsigned int *value)
{
	char digits[9];

	if (length < at + 8 || text[at] == ' ')
		return false;
	memcpy(digits, text + at, 8);
	digits[8] = '\0';
	*value = strtoul(digits, NULL, 16);
	return true;
}

static void parse_hex(const char *text, size_t length, struct record *record)
{
	unsigned int value;

	memset(record, 0, sizeof(*record));
	if (hex(text, length, 0, &value)) {
		record->mode = value & (S_IFMT | 07777);
		record->has |= RECORD_MODE | (value & S_IFMT ? RECORD_TYPE : 0);
	}
	if (hex(text, length, 8, &value)) {
		record->uid = value;
		record->has |= RECORD_UID;
	}
	if (hex(text, length, 16, &value)) {
		record->gid = value;
		record->has |= RECORD_GID;
	}
	/* The device number as the kernel packs it in 32 bits. */
	if (hex(text, length, 24, &value)) {
		record->rdev =
			makedev(value >> 8 & 0xfff, (value & 0xff) | (value >> 12 & 0xfff00));
		record->has |= RECORD_RDEV;
	}
}

bool record_read(int book, const char *name, struct record *record)
{
	char file[NAME_MAX + 1], text[TEXT_SIZE];
	ssize_t length;

	if (!file_name(file, name, TEXT_SUFFIX))
		return false;
	length = read_file(book, file, text, sizeof(text));
	if (length > 0) {
		text[length] = '\0';
		return record_parse(text, record) == 0;
	}
	file_name(file, name, HEX_SUFFIX);
	length = read_file(book, file, text, sizeof(text));
	if (length < 24)
		return false;
	parse_hex(text, length, record);
	return record->has;
}

int record_print(const struct record *record, char *text, size_t size)
{
	FILE *file = fmemopen(text, size, "w");

	if (!file)
		return -ENOMEM;
	if (record->has & RECORD_TYPE)
		fprintf(file, "type=%c\n", letter_of_type(record->mode));
	if (record->has & RECORD_MODE)
		fprintf(file, "mode=0%o\n", record->mode & 07777);
	if (record->has & RECORD_UID)
		fprintf(file, "uid=%u\n", record->uid);
	if (record->has & RECORD_GID)
		fprintf(file, "gid=%u\n", record->gid);
	if (record->has & RECORD_RDEV)
		fprintf(file, "rdev=%u,%u\n", major(record->rdev), minor(record->rdev));
	if (record->has & RECORD_CTIME)
		fprintf(file, "ctime=%lld,%ld\n", (long long)record->ctime.tv_sec,
			record->ctime.tv_nsec);
	if (record->has & RECORD_ATIME)
		fprintf(file, "atime=%lld,%ld\n", (long long)record->atime.tv_sec,
			record->atime.tv_nsec);
	if (record->has & RECORD_MTIME)
		fprintf(file, "mtime=%lld,%ld\n", (long long)record->mtime.tv_sec,
			record->mtime.tv_nsec);
	fclose(file);
	return strlen(text);
}

void record_remove(int book, const char *name)
{
	char file[NAME_MAX + 1];

	if (book < 0 || !file_name(file, name, TEXT_SUFFIX))
		return;
	unlinkat(book, file, 0);
	file_name(file, name, HEX_SUFFIX);
	unlinkat(book, file, 0);
}

int record_write(int book, const char *name, const struct record *record)
{
	char file[NAME_MAX + 1], made[16], text[TEXT_SIZE] = "";
	int work, fd, length, error = 0;

	if (!file_name(file, name, TEXT_SUFFIX))
		return -ENAMETOOLONG;
	if (!record->has) {
		record_remove(book, name);
		return 0;
	}
	length = record_print(record, text, sizeof(text));
	if (length < 0)
		return length;
	work = book_temporary(made, sizeof(made));
	if (work < 0)
		return work;
	fd = openat(work, made, O_WRONLY | O_CREAT | O_EXCL | O_CLOEXEC, 0644);
	if (fd < 0)
		return -errno;
	errno = EIO;
	if (write(fd, text, length) != length || renameat(work, made, book, file) < 0)
		error = -errno;
	close(fd);
	if (error)
		unlinkat(work, made, 0);
	else if (file_name(file, name, HEX_SUFFIX))
		unlinkat(book, file, 0);
	return error;
}

static int rename_file(int book, const char *name, int new_book, const char *new_name, char suffix,
		       unsigned int flags)
{
	char file[NAME_MAX + 1], new_file[NAME_MAX + 1];

	if (!file_name(file, name, suffix) || !file_name(new_file, new_name, suffix))
		return -ENOENT;
	return renameat2(book, file, new_book, new_file, flags) < 0 ? -errno : 0;
}

/* A renaming in the bookkeeping needs no room on the disk. */
int record_rename(int book, const char *name, int new_book, const char *new_name, bool exchange)
{
	static const char suffixes[] = {TEXT_SUFFIX, HEX_SUFFIX};
	int error = 0;

	if (!exchange)
		record_remove(new_book, new_name);
	for (size_t i = 0; i < sizeof(suffixes) && !error; i++) {
		char suffix = suffixes[i];

		error = exchange ? rename_file(book, name, new_book, new_name, suffix,
					       RENAME_EXCHANGE)
				 : -ENOENT;
		if (error == -ENOENT)
			error = rename_file(book, name, new_book, new_name, suffix, 0);
		if (error == -ENOENT && exchange)
			error = rename_file(new_book, new_name, book, name, suffix, 0);
		if (error == -ENOENT)
			error = 0;
	}
	return error;
}

void record_apply(const struct record *record, struct stat *st)
{
	if (record->has & RECORD_TYPE)
		st->st_mode = (st->st_mode & ~S_IFMT) | (record->mode & S_IFMT);
	if (record->has & RECORD_MODE)
		st->st_mode = (st->st_mode & S_IFMT) | (record->mode & 07777);
	if (record->has & RECORD_UID)
		st->st_uid = record->uid;
	if (record->has & RECORD_GID)
		st->st_gid = record->gid;
	if (record->has & RECORD_RDEV)
		st->st_rdev = record->rdev;
	if (record->has & RECORD_ATIME)
		st->st_atim = record->atime;
	if (record->has & RECORD_MTIME)
		st->st_mtim = record->mtime;
	/* That of the file is later once it was changed again. */
	if (record->has & RECORD_CTIME && (record->ctime.tv_sec > st->st_ctim.tv_sec ||
					   (record->ctime.tv_sec == st->st_ctim.tv_sec &&
					    record->ctime.tv_nsec > st->st_ctim.tv_nsec)))
		st->st_ctim = record->ctime;
	if (S_ISCHR(st->st_mode) || S_ISBLK(st->st_mode))
		st->st_size = 0;
}

/*
 * A file that lost its last known name has its record in memory; that one counts as well if another
 * name of it is found later.
 */
bool node_record(struct node *node, struct record *record)
{
	int book;

	if (!view.records || node->flags & NODE_PLAIN)
		return false;
	if (node->kept)
		*record = *node->kept;
	if (node->kept)
		return true;
	if (node != &view.root && !node->links)
		return false;
	book = dir_fd(node == &view.root ? node : node->links->parent, BOOK);
	return book >= 0 && record_read(book, node == &view.root ? "" : node->links->name, record);
}

/* For all names of the file that are known. */
int node_set_record(struct node *node, const struct record *record)
{
	int book, error;

	if (node != &view.root && !node->links && !node->kept) {
		node->kept = malloc(sizeof(*node->kept));
		if (!node->kept)
			return -ENOMEM;
	}
	if (node->kept)
		*node->kept = *record;
	if (node == &view.root) {
		book = book_dir(node);
		return book < 0 ? book : record_write(book, "", record);
	}
	for (struct link *link = node->links; link; link = link->next) {
		book = book_dir(link->parent);
		error = book < 0 ? book : record_write(book, link->name, record);
		if (error)
			return error;
	}
	return links_set_record(node, record);
}
