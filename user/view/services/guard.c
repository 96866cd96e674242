// SPDX-License-Identifier: GPL-2.0-or-later
/*
 * guard: the rules of kmtrace guard for all that runs in a view.
 *
 *	umview -p guard,FILE[,json][,output=FILE]
 *
 * The rules are read when the service is added; from them follows which calls are claimed. A call is shown to them as
 * kmtrace's engines do it (struct engine), with the view in their place: what they let go on is passed to the next
 * service. There is no second look at what a call has opened, and a label is given before the call has succeeded, as with
 * kmtrace's seccomp engine.
 *
 * Whoever may change the view's services could take this one away: add it to stay (viewctl add -p), or in a view
 * whose processes have other ids than its manager.
 */
#include <errno.h>
#include <stdarg.h>
#include <stdlib.h>
#include <string.h>
#include <unistd.h>

#include "user/kmtrace/guard.h"
#include "user/view/view.h"

#define CLAIMS_MAX 128

static struct view_call_claim claims[CLAIMS_MAX + 1];

/* A call as the rules see it. */
struct shown {
	struct traced traced;
	struct view_call *call;
	bool passed;
};

void complain(const char *format, ...)
{
	va_list args;

	va_start(args, format);
	fputs("guard: ", stderr);
	vfprintf(stderr, format, args);
	fputc('\n', stderr);
	va_end(args);
}

/* ---- the view as an engine */

static struct view_call *call_of(struct traced *traced)
{
	return ((struct shown *)traced)->call;
}

static ssize_t read_memory(struct traced *traced, uint64_t address, void *buffer, size_t length)
{
	return view_call_read(call_of(traced), address, buffer, length);
}

static ssize_t string(struct traced *traced, unsigned int arg, char *buffer, size_t size)
{
	return view_call_string(call_of(traced), traced->args[arg], buffer, size);
}

static int proceed(struct traced *traced, bool tell)
{
	((struct shown *)traced)->passed = true;
	return 0;
}

static int answer(struct traced *traced, int64_t result)
{
	view_call_return(call_of(traced), result);
	return 0;
}

static const struct engine engine_view = {
	.read = read_memory, .string = string, .proceed = proceed, .answer = answer};

/* ---- the service */

static int hide(struct view_call *call, void *data)
{
	view_call_return(call, -ENOSYS);
	return 0;
}

static int look(struct view_call *call, void *data)
{
	struct shown shown = {
		.traced = {.engine = &engine_view,
			   .call = kmview_syscall(view_call_name(call)),
			   .abi = view_call_narrow(call) ? KMVIEW_ABI_IA32 : KMVIEW_ABI_X64,
			   .pid = view_call_pid(call),
			   .tid = view_call_pid(call)},
		.call = call,
	};

	for (unsigned int i = 0; i < 6; i++)
		shown.traced.args[i] = view_call_argument(call, i);
	guard_call(data, &shown.traced);
	return shown.passed ? VIEW_PASS : 0;
}

/* Claim each family of calls that the rules are about. */
static int claim_calls(struct view *view, const struct guard *guard)
{
	const struct kmview_syscall *call = NULL;
	unsigned int count = 0;

	while ((call = kmview_syscall_next(call))) {
		if (strcmp(call->name, call->family) ||
		    (!guard_hides(call) && !guard_wants(guard, call)))
			continue;
		if (count == CLAIMS_MAX)
			return view_start_error(view, -E2BIG,
						"%s is about more than %d kinds of calls; a view "
						"can be slowed down by less",
						guard->file, CLAIMS_MAX);
		claims[count++] = (struct view_call_claim){.name = call->name,
							   .call = guard_hides(call) ? hide : look};
	}
	claims[count] = (struct view_call_claim){};
	return 0;
}

static int take_options(struct view *view, struct guard *guard, char *options)
{
	const char *output = NULL;
	char *option;

	guard->file = strsep(&options, ",");
	while ((option = strsep(&options, ","))) {
		if (!strcmp(option, "json"))
			guard->json = true;
		else if (!strncmp(option, "output=", 7))
			output = option + 7;
		else
			return view_start_error(view, -EINVAL,
						"\"%s\" is no option; it has json and output=FILE",
						option);
	}
	if (!*guard->file)
		return view_start_error(view, -EINVAL, "say which rules: guard,FILE");
	guard->out = output ? fopen(output, "we") : stderr;
	return guard->out ? 0
			  : view_start_error(view, -errno, "cannot write %s: %s", output,
					     strerror(errno));
}

static void stop(void *data)
{
	struct guard *guard = data;
	char *options = (char *)guard->file;

	guard->quiet = true; /* the view's own words are the last */
	guard_report_end(guard);
	if (guard->out && guard->out != stderr)
		fclose(guard->out);
	guard_free(guard);
	free(options);
	free(guard);
}

static int start(struct view *view, const char *options, void **data)
{
	struct guard *guard = calloc(1, sizeof(*guard));
	char *text = strdup(options), *why = NULL;
	int error = guard && text ? take_options(view, guard, text) : -ENOMEM;

	if (!error && guard_parse(guard, guard->file, &why) < 0)
		error = view_start_error(view, -EINVAL, "%s", why ? why : strerror(ENOMEM));
	/* Our descriptors are the view's own. */
	for (const struct guard_rule *rule = guard ? guard->rules : NULL; rule; rule = rule->next)
		if (!error && rule->tell > STDERR_FILENO)
			error = view_start_error(view, -EINVAL,
						 "%s:%u: \"tell %d\" is for kmtrace guard; here "
						 "use output=FILE, or run",
						 guard->file, rule->line, rule->tell);
	if (!error)
		error = claim_calls(view, guard);
	free(why);
	if (!error) {
		*data = guard;
		return 0;
	}
	if (guard) {
		guard->file = text;
		stop(guard);
	} else {
		free(text);
	}
	return error;
}

const struct view_service view_service = {
	.abi = VIEW_ABI,
	.name = "guard",
	.description = "rules about what programs do: reports, and prevents",
	.calls = claims,
	.start = start,
	.stop = stop,
};
