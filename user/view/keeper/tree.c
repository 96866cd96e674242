// SPDX-License-Identifier: GPL-2.0-or-later
/*
 * The descendants of a process, by /proc/PID/task/TID/children. A subreaper's descendants are
 * complete: whoever loses its parent becomes its child.
 */
#include <dirent.h>
#include <signal.h>
#include <stdio.h>
#include <stdlib.h>

#include "keeper.h"

/* Shells that read from a terminal ignore SIGTERM, and understand SIGHUP. */
static bool ignores(pid_t pid, int number)
{
	unsigned long long set = 0;
	char path[64], line[128];
	FILE *file;

	snprintf(path, sizeof(path), "/proc/%d/status", pid);
	file = fopen(path, "re");
	while (file && fgets(line, sizeof(line), file))
		if (sscanf(line, "SigIgn: %llx", &set) == 1)
			break;
	if (file)
		fclose(file);
	return set >> (number - 1) & 1;
}

static unsigned int of_children_file(const char *path, pid_t except, int number)
{
	FILE *file = fopen(path, "re");
	unsigned int count = 0;
	int pid;

	if (!file)
		return 0;
	while (fscanf(file, "%d", &pid) == 1) {
		if (pid == except)
			continue;
		/* First the parent: what it started before it got the signal is found below. */
		if (number) {
			kill(pid, number);
			if (number == SIGTERM) {
				if (ignores(pid, SIGTERM))
					kill(pid, SIGHUP);
				kill(pid, SIGCONT);
			}
		}
		count += 1 + tree_signal(pid, except, number);
	}
	fclose(file);
	return count;
}

unsigned int tree_signal(pid_t root, pid_t except, int number)
{
	char path[64];
	unsigned int count = 0;
	struct dirent *entry;
	DIR *tasks;

	snprintf(path, sizeof(path), "/proc/%d/task", root);
	tasks = opendir(path);
	if (!tasks)
		return 0;
	while ((entry = readdir(tasks))) {
		if (entry->d_name[0] == '.')
			continue;
		snprintf(path, sizeof(path), "/proc/%d/task/%d/children", root,
			 atoi(entry->d_name));
		count += of_children_file(path, except, number);
	}
	closedir(tasks);
	return count;
}
