// SPDX-License-Identifier: GPL-2.0-or-later
/*
 * su and sudo: a shell or a command as another user, without a password, because nothing is gained:
 * the user has the other's number for himself and stays who he is for everybody else
 * (client/ids.h).
 */
#include <errno.h>
#include <grp.h>
#include <limits.h>
#include <pwd.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <unistd.h>

#include "ctl.h"
#include "user/view/client/ids.h"

struct become {
	const char *login, *group, *command, *shell;
	bool as_login, keep;
	char **arguments;
	uid_t uid;
	gid_t gid;
	const char *home, *users_shell;
};

/* The number behind a '#', as sudo(8) has it, or the whole word. False: none. */
static bool number_in(const char *word, unsigned int *number)
{
	char *end;
	unsigned long value;

	word += *word == '#';
	errno = 0;
	value = strtoul(word, &end, 10);
	if (errno || end == word || *end || *word == '-' || value >= UINT_MAX)
		return false;
	*number = value;
	return true;
}

/* Which group that is; false: none, which was said. */
static bool find_group(struct become *become)
{
	const struct group *group = getgrnam(become->group);
	unsigned int number;

	if (group)
		become->gid = group->gr_gid;
	else if (number_in(become->group, &number))
		become->gid = number;
	else
		complain("there is no group %s", become->group);
	return group || number_in(become->group, &number);
}

/* Who that is; false: nobody, which was said. */
static bool find_user(struct become *become)
{
	const struct passwd *user = getpwnam(become->login);
	unsigned int number;

	if (!user && number_in(become->login, &number)) {
		user = getpwuid(number);
		become->uid = become->gid = number;
	} else if (!user) {
		complain("there is no user %s", become->login);
		return false;
	}
	if (user) {
		become->uid = user->pw_uid;
		become->gid = user->pw_gid;
	}
	if (become->group && !find_group(become))
		return false;
	if (user) {
		become->login = strdup(user->pw_name);
		become->home = strdup(user->pw_dir);
		become->users_shell = strdup(user->pw_shell);
	}
	return true;
}

static int change(const struct become *become)
{
	if (ids_become(become->home ? become->login : NULL, become->uid, become->gid) == 0)
		return 0;
	return complain("cannot be %s: %s", become->login,
			errno == EPERM || errno == ENOSPC
				? "user namespaces are forbidden here (sysctl "
				  "user.max_user_namespaces, kernel.unprivileged_userns_clone)"
				: strerror(errno));
}

static void set_environment(const struct become *become, const char *shell)
{
	if (become->keep)
		return;
	if (become->home)
		setenv("HOME", become->home, 1);
	setenv("USER", become->login, 1);
	setenv("LOGNAME", become->login, 1);
	setenv("SHELL", shell, 1);
}

static int execute(const char *file, char **argv)
{
	execvp(file, argv);
	complain("cannot execute %s: %m", file);
	return errno == ENOENT ? 127 : 126;
}

/* ---- su */

static const struct argp_option su_options[] = {
	{"command", 'c', "COMMAND", 0, "a command for the shell", 0},
	{"login", 'l', NULL, 0, "a login shell in the user's home; also '-'", 0},
	{"shell", 's', "SHELL", 0, "this shell instead of the user's", 0},
	{"preserve-environment", 'm', NULL, 0, "leave HOME, USER, LOGNAME and SHELL", 0},
	{NULL, 0, NULL, 0, NULL, 0},
};

static error_t parse_su(int key, char *argument, struct argp_state *state)
{
	struct become *become = state->input;

	switch (key) {
	case 'c':
		become->command = argument;
		return 0;
	case 'l':
		become->as_login = true;
		return 0;
	case 's':
		become->shell = argument;
		return 0;
	case 'm':
		become->keep = true;
		return 0;
	case ARGP_KEY_ARG:
		if (!strcmp(argument, "-"))
			become->as_login = true;
		else if (become->login)
			argp_error(state, "\"%s\" is too much", argument);
		else
			become->login = argument;
		return 0;
	default:
		return ARGP_ERR_UNKNOWN;
	}
}

int su_main(int argc, char **argv)
{
	const struct argp argp = {
		su_options,
		parse_su,
		"[-] [USER]",
		"Run a shell as another user, root if none is named. Virtual: no "
		"password is needed, and nothing is gained that the user had not.",
		NULL,
		NULL,
		NULL};
	struct become become = {0};
	char name[PATH_MAX], *words[4] = {name};
	const char *base;

	argp_parse(&argp, argc, argv, 0, NULL, &become);
	if (!become.login)
		become.login = "root";
	if (!find_user(&become) || change(&become))
		return 1;
	if (!become.shell)
		become.shell =
			become.users_shell && *become.users_shell ? become.users_shell : "/bin/sh";
	set_environment(&become, become.shell);
	base = strrchr(become.shell, '/') ? strrchr(become.shell, '/') + 1 : become.shell;
	snprintf(name, sizeof(name), "%s%s", become.as_login ? "-" : "", base);
	if (become.as_login && become.home && chdir(become.home) < 0)
		complain("cannot go to %s: %m", become.home);
	if (become.command) {
		words[1] = "-c";
		words[2] = (char *)become.command;
	}
	return execute(become.shell, words);
}

/* ---- sudo */

static const struct argp_option sudo_options[] = {
	{"user", 'u', "USER", 0, "as this user, a name or #NUMBER; without it root", 0},
	{"group", 'g', "GROUP", 0, "with this group, a name or #NUMBER", 0},
	{NULL, 0, NULL, 0, NULL, 0},
};

static error_t parse_sudo(int key, char *argument, struct argp_state *state)
{
	struct become *become = state->input;

	switch (key) {
	case 'u':
		become->login = argument;
		return 0;
	case 'g':
		become->group = argument;
		return 0;
	case ARGP_KEY_ARGS:
		become->arguments = state->argv + state->next;
		return 0;
	case ARGP_KEY_NO_ARGS:
		argp_error(state, "which command?");
		return 0;
	default:
		return ARGP_ERR_UNKNOWN;
	}
}

int sudo_main(int argc, char **argv)
{
	const struct argp argp = {
		sudo_options,
		parse_sudo,
		"COMMAND [ARGUMENT...]",
		"Run a command as another user, root if none is named. Virtual: no "
		"password is needed, and nothing is gained that the user had not.",
		NULL,
		NULL,
		NULL};
	struct become become = {.login = "root"};

	argp_parse(&argp, argc, argv, ARGP_IN_ORDER, NULL, &become);
	if (!find_user(&become) || change(&become))
		return 1;
	set_environment(&become, become.users_shell ? become.users_shell : "/bin/sh");
	return execute(become.arguments[0], become.arguments);
}
