/* SPDX-License-Identifier: GPL-2.0-or-later */
/*
 * Sockets with names; see names.h.
 *
 * bind() takes only a path, so directories are named by /proc/self/fd/N, which leads to the
 * directory that was opened whatever its path means now. The private directory belongs to us, has
 * mode 0700 and is removed at once; that it is ours is looked at through its descriptor, because
 * who may write to the directory around it can exchange its name as well.
 */
#include <errno.h>
#include <fcntl.h>
#include <stdint.h>
#include <stdlib.h>
#include <string.h>
#include <sys/random.h>
#include <sys/socket.h>
#include <sys/stat.h>
#include <sys/un.h>
#include <unistd.h>

#include "user/vde/names/names.h"

#define PRIVATE_NAME "s"
#define TRIES	     16

int name_open_directory(const char *path)
{
	struct stat link;

	if (lstat(path, &link))
		return -1;
	if (S_ISLNK(link.st_mode) && link.st_uid != 0 && link.st_uid != geteuid()) {
		errno = EACCES;
		return -1;
	}
	return open(path,
		    O_PATH | O_DIRECTORY | O_CLOEXEC | (S_ISLNK(link.st_mode) ? 0 : O_NOFOLLOW));
}

int name_open_parent(const char *path, const char **base)
{
	const char *slash = strrchr(path, '/');
	char *parent;
	int fd;

	*base = slash ? slash + 1 : path;
	if (!**base) {
		errno = EISDIR;
		return -1;
	}
	if (!slash)
		return name_open_directory(".");
	if (slash == path)
		return name_open_directory("/");
	parent = strndup(path, slash - path);
	fd = parent ? name_open_directory(parent) : -1;
	free(parent);
	return fd;
}

int name_directory_risk(int directory, char reason[NAME_REASON_SIZE])
{
	struct stat about;

	*reason = '\0';
	if (fstat(directory, &about))
		return 0;
	if (about.st_uid != 0 && about.st_uid != geteuid()) {
		snprintf(reason, NAME_REASON_SIZE,
			 "belongs to user %u, who can replace the sockets in it", about.st_uid);
		return 2;
	}
	if ((about.st_mode & 0022) && !(about.st_mode & S_ISVTX)) {
		snprintf(reason, NAME_REASON_SIZE,
			 "is not sticky (chmod +t), so that other users can replace the sockets in "
			 "it");
		return 1;
	}
	return 0;
}

/* A directory that only we can enter, in another; its descriptor, or -errno. */
static int make_private(int directory, char name[32])
{
	struct stat about;
	uint32_t random;
	int fd;

	for (int i = 0; i < TRIES; i++) {
		if (getrandom(&random, sizeof(random), 0) != sizeof(random))
			return -EIO;
		snprintf(name, 32, ".vde-%08x", random);
		if (mkdirat(directory, name, 0700)) {
			if (errno == EEXIST)
				continue;
			return -errno;
		}
		fd = openat(directory, name, O_PATH | O_DIRECTORY | O_NOFOLLOW | O_CLOEXEC);
		if (fd < 0)
			return -errno;
		if (fstat(fd, &about) == 0 && about.st_uid == geteuid() && !(about.st_mode & 0077))
			return fd;
		close(fd);
		return -EACCES;
	}
	return -EEXIST;
}

static void path_in(struct sockaddr_un *address, int directory, const char *name)
{
	*address = (struct sockaddr_un){.sun_family = AF_UNIX};
	snprintf(address->sun_path, sizeof(address->sun_path), "/proc/self/fd/%d/%.80s", directory,
		 name);
}

bool name_is_served(int directory, const char *name)
{
	struct sockaddr_un address;
	struct stat about;
	bool served;
	int fd;

	if (fstatat(directory, name, &about, AT_SYMLINK_NOFOLLOW) || !S_ISSOCK(about.st_mode))
		return false;
	fd = socket(AF_UNIX, SOCK_STREAM | SOCK_CLOEXEC | SOCK_NONBLOCK, 0);
	path_in(&address, directory, name);
	/* EAGAIN: its queue is full. EPROTOTYPE: a socket of another type is bound there. */
	served = fd >= 0 && (connect(fd, (struct sockaddr *)&address, sizeof(address)) == 0 ||
			     errno == EAGAIN || errno == EPROTOTYPE);
	if (fd >= 0)
		close(fd);
	return served;
}

