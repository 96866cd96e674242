// SPDX-License-Identifier: GPL-2.0-only
/*
 * What the host's mounts cover stays covered, and what they restrict stays restricted: while a
 * session's mounts come apart, in detached trees, through overlays, set-uid programs and idmapped
 * mounts, and when everything has ended.
 */
#include <errno.h>
#include <fcntl.h>
#include <glob.h>
#include <limits.h>
#include <linux/mount.h>
#include <sched.h>
#include <signal.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/ioctl.h>
#include <sys/mount.h>
#include <sys/prctl.h>
#include <sys/socket.h>
#include <sys/stat.h>
#include <sys/syscall.h>
#include <sys/wait.h>
#include <unistd.h>

#include "spaces.h"

/* A copy of what has covers in it is unmounted, while it is held by a descriptor. */
static const char *take_apart(void *data)
{
	int fd;

	TRY(own_space());
	EXPECT(try_mount(top, path_of("a"), NULL, MS_BIND | MS_REC, NULL), 0);
	fd = open(path_of("a"), O_PATH | O_DIRECTORY);
	TRY(still_covered(fd));
	EXPECT(umount2(path_of("a"), MNT_DETACH), 0);
	TRY(still_covered(fd));
	/* Its own mounts below it can go, the host's cannot. */
	EXPECT(try_mount(top, path_of("a"), NULL, MS_BIND | MS_REC, NULL), 0);
	EXPECT(umount2(path_of("a/covered"), MNT_DETACH), -1);
	EXPECT(try_mount(path_of("a/covered"), path_of("b"), NULL, MS_MOVE, NULL), -EINVAL);
	EXPECT(try_mount(NULL, path_of("a/ro"), NULL, MS_REMOUNT | MS_BIND, NULL), 0);
	TRY(still_covered(open(path_of("a"), O_PATH | O_DIRECTORY)));
	/* Not recursive would be to uncover; it becomes recursive. */
	EXPECT(try_mount(top, path_of("b"), NULL, MS_BIND, NULL), 0);
	TRY(still_covered(open(path_of("b"), O_PATH | O_DIRECTORY)));
	return NULL;
}

static const char *apart(void)
{
	return as_user_after(cover, take_apart, NULL);
}

/* The same as trees that are nowhere in place. */
static const char *take_detached(void *data)
{
	struct mount_attr loose = {.attr_clr = MOUNT_ATTR_RDONLY};
	int plain, all, below;

	TRY(own_space());
	plain = syscall(SYS_open_tree, AT_FDCWD, top, OPEN_TREE_CLONE);
	TRY(still_covered(plain));
	all = syscall(SYS_open_tree, AT_FDCWD, top, OPEN_TREE_CLONE | AT_RECURSIVE);
	TRY(still_covered(all));
	below = syscall(SYS_open_tree, all, "ro", OPEN_TREE_CLONE);
	if (below >= 0) {
		EXPECT(syscall(SYS_mount_setattr, below, "", AT_EMPTY_PATH, &loose, sizeof(loose)),
		       -1);
		EXPECT(openat(below, "file", O_WRONLY), -1);
	}
	EXPECT(syscall(SYS_move_mount, all, "covered", AT_FDCWD, path_of("a"), 0), -1);
	EXPECT(syscall(SYS_move_mount, all, "", AT_FDCWD, path_of("a"), MOVE_MOUNT_F_EMPTY_PATH),
	       0);
	EXPECT(umount2(path_of("a"), MNT_DETACH), 0);
	TRY(still_covered(all));
	return NULL;
}

static const char *detached(void)
{
	return as_user_after(cover, take_detached, NULL);
}

/* A directory of the session's namespace outlives the session, outside of it. */
static int ends[2];

static const char *cover_and_connect(void *data)
{
	EXPECT(socketpair(AF_UNIX, SOCK_DGRAM, 0, ends), 0);
	return cover(data);
}

static const char *hand_out(void *data)
{
	int tree;

	TRY(own_space());
	EXPECT(send_fd(ends[1], open(top, O_PATH | O_DIRECTORY)), 0);
	tree = syscall(SYS_open_tree, AT_FDCWD, top, OPEN_TREE_CLONE | AT_RECURSIVE);
	CHECK(tree >= 0);
	EXPECT(send_fd(ends[1], tree), 0);
	return NULL;
}

static const char *look_afterwards(void *data)
{
	TRY(still_covered(receive_fd(ends[0])));
	TRY(still_covered(receive_fd(ends[0])));
	return NULL;
}

static const char *outlives(void)
{
	return as_user_after(cover_and_connect, hand_out, look_afterwards);
}

/* An overlay keeps its mounter's credentials: they must be good for nothing. */
static const char *read_configuration(void *data)
{
	char directory[PATH_MAX], options[PATH_MAX + 64], bytes[512];
	glob_t found;
	ssize_t plain, through;
	int fd;

	TRY(own_space());
	EXPECT(glob("/sys/devices/pci*/*/config", 0, NULL, &found), 0);
	fd = open(found.gl_pathv[0], O_RDONLY);
	plain = read(fd, bytes, sizeof(bytes));
	CHECK(plain > 0 && plain < 256); /* without CAP_SYS_ADMIN not all */
	snprintf(directory, sizeof(directory), "%s", found.gl_pathv[0]);
	*strrchr(directory, '/') = '\0';
	/* A colon separates layers. */
	options[0] = '\0';
	strcpy(options, "lowerdir=");
	for (char *from = directory, *to = options + 9;; from++) {
		if (*from == ':')
			*to++ = '\\';
		*to++ = *from;
		if (!*from)
			break;
	}
	strcat(options, ":");
	strcat(options, path_of("lower"));
	EXPECT(try_mount("overlay", path_of("a"), "overlay", 0, options), 0);
	fd = open(path_of("a/config"), O_RDONLY);
	CHECK(fd >= 0);
	through = read(fd, bytes, sizeof(bytes));
	EXPECT(through, plain);
	return NULL;
}

