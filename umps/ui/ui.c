/* SPDX-License-Identifier: GPL-2.0-or-later */
/*
 * umps-ui, as which `umps ui` goes on: a machine, shown and ruled by a page in a browser.
 */
#include <argp.h>
#include <signal.h>
#include <stdlib.h>
#include <string.h>
#include <sys/wait.h>
#include <unistd.h>

#include "umps/front/open.h"
#include "umps/front/options.h"
#include "umps/ui/session.h"

struct options {
	struct serving_options serving;
	bool no_browser, no_settings, run;
};

enum { OPTION_NO_SETTINGS = 256 };

static const struct argp_option option_list[] = {
	{"no-browser", 'n', NULL, 0, "only print the address of the page", 0},
	{"run", 'r', NULL, 0, "start running at once", 0},
	{"no-settings", OPTION_NO_SETTINGS, NULL, 0,
	 "neither use nor keep the settings of this machine (stop points, speed, what is shown)",
	 0},
	{0}};

const char *argp_program_version = "umps-ui " VSQUARE_VERSION;

static error_t parse_option(int key, char *argument, struct argp_state *state)
{
	struct options *o = state->input;

	switch (key) {
	case 'n':
		o->no_browser = true;
		break;
	case 'r':
		o->run = true;
		break;
	case OPTION_NO_SETTINGS:
		o->no_settings = true;
		break;
	case ARGP_KEY_INIT:
		state->child_inputs[0] = &o->serving;
		break;
	default:
		return ARGP_ERR_UNKNOWN;
	}
	return 0;
}

static const struct argp argp = {
	.options = option_list,
	.parser = parse_option,
	.args_doc = "MACHINE.json | KERNEL",
	.doc = "Shows the machine in a page and opens it in the browser.",
	.children = serving_children,
};

static volatile sig_atomic_t interrupted;

static void on_signal(int number)
{
	interrupted = 1;
}

/* The desktop's browser, if there is a desktop; whoever has none reads the address. */
static void open_browser(const char *url)
{
	pid_t child;

	if (!getenv("DISPLAY") && !getenv("WAYLAND_DISPLAY"))
		return;
	child = fork();
	if (child == 0) {
		if (fork() == 0) /* twice, so that nobody has to wait for the browser */
			execlp("xdg-open", "xdg-open", url, (char *)NULL);
		_exit(0);
	}
	if (child > 0)
		waitpid(child, NULL, 0);
}

static void loop(struct session *s, struct http *http, bool settings)
{
	int ms = 0;

	while (!interrupted && !s->quit) {
		http_serve(http, ms);
		if (settings && s->settings_changed)
			settings_write(s);
		s->settings_changed = false;
		ms = session_advance(s);
	}
}

static int serve(struct session *s, const struct options *o)
{
	struct umps_error error;
	struct http *http = http_start(s, o->serving.port, &error);

	if (!http) {
		fprintf(stderr, "umps ui: %s\n", error.text);
		return 1;
	}
	printf("%s\n", http_url(http));
	fflush(stdout);
	if (!o->no_browser)
		open_browser(http_url(http));
	if (o->run)
		session_continue(s);
	loop(s, http, !o->no_settings);
	http_stop(http);
	return 0;
}

int main(int argc, char **argv)
{
	const struct sigaction action = {.sa_handler = on_signal};
	struct options o = {0};
	struct session s = {.speed = N_SPEEDS - 1};
	struct umps_error error;
	int status = 1;

	argp_parse(&argp, argc, argv, 0, NULL, &o);
	signal(SIGPIPE, SIG_IGN);
	sigaction(SIGINT, &action, NULL);
	sigaction(SIGTERM, &action, NULL);
	s.path = o.serving.path;
	s.record = !o.serving.no_record;
	s.config = config_from_path(o.serving.path, o.serving.machine, &error);
	if (s.config && !o.no_settings)
		settings_read(&s);
	if (!s.config || session_power_on(&s, &error) < 0)
		fprintf(stderr, "umps ui: %s\n", error.text);
	else
		status = serve(&s, &o);
	session_power_off(&s);
	umps_config_free(s.config);
	free(s.points);
	json_decref(s.layout);
	for (int i = 0; i < N_OUTPUTS; i++)
		free(s.outputs[i].bytes);
	return status;
}