/* Make the name free for a socket of ours. 0 or -errno. */
static int clear_name(int directory, const char *name)
{
	struct stat about;

	if (fstatat(directory, name, &about, AT_SYMLINK_NOFOLLOW))
		return errno == ENOENT ? 0 : -errno;
	if (!S_ISSOCK(about.st_mode))
		return -EEXIST;
	return unlinkat(directory, name, 0) ? -errno : 0;
}

/* From the private directory to its place, where nothing may be. 0 or -errno. */
static int put_in_place(int private, int directory, const char *name)
{
	if (renameat2(private, PRIVATE_NAME, directory, name, RENAME_NOREPLACE) == 0)
		return 0;
	/* Not every file system can. */
	if (errno != EINVAL && errno != ENOSYS)
		return -errno;
	if (linkat(private, PRIVATE_NAME, directory, name, 0))
		return -errno;
	unlinkat(private, PRIVATE_NAME, 0);
	return 0;
}

static int set_up(int fd, int private, const struct name_rights *rights, bool listening,
		  struct name_made *made)
{
	struct sockaddr_un address;

	path_in(&address, private, PRIVATE_NAME);
	if (bind(fd, (struct sockaddr *)&address, sizeof(address)) ||
	    fchmodat(private, PRIVATE_NAME, rights->mode, 0) ||
	    ((rights->user != (uid_t)-1 || rights->group != (gid_t)-1) &&
	     fchownat(private, PRIVATE_NAME, rights->user, rights->group, AT_SYMLINK_NOFOLLOW)) ||
	    name_identify(private, PRIVATE_NAME, made) || (listening && listen(fd, SOMAXCONN)))
		return -errno;
	return 0;
}

int name_bind(int fd, int directory, const char *name, const struct name_rights *rights,
	      bool listening, struct name_made *made)
{
	int error = clear_name(directory, name), private;
	char private_name[32];

	if (error)
		return error;
	private = make_private(directory, private_name);
	if (private < 0)
		return private;
	error = set_up(fd, private, rights, listening, made);
	if (!error)
		error = put_in_place(private, directory, name);
	if (error)
		unlinkat(private, PRIVATE_NAME, 0);
	close(private);
	unlinkat(directory, private_name, AT_REMOVEDIR);
	return error;
}

int name_listen(struct name_listener *listener, const char *path, mode_t mode, gid_t group,
		char reason[NAME_REASON_SIZE], char warning[NAME_REASON_SIZE])
{
	struct name_rights rights = {.mode = mode, .user = -1, .group = group};
	char risk[NAME_REASON_SIZE];
	int error;

	*warning = '\0';
	*listener = (struct name_listener){.fd = -1, .directory = -1};
	/* Clients connect by the path. */
	if (strlen(path) >= sizeof(((struct sockaddr_un *)NULL)->sun_path)) {
		snprintf(reason, NAME_REASON_SIZE, "cannot listen on %.80s...: %s", path,
			 strerror(ENAMETOOLONG));
		return -1;
	}
	listener->directory = name_open_parent(path, &listener->base);
	if (listener->directory >= 0)
		listener->fd = socket(AF_UNIX, SOCK_STREAM | SOCK_CLOEXEC | SOCK_NONBLOCK, 0);
	if (listener->fd < 0) {
		snprintf(reason, NAME_REASON_SIZE, "cannot listen on %s: %s", path,
			 strerror(errno));
		goto fail;
	}
	if (name_is_served(listener->directory, listener->base)) {
		snprintf(reason, NAME_REASON_SIZE,
			 "%s is in use by another process; end it or choose another path", path);
		goto fail;
	}
	error = name_bind(listener->fd, listener->directory, listener->base, &rights, true,
			  &listener->made);
	if (error == -EEXIST)
		snprintf(reason, NAME_REASON_SIZE,
			 "cannot listen on %s: it is there and is not a socket; remove it or "
			 "choose another path",
			 path);
	else if (error)
		snprintf(reason, NAME_REASON_SIZE, "cannot listen on %s: %s", path,
			 strerror(-error));
	if (error)
		goto fail;
	if (name_directory_risk(listener->directory, risk))
		snprintf(warning, NAME_REASON_SIZE, "the directory of %.60s %.120s", path, risk);
	return listener->fd;
fail:
	if (listener->fd >= 0)
		close(listener->fd);
	if (listener->directory >= 0)
		close(listener->directory);
	listener->fd = listener->directory = -1;
	return -1;
}

void name_unlisten(struct name_listener *listener)
{
	if (listener->fd < 0)
		return;
	close(listener->fd);
	name_remove(listener->directory, listener->base, &listener->made);
	close(listener->directory);
	listener->fd = listener->directory = -1;
}
