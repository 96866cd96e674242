/* SPDX-License-Identifier: GPL-2.0-or-later */
/* The switch directory; see directory.h. Modes follow section "Options" of vde_switch(1). */
#include <errno.h>
#include <limits.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/socket.h>
#include <sys/stat.h>
#include <syslog.h>
#include <unistd.h>

#include "user/vde/switch/control/directory.h"
#include "user/vde/switch/ports/ports.h"

#define DEFAULT_MODE	 0600
#define DEFAULT_DIR_MODE 02700
#define LONGEST_NAME	 "/4095.1234567" /* what a data socket's path adds to the directory's */

struct directory {
	char path[PATH_MAX];
	char ctl[PATH_MAX + 4];
	int listener;
	int mode;
	gid_t group;
	int management_mode;
	gid_t management_group;
	bool made;
};

int listen_at(const char *path, int mode, gid_t group)
{
	struct sockaddr_un address = {.sun_family = AF_UNIX};
	int fd = socket(AF_UNIX, SOCK_STREAM | SOCK_CLOEXEC | SOCK_NONBLOCK, 0);
	mode_t mask;
	int result;

	if (fd < 0 || strlen(path) >= sizeof(address.sun_path)) {
		errno = fd < 0 ? errno : ENAMETOOLONG;
		goto fail;
	}
	strcpy(address.sun_path, path);
	if (connect(fd, (struct sockaddr *)&address, sizeof(address)) == 0) {
		syslog(LOG_ERR, "%s is in use by another process; end it or choose another path",
		       path);
		close(fd);
		return -1;
	}
	if (errno == ECONNREFUSED)
		unlink(path);
	mask = umask(0777 & ~mode);
	result = bind(fd, (struct sockaddr *)&address, sizeof(address));
	umask(mask);
	if (result || chmod(path, mode) || (group != (gid_t)-1 && chown(path, -1, group)) ||
	    listen(fd, SOMAXCONN))
		goto fail;
	return fd;
fail:
	syslog(LOG_ERR, "cannot listen on %s: %m", path);
	if (fd >= 0)
		close(fd);
	return -1;
}

/* x wherever r or w is set, and new files inherit the group. */
static int dir_mode_of(int mode)
{
	return 02000 | mode | (mode & 0444) >> 2 | (mode & 0222) >> 1;
}

static const char *default_path(void)
{
	return geteuid() == 0 ? "/var/run/vde.ctl" : "/tmp/vde.ctl";
}

static int make(struct directory *directory, const char *path, int mode)
{
	if (mkdir(path, 0777 & mode) == 0)
		directory->made = true;
	else if (errno != EEXIST)
		return -1;
	if (!realpath(path, directory->path))
		return -1;
	if (directory->made && directory->group != (gid_t)-1 &&
	    chown(directory->path, -1, directory->group))
		return -1;
	return directory->made ? chmod(directory->path, mode) : 0;
}

struct directory *directory_open(const struct control_settings *settings)
{
	const char *path = settings->dir ? settings->dir : default_path();
	struct directory *directory = calloc(1, sizeof(*directory));
	int dir_mode = settings->dir_mode;

	if (!directory)
		return NULL;
	directory->listener = -1;
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
	if (make(directory, path, dir_mode)) {
		syslog(LOG_ERR, "cannot make the switch directory %s: %m", path);
		goto fail;
	}
	if (strlen(directory->path) + sizeof(LONGEST_NAME) >
	    sizeof(((struct sockaddr_un *)NULL)->sun_path)) {
		syslog(LOG_ERR, "the path %s is too long for sockets in it; choose a shorter one",
		       directory->path);
		goto fail;
	}
	snprintf(directory->ctl, sizeof(directory->ctl), "%s/ctl", directory->path);
	directory->listener = listen_at(directory->ctl, directory->mode, directory->group);
	if (directory->listener < 0)
		goto fail;
	return directory;
fail:
	directory_close(directory);
	return NULL;
}

void directory_close(struct directory *directory)
{
	if (!directory)
		return;
	if (directory->listener >= 0) {
		close(directory->listener);
		unlink(directory->ctl);
	}
	if (directory->made)
		rmdir(directory->path);
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
static int set_rights(const struct directory *directory, const char *path, unsigned int port,
		      uid_t user)
{
	int mode = port ? directory->mode : directory->management_mode;
	gid_t group = port ? directory->group : directory->management_group;
	bool give = port && geteuid() == 0 && user != (uid_t)-1;

	if ((give || group != (gid_t)-1) && chown(path, give ? user : (uid_t)-1, group))
		return -errno;
	return chmod(path, give ? mode & 0700 : mode) ? -errno : 0;
}

int directory_bind(struct directory *directory, int fd, unsigned int port, uid_t user,
		   struct sockaddr_un *address)
{
	mode_t mask;
	int error;

	*address = (struct sockaddr_un){.sun_family = AF_UNIX};
	snprintf(address->sun_path, sizeof(address->sun_path), "%.90s/%03u.%d", directory->path,
		 port, fd);
	unlink(address->sun_path); /* of a switch that was killed; only ours are in use */
	mask = umask(0777);
	error = bind(fd, (struct sockaddr *)address, sizeof(*address)) ? -errno : 0;
	umask(mask);
	if (!error)
		error = set_rights(directory, address->sun_path, port, user);
	if (error)
		unlink(address->sun_path);
	return error;
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
