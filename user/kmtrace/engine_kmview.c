// SPDX-License-Identifier: GPL-2.0-or-later
/*
 * The engine on /dev/kmview: every call costs what its rule needs, and no more.
 *
 * A result that is always the same is a value in the kernel's table. Calls that are only printed
 * are notified once, when they are over; rules that look at arguments are asked before. What the
 * BPF programs serve is not shown at all.
 */
#include <errno.h>
#include <signal.h>
#include <stdlib.h>
#include <string.h>
#include <sys/wait.h>
#include <unistd.h>

#include "guard.h"
#include "bpf/kmview/loader.h"

static ssize_t memory_read(struct traced *traced, uint64_t address, void *buffer, size_t length)
{
	return kmview_read(&traced->request, address, buffer, length);
}

static ssize_t memory_write(struct traced *traced, uint64_t address, const void *bytes,
			    size_t length)
{
	return kmview_write(&traced->request, address, bytes, length);
}

static ssize_t string(struct traced *traced, unsigned int arg, char *buffer, size_t size)
{
	return kmview_string(&traced->request, arg, buffer, size);
}

static int proceed(struct traced *traced, bool tell)
{
	return tell ? kmview_continue_tell(&traced->request) : kmview_continue(&traced->request);
}

static int answer(struct traced *traced, int64_t result)
{
	return kmview_return(&traced->request, result);
}

static int set_cookie(struct traced *traced, uint64_t cookie)
{
	return kmview_cookie(&traced->request, cookie);
}

const struct engine engine_kmview = {
	.sentence = "engine: kmview (" KMVIEW_DEVICE "), calls are served by the kernel module%.0s",
	.results = true,
	.cookies = true,
	.read = memory_read,
	.write = memory_write,
	.string = string,
	.proceed = proceed,
	.answer = answer,
	.set_cookie = set_cookie,
};

/*
 * A session that only watches. What a call points to comes along with the event as far as one copy
 * brings it; at others the task waits until we have looked.
 */
static bool watch_for(const struct options *options, const struct kmview_syscall *call,
		      struct kmview_hook *hook)
{
	bool executes = call->flags & KMVIEW_CALL_NORETURN;

	if (!options->trace.has[call_index(call)])
		return false;
	*hook = (struct kmview_hook){.action = KMVIEW_NOTIFY};
	if (options->bpf_count) {
		hook->action = KMVIEW_BPF;
		hook->prog = KMVIEW_BPF_PLACE_COUNT;
		return true;
	}
	if (!executes || call->argc >= 2) /* exit and sigreturn never come back, execve may */
		hook->flags =
			trace_wants_entry(options, call) ? KMVIEW_RULE_BOTH : KMVIEW_RULE_EXIT;
	if (options->count)
		return true;
	hook->bytes = options->string_limit ? options->string_limit : 1;
	/* What a descriptor is open on is looked up while it is. */
	if (!kmview_copies_all(call) || options->fd_paths || options->path_count)
		hook->flags |= KMVIEW_RULE_WAIT;
	return true;
}

/* What the kernel shall do at a call; false: nothing. */
static bool hook_for(const struct options *options, const struct kmview_bpf *bpf,
		     const struct kmview_syscall *call, struct kmview_hook *hook)
{
	bool printed = options->trace.has[call_index(call)];
	bool uname = !strcmp(call->name, "uname");
	const struct rule *constant = rules_constant(options, call);

	if (options->guard) {
		if (!guard_hook(options->guard, call, bpf, hook))
			return false;
		hook->prog = KMVIEW_BPF_PLACE_GUARD;
		return true;
	}
	*hook = (struct kmview_hook){.action = KMVIEW_NOTIFY};
	if (options->bpf_uname && uname) {
		hook->action = KMVIEW_BPF;
		hook->prog = KMVIEW_BPF_PLACE_UNAME;
	} else if (options->bpf_policy && kmview_bpf_policy_has(bpf, call)) {
		hook->action = KMVIEW_BPF;
		hook->prog = KMVIEW_BPF_PLACE_POLICY;
	} else if (options->bpf_count && printed) {
		hook->action = KMVIEW_BPF;
		hook->prog = KMVIEW_BPF_PLACE_COUNT;
	} else if (constant && !printed) {
		hook->action = KMVIEW_VALUE;
		hook->value = constant->value;
	} else if (rules_want(options, call)) {
		return true;
	} else if (options->uname_faked && uname) {
		hook->flags = KMVIEW_RULE_EXIT;
	} else if (printed) {
		hook->flags = trace_wants_entry(options, call) ? 0 : KMVIEW_RULE_EXIT;
	} else {
		return false;
	}
	return true;
}

