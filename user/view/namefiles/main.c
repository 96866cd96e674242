// SPDX-License-Identifier: GPL-2.0-or-later
/*
 * name-files: the names of uname(2) as files of a FUSE file system, one each.
 *
 *	read	uname(2), which shows what the view's processes see, as this is one
 *	write	a request to the view's manager: one line, whose end is not part of the name
 *
 * The service ummisc runs it.
 */
#define FUSE_USE_VERSION 35
#include <errno.h>
#include <fuse.h>
#include <jansson.h>
#include <stdio.h>
#include <string.h>
#include <sys/utsname.h>
#include <unistd.h>

#include "user/view/client/client.h"

#define FIELD (sizeof(((struct utsname *)0)->nodename))

static const char *const fields[] = {"sysname", "nodename", "release",
				     "version", "machine",  "domainname"};

#define FIELDS (sizeof(fields) / sizeof(*fields))

/* Its text, with the end of the line; the length or -ENOENT. */
static int text_of(const char *path, char *text, size_t size)
{
	struct utsname names;
	const char *values[] = {names.sysname, names.nodename, names.release,
				names.version, names.machine,  names.domainname};

	if (uname(&names) < 0)
		return -errno;
	for (size_t i = 0; i < FIELDS; i++)
		if (!strcmp(path + 1, fields[i]))
			return snprintf(text, size, "%s\n", values[i]);
	return -ENOENT;
}

static int get_attributes(const char *path, struct stat *about, struct fuse_file_info *file)
{
	char text[FIELD + 1];
	int length;

	memset(about, 0, sizeof(*about));
	about->st_uid = getuid();
	about->st_gid = getgid();
	about->st_mode = S_IFDIR | 0755;
	about->st_nlink = 2;
	if (!strcmp(path, "/"))
		return 0;
	length = text_of(path, text, sizeof(text));
	if (length < 0)
		return length;
	about->st_mode = S_IFREG | 0644;
	about->st_nlink = 1;
	about->st_size = length;
	return 0;
}

static int list(const char *path, void *buffer, fuse_fill_dir_t fill, off_t offset,
		struct fuse_file_info *file, enum fuse_readdir_flags flags)
{
	fill(buffer, ".", NULL, 0, 0);
	fill(buffer, "..", NULL, 0, 0);
	for (size_t i = 0; i < FIELDS; i++)
		fill(buffer, fields[i], NULL, 0, 0);
	return 0;
}

/* Others change names as well, so nothing is kept. */
static int open_file(const char *path, struct fuse_file_info *file)
{
	file->direct_io = 1;
	return 0;
}

static int read_file(const char *path, char *buffer, size_t size, off_t offset,
		     struct fuse_file_info *file)
{
	char text[FIELD + 1];
	int length = text_of(path, text, sizeof(text));

	if (length < 0 || offset >= length)
		return length < 0 ? length : 0;
	if (size > (size_t)(length - offset))
		size = length - offset;
	memcpy(buffer, text + offset, size);
	return size;
}

static int write_file(const char *path, const char *buffer, size_t size, off_t offset,
		      struct fuse_file_info *file)
{
	char value[FIELD];
	json_t *request, *reply;
	size_t length = size && buffer[size - 1] == '\n' ? size - 1 : size;
	int result = size;

	if (offset || length >= sizeof(value) || memchr(buffer, '\n', length))
		return -EINVAL;
	memcpy(value, buffer, length);
	value[length] = '\0';
	request =
		json_pack("{s:s, s:s, s:s}", "command", "names", "field", path + 1, "value", value);
	if (!request)
		return -EINVAL;
	reply = client_ask(request, -1);
	if (!reply)
		result = -EIO;
	else if (json_object_get(reply, "error"))
		result = -EPERM;
	json_decref(reply);
	return result;
}

/* What > does before a write. */
static int cut_file(const char *path, off_t size, struct fuse_file_info *file)
{
	return 0;
}

static const struct fuse_operations operations = {
	.getattr = get_attributes,
	.readdir = list,
	.open = open_file,
	.read = read_file,
	.write = write_file,
	.truncate = cut_file,
};

int main(int argc, char **argv)
{
	return fuse_main(argc, argv, &operations, NULL);
}
