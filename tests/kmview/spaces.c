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

const char *as_user(body_fn *body)
{
	struct kmview_options options = {.flags = KMVIEW_INIT_MOUNT};
	struct kmview *session;
	char *before = read_mounts(), *after;
	const char *why;

	TRY(prepare());
	TRY(become_user());
	EXPECT(kmview_open(&session, &options), 0);
	CHECK(kmview_features(session) & KMVIEW_FEATURE_MOUNT);
	why = inside(session, body, NULL, let_go, NULL);
	kmview_close(session);
	after = read_mounts();
	if (!why && strcmp(before, after))
		why = failed(__FILE__, __LINE__, "the host's mounts are as before", 0);
	return clean_up() ? why : "rm failed";
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
