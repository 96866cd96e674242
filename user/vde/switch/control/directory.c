/* SPDX-License-Identifier: GPL-2.0-or-later */
/*
 * The switch directory; see directory.h. Modes follow section "Options" of vde_switch(1).
 *
 * Clients of the switch's group make their own sockets in the directory, so its names are anybody's
 * to exchange: everything is done through the descriptor of the directory (names/), and a directory
 * that others may write to is made sticky, so that they cannot take the place of ctl.
 */
#include <errno.h>
#include <fcntl.h>
#include <limits.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/random.h>
#include <sys/socket.h>
#include <sys/stat.h>
#include <syslog.h>
#include <unistd.h>

#include "user/vde/switch/control/directory.h"
#include "user/vde/switch/ports/ports.h"

#define DEFAULT_MODE	 0600
#define DEFAULT_DIR_MODE 02700
#define NAME_TRIES	 8
#define LONGEST_NAME	 "/4095.1234567" /* what a data socket's path adds to the directory's */

struct directory {
	char path[PATH_MAX];
	int fd;	      /* of the directory */
	int listener; /* ctl */
	struct name_made ctl;
	int mode;
	gid_t group;
	int management_mode;
	gid_t management_group;
	bool made;
};

/* x wherever r or w is set, and new files inherit the group. */
static int dir_mode_of(int mode)
{
	return 02000 | mode | (mode & 0444) >> 2 | (mode & 0222) >> 1;
}

static const char *default_path(void)
{
	return geteuid() == 0 ? "/var/run/vde.ctl" : "/tmp/vde.ctl";
}

/* Mode and group of a directory that we made or that is ours. 0 or -1. */
static int set_rights(const struct directory *directory, int mode)
{
	int fd = openat(directory->fd, ".", O_RDONLY | O_DIRECTORY | O_CLOEXEC), result;

	if (fd < 0)
		return -1;
	result = (directory->group != (gid_t)-1 && fchown(fd, -1, directory->group)) ||
				 fchmod(fd, mode)
			 ? -1
			 : 0;
	close(fd);
	return result;
}

/* One that was there before us. 0, or -1 with one line logged. */
static int accept_old(struct directory *directory, const char *path)
{
	char reason[NAME_REASON_SIZE];
	struct stat about;

	switch (name_directory_risk(directory->fd, reason)) {
	case 0:
		return 0;
	case 1:
		if (fstat(directory->fd, &about) == 0 && about.st_uid == geteuid() &&
		    fchmodat(directory->fd, ".", (about.st_mode & 07777) | S_ISVTX, 0) == 0)
			return 0;
		syslog(LOG_WARNING, "the switch directory %s %s", path, reason);
		return 0;
	default:
		syslog(LOG_ERR,
		       "the switch directory %s %s; remove it, or choose another with --sock", path,
		       reason);
		return -1;
	}
}

/* 0, or -1 with one line logged. */
static int make(struct directory *directory, const char *path, int mode)
{
	char link[64];
	ssize_t n;

	if (mkdir(path, 0700) == 0)
		directory->made = true;
	else if (errno != EEXIST)
		goto fail;
	directory->fd = name_open_directory(path);
	if (directory->fd < 0)
		goto fail;
	snprintf(link, sizeof(link), "/proc/self/fd/%d", directory->fd);
	n = readlink(link, directory->path, sizeof(directory->path) - 1);
	if (n < 0)
		goto fail;
	directory->path[n] = '\0';
	if (!directory->made)
		return accept_old(directory, path);
	/* Who may write to a directory around it can exchange it before it is opened. */
	if (accept_old(directory, path))
		return -1;
	if (mode & 0022)
		mode |= S_ISVTX;
	if (set_rights(directory, mode) == 0)
		return 0;
fail:
	syslog(LOG_ERR, "cannot make the switch directory %s: %m", path);
	return -1;
}

/* Listen on ctl. 0, or -1 with one line logged. */
static int listen_on_ctl(struct directory *directory)
{
	struct name_rights rights = {
		.mode = directory->mode, .user = -1, .group = directory->group};
	int error;

	if (name_is_served(directory->fd, "ctl")) {
		syslog(LOG_ERR,
		       "%s/ctl is in use by another process; end it or choose another directory",
		       directory->path);
		return -1;
	}
	directory->listener = socket(AF_UNIX, SOCK_STREAM | SOCK_CLOEXEC | SOCK_NONBLOCK, 0);
	error = directory->listener < 0 ? -errno
					: name_bind(directory->listener, directory->fd, "ctl",
						    &rights, true, &directory->ctl);
	if (error == -EEXIST)
		syslog(LOG_ERR,
		       "cannot listen on %s/ctl: it is there and is not a socket; remove "
		       "it or choose another directory",
		       directory->path);
	else if (error)
		syslog(LOG_ERR, "cannot listen on %s/ctl: %s", directory->path, strerror(-error));
	return error ? -1 : 0;
}

