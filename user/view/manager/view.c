// SPDX-License-Identifier: GPL-2.0-or-later
/*
 * A view from its start to its end, and the event loop in between.
 *
 *	user's command -> manager (this process) -> keeper -> first process and what it starts
 *						 -> keeper of servers -> file-system servers
 *
 * The end of any of these is the orderly end of the rest. Manager killed: the keeper, told by the
 * kernel, ends the processes and unmounts. Keeper killed: its children become ours and we do it.
 */
#include <errno.h>
#include <fcntl.h>
#include <signal.h>
#include <stdarg.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/epoll.h>
#include <sys/prctl.h>
#include <sys/random.h>
#include <sys/signalfd.h>
#include <sys/socket.h>
#include <sys/stat.h>
#include <sys/wait.h>
#include <unistd.h>

#include "manager.h"
#include "registry.h"
#include "user/view/keeper/keeper.h"
#include "user/view/keeper/pids.h"

void say(const struct view *view, const char *format, ...)
{
	char line[2048];
	va_list args;

	va_start(args, format);
	vsnprintf(line, sizeof(line), format, args);
	va_end(args);
	dprintf(2, "%s: %s\n", program_invocation_short_name, line);
}

/* ---- the event loop */

int source_add(struct view *view, struct source *source)
{
	struct epoll_event event = {.events = EPOLLIN, .data.ptr = source};

	return epoll_ctl(view->events, EPOLL_CTL_ADD, source->fd, &event) < 0 ? -errno : 0;
}

void source_remove(struct view *view, struct source *source)
{
	epoll_ctl(view->events, EPOLL_CTL_DEL, source->fd, NULL);
}

void view_is_ready(struct view *view)
{
	if (view->options.detach && write(view->options.ready, "r", 1) == 1)
		close(view->options.ready);
}

void view_shutdown(struct view *view, int delay_ms)
{
	const union sigval delay = {.sival_int = delay_ms > 0 ? delay_ms : 1};

	if (view->keeper)
		sigqueue(view->keeper, SIGTERM, delay);
}

/* Children: the keeper, and whoever is left to us when it was killed. */
static void reap(struct view *view)
{
	int status;
	pid_t pid;

	while ((pid = waitpid(-1, &status, WNOHANG | WUNTRACED)) > 0) {
		if (pid != view->keeper || WIFSTOPPED(status))
			continue;
		view->keeper = 0;
		view->ending = true;
		if (WIFSIGNALED(status)) {
			say(view, "the keeper of the view was killed");
			view->status = 128 + WTERMSIG(status);
		}
	}
	if (!view->keeper) {
		branches_drain(view); /* its last words may be how the command ended */
		/* The servers end by themselves, after writing. */
		tree_signal(getpid(), 0, SIGKILL);
		view->ended = waitpid(-1, NULL, WNOHANG) < 0 && errno == ECHILD;
	}
}

static void signals_ready(struct view *view, struct source *source, uint32_t events)
{
	struct signalfd_siginfo info;

	if (read(source->fd, &info, sizeof(info)) != sizeof(info))
		return;
	if (info.ssi_signo == SIGCHLD)
		reap(view);
	else
		view_shutdown(view, KEEPER_DELAY_MS);
}

static void loop(struct view *view)
{
	struct epoll_event events[16];

	while (!view->ended) {
		int count = epoll_wait(view->events, events, 16, view->ending ? 100 : -1);

		/* The lock on an image keeps the file system busy that the image is in. */
		if (view->ending)
			servers_forget(view);

		for (int i = 0; i < count; i++) {
			struct source *source = events[i].data.ptr;

			source->ready(view, source, events[i].events);
			/* It may have removed others: what is left is reported again. */
			if (i + 1 < count)
				break;
		}
	}
}

/* ---- the start */

static int handle_signals(struct view *view, struct source *source)
{
	sigset_t set;

	sigemptyset(&set);
	sigaddset(&set, SIGCHLD);
	sigaddset(&set, SIGTERM);
	sigaddset(&set, SIGHUP);
	sigprocmask(SIG_BLOCK, &set, NULL);
	view->signals = signalfd(-1, &set, SFD_CLOEXEC);
	*source = (struct source){.ready = signals_ready, .fd = view->signals};
	return source_add(view, source);
}

/* Where the installation is: next to the program, as in the build tree. */
static int find_directory(struct view *view)
{
	char program[PATH_MAX], *slash;
	struct stat about;
	ssize_t length = readlink("/proc/self/exe", program, sizeof(program) - 1);

	if (length < 0)
		return -errno;
	program[length] = '\0';
	for (int up = 0; up < 2 && (slash = strrchr(program, '/')); up++)
		*slash = '\0';
	if (snprintf(view->directory, sizeof(view->directory), "%s/lib/vsquare/view", program) >=
		    PATH_MAX - 64 ||
	    snprintf(view->own, sizeof(view->own), "%s/inside", view->directory) >= PATH_MAX ||
	    snprintf(view->stand_in, sizeof(view->stand_in), "%s/stand-in", view->directory) >=
		    PATH_MAX)
		return -ENAMETOOLONG;
	if (stat(view->own, &about) < 0 || !S_ISDIR(about.st_mode)) {
		say(view, "there is no directory %s: the installation is not complete", view->own);
		return -ENOENT;
	}
	return 0;
}

