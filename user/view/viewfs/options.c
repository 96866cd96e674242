// SPDX-License-Identifier: GPL-2.0-or-later
/* The command line, as mount(8) gives it to a file system's program: what is not ours is libfuse's.
 */
#include <argp.h>
#include <stdarg.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#include "viewfs.h"
#include "user/view/mount/option.h"

const char *argp_program_version = PROGRAM " " VSQUARE_VERSION;

void complain(const char *format, ...)
{
	va_list args;

	va_start(args, format);
	fprintf(stderr, PROGRAM ": ");
	vfprintf(stderr, format, args);
	fprintf(stderr, "\n");
	va_end(args);
}

static const struct argp_option known[] = {
	{"options", 'o', "OPTION,...", 0, "Mount options, see below", 1},
	{"foreground", 'f', NULL, 0, "Stay in the foreground", 1},
	{"debug", 'd', NULL, 0, "Stay in the foreground and print each request", 1},
	{"no-mtab", 'n', NULL, OPTION_HIDDEN, NULL, 1}, /* mount(8) may give these two */
	{"verbose", 'v', NULL, OPTION_HIDDEN, NULL, 1},
	{},
};

static const char description[] =
	"Show the directory SOURCE merged with the directory TARGET, at TARGET.\v"
	"Mount options:\n"
	"  mode=move|bind     SOURCE instead of TARGET (the default)\n"
	"  mode=merge         names in SOURCE win and are read-only; others are TARGET's\n"
	"  mode=cow           all changes go to SOURCE, TARGET is not touched\n"
	"  mode=mincow        changes go to TARGET, or to SOURCE where they are not permitted\n"
	"  except=PATH        leave PATH below TARGET as it was (repeatable)\n"
	"  vstat              owner, permissions and device numbers are virtual\n"
	"  nochcopy           attributes are noted, not changed in a copy (cow, mincow)\n"
	"  wok                access(2) says that everything is writable\n"
	"  ro                 read only\n"
	"  tree=DIR           merge with DIR and not with TARGET, which is then only the place\n"
	"  timeout=SECONDS    how long the kernel may remember what is TARGET's (1)\n"
	"  writeback          the kernel collects writes\n"
	"  threads=N          at most N threads (10)\n"
	"A mode may be given as its name alone. Other options are FUSE's: mount.fuse3(8).\n"
	"\"fusermount3 -u TARGET\" or umount(8) ends it.";

static bool mode_named(const char *name, enum mode *mode)
{
	static const struct {
		const char *name;
		enum mode mode;
	} modes[] = {
		{"move", MODE_MOVE}, {"bind", MODE_MOVE},     {"merge", MODE_MERGE},
		{"cow", MODE_COW},   {"mincow", MODE_MINCOW},
	};

	for (size_t i = 0; i < sizeof(modes) / sizeof(modes[0]); i++)
		if (!strcmp(name, modes[i].name)) {
			*mode = modes[i].mode;
			return true;
		}
	return false;
}

static const char *value_of(const char *option, const char *name)
{
	size_t length = strlen(name);

	return !strncmp(option, name, length) && option[length] == '=' ? option + length + 1 : NULL;
}

/* libfuse takes backslashes away again. */
static void add_fuse(struct options *options, const char *option, struct argp_state *state)
{
	char *escaped = NULL;

	if (fuse_opt_add_opt_escaped(&escaped, option) || fuse_opt_add_arg(&options->fuse, "-o") ||
	    fuse_opt_add_arg(&options->fuse, escaped))
		argp_failure(state, 1, ENOMEM, "cannot keep the options");
	free(escaped);
}

static void add_except(struct options *options, const char *path, struct argp_state *state)
{
	const char **more = reallocarray(options->except, options->except_count + 1, sizeof(*more));

	if (!more)
		argp_failure(state, 1, ENOMEM, "cannot keep the options");
	options->except = more;
	options->except[options->except_count++] = path;
}

static double number(const char *text, const char *option, double most, struct argp_state *state)
{
	char *end;
	double value = strtod(text, &end);

	if (!*text || *end || !(value >= 0 && value <= most))
		argp_error(state, "%s needs a number from 0 to %g, not \"%s\"", option, most, text);
	return value;
}

static void set_mode(struct options *options, enum mode mode, struct argp_state *state)
{
	static bool given;

	if (given && mode != options->mode)
		argp_error(state,
			   "only one of the modes move, merge, cow and mincow can be chosen");
	options->mode = mode;
	given = true;
}

