// SPDX-License-Identifier: GPL-2.0-or-later
/*
 * The file that a name leads to, as the traced task would find it.
 *
 * Names are walked by descriptors (O_PATH), from /proc/TID/root, /proc/TID/cwd or /proc/TID/fd/N,
 * which are the task's own directories whatever their names are, in its own mount namespace. A name
 * without symbolic links is one openat2(2). Else it is walked component by component: ".." stops at
 * the task's root, /proc/self is the task's, other links are put in the name's place, those of
 * /proc that jump are followed by the kernel. In the end the kernel says what the descriptor is
 * called.
 *
 * What is found is what was there at that moment.
 */
#include <errno.h>
#include <fcntl.h>
#include <linux/magic.h>
#include <linux/openat2.h>
#include <string.h>
#include <sys/stat.h>
#include <sys/syscall.h>
#include <sys/vfs.h>
#include <unistd.h>

#include "guard.h"

#define LINKS_MAX     40
#define PROC_ROOT_INO 1

pid_t guard_process(const struct traced *traced)
{
	char path[64], line[128];
	pid_t found = traced->pid;
	FILE *file;

	if (traced->engine->cookies) /* that engine tells both */
		return traced->pid;
	snprintf(path, sizeof(path), "/proc/%d/status", traced->tid);
	file = fopen(path, "re");
	while (file && fgets(line, sizeof(line), file))
		if (sscanf(line, "Tgid: %d", &found) == 1)
			break;
	if (file)
		fclose(file);
	return found;
}

void guard_program(const struct traced *traced, char text[GUARD_TEXT])
{
	char link[64];
	ssize_t length;

	snprintf(link, sizeof(link), "/proc/%d/exe", traced->tid);
	length = readlink(link, text, GUARD_TEXT - 1);
	text[length > 0 ? length : 0] = '\0';
}

static int open_part(int at, const char *name, int flags)
{
	return openat(at, name, O_PATH | O_CLOEXEC | flags);
}

/* What the kernel calls it. */
static bool name_of(int fd, char text[GUARD_TEXT])
{
	char link[64];
	ssize_t length;

	snprintf(link, sizeof(link), "/proc/self/fd/%d", fd);
	length = readlink(link, text, GUARD_TEXT - 1);
	if (length <= 0)
		return false;
	text[length] = '\0';
	return true;
}

static bool same_file(int a, int b)
{
	struct stat x, y;

	return fstat(a, &x) == 0 && fstat(b, &y) == 0 && x.st_dev == y.st_dev &&
	       x.st_ino == y.st_ino;
}

static bool in_proc(int fd, bool *its_root)
{
	struct statfs fs;
	struct stat s;

	if (fstatfs(fd, &fs) < 0 || fs.f_type != PROC_SUPER_MAGIC)
		return false;
	*its_root = fstat(fd, &s) == 0 && s.st_ino == PROC_ROOT_INO;
	return true;
}

/* A walk: where it is, and what is still to be walked. */
struct walk {
	struct traced *traced;
	int root, at; /* at is ours to close, root too */
	unsigned int links;
	bool follow;
	char rest[2 * PATH_MAX];
};

static void walk_to(struct walk *walk, int fd)
{
	close(walk->at);
	walk->at = fd;
}

/* Put the link's text before what is left of the name. */
static bool splice_link(struct walk *walk, int link, const char *rest)
{
	char text[2 * PATH_MAX];
	ssize_t length = readlinkat(link, "", text, PATH_MAX - 1);

	if (length <= 0 || ++walk->links > LINKS_MAX ||
	    length + strlen(rest) + 2 > sizeof(walk->rest))
		return false;
	text[length] = '\0';
	if (*rest) {
		text[length] = '/';
		strcpy(text + length + 1, rest);
	}
	strcpy(walk->rest, text);
	if (*text == '/') {
		int fd = open_part(walk->root, ".", 0);

		if (fd < 0)
			return false;
		walk_to(walk, fd);
	}
	return true;
}

/* The name of the task's own directory in /proc in place of "self" and "thread-self". */
static const char *own_name(const struct walk *walk, const char *name, char room[64])
{
	if (!strcmp(name, "self"))
		snprintf(room, 64, "%d", guard_process(walk->traced));
	else if (!strcmp(name, "thread-self"))
		snprintf(room, 64, "%d/task/%d", guard_process(walk->traced), walk->traced->tid);
	else
		return name;
	return room;
}

