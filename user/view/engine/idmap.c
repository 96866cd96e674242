// SPDX-License-Identifier: GPL-2.0-or-later
/*
 * Ranges of subordinate ids, subuid(5): the first of the user's in each file.
 *
 *	inside	0 ... ID-1	ID		ID+1 ... COUNT
 *	outside	START ...	the user	START+ID ... START+COUNT-1
 */
#include <errno.h>
#include <pwd.h>
#include <stdbool.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/wait.h>
#include <unistd.h>

#include "idmap.h"

#define ARGUMENTS 12

struct range {
	unsigned int start, count;
};

/* NAME:START:COUNT, the user by name or number. */
static bool line_of(const char *line, const char *name, struct range *range)
{
	size_t length = strlen(name);

	return !strncmp(line, name, length) &&
	       sscanf(line + length, ":%u:%u", &range->start, &range->count) == 2 && range->count;
}

static bool find_range(const char *path, struct range *range)
{
	const struct passwd *user = getpwuid(getuid());
	char number[16], line[256];
	bool found = false;
	FILE *file = fopen(path, "re");

	snprintf(number, sizeof(number), "%u", getuid());
	while (file && !found && fgets(line, sizeof(line), file))
		found = line_of(line, number, range) ||
			(user && line_of(line, user->pw_name, range));
	if (file)
		fclose(file);
	return found;
}

static void add(char *words, size_t size, char **argv, unsigned int value)
{
	size_t used = 0;
	int count = 0;

	for (; argv[count]; count++)
		used += strlen(argv[count]) + 1;
	snprintf(words + used, size - used, "%u", value);
	argv[count] = words + used;
	argv[count + 1] = NULL;
}

static int run_mapper(const char *program, pid_t pid, unsigned int inside, unsigned int own,
		      const struct range *range)
{
	unsigned int below = inside < range->count ? inside : range->count;
	char words[256] = "", *argv[ARGUMENTS + 1] = {NULL};
	pid_t child;
	int status;
	const unsigned int map[3][3] = {
		{0, range->start, below},
		{inside, own, 1},
		{inside + 1, range->start + below, range->count - below},
	};

	strcpy(words, program);
	argv[0] = words;
	add(words, sizeof(words), argv, pid);
	for (int i = 0; i < 3; i++)
		for (int j = 0; map[i][2] && j < 3; j++)
			add(words, sizeof(words), argv, map[i][j]);
	child = fork();
	if (child == 0) {
		/* What it says is said better by us. */
		if (!freopen("/dev/null", "w", stderr))
			_exit(127);
		execvp(argv[0], argv);
		_exit(127);
	}
	if (child < 0 || waitpid(child, &status, 0) < 0)
		return -errno;
	return status ? -ENOEXEC : 0;
}

int idmap_ranges(pid_t pid, uid_t uid, gid_t gid)
{
	struct range uids, gids;
	int error;

	if (!find_range("/etc/subuid", &uids) || !find_range("/etc/subgid", &gids))
		return -ENOENT;
	/* Groups first: that one fails more often, and a namespace with one map is of no use. */
	error = run_mapper("newgidmap", pid, gid, getegid(), &gids);
	return error ? error : run_mapper("newuidmap", pid, uid, geteuid(), &uids);
}