static int set_hooks(const struct options *options, const struct kmview_bpf *bpf,
		     struct kmview *session, bool off)
{
	static struct kmview_named_hook hooks[CALLS_MAX];
	const struct kmview_syscall *call = NULL;
	size_t count = 0, failed;
	int error;

	while ((call = kmview_syscall_next(call))) {
		struct kmview_named_hook *hook = &hooks[count];

		if (strcmp(call->name, call->family))
			continue;
		if (options->watch ? !watch_for(options, call, &hook->hook)
				   : !hook_for(options, bpf, call, &hook->hook))
			continue;
		hook->name = call->name;
		if (off)
			hook->hook = (struct kmview_hook){.action = KMVIEW_PASS};
		count++;
	}
	while ((error = kmview_hooks(session, hooks, count, &failed)) == -EBUSY) {
		output_say(options, "%s is not seen: something else in the kernel has hold of it",
			   hooks[failed].name);
		hooks[failed] = hooks[--count];
	}
	if (error < 0)
		complain("the kernel does not take the rules for system calls: %s",
			 strerror(-error));
	return error;
}

static int attach_all(const struct options *options, struct kmview *session)
{
	for (unsigned int i = 0; i < options->pid_count; i++) {
		int error = kmview_attach(session, options->pids[i], 0);

		if (error < 0) {
			complain("cannot attach process %d: %s", options->pids[i],
				 error == -EPERM   ? "it is not yours to trace"
				 : error == -EBUSY ? "it has an io_uring, or is in a session that "
						     "this is not nested in"
						   : strerror(-error));
			return error;
		}
	}
	return 0;
}

static void show(const struct options *options, struct kmview_request *request)
{
	struct traced traced = {
		.engine = &engine_kmview,
		.call = request->call,
		.abi = request->event.abi,
		.nr = request->event.nr,
		.pid = request->event.pid,
		.tid = request->event.tid,
		.id = request->event.id,
		.exit = request->event.kind == KMVIEW_KIND_EXIT,
		.result = request->event.result,
		.cookie = request->event.cookie,
		.at_ns = kmview_time_ns(request),
		.request = *request,
	};

	memcpy(traced.args, request->event.args, sizeof(traced.args));
	trace_call(options, &traced);
}

static void show_notice(const struct options *options, const struct kmview_event *event,
			uint32_t what)
{
	if (what == KMVIEW_ENTRY_SIGNAL)
		trace_signal(options, event->pid, event->tid, event->result, (int32_t)event->nr);
	else if (what == KMVIEW_ENTRY_EXITED)
		trace_end(options, event->pid, event->tid, event->result);
	else if (what == KMVIEW_ENTRY_LEFT)
		trace_left(options, event->pid, event->tid);
}

static volatile sig_atomic_t interrupts;

static void interrupted(int signal)
{
	interrupts++;
}

/* The processes of -p leave a session that only watched, when we end. From others they cannot: a
 * first interrupt ends the tracing, a second one them. */
static bool attached_interrupt(const struct options *options, const struct kmview_bpf *bpf,
			       struct kmview *session)
{
	static int seen;

	if (!interrupts || seen == interrupts)
		return false;
	seen = interrupts;
	if (interrupts > 1 || options->watch)
		return true;
	set_hooks(options, bpf, session, true);
	output_say(options, "tracing has ended; the processes stay in the session and end with it. "
			    "Interrupt again to end them.");
	return false;
}

/* How long to wait for the next event, after what was due is done; -1: for ever. */
static int wait_ms(const struct options *options, struct kmview *session)
{
	int delayed = trace_delayed(options), progress = -1;

	if (!options->count && !options->bpf_count && !options->guard)
		progress = progress_look(options, session);
	return delayed < 0 || (progress >= 0 && progress < delayed) ? progress : delayed;
}

static int serve(const struct options *options, const struct kmview_bpf *bpf,
		 struct kmview *session)
{
	struct kmview_loop *loop;
	struct kmview_request request;
	int result = kmview_loop_new(&loop, session);
	unsigned int events = 0;

