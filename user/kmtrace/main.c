// SPDX-License-Identifier: GPL-2.0-or-later
/* kmtrace: choose an engine, run, and end as the command did. */
#include <errno.h>
#include <string.h>

#include "kmtrace.h"
#include "guard.h"

static bool only_kmview(const struct options *options)
{
	return (options->engine && !strcmp(options->engine, "kmview")) || options->pid_count ||
	       options->bpf_uname || options->bpf_count || options->bpf_policy;
}

/* The session, or NULL: use seccomp, and *why_not says for which reason. -1: neither, which was said. */
static int open_session(struct options *options, struct kmview **session, const char **why_not)
{
	struct kmview_options wanted = {.slots = 256};
	bool changes = options->rules || options->uname_faked || options->bpf_uname ||
		       options->bpf_policy || options->guard;
	int error = -EINVAL;

	*session = NULL;
	*why_not = "--engine says so";
	if (options->engine && !strcmp(options->engine, "seccomp"))
		return 0;
	if (!changes) {
		wanted.flags = KMVIEW_INIT_WATCH;
		error = kmview_open(session, &wanted);
		options->watch = error >= 0;
	}
	/* An older module, or a task of another session, which cannot let its tasks go. */
	if (error == -EINVAL || error == -EOPNOTSUPP) {
		wanted.flags = 0;
		error = kmview_open(session, &wanted);
	}
	if (error >= 0)
		return 0;
	*why_not = kmview_open_why(error);
	if (!only_kmview(options))
		return 0;
	complain("%s needs the kmview engine, but %s%s",
		 options->pid_count ? "-p"
		 : options->bpf_uname || options->bpf_count || options->bpf_policy
			 ? "BPF"
			 : "--engine kmview",
		 *why_not,
		 error == -ENOENT || error == -ENXIO || error == -ENODEV
			 ? ": load the module with \"modprobe kmview\""
			 : "");
	return -1;
}

int main(int argc, char **argv)
{
	static struct options options;
	const struct engine *engine;
	struct kmview *session;
	const char *why_not;
	int status;

	if (argc > 1 && !strcmp(argv[1], "guard"))
		guard_options(&options, argc - 1, argv + 1);
	else
		options_parse(&options, argc, argv);
	decode_style(options.string_limit, options.fd_paths);
	if (open_session(&options, &session, &why_not) < 0 || output_open(&options) < 0)
		return STATUS_FAILED;
	engine = session ? &engine_kmview : &engine_seccomp;
	output_say(&options, engine->sentence, why_not);
	status = session ? kmview_engine_run(&options, session) : seccomp_engine_run(&options);
	kmview_close(session);
	if (output_close(&options, engine) < 0)
		return STATUS_FAILED;
	if (options.guard && guard_finish(options.guard) < 0)
		return STATUS_FAILED;
	return status;
}
