// SPDX-License-Identifier: GPL-2.0-or-later
/* kmtrace: choose an engine, run, and end as the command did. */
#include <errno.h>
#include <string.h>
#include <sys/wait.h>

#include "kmtrace.h"

int command_status(int wait_status)
{
	return WIFSIGNALED(wait_status) ? 128 + WTERMSIG(wait_status) : WEXITSTATUS(wait_status);
}

static bool only_kmview(const struct options *options)
{
	return (options->engine && !strcmp(options->engine, "kmview")) || options->pid_count ||
	       options->bpf_uname || options->bpf_count || options->bpf_policy;
}

/* NULL: use seccomp. */
static int open_session(const struct options *options, struct kmview **session)
{
	struct kmview_options wanted = {.slots = 256};
	int error;

	*session = NULL;
	if (options->engine && !strcmp(options->engine, "seccomp"))
		return 0;
	error = kmview_open(session, &wanted);
	if (error >= 0 || !only_kmview(options))
		return 0;
	if (error == -ENOENT || error == -ENXIO || error == -ENODEV)
		complain("there is no " KMVIEW_DEVICE ": load the module with \"modprobe kmview\"");
	else
		complain("cannot open " KMVIEW_DEVICE ": %s", strerror(-error));
	return error;
}

int main(int argc, char **argv)
{
	static struct options options;
	const struct engine *engine;
	struct kmview *session;
	int status;

	options_parse(&options, argc, argv);
	if (open_session(&options, &session) < 0 || output_open(&options) < 0)
		return STATUS_FAILED;
	engine = session ? &engine_kmview : &engine_seccomp;
	output_say(&options, "%s", engine->sentence);
	status = session ? kmview_engine_run(&options, session) : seccomp_engine_run(&options);
	kmview_close(session);
	if (output_close(&options, engine) < 0)
		return STATUS_FAILED;
	return status;
}