	while (result >= 0 || result == -EINTR) {
		if (attached_interrupt(options, bpf, session))
			break;
		result = kmview_next(loop, &request, 0);
		if (result == 0) {
			output_flush();
			result = kmview_next(loop, &request, wait_ms(options, session));
			if (result == 1)
				progress_reset();
		} else if (++events % 256 == 0) {
			wait_ms(options, session); /* also while there is no end of events */
		}
		if (result == 1 && request.notice)
			show_notice(options, &request.event, request.notice);
		else if (result == 1 && request.cancel)
			trace_cancelled(request.event.id);
		else if (result == 1)
			show(options, &request);
	}
	kmview_loop_free(loop);
	if (result == -ESRCH)
		return 0;
	if (interrupts && options->watch) {
		output_say(options, "the processes go on, no longer traced");
		return 0;
	}
	if (interrupts)
		return kmview_shutdown(session, NULL, NULL, 2000);
	if (result < 0)
		complain("the session broke: %s", strerror(-result));
	return result;
}

static int run_command(const struct options *options, const struct kmview_bpf *bpf,
		       struct kmview *session)
{
	struct kmview_child child;
	int status, error = kmview_spawn(session, options->command, NULL, 0, &child);

	if (error < 0) {
		complain("cannot start a process in the session: %s", strerror(-error));
		return STATUS_FAILED;
	}
	/* The terminal's signals are for the command; we end when it has. */
	signal(SIGINT, SIG_IGN);
	signal(SIGQUIT, SIG_IGN);
	signal(SIGPIPE, SIG_IGN); /* if nobody reads the trace, that is told at the end */
	if (serve(options, bpf, session) < 0)
		return STATUS_FAILED;
	error = kmview_spawn_error(&child);
	while (waitpid(child.pid, &status, 0) < 0 && errno == EINTR)
		;
	if (error < 0) {
		complain("cannot execute %s: %s", options->command[0], strerror(-error));
		return error == -ENOENT ? 127 : 126;
	}
	return command_status(status);
}

static int run_attached(const struct options *options, const struct kmview_bpf *bpf,
			struct kmview *session)
{
	struct sigaction action = {.sa_handler = interrupted};

	sigaction(SIGINT, &action, NULL);
	sigaction(SIGTERM, &action, NULL);
	sigaction(SIGHUP, &action, NULL);
	signal(SIGPIPE, SIG_IGN);
	if (attach_all(options, session) < 0)
		return STATUS_FAILED;
	return serve(options, bpf, session) < 0 ? STATUS_FAILED : 0;
}

/* The program that sorts out calls by their flags; NULL: all are asked about. */
static struct kmview_bpf *load_guard(const struct options *options, struct kmview *session)
{
	static struct kmview_bpf_flags flags[CALLS_MAX];
	struct kmview_bpf_wanted wanted = {.flags = flags};
	const struct kmview_syscall *call = NULL;
	struct kmview_bpf *bpf;
	char *why;

	while ((call = kmview_syscall_next(call))) {
		struct kmview_bpf_flags *row = &flags[wanted.flags_count];

		if (guard_wants(options->guard, call) &&
		    guard_flags(options->guard, call, &row->arg, &row->mask)) {
			row->call = call;
			wanted.flags_count++;
		}
	}
	if (!wanted.flags_count)
		return NULL;
	bpf = kmview_bpf_load(session, &wanted, &why);
	free(why);
	return bpf;
}

int kmview_engine_run(const struct options *options, struct kmview *session)
{
	struct kmview_bpf *bpf = NULL;
	char *why = NULL;
	int status;

	if (options->guard) {
		bpf = load_guard(options, session);
		status = guard_prefixes(options->guard, session);
		if (status < 0) {
			complain("the kernel does not take the directories of the rules: %s",
				 strerror(-status));
			kmview_bpf_free(bpf);
			return STATUS_FAILED;
		}
	}
	if (options->bpf_uname || options->bpf_count || options->bpf_policy) {
		struct kmview_bpf_wanted wanted = {
			.uname = options->bpf_uname ? options->uname : NULL,
			.policy_file = options->bpf_policy,
			.count = options->bpf_count,
		};

		bpf = kmview_bpf_load(session, &wanted, &why);
		if (!bpf) {
			complain("%s", why ? why : strerror(ENOMEM));
			free(why);
			return STATUS_FAILED;
		}
	}
	if (set_hooks(options, bpf, session, false) < 0)
		status = STATUS_FAILED;
	else if (options->pid_count)
		status = run_attached(options, bpf, session);
	else
		status = run_command(options, bpf, session);
	if (bpf && options->bpf_count)
		kmview_bpf_counts(bpf, counts_add);
	kmview_bpf_free(bpf);
	return status;
}
