// SPDX-License-Identifier: GPL-2.0-or-later
/*
 * What a branch has of its own before anything runs in it.
 *
 * A tmpfs covers the view's directory (an empty one, part of the installation), so that what is in
 * it is seen from the branch only:
 *
 *	control		socket of the manager
 *	real/NAME	the programs that a stand-in of ours covers
 *
 * mount(8), umount(8) and busybox want to be run by root; our stand-in lets them be run by anybody,
 * as what they may do is the manager's business here.
 */
#include <errno.h>
#include <fcntl.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/mount.h>
#include <sys/socket.h>
#include <sys/stat.h>
#include <sys/syscall.h>
#include <sys/un.h>
#include <unistd.h>

#include "keeper.h"
#include "protocol.h"

static const char *const covered[] = {"/bin/mount", "/bin/umount", "/bin/busybox"};

#define COVERED (sizeof(covered) / sizeof(*covered))

static int mount_call(struct keeper *keeper, const char *source, const char *target,
		      const char *type, unsigned long flags, const char *data)
{
	return keeper_call(keeper, SYS_mount, (uintptr_t)source, (uintptr_t)target, (uintptr_t)type,
			   flags, (uintptr_t)data);
}

static void real_path(struct keeper *keeper, const char *program, char *path, size_t size)
{
	snprintf(path, size, "%s/real/%s", keeper->directory, strrchr(program, '/') + 1);
}

/* In a branch of a branch the stand-in is there already, and outer is the real program. */
static int cover(struct keeper *keeper, const char *program, int outer)
{
	char real[4096], path[4096];
	int fd;

	if (!realpath(program, path))
		return 0;
	real_path(keeper, program, real, sizeof(real));
	fd = open(real, O_CREAT | O_WRONLY | O_CLOEXEC, 0644);
	if (fd < 0)
		return -errno;
	close(fd);
	if (outer >= 0) {
		snprintf(path, sizeof(path), "/proc/self/fd/%d", outer);
		return mount_call(keeper, path, real, NULL, MS_BIND, NULL) < 0 ? -errno : 0;
	}
	if (mount_call(keeper, path, real, NULL, MS_BIND, NULL) < 0)
		return -errno;
	return programs_add(path);
}

static int control_socket(struct keeper *keeper)
{
	struct sockaddr_un address = {.sun_family = AF_UNIX};
	int directory = open(keeper->directory, O_PATH | O_CLOEXEC), error = 0;
	int fd = socket(AF_UNIX, SOCK_STREAM | SOCK_CLOEXEC, 0);

	/* By way of a descriptor, as the address of a socket has room for short paths only. */
	sprintf(address.sun_path, "/proc/self/fd/%d/control", directory);
	if (directory < 0 || fd < 0 || bind(fd, (struct sockaddr *)&address, sizeof(address)) < 0 ||
	    listen(fd, 64) < 0)
		error = errno;
	/* Anybody inside may ask; the manager knows who he is. */
	if (!error && fchmodat(directory, "control", 0666, 0) < 0)
		error = errno;
	if (directory >= 0)
		close(directory);
	if (!error)
		return fd;
	if (fd >= 0)
		close(fd);
	return -error;
}

int keeper_prepare(struct keeper *keeper)
{
	int error, control, outer[COVERED];
	char path[4096], data[64];

	for (size_t i = 0; i < COVERED; i++) {
		real_path(keeper, covered[i], path, sizeof(path));
		outer[i] = open(path, O_PATH | O_CLOEXEC);
	}
	snprintf(data, sizeof(data), "size=1m,mode=0755,uid=%d,gid=%d", getuid(), getgid());
	if (mount_call(keeper, VIEW_SOURCE, keeper->directory, "tmpfs", MS_NOSUID | MS_NODEV,
		       data) < 0) {
		snprintf(path, sizeof(path), "mount a tmpfs on %s", keeper->directory);
		keeper_failed(keeper, errno, path);
		return -1;
	}
	control = control_socket(keeper);
	if (control < 0) {
		keeper_failed(keeper, -control, "make the control socket");
		return -1;
	}
	snprintf(path, sizeof(path), "%s/real", keeper->directory);
	mkdir(path, 0755);
	for (size_t i = 0; keeper->mount_program && i < COVERED; i++) {
		error = cover(keeper, covered[i], outer[i]);
		if (outer[i] >= 0)
			close(outer[i]);
		if (error < 0) {
			snprintf(path, sizeof(path), "put a stand-in over %s", covered[i]);
			keeper_failed(keeper, -error, path);
			close(control);
			return -1;
		}
	}
	error = keeper->mount_program ? programs_cover(keeper) : 0;
	if (error < 0) {
		keeper_failed(keeper, -error, "put stand-ins over mount(8), umount(8) and busybox");
		close(control);
		return -1;
	}
	return control;
}
