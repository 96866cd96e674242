// SPDX-License-Identifier: GPL-2.0-or-later
/*
 * vde lab: find the lab that is meant, a file or the name of one that is up, and do what was asked.
 */
#include <errno.h>
#include <stdlib.h>
#include <string.h>
#include <unistd.h>

#include "user/vde/cmd/command.h"
#include "user/vde/cmd/lab/lab.h"

struct request {
	const char *verb, *which, *output;
	char *rest[64];
	int rest_count;
	bool json, quiet;
};

/* A lab that is up, by its name. */
static struct lab *find_up(const char *name)
{
	struct lab named = {}, *lab;
	static char path[256];
	FILE *file;

	snprintf(named.name, sizeof(named.name), "%s", name);
	if (strchr(name, '/') || strlen(name) >= sizeof(named.name)) {
		complain("cannot read %s: %s", name, strerror(ENOENT));
		return NULL;
	}
	if (lab_open_state(&named, false))
		return NULL;
	lab_path(&named, "lab", ".description", path, sizeof(path));
	file = fopen(path, "re");
	if (!file) {
		complain("cannot read %s: %m", path);
		return NULL;
	}
	lab = lab_parse(file, path);
	fclose(file);
	if (lab)
		strcpy(lab->name, named.name);
	return lab;
}

/* A lab by its file or, but to bring it up, by its name. */
static struct lab *find(const char *which, bool to_bring_up)
{
	FILE *file = fopen(which, "re");
	struct lab *lab;

	if (!file && errno == ENOENT && !to_bring_up)
		return find_up(which);
	if (!file) {
		complain("cannot read %s: %m", which);
		return NULL;
	}
	lab = lab_parse(file, which);
	fclose(file);
	return lab;
}

static int up(struct lab *lab, const struct request *request)
{
	return lab_up(lab, request->quiet) ? 1 : 0;
}

static int down(struct lab *lab, const struct request *request)
{
	return lab_down(lab) ? 1 : 0;
}

static int status(struct lab *lab, const struct request *request)
{
	return lab_open_state(lab, false) ? 1 : lab_status(lab, request->json);
}

static int graph(struct lab *lab, const struct request *request)
{
	FILE *out = request->output ? fopen(request->output, "we") : stdout;
	int result;

	if (!lab_is_up(lab))
		*lab->directory = 0;
	if (!out)
		return complain("cannot write %s: %m", request->output);
	result = lab_graph(lab, out);
	if (out != stdout && fclose(out))
		result = complain("cannot write %s: %m", request->output);
	return result;
}

static int check(struct lab *lab, const struct request *request)
{
	return lab_open_state(lab, false) ? 1 : lab_check(lab);
}

static int run_inside(struct lab *lab, const struct request *request)
{
	struct lab_node *node;
	char *const shell[] = {"sh", NULL};

	if (!request->rest_count)
		return complain("in which node? vde lab exec LAB NODE [COMMAND...]");
	node = lab_node(lab, request->rest[0]);
	if (!node || node->kind != LAB_NAMESPACE)
		return complain("there is no ns \"%s\" in lab %s", request->rest[0], lab->name);
	if (lab_open_state(lab, false))
		return 1;
	return lab_exec_inside(lab, node,
			       request->rest_count > 1 ? (char *const *)request->rest + 1 : shell);
}

static struct lab_link *chosen_link(struct lab *lab, const struct request *request)
{
	struct lab_link *link = request->rest_count ? lab_link(lab, request->rest[0]) : NULL;

	if (!link)
		complain("there is no link \"%s\" in lab %s",
			 request->rest_count ? request->rest[0] : "", lab->name);
	return link && lab_open_state(lab, false) == 0 ? link : NULL;
}

static int cut(struct lab *lab, const struct request *request)
{
	struct lab_link *link = chosen_link(lab, request);

	if (link)
		lab_end(lab, link->name);
	return link ? 0 : 1;
}

static int mend(struct lab *lab, const struct request *request)
{
	struct lab_link *link = chosen_link(lab, request);

	if (link && lab_pid(lab, link->name))
		return complain("link %s is not cut", link->name);
	return link && lab_start_link(lab, link) == 0 ? 0 : 1;
}

static const struct {
	const char *name;
	int (*run)(struct lab *lab, const struct request *request);
} verbs[] = {
	{"up", up},	  {"down", down},	{"status", status}, {"graph", graph},
	{"check", check}, {"exec", run_inside}, {"cut", cut},	    {"mend", mend},
};

#define VERBS (sizeof(verbs) / sizeof(*verbs))

static int parse(int key, char *text, struct argp_state *state)
{
	struct request *request = state->input;

	switch (key) {
	case 'j':
		request->json = true;
		break;
	case 'q':
		request->quiet = true;
		break;
	case 'o':
		request->output = text;
		break;
	case ARGP_KEY_ARG:
		if (!request->verb) {
			request->verb = text;
		} else if (!request->which) {
			request->which = text;
		} else if (request->rest_count < 62) {
			request->rest[request->rest_count++] = text;
			/* What follows a node are a command and its own options. */
			while (strcmp(request->verb, "exec") == 0 && state->next < state->argc &&
			       request->rest_count < 62)
				request->rest[request->rest_count++] = state->argv[state->next++];
		}
		break;
	case ARGP_KEY_END:
		if (!request->which)
			argp_usage(state);
		break;
	default:
		return ARGP_ERR_UNKNOWN;
	}
	return 0;
}

static const struct argp_option options[] = {
	{"json", 'j', NULL, 0, "Print the status as JSON", 0},
	{"output", 'o', "FILE", 0, "Write the drawing to FILE (stdout)", 0},
	{"quiet", 'q', NULL, 0, "Say nothing while the lab comes up", 0},
	{}};

static const struct argp parser = {
	options,
	parse,
	"up FILE\ndown LAB\nstatus LAB\ngraph LAB\ncheck LAB\nexec LAB NODE [COMMAND...]\ncut LAB "
	"LINK\nmend LAB LINK",
	"Bring up, draw, check and take down a network described in a file, vde-lab(5).\v"
	"LAB is such a file, or the name of a lab that is up. check prints TAP; status fails when "
	"something has ended.",
	NULL,
	NULL,
	NULL};

int lab_main(int argc, char **argv)
{
	struct request request = {};
	struct lab *lab;
	int result;

	if (argc > 1 && strcmp(argv[1], "namespace") == 0)
		return lab_namespace_main(argc - 2, argv + 2);
	argp_parse(&parser, argc, argv, ARGP_IN_ORDER, NULL, &request);
	for (size_t i = 0; i < VERBS; i++) {
		if (strcmp(request.verb, verbs[i].name))
			continue;
		lab = find(request.which, verbs[i].run == up);
		if (!lab)
			return 1;
		result = verbs[i].run(lab, &request);
		lab_free(lab);
		return result;
	}
	complain("\"%s\": up, down, status, graph, check, exec, cut or mend", request.verb);
	return 64;
}
