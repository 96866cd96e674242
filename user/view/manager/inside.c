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

static int enter_branch(struct view *view, const struct options *options, int channel)
{
	json_t *reply = client_ask(json_pack("{s:s, s:s}", "command", "branch", "name",
					     options->name ? options->name : ""),
				   channel);
	const char *engine = json_string_value(json_object_get(reply, "engine"));
	const char *token = json_string_value(json_object_get(reply, "token"));
	char why[512] = "";
	int error = -EPROTO;

	if (!reply) {
		say(view, "the manager of this view does not answer: %s", strerror(errno));
		return -1;
	}
	if (engine && token) {
		view->engine = strcmp(engine, "kmview") ? &engine_umview : &engine_kmview;
		view->token = strtoull(token, NULL, 10);
		snprintf(view->own, sizeof(view->own), "%s",
			 json_string_value(json_object_get(reply, "own")));
		snprintf(view->stand_in, sizeof(view->stand_in), "%s",
			 json_string_value(json_object_get(reply, "stand-in")));
		if (options->engine && options->engine != view->engine)
			say(view, "inside a view of %s: this one is as well", engine);
		error = view->engine->enter(view, true, why, sizeof(why));
	}
	if (error < 0)
		say(view, "%s", why[0] ? why : json_dumps(reply, 0));
	json_decref(reply);
	return error;
}

int branch_run_inside(const struct options *options)
{
	static struct view view;
	struct keeper keeper = {.command = options->command, .linger = options->linger};
	int pair[2], status;

	view.options = *options;
	if (socketpair(AF_UNIX, SOCK_SEQPACKET | SOCK_CLOEXEC, 0, pair) < 0 ||
	    enter_branch(&view, options, pair[0]) < 0)
		return 125;
	close(pair[0]);
	keeper.channel = pair[1];
	keeper.directory = view.own;
	keeper.mount_program = view.stand_in;
	keeper.token = view.token;
	status = keeper_run(&keeper);
	if (status < 0)
		return 125;
	return WIFEXITED(status) ? WEXITSTATUS(status) : 128 + WTERMSIG(status);
}
