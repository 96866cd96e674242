// SPDX-License-Identifier: GPL-2.0-only
/*
 * A name that is looked up twice may lead to two places: the user's own FUSE server decides what its
 * symbolic link says each time it is read. Whatever the answers, calls that mount give what the kernel
 * gives for one of the places, and nothing of the host is laid open.
 *
 * The server has one file, the link "x". Its answers alternate between two paths by a pattern of bits, one
 * bit for each reading; nothing of it is kept by the kernel.
 */
#include <errno.h>
#include <fcntl.h>
#include <linux/fuse.h>
#include <linux/mount.h>
#include <sched.h>
#include <signal.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/mount.h>
#include <sys/prctl.h>
#include <sys/stat.h>
#include <sys/syscall.h>
#include <sys/uio.h>
#include <sys/wait.h>
#include <unistd.h>

#include "spaces.h"

#define LINK	 2 /* the node of the link */
#define PATTERNS 8 /* three readings */

/* What the server says next: shared with it. */
enum { PATTERN, READINGS, PAIR };
static volatile int *shared_numbers(void)
{
	return scratch->number;
}

/* The two places of the pairs that are tried, below the test's directory. */
static const char *const pairs[][2] = {
	{"a", "covered"},      /* a mount of the session's, a cover of root's */
	{"a", "ro"},	       /* and a bind of root's that is read-only */
	{"upper", "ro"},       /* a directory without a mount */
	{"a", "copy/covered"}, /* a mount that came with a copy */
};

static void serve(int device, const struct fuse_in_header *in)
{
	volatile int *numbers = shared_numbers();
	const struct fuse_init_out init = {.major = FUSE_KERNEL_VERSION,
					   .minor = 31,
					   .max_readahead = 4096,
					   .max_write = 4096};
	struct fuse_attr_out attr = {
		.attr = {.ino = in->nodeid, .nlink = 1, .uid = USER, .gid = USER}};
	struct fuse_entry_out entry = {.nodeid = LINK,
				       .attr = {.ino = LINK, .nlink = 1, .uid = USER, .gid = USER}};
	const char *path;

	attr.attr.mode = in->nodeid == LINK ? S_IFLNK | 0777 : S_IFDIR | 0755;
	entry.attr.mode = S_IFLNK | 0777;
	switch (in->opcode) {
	case FUSE_INIT:
		fuse_answer(device, in, 0, &init, sizeof(init));
		break;
	case FUSE_GETATTR:
		fuse_answer(device, in, 0, &attr, sizeof(attr));
		break;
	case FUSE_LOOKUP:
		fuse_answer(device, in, 0, &entry, sizeof(entry));
		break;
	case FUSE_READLINK:
		path = path_of(
			pairs[numbers[PAIR]][numbers[PATTERN] >> (numbers[READINGS]++ % 3) & 1]);
		fuse_answer(device, in, 0, path, strlen(path));
		break;
	case FUSE_FORGET:
	case FUSE_BATCH_FORGET:
		break;
	default:
		fuse_answer(device, in, -ENOSYS, NULL, 0);
	}
}

/* Mount the server on "b" and start it. */
static const char *start_server(pid_t *server)
{
	static char buffer[65536];
	int device = open("/dev/fuse", O_RDWR);
	char options[128];

	CHECK(device >= 0);
	snprintf(options, sizeof(options), "fd=%d,rootmode=40000,user_id=%d,group_id=%d", device,
		 USER, USER);
	EXPECT(try_mount("links", path_of("b"), "fuse", 0, options), 0);
	*server = fork();
	if (*server) {
		close(device);
		return NULL;
	}
	prctl(PR_SET_PDEATHSIG, SIGKILL); /* a session ends with its last process */
	while (read(device, buffer, sizeof(buffer)) > 0 || errno == EINTR || errno == ENOENT)
		serve(device, (struct fuse_in_header *)buffer);
	_exit(0);
}

/* The calls, each with the link wherever a name stands. Their results may be anything. */
static char there[128], options[512];

