// SPDX-License-Identifier: GPL-2.0-or-later
/*
 * The commands umview, kmview and view: one program under three names, which say the engine.
 */
#include <errno.h>
#include <fcntl.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/mman.h>
#include <sys/wait.h>
#include <unistd.h>

#include "login.h"
#include "options.h"
#include "registry.h"
#include "user/view/client/client.h"

/* What the view said before it failed. */
static void show_log(int log, off_t start)
{
	char text[4096];
	ssize_t got = pread(log, text, sizeof(text), start);

	if (got > 0 && write(2, text, got) < 0)
		errno = 0;
}

/*
 * Returns in a process without a terminal, of which what is said goes to a file; the caller's ends
 * when the view is there, or is not, which is said.
 */
static void detach(struct options *options)
{
	char path[PATH_MAX], byte;
	int pair[2], status, null = open("/dev/null", O_RDWR | O_CLOEXEC);
	int log = registry_log(options->name, path, sizeof(path)) < 0
			  ? memfd_create("log", MFD_CLOEXEC)
			  : open(path, O_RDWR | O_CREAT | O_CLOEXEC | O_APPEND, 0600);
	off_t start = lseek(log, 0, SEEK_END);
	pid_t pid;

	if (client_inside()) {
		fprintf(stderr, "%s: a view inside a view ends with it, and cannot be detached\n",
			program_invocation_short_name);
		exit(STATUS_FAILED);
	}
	if (log < 0 || null < 0 || pipe2(pair, O_CLOEXEC) < 0 || (pid = fork()) < 0) {
		fprintf(stderr, "%s: cannot start a process: %s\n", program_invocation_short_name,
			strerror(errno));
		exit(STATUS_FAILED);
	}
	if (pid > 0) {
		close(pair[1]);
		if (read(pair[0], &byte, 1) == 1)
			exit(0);
		show_log(log, start);
		exit(waitpid(pid, &status, 0) == pid && WIFEXITED(status) ? WEXITSTATUS(status)
									  : STATUS_FAILED);
	}
	close(pair[0]);
	setsid();
	for (int fd = 0; fd < 3; fd++)
		dup2(fd ? log : null, fd);
	options->ready = pair[1];
}

int main(int argc, char **argv)
{
	struct options options = {0};

	if (login_shell(argc, argv))
		return login_run();
	if (!strcmp(program_invocation_short_name, "umview"))
		options.engine = &engine_umview;
	else if (!strcmp(program_invocation_short_name, "kmview"))
		options.engine = &engine_kmview;
	options_parse(&options, argc, argv);
	if (options.join)
		return join_run(&options);
	if (options.detach)
		detach(&options);
	return client_inside() ? branch_run_inside(&options) : view_run(&options);
}