struct directory *directory_open(const struct control_settings *settings)
{
	const char *path = settings->dir ? settings->dir : default_path();
	struct directory *directory = calloc(1, sizeof(*directory));
	int dir_mode = settings->dir_mode;

	if (!directory)
		return NULL;
	directory->listener = directory->fd = -1;
	directory->group = settings->group;
	directory->management_mode = settings->management_mode;
	directory->management_group = settings->management_group;
	directory->mode = settings->mode;
	if (dir_mode < 0)
		dir_mode = settings->mode < 0 ? DEFAULT_DIR_MODE : dir_mode_of(settings->mode);
	else if (settings->mode < 0)
		directory->mode = dir_mode & 0666;
	if (directory->mode < 0)
		directory->mode = DEFAULT_MODE;
	if (make(directory, path, dir_mode))
		goto fail;
	if (strlen(directory->path) + sizeof(LONGEST_NAME) >
	    sizeof(((struct sockaddr_un *)NULL)->sun_path)) {
		syslog(LOG_ERR, "the path %s is too long for sockets in it; choose a shorter one",
		       directory->path);
		goto fail;
	}
	if (listen_on_ctl(directory))
		goto fail;
	return directory;
fail:
	directory_close(directory);
	return NULL;
}

void directory_close(struct directory *directory)
{
	struct stat named, ours;

	if (!directory)
		return;
	if (directory->listener >= 0) {
		close(directory->listener);
		name_remove(directory->fd, "ctl", &directory->ctl);
	}
	if (directory->made && fstat(directory->fd, &ours) == 0 &&
	    lstat(directory->path, &named) == 0 && named.st_dev == ours.st_dev &&
	    named.st_ino == ours.st_ino)
		rmdir(directory->path);
	if (directory->fd >= 0)
		close(directory->fd);
	free(directory);
}

int directory_listener(const struct directory *directory)
{
	return directory->listener;
}

/*
 * A switch of root's makes a known user the owner, who alone gets access; otherwise the rights are
 * those of the control socket. Port 0 is for those who may use the management socket.
 */
static struct name_rights rights_for(const struct directory *directory, unsigned int port,
				     uid_t user)
{
	int mode = port ? directory->mode : directory->management_mode;
	bool give = port && geteuid() == 0 && user != (uid_t)-1;

	return (struct name_rights){.mode = give ? mode & 0700 : mode,
				    .user = give ? user : (uid_t)-1,
				    .group = port ? directory->group : directory->management_group};
}

static const char *base_of(const struct sockaddr_un *address)
{
	return strrchr(address->sun_path, '/') + 1;
}

int directory_bind(struct directory *directory, int fd, unsigned int port, uid_t user,
		   struct sockaddr_un *address, struct name_made *made)
{
	struct name_rights rights = rights_for(directory, port, user);
	unsigned int number = fd;
	int error;

	*address = (struct sockaddr_un){.sun_family = AF_UNIX};
	/*
	 * A socket of this name is one of a switch that was killed: only ours are in use. Something
	 * else was put there by somebody who may write to the directory; then by chance.
	 */
	for (int i = 0; i < NAME_TRIES; i++) {
		snprintf(address->sun_path, sizeof(address->sun_path), "%.90s/%03u.%u",
			 directory->path, port, number);
		error = name_bind(fd, directory->fd, base_of(address), &rights, false, made);
		if (error != -EEXIST || getrandom(&number, sizeof(number), 0) != sizeof(number))
			break;
		number = 1000000 + number % 9000000;
	}
	return error;
}

void directory_unbind(struct directory *directory, const struct sockaddr_un *address,
		      const struct name_made *made)
{
	name_remove(directory->fd, base_of(address), made);
}

bool directory_admits_manager(const struct directory *directory, uid_t user)
{
	int mode = directory->management_mode;

	if (user == 0 || user == geteuid())
		return true;
	return (mode & 0006) == 0006 ||
	       ((mode & 0060) == 0060 && directory->management_group != (gid_t)-1 &&
		user_in_group(user, directory->management_group));
}

json_t *directory_json(const struct directory *directory)
{
	char mode[16];

	snprintf(mode, sizeof(mode), "%04o", directory->mode);
	return json_pack("{s:s, s:s}", "directory", directory->path, "mode", mode);
}