static void move_from(void)
{
	try_mount(there, path_of("lower"), NULL, MS_MOVE, NULL);
}
static void move_to(void)
{
	try_mount(path_of("a"), there, NULL, MS_MOVE, NULL);
}
static void bind_from(void)
{
	try_mount(there, path_of("lower"), NULL, MS_BIND, NULL);
}
static void bind_to(void)
{
	try_mount(path_of("work"), there, NULL, MS_BIND, NULL);
}
static void make_writable(void)
{
	struct mount_attr writable = {.attr_clr = MOUNT_ATTR_RDONLY};

	try_mount(NULL, there, NULL, MS_REMOUNT | MS_BIND, NULL);
	try_mount(NULL, there, NULL, MS_REMOUNT, NULL);
	syscall(SYS_mount_setattr, AT_FDCWD, there, AT_RECURSIVE, &writable, sizeof(writable));
}
static void unmount(void)
{
	umount2(there, MNT_DETACH);
	umount2(there, 0);
}
static void clone_tree(void)
{
	int tree = syscall(SYS_open_tree, AT_FDCWD, there, OPEN_TREE_CLONE);

	syscall(SYS_move_mount, tree, "", AT_FDCWD, path_of("lower"), MOVE_MOUNT_F_EMPTY_PATH);
}
static void move_new(void)
{
	syscall(SYS_move_mount, AT_FDCWD, there, AT_FDCWD, path_of("lower"), MOVE_MOUNT_F_SYMLINKS);
	syscall(SYS_move_mount, AT_FDCWD, path_of("a"), AT_FDCWD, there, MOVE_MOUNT_T_SYMLINKS);
}
static void pivot(void)
{
	syscall(SYS_pivot_root, there, there);
	syscall(SYS_pivot_root, path_of("a"), there);
	syscall(SYS_pivot_root, there, path_of("a"));
}
static void layers(void)
{
	snprintf(options, sizeof(options), "lowerdir=%s,upperdir=%s,workdir=%s", there, there,
		 path_of("work"));
	try_mount("overlay", path_of("lower"), "overlay", 0, options);
	snprintf(options, sizeof(options), "lowerdir=%s:%s", there, path_of("work"));
	try_mount("overlay", path_of("lower"), "overlay", 0, options);
}

static void (*const calls[])(void) = {move_from, move_to,    bind_from, bind_to, make_writable,
				      unmount,	 clone_tree, move_new,	pivot,	 layers};

/* One call by one pattern, in a namespace of its own; then what it may have laid open. */
static const char *one(int call)
{
	static const char *const places[] = {"", "lower", "a", "copy"};
	int before = openat(inherited, ".", O_PATH | O_DIRECTORY);

	TRY(own_space());
	EXPECT(try_mount("own", path_of("a"), "tmpfs", 0, NULL), 0);
	EXPECT(try_mount(top, path_of("copy"), NULL, MS_BIND | MS_REC, NULL), 0);
	calls[call]();
	TRY(still_covered(before));
	for (size_t i = 0; i < sizeof(places) / sizeof(*places); i++) {
		int place = open(path_of(places[i]), O_PATH | O_DIRECTORY);

		if (place >= 0)
			TRY(still_covered(place));
		EXPECT(openat(place, "secret", O_RDONLY), -1);
	}
	return NULL;
}

static const char *all_answers(void *data)
{
	volatile int *numbers = shared_numbers();
	pid_t server = -1, child;
	int status;

	TRY(own_space());
	EXPECT(mkdir(path_of("copy"), 0755), 0);
	TRY(start_server(&server));
	snprintf(there, sizeof(there), "%s", path_of("b/x"));
	CHECK(readlink(there, options, sizeof(options)) > 0);
	for (size_t pair = 0; pair < sizeof(pairs) / sizeof(*pairs); pair++)
		for (int pattern = 0; pattern < PATTERNS; pattern++)
			for (size_t call = 0; call < sizeof(calls) / sizeof(*calls); call++) {
				numbers[PAIR] = pair;
				numbers[PATTERN] = pattern;
				numbers[READINGS] = 0;
				child = fork();
				if (child == 0)
					_exit(one(call) ? 1 : 0);
				CHECK(waitpid(child, &status, 0) == child);
				if (status)
					return scratch->why;
				if (!numbers[READINGS])
					return failed(__FILE__, __LINE__, "the call read the link",
						      call);
			}
	kill(server, SIGKILL);
	CHECK(waitpid(server, NULL, 0) == server);
	return NULL;
}

static const char *untouched(void *data)
{
	struct stat status;

	/* Nobody wrote through whatever was mounted. */
	EXPECT(fstatat(inherited, "ro/file", &status, 0), 0);
	EXPECT(status.st_size, 2);
	return NULL;
}

static const char *links(void)
{
	return as_user_after(cover, all_answers, untouched);
}

const struct test mount_link_tests[] = {
	{"a link that says something else each time lays nothing open", links},
	{},
};
