// SPDX-License-Identifier: GPL-2.0-only
/* What the tests of mounts share; see spaces.h. */
#include <errno.h>
#include <fcntl.h>
#include <grp.h>
#include <sched.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/mount.h>
#include <sys/socket.h>
#include <sys/wait.h>
#include <unistd.h>

#include "spaces.h"

char top[64];
int inherited = -1;

const char *become_user(void)
{
	CHECK(setgroups(0, NULL) == 0);
	CHECK(setresgid(USER, USER, USER) == 0 && setresuid(USER, USER, USER) == 0);
	return NULL;
}

static char *read_mounts(void)
{
	char *text = NULL;
	size_t size = 0;
	FILE *file = fopen("/proc/self/mountinfo", "r");

	if (file && getdelim(&text, &size, '\0', file) < 0)
		text = NULL;
	if (file)
		fclose(file);
	return text;
}

char *mount_line(const char *point)
{
	static char line[1024];
	char *text = read_mounts(), *at;
	char wanted[256];

	snprintf(wanted, sizeof(wanted), " %s ", point);
	at = text ? strstr(text, wanted) : NULL;
	while (at && at > text && at[-1] != '\n')
		at--;
	if (at)
		snprintf(line, sizeof(line), "%.*s", (int)strcspn(at, "\n"), at);
	free(text);
	return at ? line : NULL;
}

const char *prepare(void)
{
	char command[768];

	snprintf(top, sizeof(top), "/tmp/mounts.%d", getpid());
	snprintf(command, sizeof(command),
		 "mkdir -p %s/a %s/b %s/lower %s/upper %s/work && echo lower >%s/lower/file && "
		 "chown -R %d:%d %s && "
		 "chmod 666 /dev/fuse /dev/kmview",
		 top, top, top, top, top, top, USER, USER, top);
	EXPECT(system(command), 0);
	inherited = open(top, O_RDONLY | O_DIRECTORY);
	return NULL;
}

bool clean_up(void)
{
	char command[128];

	snprintf(command, sizeof(command), "rm -rf %s", top);
	return system(command) == 0;
}

static const char *run_as_user(body_fn *body, body_fn *after)
{
	struct kmview_options options = {.flags = KMVIEW_INIT_MOUNT};
	struct kmview *session;
	char *before = read_mounts(), *now;
	const char *why;

	TRY(become_user());
	EXPECT(kmview_open(&session, &options), 0);
	CHECK(kmview_features(session) & KMVIEW_FEATURE_MOUNT);
	why = inside(session, body, NULL, let_go, NULL);
	kmview_close(session);
	if (!why && after)
		why = after(NULL);
	now = read_mounts();
	if (!why && strcmp(before, now))
		why = failed(__FILE__, __LINE__, "the host's mounts are as before", 0);
	free(before);
	free(now);
	return why;
}

const char *as_user(body_fn *body)
{
	const char *why;

	TRY(prepare());
	why = run_as_user(body, NULL);
	return clean_up() ? why : "rm failed";
}

const char *as_user_after(body_fn *more, body_fn *body, body_fn *after)
{
	char command[256];
	int status;
	pid_t child;

	TRY(prepare());
	TRY(more(NULL));
	child = fork();
	if (child == 0)
		_exit(run_as_user(body, after) ? 1 : 0);
	CHECK(waitpid(child, &status, 0) == child);
	snprintf(command, sizeof(command), "umount -l %s/covered %s/ro 2>/dev/null; rm -rf %s", top,
		 top, top);
	if (system(command))
		return "rm failed";
	if (status && !scratch->why[0])
		return failed(__FILE__, __LINE__, "the user's part ended well", status);
	return status ? scratch->why : NULL;
}

const char *cover(void *data)
{
	char command[1024];

	snprintf(command, sizeof(command),
		 "cd %s && mkdir covered ro && echo x >covered/secret && echo x >ro/file && "
		 "chown %d ro/file && mount -t tmpfs -o mode=755 none covered && "
		 "mount --bind ro ro && mount -o remount,bind,ro ro",
		 top, USER);
	EXPECT(system(command), 0);
	return NULL;
}

const char *still_covered(int directory)
{
	CHECK(directory >= 0);
	EXPECT(openat(directory, "covered/secret", O_RDONLY), -1);
	EXPECT(openat(directory, "ro/file", O_WRONLY), -1);
	return NULL;
}

int send_fd(int socket, int fd)
{
	char byte = 0, space[CMSG_SPACE(sizeof(int))] = "";
	struct iovec part = {&byte, 1};
	struct msghdr message = {.msg_iov = &part,
				 .msg_iovlen = 1,
				 .msg_control = space,
				 .msg_controllen = sizeof(space)};
	struct cmsghdr *header = CMSG_FIRSTHDR(&message);

	header->cmsg_level = SOL_SOCKET;
	header->cmsg_type = SCM_RIGHTS;
	header->cmsg_len = CMSG_LEN(sizeof(int));
	memcpy(CMSG_DATA(header), &fd, sizeof(int));
	return sendmsg(socket, &message, 0) == 1 ? 0 : -errno;
}

int receive_fd(int socket)
{
	char byte, space[CMSG_SPACE(sizeof(int))];
	struct iovec part = {&byte, 1};
	struct msghdr message = {.msg_iov = &part,
				 .msg_iovlen = 1,
				 .msg_control = space,
				 .msg_controllen = sizeof(space)};
	int fd;

	if (recvmsg(socket, &message, 0) != 1 || !CMSG_FIRSTHDR(&message))
		return -1;
	memcpy(&fd, CMSG_DATA(CMSG_FIRSTHDR(&message)), sizeof(int));
	return fd;
}

const char *path_of(const char *name)
{
	static char paths[4][128];
	static int next;
	char *path = paths[next++ % 4];

	snprintf(path, 128, "%s/%s", top, name);
	return path;
}

int try_mount(const char *source, const char *target, const char *type, unsigned long flags,
	      const char *data)
{
	return mount(source, target, type, flags, data) < 0 ? -errno : 0;
}

const char *own_space(void)
{
	EXPECT(unshare(CLONE_NEWNS), 0);
	return NULL;
}
