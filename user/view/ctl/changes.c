// SPDX-License-Identifier: GPL-2.0-or-later
/*
 * diff, apply, discard: changes of the directory that the view was started with (umview --cow).
 *
 * What the directory was is in the view's own directory; what it is, in its place. The two trees are
 * walked and compared. To apply is to copy each difference, by cp(1) and rm(1), as the user who asks;
 * a file that changed takes the other's place by a rename, so that it is never half of each.
 */
#include <dirent.h>
#include <errno.h>
#include <fcntl.h>
#include <limits.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/mount.h>
#include <sys/stat.h>
#include <sys/wait.h>
#include <unistd.h>

#include "ctl.h"
#include "user/view/client/client.h"
#include "user/view/keeper/changes.h"

struct changes {
	char directory[PATH_MAX]; /* as it is */
	char layer[PATH_MAX];
	char original[PATH_MAX + 32]; /* as it was */
	json_t *list;
	bool failed;
};

static bool find_changes(struct changes *changes)
{
	char own[PATH_MAX], path[PATH_MAX + 32];
	FILE *file = NULL;
	bool found;

	if (client_directory(own, sizeof(own)) == 0) {
		snprintf(path, sizeof(path), "%s/%s", own, CHANGES_FILE);
		file = fopen(path, "re");
	}
	found = file && fgets(changes->directory, PATH_MAX, file) &&
		fgets(changes->layer, PATH_MAX, file);
	if (file)
		fclose(file);
	if (!found) {
		complain("this view keeps no changes apart: umview --cow DIR does");
		return false;
	}
	changes->directory[strcspn(changes->directory, "\n")] = '\0';
	changes->layer[strcspn(changes->layer, "\n")] = '\0';
	snprintf(changes->original, sizeof(changes->original), "%s/%s", own, CHANGES_ORIGINAL);
	changes->list = json_array();
	return true;
}

/* ---- comparing */

static void add(struct changes *changes, const char *what, const char *path)
{
	json_t *entry = json_pack("{s:s, s:s}", "change", what, "path", path + 1);

	if (entry)
		json_array_append_new(changes->list, entry);
	else
		complain("%s: a name that is no UTF-8 is left out", path + 1);
}

static bool same_content(const char *old, const char *new)
{
	FILE *a = fopen(old, "re"), *b = fopen(new, "re");
	static char one[65536], other[65536];
	bool same = a && b;
	size_t got;

	while (same && (got = fread(one, 1, sizeof(one), a)) > 0)
		same = fread(other, 1, got, b) == got && !memcmp(one, other, got);
	if (same)
		same = fgetc(b) == EOF;
	if (a)
		fclose(a);
	if (b)
		fclose(b);
	return same;
}

static bool same_link(const char *old, const char *new)
{
	char one[PATH_MAX], other[PATH_MAX];
	ssize_t length = readlink(old, one, sizeof(one));

	return length >= 0 && readlink(new, other, sizeof(other)) == length &&
	       !memcmp(one, other, length);
}

static bool same_file(const struct stat *old, const struct stat *new, const char *old_path,
		      const char *new_path)
{
	if (old->st_mode != new->st_mode || old->st_uid != new->st_uid ||
	    old->st_gid != new->st_gid || old->st_rdev != new->st_rdev)
		return false;
	if (S_ISLNK(old->st_mode))
		return same_link(old_path, new_path);
	if (!S_ISREG(old->st_mode))
		return true;
	if (old->st_size != new->st_size)
		return false;
	return (old->st_mtim.tv_sec == new->st_mtim.tv_sec &&
		old->st_mtim.tv_nsec == new->st_mtim.tv_nsec) ||
	       same_content(old_path, new_path);
}

static int no_dots(const struct dirent *entry)
{
	return strcmp(entry->d_name, ".") && strcmp(entry->d_name, "..");
}

static int by_bytes(const struct dirent **a, const struct dirent **b)
{
	return strcmp((*a)->d_name, (*b)->d_name);
}

static void compare(struct changes *changes, const char *path);

static void compare_name(struct changes *changes, const char *path, const char *name)
{
	char below[PATH_MAX], old[2 * PATH_MAX + 64], new[2 * PATH_MAX];
	struct stat was, is;
	bool before, now;

	if (snprintf(below, sizeof(below), "%s/%s", path, name) >= PATH_MAX)
		return;
	snprintf(old, sizeof(old), "%s%s", changes->original, below);
	snprintf(new, sizeof(new), "%s%s", changes->directory, below);
	before = lstat(old, &was) == 0;
	now = lstat(new, &is) == 0;
	if (!before && now)
		add(changes, "added", below);
	else if (before && !now)
		add(changes, "deleted", below);
	else if (before && !same_file(&was, &is, old, new))
		add(changes, "changed", below);
	if (before && now && S_ISDIR(was.st_mode) && S_ISDIR(is.st_mode))
		compare(changes, below);
}

/* The names of both, merged. */
static void compare(struct changes *changes, const char *path)
{
	char old[2 * PATH_MAX + 64], new[2 * PATH_MAX];
	struct dirent **was = NULL, **is = NULL;
	int before, now, i = 0, j = 0;

	snprintf(old, sizeof(old), "%s%s", changes->original, path);
	snprintf(new, sizeof(new), "%s%s", changes->directory, path);
	before = scandir(old, &was, no_dots, by_bytes);
	now = scandir(new, &is, no_dots, by_bytes);
	while (i < before || j < now) {
		int order = i >= before ? 1 : j >= now ? -1 : strcmp(was[i]->d_name, is[j]->d_name);

		compare_name(changes, path, order > 0 ? is[j]->d_name : was[i]->d_name);
		i += order <= 0;
		j += order >= 0;
	}
	while (before > 0)
		free(was[--before]);
	while (now > 0)
		free(is[--now]);
	free(was);
	free(is);
}

