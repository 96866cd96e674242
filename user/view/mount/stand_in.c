// SPDX-License-Identifier: GPL-2.0-or-later
/*
 * What covers mount(8), umount(8) and busybox in a view.
 *
 * Those want to be root, and mount(8) sets up a loop device for an image. Here the manager decides
 * who may mount what, and serves images as they are. So what mounts an image is done here
 * (command.c), by one mount(2), and a type fuse.PROGRAM by mount.fuse(8), which the user may run; in
 * all other cases the real program runs, told by a filter of its own that its ids are 0. Nothing
 * else of it changes: what it may do is what the user may do.
 */
#include <errno.h>
#include <limits.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/syscall.h>
#include <unistd.h>

#include "unmount.h"
#include "user/view/client/client.h"
#include "user/view/client/confine.h"
#include "command.h"

/* ---- the real program */

/* The call does nothing, and its result is 0. */
#define ZERO(nr) CONFINE_CALL(nr, SECCOMP_RET_ERRNO | 0)

static int become_root_to_itself(void)
{
	struct sock_filter code[] = {
		CONFINE_BEGIN(SECCOMP_RET_ALLOW),
		ZERO(SYS_getuid),
		ZERO(SYS_geteuid),
		ZERO(SYS_getgid),
		ZERO(SYS_getegid),
		CONFINE_END(SECCOMP_RET_ALLOW),
	};

	return confine(code, sizeof(code) / sizeof(*code));
}

/* Without the real program umount(8) is done here, as far as that goes. */
static int run_none(const char *name, char **argv)
{
	int argc = 0, status = -1;

	while (argv[argc])
		argc++;
	if (!strcmp(name, "umount"))
		status = unmount_plain(argc, argv);
	if (status < 0)
		fprintf(stderr,
			"%s: the program itself is not to be found here: it is hidden by a mount, "
			"or this is no view\n",
			name);
	return status < 0 ? 126 : status;
}

static int run_real(const char *name, char **argv, int as_root)
{
	char directory[PATH_MAX - 64], real[2 * PATH_MAX];

	if (client_directory(directory, sizeof(directory)) < 0)
		return run_none(name, argv);
	snprintf(real, sizeof(real), "%s/real/%s", directory, name);
	if (access(real, X_OK) < 0 && errno == ENOENT)
		return run_none(name, argv);
	if (as_root && getuid() && become_root_to_itself())
		fprintf(stderr, "%s: cannot filter system calls: %s\n", name, strerror(errno));
	execv(real, argv);
	fprintf(stderr, "%s: cannot execute %s: %s\n", name, real, strerror(errno));
	return 126;
}

static int is(const char *name, const char *wanted)
{
	return name && !strcmp(name, wanted);
}

int main(int argc, char **argv)
{
	char self[PATH_MAX];
	ssize_t length = readlink("/proc/self/exe", self, sizeof(self) - 1);
	const char *name, *applet;
	int status = -1;

	self[length < 0 ? 0 : length] = '\0';
	name = strrchr(self, '/') ? strrchr(self, '/') + 1 : self;
	/* Run as a script (keeper/programs.c): =NAME, then the path, in the place of the first word. */
	if (argc > 2 && argv[1][0] == '=') {
		name = argv[1] + 1;
		argv += 2;
		argc -= 2;
		if (!strncmp(argv[0], "/dev/fd/", 8) || !strncmp(argv[0], "/proc/", 6))
			argv[0] = (char *)name; /* run by its descriptor */
	}
	applet = argc > 0 && strrchr(argv[0], '/') ? strrchr(argv[0], '/') + 1 : argv[0];
	if (is(name, "mount")) {
		status = command_mount(argc, argv);
	} else if (is(applet, "busybox") && argc > 1) {
		applet = argv[1];
		if (is(applet, "mount"))
			status = command_mount(argc - 1, argv + 1);
	} else if (is(applet, "mount") && is(name, "busybox")) {
		status = command_mount(argc, argv);
	}
	if (status >= 0)
		return status;
	return run_real(name, argv,
			is(name, "mount") || is(name, "umount") || is(applet, "mount") ||
				is(applet, "umount"));
}
