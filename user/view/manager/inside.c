// SPDX-License-Identifier: GPL-2.0-or-later
/*
 * A view started inside a view: this process becomes the keeper of a new branch of the manager that
 * is there.
 */
#include <errno.h>
#include <signal.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/socket.h>
#include <sys/wait.h>
#include <unistd.h>

#include "manager.h"
#include "user/view/client/client.h"
#include "user/view/keeper/keeper.h"

static const char *text_of(json_t *reply, const char *key)
{
	const char *text = json_string_value(json_object_get(reply, key));

	return text ? text : "";
}

/* The reply to a request that was not refused; else why is said. */
static json_t *ask_manager(struct view *view, json_t *request, int passed)
{
	json_t *reply = client_ask(request, passed);

	if (!reply)
		say(view, "the manager of this view does not answer: %s", strerror(errno));
	else if (json_object_get(reply, "error"))
		say(view, "%s", text_of(reply, "error"));
	else
		return reply;
	json_decref(reply);
	return NULL;
}

/* Services are the manager's: all branches have them. One that is there is no mistake here. */
static int add_services(struct view *view, const struct options *options)
{
	for (unsigned int i = 0; i < options->service_count; i++) {
		json_t *reply =
			ask_manager(view,
				    json_pack("{s:s, s:s, s:b}", "command", "add", "service",
					      options->services[i], "present", 1),
				    -1);

		if (!reply)
			return -1;
		json_decref(reply);
	}
	return 0;
}

static int enter_branch(struct view *view, const struct options *options, int channel)
{
	json_t *reply = ask_manager(view,
				    json_pack("{s:s, s:s}", "command", "branch", "name",
					      options->name ? options->name : ""),
				    channel);
	char why[512] = "";
	int error;

	if (!reply)
		return -1;
	view->engine = strcmp(text_of(reply, "engine"), "kmview") ? &engine_umview : &engine_kmview;
	view->token = strtoull(text_of(reply, "token"), NULL, 10);
	snprintf(view->own, sizeof(view->own), "%s", text_of(reply, "own"));
	snprintf(view->stand_in, sizeof(view->stand_in), "%s", text_of(reply, "stand-in"));
	json_decref(reply);
	if (options->engine && options->engine != view->engine && !options->quiet)
		say(view, "inside a view of %s: this one is as well", view->engine->name);
	error = view->engine->enter(view, true, why, sizeof(why));
	if (error < 0)
		say(view, "%s", why[0] ? why : strerror(-error));
	return error;
}

int branch_run_inside(const struct options *options)
{
	static struct view view;
	struct keeper keeper = {
		.command = options->command,
		.scripts = options->scripts,
		.nested = true,
		.root = options->secure,
		.linger = options->linger,
		.flush_limit = options->flush_limit,
	};
	int pair[2], status;

	view.options = *options;
	if (add_services(&view, options) < 0 ||
	    socketpair(AF_UNIX, SOCK_SEQPACKET | SOCK_CLOEXEC, 0, pair) < 0 ||
	    enter_branch(&view, options, pair[0]) < 0)
		return STATUS_FAILED;
	close(pair[0]);
	keeper.channel = pair[1];
	keeper.directory = view.own;
	keeper.mount_program = view.stand_in;
	keeper.token = view.token;
	status = keeper_run(&keeper);
	if (status < 0 || keeper.cut_off)
		return STATUS_FAILED;
	return WIFEXITED(status) ? WEXITSTATUS(status) : 128 + WTERMSIG(status);
}