int diff_main(int argc, char **argv)
{
	static const struct argp_option options[] = {
		{"json", 'j', NULL, 0, "as JSON", 0},
		{NULL, 0, NULL, 0, NULL, 0},
	};
	struct switches switches = {0};
	struct changes changes = {0};
	json_t *entry;
	size_t index;

	parse_words(argc, argv, options, NULL,
		    "Show what was changed in the directory of umview --cow: A added, M changed, D "
		    "deleted. A directory stands for all that is in it.",
		    0, 0, &switches);
	if (!find_changes(&changes))
		return 1;
	compare(&changes, "");
	if (switches.json)
		print_list(changes.list, NULL, true);
	json_array_foreach (changes.list, index, entry) {
		const char *change = json_string_value(json_object_get(entry, "change"));

		if (!switches.json)
			printf("%c %s\n",
			       *change == 'a'	? 'A'
			       : *change == 'd' ? 'D'
						: 'M',
			       json_string_value(json_object_get(entry, "path")));
	}
	json_decref(changes.list);
	return 0;
}

/* ---- applying */

static bool run(char *const argv[])
{
	int status = 1;
	pid_t pid = fork();

	if (pid == 0) {
		execvp(argv[0], argv);
		_exit(127);
	}
	return pid > 0 && waitpid(pid, &status, 0) == pid && status == 0;
}

static bool copy(const char *from, const char *to)
{
	char aside[3 * PATH_MAX];
	char *argv[] = {"cp", "-a", "-T", "--", (char *)from, aside, NULL};
	char *clean[] = {"rm", "-rf", "--", aside, NULL};

	snprintf(aside, sizeof(aside), "%s.viewctl-%d", to, getpid());
	if (run(argv) && rename(aside, to) == 0)
		return true;
	run(clean);
	return false;
}

/* A directory that is one before and after: only what it is itself. */
static bool copy_attributes(const char *from, const char *to)
{
	char *owner[] = {"chown", "-h", "--reference", (char *)from, "--", (char *)to, NULL};
	char *mode[] = {"chmod", "--reference", (char *)from, "--", (char *)to, NULL};

	return run(owner) && run(mode);
}

static void apply_one(struct changes *changes, const char *change, const char *path)
{
	char old[2 * PATH_MAX + 64], new[2 * PATH_MAX];
	char *gone[] = {"rm", "-rf", "--", old, NULL};
	struct stat was, is;
	bool done;

	snprintf(old, sizeof(old), "%s/%s", changes->original, path);
	snprintf(new, sizeof(new), "%s/%s", changes->directory, path);
	if (*change == 'd') {
		done = run(gone);
	} else if (*change == 'a' || lstat(old, &was) < 0 || lstat(new, &is) < 0) {
		done = copy(new, old);
	} else if (S_ISDIR(was.st_mode) && S_ISDIR(is.st_mode)) {
		done = copy_attributes(new, old);
	} else {
		/* Another kind of file cannot take a directory's place. */
		done = (!S_ISDIR(was.st_mode) || run(gone)) && copy(new, old);
	}
	if (!done) {
		complain("%s could not be applied", path);
		changes->failed = true;
	}
}

/* The changes go: the layer is let go, emptied, and mounted again. */
static int forget(struct changes *changes, bool quiet)
{
	char *empty[] = {"rm", "-rf", "--", changes->layer, NULL};

	if (umount2(changes->directory, 0) < 0) {
		if (!quiet)
			complain("%s is in use, also by whoever has it for its working directory: "
				 "%m; fuser -vm shows by whom",
				 changes->directory);
		return 1;
	}
	if (!run(empty) || mkdir(changes->layer, 0700) < 0)
		complain("%s could not be emptied: %m", changes->layer);
	return changes_mount(changes->layer, changes->directory) < 0;
}

int apply_main(int argc, char **argv)
{
	struct switches switches = {0};
	struct changes changes = {0};
	json_t *entry;
	size_t index;

	parse_words(argc, argv, NULL, NULL,
		    "Make the changes of umview --cow in the directory itself, where all see them.",
		    0, 0, &switches);
	if (!find_changes(&changes))
		return 1;
	compare(&changes, "");
	json_array_foreach (changes.list, index, entry)
		apply_one(&changes, json_string_value(json_object_get(entry, "change")),
			  json_string_value(json_object_get(entry, "path")));
	json_decref(changes.list);
	/* Where it is in use, the layer goes on to hold what is in the directory as well. */
	if (!changes.failed)
		forget(&changes, true);
	return changes.failed;
}

int discard_main(int argc, char **argv)
{
	struct switches switches = {0};
	struct changes changes = {0};
	int status;

	parse_words(argc, argv, NULL, NULL,
		    "Throw the changes of umview --cow away: the directory is what it was.", 0, 0,
		    &switches);
	if (!find_changes(&changes))
		return 1;
	status = forget(&changes, false);
	json_decref(changes.list);
	return status;
}
