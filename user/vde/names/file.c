/* SPDX-License-Identifier: GPL-2.0-or-later */
/* What a name stands for, and regular files: outputs and process ids; see names.h. */
#include <errno.h>
#include <fcntl.h>
#include <string.h>
#include <sys/stat.h>
#include <sys/sysmacros.h>
#include <unistd.h>

#include "user/vde/names/names.h"

int name_identify(int directory, const char *name, struct name_made *which)
{
	struct statx about;

	if (statx(directory, name, AT_SYMLINK_NOFOLLOW | (*name ? 0 : AT_EMPTY_PATH),
		  STATX_INO | STATX_BTIME, &about))
		return -1;
	*which = (struct name_made){.device = makedev(about.stx_dev_major, about.stx_dev_minor),
				    .number = about.stx_ino,
				    .born = about.stx_mask & STATX_BTIME
						    ? about.stx_btime.tv_sec * 1000000000ll +
							      about.stx_btime.tv_nsec
						    : 0};
	return 0;
}

void name_remove(int directory, const char *name, const struct name_made *made)
{
	struct name_made now;

	if (name_identify(directory, name, &now) == 0 && now.device == made->device &&
	    now.number == made->number && now.born == made->born)
		unlinkat(directory, name, 0);
}

int name_open_output(const char *path, int flags, mode_t mode)
{
	return open(path,
		    O_CREAT | O_CLOEXEC | O_NONBLOCK | O_NOCTTY | O_NOFOLLOW |
			    ((flags & O_ACCMODE) ? flags : flags | O_WRONLY),
		    mode);
}

int name_open_input(const char *path)
{
	int fd = open(path, O_RDONLY | O_CLOEXEC | O_NONBLOCK | O_NOCTTY);
	struct stat about;

	if (fd < 0)
		return -1;
	if (fstat(fd, &about) == 0 && S_ISREG(about.st_mode))
		return fd;
	close(fd);
	errno = EINVAL;
	return -1;
}

int name_write_pid(const char *path, pid_t pid, struct name_made *made)
{
	char text[24];
	int fd = name_open_output(path, 0, 0666), length, error;
	struct stat about;

	*made = (struct name_made){0};
	if (fd < 0)
		return -1;
	length = snprintf(text, sizeof(text), "%d\n", pid);
	error = fstat(fd, &about) ? errno : 0;
	/* /dev/null may stand for "none". */
	if (!error && !S_ISREG(about.st_mode) && !S_ISCHR(about.st_mode))
		error = EINVAL;
	if (!error && S_ISREG(about.st_mode)) {
		if (ftruncate(fd, 0) || name_identify(fd, "", made))
			error = errno;
	}
	errno = 0;
	if (!error && write(fd, text, length) != length)
		error = errno ? errno : EIO;
	close(fd);
	errno = error;
	return error ? -1 : 0;
}

void name_remove_path(const char *path, const struct name_made *made)
{
	const char *base;
	int directory = made->number ? name_open_parent(path, &base) : -1;

	if (directory < 0)
		return;
	name_remove(directory, base, made);
	close(directory);
}
