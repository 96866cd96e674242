// SPDX-License-Identifier: GPL-2.0-or-later
/* Tables of mounts (tab.h). */
#include <dirent.h>
#include <limits.h>
#include <mntent.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/stat.h>

#include "tab.h"

static const char *named;

void tab_use(const char *path)
{
	named = path;
}

typedef bool (*use_fn)(const struct tab_line *line, void *data);

static bool each_of_file(const char *path, use_fn use, void *data)
{
	char room[16384]; /* use may read tables itself */
	FILE *file = setmntent(path, "re");
	struct mntent entry;
	bool done = false;

	while (file && !done && getmntent_r(file, &entry, room, sizeof(room)))
		done = use(&(struct tab_line){entry.mnt_fsname, entry.mnt_dir, entry.mnt_type,
					      entry.mnt_opts},
			   data);
	if (file)
		endmntent(file);
	return done;
}

static bool each_of_directory(const char *directory, use_fn use, void *data)
{
	char path[PATH_MAX];
	struct dirent **names;
	int count = scandir(directory, &names, NULL, versionsort);
	bool done = false;

	for (int i = 0; i < count; i++) {
		const char *dot = strrchr(names[i]->d_name, '.');

		snprintf(path, sizeof(path), "%s/%s", directory, names[i]->d_name);
		if (!done && dot && dot != names[i]->d_name && !strcmp(dot, ".fstab"))
			done = each_of_file(path, use, data);
		free(names[i]);
	}
	if (count >= 0)
		free(names);
	return done;
}

bool tab_each(use_fn use, void *data)
{
	const char *home = getenv("HOME");
	char path[PATH_MAX];
	struct stat about;

	if (named)
		return stat(named, &about) == 0 && S_ISDIR(about.st_mode)
			       ? each_of_directory(named, use, data)
			       : each_of_file(named, use, data);
	snprintf(path, sizeof(path), "%s/.viewos/fstab", home ? home : "");
	return each_of_file(path, use, data) || each_of_file("/etc/fstab", use, data);
}
