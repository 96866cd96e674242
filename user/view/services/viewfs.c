// SPDX-License-Identifier: LGPL-2.1-or-later
/*
 * viewfs: patching the tree of files, as the old "viewfs" and "vufs" did.
 *
 *	mount -t viewfs [-o MODE,...] SOURCE TARGET
 *
 * By the cheapest means that says it exactly:
 *
 *	move, bind		a bind mount of SOURCE
 *	hide; move of nothing	an empty tmpfs; excepted paths are bound into it
 *	merge,ro		overlayfs of the two trees, if nothing is mounted below them
 *	all others		our own server, viewfs(1); over /, one for each directory there
 *
 * cow is not overlayfs's because a layer would then be in another format with each engine: there a
 * deleted name is a device node that only some may make, and a second directory is needed beside.
 */
#include <errno.h>
#include <limits.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/mount.h>

#include "user/view/mount/option.h"
#include "user/view/view.h"

#define EXCEPTIONS 32

struct wish {
	char mode[16];
	bool overlay; /* nothing was asked for that overlayfs cannot do */
	char *except[EXCEPTIONS];
	unsigned int exceptions;
	char *server; /* more options for viewfs(1), each with a comma in front */
	char *copy;
};

static bool is_mode(const char *word)
{
	static const char *const modes[] = {"move", "bind", "hide", "merge", "cow", "mincow"};

	for (size_t i = 0; i < sizeof(modes) / sizeof(*modes); i++)
		if (!strcmp(word, modes[i]))
			return true;
	return false;
}

/* An exception as a path below TARGET. */
static char *below(const char *path, const char *target)
{
	size_t length = strlen(target);

	if (!strncmp(path, target, length) && path[length] == '/')
		path += length;
	while (*path == '/')
		path++;
	return (char *)path;
}

static int parse(struct view_mount *mount, struct wish *wish)
{
	static const char *const dropped[] = {"renew", "debug", "permanent", "perm", "rw"};
	char *at, *word;
	size_t size;
	FILE *server;

	*wish = (struct wish){.mode = "move", .overlay = true};
	at = wish->copy = strdup(view_mount_options(mount));
	server = open_memstream(&wish->server, &size);
	while (server && (word = option_next(&at))) {
		bool drop = !*word;

		if (!strncmp(word, "mode=", 5))
			word += 5;
		for (size_t i = 0; i < sizeof(dropped) / sizeof(*dropped); i++)
			drop = drop || !strcmp(word, dropped[i]);
		if (is_mode(word)) {
			snprintf(wish->mode, sizeof(wish->mode), "%s", word);
		} else if (!strncmp(word, "except=", 7) && wish->exceptions < EXCEPTIONS) {
			option_unescape(word);
			wish->except[wish->exceptions++] =
				below(word + 7, view_mount_target(mount));
		} else if (!drop) {
			wish->overlay = false;
			fprintf(server, ",%s", word);
		}
	}
	if (!server || fclose(server) || !wish->copy || !wish->server)
		return -ENOMEM;
	return 0;
}

static void forget(struct wish *wish)
{
	free(wish->server);
	free(wish->copy);
}

/* ---- the means */

/* The options of viewfs(1); to free(3). */
static char *server_options(struct view_mount *mount, const struct wish *wish)
{
	char *options = NULL;
	size_t size;
	FILE *out = open_memstream(&options, &size);

	if (!out)
		return NULL;
	fprintf(out, "mode=%s,tree=", wish->mode);
	option_escape(out, view_mount_target(mount));
	fprintf(out, "%s%s", view_mount_flags(mount) & MS_RDONLY ? ",ro" : "", wish->server);
	for (unsigned int i = 0; i < wish->exceptions; i++) {
		fputs(",except=", out);
		option_escape(out, wish->except[i]);
	}
	if (!fclose(out))
		return options;
	free(options);
	return NULL;
}

static int by_server(struct view_mount *mount, const struct wish *wish)
{
	char *options = server_options(mount, wish);
	char *argv[] = {"viewfs",
			"-o",
			options,
			"--",
			(char *)view_mount_source(mount),
			(char *)view_mount_place(mount),
			NULL};
	int error = options ? view_mount_begin(mount) : -ENOMEM;

	if (!error) {
		error = view_mount_serve(mount, argv);
		if (!error)
			error = view_mount_keep_below(mount);
		error = view_mount_finish(mount, error);
	}
	free(options);
	return error;
}

/*
 * Over / itself nothing can be mounted that would be seen. So each directory of it gets its own
 * mount, with a directory of that name in SOURCE for its layer. The one that SOURCE is in comes
 * last: the layers of the others are not to be reached through it.
 */