/* One component. 1: go on. 0: it does not exist. -1: it cannot be walked. */
static int walk_part(struct walk *walk, const char *name, const char *rest)
{
	bool last = !*rest, proc_root = false, proc = in_proc(walk->at, &proc_root);
	char room[64];
	struct stat s;
	int fd;

	if (!strcmp(name, "..") && same_file(walk->at, walk->root))
		return 1;
	if (proc && proc_root)
		name = own_name(walk, name, room);
	fd = open_part(walk->at, name, O_NOFOLLOW);
	if (fd < 0)
		return errno == ENOENT ? 0 : -1;
	if (fstat(fd, &s) == 0 && S_ISLNK(s.st_mode) && (!last || walk->follow)) {
		bool good;

		if (proc && !proc_root) { /* it jumps */
			close(fd);
			fd = open_part(walk->at, name, 0);
			if (fd < 0 || ++walk->links > LINKS_MAX)
				return -1;
			walk_to(walk, fd);
			return 1;
		}
		good = splice_link(walk, fd, rest);
		close(fd);
		return good ? 2 : -1;
	}
	walk_to(walk, fd);
	return 1;
}

/* The name of where the walk is, and what does not exist behind it. */
static bool name_with_rest(int at, const char *name, const char *rest, char text[GUARD_TEXT])
{
	size_t length;

	if (!name_of(at, text))
		return false;
	length = strlen(text);
	return snprintf(text + length, GUARD_TEXT - length, "%s%s%s%s",
			length && text[length - 1] == '/' ? "" : "/", name, *rest ? "/" : "",
			rest) < (int)(GUARD_TEXT - length);
}

static bool walk_all(struct walk *walk, char text[GUARD_TEXT], bool *missing)
{
	while (walk->rest[0]) {
		char name[PATH_MAX], rest[2 * PATH_MAX];
		size_t length = strspn(walk->rest, "/"), part;
		int result;

		memmove(walk->rest, walk->rest + length, strlen(walk->rest + length) + 1);
		part = strcspn(walk->rest, "/");
		if (!part)
			break;
		if (part > NAME_MAX)
			return false;
		memcpy(name, walk->rest, part);
		name[part] = '\0';
		length = part + strspn(walk->rest + part, "/");
		strcpy(rest, walk->rest + length);
		if (!strcmp(name, ".")) {
			strcpy(walk->rest, rest);
			continue;
		}
		result = walk_part(walk, name, rest);
		if (result < 0)
			return false;
		*missing = !result;
		if (!result)
			return name_with_rest(walk->at, name, rest, text);
		if (result == 1)
			strcpy(walk->rest, rest);
	}
	return name_of(walk->at, text);
}

/* Where a name begins; -1. */
static int open_start(const struct traced *traced, int dirfd)
{
	char link[64];

	if (dirfd == AT_FDCWD)
		snprintf(link, sizeof(link), "/proc/%d/cwd", traced->tid);
	else
		snprintf(link, sizeof(link), "/proc/%d/fd/%d", traced->tid, dirfd);
	return open_part(AT_FDCWD, link, 0);
}

/* A name with neither links nor ".." in it, which exists. */
static int open_plain(int start, const char *name, bool follow)
{
	struct open_how how = {.flags = O_PATH | O_CLOEXEC | (follow ? 0 : O_NOFOLLOW),
			       .resolve = RESOLVE_NO_SYMLINKS};

	while (*name == '/')
		name++;
	if (!*name || strstr(name, ".."))
		return -1;
	return syscall(SYS_openat2, start, name, &how, sizeof(how));
}

bool guard_resolve(struct traced *traced, const char *name, int dirfd, bool follow,
		   char text[GUARD_TEXT], bool *missing)
{
	struct walk walk = {.traced = traced, .follow = follow};
	char link[64];
	bool good;
	int fd;

	*missing = false;
	if (strlen(name) >= PATH_MAX)
		return false;
	snprintf(link, sizeof(link), "/proc/%d/root", traced->tid);
	walk.root = open_part(AT_FDCWD, link, O_DIRECTORY);
	walk.at = *name == '/' ? open_part(walk.root, ".", 0) : open_start(traced, dirfd);
	if (walk.root < 0 || walk.at < 0) {
		good = false;
	} else if ((fd = open_plain(walk.at, name, follow)) >= 0) {
		good = name_of(fd, text);
		close(fd);
	} else {
		/* A slash at the end follows links. */
		size_t length = strlen(name);

		walk.follow |= length && name[length - 1] == '/';
		strcpy(walk.rest, name);
		good = walk_all(&walk, text, missing);
	}
	if (walk.at >= 0)
		close(walk.at);
	if (walk.root >= 0)
		close(walk.root);
	return good;
}