static const char *overlay_harmless(void)
{
	return as_user(read_configuration);
}

/* Set-uid programs of root's, through each kind of mount, inside and from outside. */
static const char *make_setuid(void *data)
{
	char command[512];

	snprintf(command, sizeof(command),
		 "cp /usr/bin/id %s/lower/rootid && chown 0:0 %s/lower/rootid && "
		 "chmod 4755 %s/lower/rootid && mount -o remount,suid /tmp",
		 top, top, top);
	EXPECT(system(command), 0);
	return NULL;
}

static bool is_user(const char *program)
{
	char command[512];

	snprintf(command, sizeof(command), "[ \"$(%s -u)\" = %d ]", program, USER);
	return system(command) == 0;
}

/* Outside nobody has no_new_privs; only the mount stands between. */
static const char *run_outside(pid_t outside, int to, int from, const char *name)
{
	char text[128] = "";

	snprintf(text, sizeof(text), "/proc/%d/root%s", getpid(), path_of(name));
	EXPECT(write(to, text, sizeof(text)), sizeof(text));
	EXPECT(read(from, text, 1), 1);
	EXPECT(text[0], 'u');
	return NULL;
}

static int outside_in[2], outside_out[2];
static pid_t outside_pid;

static const char *setuid_and_outside(void *data)
{
	char text[128];

	TRY(make_setuid(NULL));
	EXPECT(pipe(outside_in), 0);
	EXPECT(pipe(outside_out), 0);
	outside_pid = fork();
	if (outside_pid)
		return NULL;
	close(outside_in[1]);
	if (become_user())
		_exit(1);
	/* Only the user's own may be looked at. */
	prctl(PR_SET_DUMPABLE, 1);
	while (read(outside_in[0], text, sizeof(text)) == sizeof(text))
		if (write(outside_out[1],
			  access(text, X_OK) ? "n"
			  : is_user(text)    ? "u"
					     : "r",
			  1) != 1)
			break;
	_exit(0);
}

static const char *run_setuid(void *data)
{
	char options[256];

	EXPECT(prctl(PR_SET_DUMPABLE, 1), 0);
	TRY(own_space());
	EXPECT(try_mount(path_of("lower"), path_of("a"), NULL, MS_BIND, NULL), 0);
	CHECK(is_user(path_of("a/rootid")));
	TRY(run_outside(outside_pid, outside_in[1], outside_out[0], "a/rootid"));
	EXPECT(umount2(path_of("a"), 0), 0);
	snprintf(options, sizeof(options), "lowerdir=%s:%s", path_of("lower"), path_of("b"));
	EXPECT(try_mount("overlay", path_of("a"), "overlay", 0, options), 0);
	CHECK(is_user(path_of("a/rootid")));
	TRY(run_outside(outside_pid, outside_in[1], outside_out[0], "a/rootid"));
	return NULL;
}

static const char *no_setuid(void)
{
	return as_user_after(setuid_and_outside, run_setuid, NULL);
}

/* Idmapped mounts of what the session did not make, in the maps that it can reach. */
#ifndef NS_GET_USERNS
#define NS_GET_USERNS _IO(0xb7, 1)
#define NS_GET_PARENT _IO(0xb7, 2)
#endif

static const char *map_ids(void *data)
{
	struct mount_attr mapped = {.attr_set = MOUNT_ATTR_IDMAP};
	int ns, tree, levels = 0;

	TRY(own_space());
	ns = ioctl(open("/proc/self/ns/mnt", O_RDONLY), NS_GET_USERNS);
	for (; ns >= 0; ns = ioctl(ns, NS_GET_PARENT), levels++) {
		tree = syscall(SYS_open_tree, AT_FDCWD, "/etc", OPEN_TREE_CLONE | AT_RECURSIVE);
		CHECK(tree >= 0);
		mapped.userns_fd = ns;
		EXPECT(syscall(SYS_mount_setattr, tree, "", AT_EMPTY_PATH, &mapped, sizeof(mapped)),
		       -1);
		EXPECT(openat(tree, "shadow", O_RDONLY), -1);
		close(tree);
	}
	EXPECT(levels, 4); /* three of the session's and the initial one */
	return NULL;
}

static const char *no_idmap(void)
{
	return as_user(map_ids);
}

const struct test mount_cover_tests[] = {
	{"covers stay when a copy of them is unmounted", apart},
	{"covers stay in detached trees", detached},
	{"covers stay when the namespace has ended, for who holds a directory of it", outlives},
	{"an overlay's credentials have no authority over the host", overlay_harmless},
	{"no set-uid through a mount, inside or from outside", no_setuid},
	{"no idmapped mount of the host's files", no_idmap},
	{},
};