static int open_engine(struct view *view)
{
	const char *hooks[256], *const *hook;
	char why[512] = "", why_not_kmview[512] = "";
	size_t count = services_hooks(hooks, 200);
	int error;

	for (hook = mount_hooks; *hook; hook++)
		hooks[count++] = *hook;
	hooks[count++] = "sethostname";
	hooks[count++] = "setdomainname";
	hooks[count] = NULL;
	view->engine = view->options.engine ? view->options.engine : &engine_kmview;
	error = view->engine->open(view, hooks, why, sizeof(why));
	if (error < 0 && !view->options.engine) {
		view->engine->close(view);
		memcpy(why_not_kmview, why, sizeof(why));
		view->engine = &engine_umview;
		error = view->engine->open(view, hooks, why, sizeof(why));
	}
	if (error < 0)
		say(view, "%s%s", why,
		    view->engine == &engine_kmview ? "; load the module (modprobe kmview), or use "
						     "umview, which needs none"
						   : "");
	else if (view->options.engine || view->options.quiet)
		return 0;
	else if (view->engine == &engine_kmview)
		say(view, "engine: kmview, the kernel module");
	else
		say(view, "engine: umview, namespaces and seccomp, as %s", why_not_kmview);
	return error;
}

static _Noreturn void keeper_main(struct view *view, int channel)
{
	struct keeper keeper = {
		.channel = channel,
		.directory = view->own,
		.mount_program = view->stand_in,
		.token = view->token,
		.command = view->options.command,
		.filter = view->filter,
		.scripts = view->options.scripts,
		.root = view->options.secure,
		.linger = view->options.linger,
		.cow = view->options.cow,
		.flush_limit = view->options.flush_limit,
	};
	char why[512];

	prctl(PR_SET_PDEATHSIG, SIGTERM, 0, 0, 0);
	if (view->holder >= 0)
		close(view->holder); /* or our death would not be seen there */
	if (view->engine->enter(view, false, why, sizeof(why)) < 0) {
		say(view, "%s", why);
		_exit(STATUS_FAILED);
	}
	if (view->options.pids)
		pids_begin(channel);
	_exit(keeper_run(&keeper) < 0 ? STATUS_FAILED : 0);
}

static int start_keeper(struct view *view)
{
	struct branch *branch;
	int pair[2];

	if (view->options.pids && view->engine->own_mounts) {
		say(view, "process ids of its own (--pid) a view can only have with the engine "
			  "umview");
		return -ENOTSUP;
	}
	if (socketpair(AF_UNIX, SOCK_SEQPACKET | SOCK_CLOEXEC, 0, pair) < 0)
		return -errno;
	view->keeper = fork();
	if (view->keeper == 0) {
		close(pair[0]);
		keeper_main(view, pair[1]);
	}
	close(pair[1]);
	if (view->keeper < 0) {
		close(pair[0]);
		return -errno;
	}
	branch = branch_new(view, NULL, pair[0], view->keeper, geteuid());
	if (!branch)
		return -ENOMEM;
	snprintf(branch->name, sizeof(branch->name), "%s",
		 view->options.name ? view->options.name : "");
	return 0;
}

static int add_services(struct view *view)
{
	static const char *const standard[] = {"umfuse", "viewfs", "ummisc"};
	char why[1024];
	int error;

	for (size_t i = 0; i < sizeof(standard) / sizeof(*standard); i++)
		if (services_add(view, standard[i], false, why, sizeof(why)) < 0)
			say(view, "%s", why);
	for (unsigned int i = 0; i < view->options.service_count; i++) {
		error = services_add(view, view->options.services[i], false, why, sizeof(why));
		if (error < 0 && error != -EEXIST) {
			say(view, "%s", why);
			return -1;
		}
	}
	return 0;
}

int view_run(const struct options *options)
{
	static struct view view; /* service threads may outlive this function by a moment */
	struct source signals;
	int error;

	view.options = *options;
	view.status = STATUS_FAILED;
	view.holder = -1;
	pthread_rwlock_init(&view.branches_lock, NULL);
	view.events = epoll_create1(EPOLL_CLOEXEC);
	signal(SIGINT, SIG_IGN);
	signal(SIGQUIT, SIG_IGN);
	signal(SIGPIPE, SIG_IGN);
	signal(SIGTTOU, SIG_IGN); /* at the end it may not be in the foreground */
	if (view.events < 0 || getrandom(&view.token, sizeof(view.token), 0) < 0 ||
	    find_directory(&view) < 0 || handle_signals(&view, &signals) < 0 ||
	    add_services(&view) < 0 || open_engine(&view) < 0)
		return STATUS_FAILED;
	prctl(PR_SET_CHILD_SUBREAPER, 1, 0, 0, 0);
	if (view.options.detach && registry_listen(&view, view.options.name) < 0)
		return STATUS_FAILED;
	error = start_keeper(&view);
	if (error < 0)
		say(&view, "cannot start the view: %s", strerror(-error));
	else
		loop(&view);
	registry_close(&view);
	view.engine->close(&view);
	services_stop();
	return view.status;
}

const char *view_directory(const struct view *view)
{
	return view->directory;
}