static bool holds_source(struct view_mount *mount, const char *name)
{
	const char *source = view_mount_source(mount);
	size_t length = strlen(name);

	return source[0] == '/' && !strncmp(source + 1, name, length) &&
	       (source[length + 1] == '/' || !source[length + 1]);
}

static int one_directory(struct view_mount *mount, const char *name, void *data)
{
	static const char *const kernels[] = {"proc", "sys", "dev", "run", "lost+found"};
	char source[PATH_MAX], target[PATH_MAX];
	const bool *last = data;
	int error;

	for (size_t i = 0; i < sizeof(kernels) / sizeof(*kernels); i++)
		if (!strcmp(name, kernels[i]))
			return 0;
	if (holds_source(mount, name) != *last)
		return 0;
	if (snprintf(source, sizeof(source), "%s/%s", view_mount_source(mount), name) >= PATH_MAX)
		return -ENAMETOOLONG;
	snprintf(target, sizeof(target), "/%s", name);
	error = view_mount_make(mount, source, "/");
	return error == -EEXIST || !error ? view_mount_again(mount, source, target) : error;
}

/* An empty directory in the place of TARGET, with the exceptions of it. */
static int hide(struct view_mount *mount, const struct wish *wish)
{
	const char *place = view_mount_place(mount), *target = view_mount_target(mount);
	char from[PATH_MAX], to[PATH_MAX];
	int error = view_mount_begin(mount);

	if (!error)
		error = view_mount_kernel(mount, "viewfs", place, "tmpfs", MS_NOSUID | MS_NODEV,
					  "mode=0755,size=1m");
	for (unsigned int i = 0; i < wish->exceptions && !error; i++) {
		snprintf(from, sizeof(from), "%s/%s", target, wish->except[i]);
		snprintf(to, sizeof(to), "%s/%s", place, wish->except[i]);
		error = view_mount_make(mount, to, from);
		if (!error)
			error = view_mount_kernel(mount, from, to, NULL, MS_BIND | MS_REC, NULL);
		if (error)
			view_mount_error(mount, error, "cannot leave %s as it is: %s", from,
					 strerror(-error));
	}
	return view_mount_finish(mount, error);
}

/* A tree that overlayfs can take: a name without its separators, no bookkeeping, no mounts below.
 */
static bool is_plain(struct view_mount *mount, const char *path)
{
	char book[PATH_MAX];

	snprintf(book, sizeof(book), "%s/.-", path);
	return !strpbrk(path, ":,\\") && !view_mount_exists(mount, book) &&
	       !view_mount_has_mounts(mount, path);
}

static int merge_read_only(struct view_mount *mount)
{
	const char *source = view_mount_source(mount), *target = view_mount_target(mount);
	char data[2 * PATH_MAX + 32];

	snprintf(data, sizeof(data), "lowerdir=%s:%s", source, target);
	return view_mount_kernel(mount, "viewfs", target, "overlay", MS_RDONLY, data);
}

static int over_root(struct view_mount *mount)
{
	bool last = false;
	int error = view_mount_each_directory(mount, one_directory, &last);

	last = true;
	return error ? error : view_mount_each_directory(mount, one_directory, &last);
}

static int mount_viewfs(struct view_mount *mount, void *data)
{
	const char *source = view_mount_source(mount), *target = view_mount_target(mount);
	bool nothing = !*source || !strcmp(source, "none"), moves;
	struct wish wish;
	int error = parse(mount, &wish);

	moves = !strcmp(wish.mode, "move") || !strcmp(wish.mode, "bind");
	if (error)
		; /* said below */
	else if (!strcmp(target, "/") && !moves && strcmp(wish.mode, "hide"))
		error = over_root(mount);
	else if (!strcmp(wish.mode, "hide") || (moves && nothing))
		error = hide(mount, &wish);
	else if (moves && wish.overlay && !wish.exceptions)
		error = view_mount_kernel(mount, source, target, NULL, MS_BIND | MS_REC, NULL);
	else if (!strcmp(wish.mode, "merge") && (view_mount_flags(mount) & MS_RDONLY) &&
		 wish.overlay && !wish.exceptions && is_plain(mount, source) &&
		 is_plain(mount, target))
		error = merge_read_only(mount);
	else
		error = by_server(mount, &wish);
	forget(&wish);
	return error;
}

static const struct view_mount_type types[] = {
	{.prefix = "viewfs", .mount = mount_viewfs},
	{.prefix = "vufs", .mount = mount_viewfs},
	{},
};

const struct view_service view_service = {
	.abi = VIEW_ABI,
	.name = "viewfs",
	.description = "hide, move, merge and copy-on-write of parts of the tree",
	.mounts = types,
};
