// SPDX-License-Identifier: GPL-2.0-or-later
/*
 * The descendants of a process, by /proc/PID/task/TID/children. A subreaper's descendants are
 * complete: whoever loses its parent becomes its child.
 */
#include <dirent.h>
#include <fcntl.h>
#include <signal.h>
#include <stdio.h>
#include <stdlib.h>
#include <unistd.h>

#include "keeper.h"

/* Shells that read from a terminal ignore SIGTERM, and understand SIGHUP. */
static bool ignores(pid_t pid, int number)
{
	unsigned long long set = 0;
	char line[128];
	FILE *file = proc_file("%d/status", pid);

	while (file && fgets(line, sizeof(line), file))
		if (sscanf(line, "SigIgn: %llx", &set) == 1)
			break;
	if (file)
		fclose(file);
	return set >> (number - 1) & 1;
}

static unsigned int of_thread(pid_t root, pid_t thread, pid_t except, int number, spared_fn *spared)
{
	FILE *file = proc_file("%d/task/%d/children", root, thread);
	unsigned int count = 0;
	int pid;

	if (!file)
		return 0;
	while (fscanf(file, "%d", &pid) == 1) {
		if (pid == except || (spared && spared(pid)))
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
		count += 1 + tree_signal_but(pid, except, number, spared);
	}
	fclose(file);
	return count;
}

unsigned int tree_signal_but(pid_t root, pid_t except, int number, spared_fn *spared)
{
	int fd = proc_open(O_RDONLY | O_DIRECTORY, "%d/task", root);
	DIR *tasks = fd < 0 ? NULL : fdopendir(fd);
	unsigned int count = 0;
	struct dirent *entry;

	if (!tasks && fd >= 0)
		close(fd);
	while (tasks && (entry = readdir(tasks)))
		if (entry->d_name[0] != '.')
			count += of_thread(root, atoi(entry->d_name), except, number, spared);
	if (tasks)
		closedir(tasks);
	return count;
}

unsigned int tree_signal(pid_t root, pid_t except, int number)
{
	return tree_signal_but(root, except, number, NULL);
}