/* Options that others have too are ours and are passed on as well. */
static bool flag(struct options *options, const char *option, bool *pass)
{
	const struct {
		const char *name;
		bool *value, pass;
	} flags[] = {
		{"vstat", &options->vstat, false},
		{"wok", &options->wok, false},
		{"nochcopy", &options->nochcopy, false},
		{"writeback", &options->writeback, false},
		{"ro", &options->readonly, true},
		{"debug", &options->debug, true},
		{"allow_other", &options->allow_other, true},
		{"default_permissions", &options->default_permissions, false},
	};

	for (size_t i = 0; i < sizeof(flags) / sizeof(flags[0]); i++)
		if (!strcmp(option, flags[i].name)) {
			*flags[i].value = true;
			*pass = flags[i].pass;
			return true;
		}
	return false;
}

/* Options of mount(8), and of the old viewfs, that mean nothing here. */
static bool ignored(const char *option)
{
	static const char *const names[] = {"rw",     "auto",  "noauto",    "user",
					    "nouser", "users", "defaults",  "_netdev",
					    "nofail", "renew", "permanent", "perm"};

	for (size_t i = 0; i < sizeof(names) / sizeof(names[0]); i++)
		if (!strcmp(option, names[i]))
			return true;
	return !strncmp(option, "x-", 2);
}

static void parse_option(struct options *options, const char *option, struct argp_state *state)
{
	const char *value;
	enum mode mode;
	bool pass = false;

	if (!*option || ignored(option))
		return;
	value = value_of(option, "mode");
	if (mode_named(value ? value : option, &mode))
		set_mode(options, mode, state);
	else if (value)
		argp_error(state, "the modes are move, bind, merge, cow and mincow, not \"%s\"",
			   value);
	else if ((value = value_of(option, "except")))
		add_except(options, value, state);
	else if ((value = value_of(option, "tree")))
		options->tree = value;
	else if ((value = value_of(option, "timeout")))
		options->timeout = number(value, "timeout", 1e6, state);
	else if ((value = value_of(option, "threads")))
		options->threads = number(value, "threads", 1000, state);
	else if (flag(options, option, &pass)) {
		if (pass)
			add_fuse(options, option, state);
	} else {
		add_fuse(options, option, state);
	}
}

static void parse_options(struct options *options, char *text, struct argp_state *state)
{
	char *option;

	while ((option = option_next(&text))) {
		option_unescape(option);
		parse_option(options, option, state);
	}
}

static error_t parse(int key, char *argument, struct argp_state *state)
{
	struct options *options = state->input;

	switch (key) {
	case 'o':
		parse_options(options, argument, state);
		break;
	case 'd':
		options->debug = true;
		add_fuse(options, "debug", state);
		break;
	case 'f':
		options->foreground = true;
		break;
	case 'n':
	case 'v':
		break;
	case ARGP_KEY_ARG:
		if (!options->source)
			options->source = argument;
		else if (!options->target)
			options->target = argument;
		else
			argp_error(state, "there is one SOURCE and one TARGET; \"%s\" is too much",
				   argument);
		break;
	case ARGP_KEY_END:
		if (!options->target)
			argp_error(state, "say which directory SOURCE is shown at TARGET");
		break;
	default:
		return ARGP_ERR_UNKNOWN;
	}
	return 0;
}

void options_parse(struct options *options, int argc, char **argv)
{
	static const struct argp argp = {
		.options = known,
		.parser = parse,
		.args_doc = "SOURCE TARGET",
		.doc = description,
	};
	static char fsname[PATH_MAX + 16];

	*options = (struct options){.mode = MODE_MOVE, .timeout = 1.0, .threads = 10};
	fuse_opt_add_arg(&options->fuse, PROGRAM);
	argp_err_exit_status = 1;
	/* The defaults come first: what is given later wins. */
	fuse_opt_add_arg(&options->fuse, "-osubtype=" PROGRAM);
	snprintf(fsname, sizeof(fsname), "-ofsname=%s", PROGRAM);
	fuse_opt_add_arg(&options->fuse, fsname);
	argp_parse(&argp, argc, argv, 0, NULL, options);
	/* Others than the server's user shall not get what only that user may have. */
	if (options->default_permissions || options->allow_other)
		fuse_opt_add_arg(&options->fuse, "-odefault_permissions");
}
