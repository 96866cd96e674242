// SPDX-License-Identifier: GPL-2.0-or-later
/*
 * A view as the login shell of a user.
 *
 * login(1) calls a login shell without arguments and with a '-' in front of its name. Then the
 * command line is in /etc/viewospasswd, a line LOGIN:COMMAND LINE for each user; its first word
 * says the engine (umview, kmview, view), and the program starts over with it. Words are separated
 * by blanks, with quotes and backslashes as in a shell; nothing else is expanded.
 */
#include <errno.h>
#include <pwd.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <unistd.h>

#include "login.h"

#define TABLE	   "/etc/viewospasswd"
#define WORDS	   128
#define READ_DELAY 3 /* seconds that a message stays on the screen before the session ends */

bool login_shell(int argc, char **argv)
{
	return argc == 1 && argv[0][0] == '-' && argv[0][1] != '-';
}

/* The command line of a user, to free(3); NULL: none. */
static char *find_line(FILE *table, const char *login)
{
	char *line = NULL, *found = NULL;
	size_t size = 0, length = strlen(login);

	while (!found && getline(&line, &size, table) > 0) {
		if (strncmp(line, login, length) || line[length] != ':')
			continue; /* comments as well: no login begins with # */
		line[strcspn(line, "\n")] = '\0';
		found = strdup(line + length + 1);
	}
	free(line);
	return found;
}

/* One word, unquoted in its place; *next: what follows. NULL: no more; *bad: a quote stays open. */
static char *cut_word(char *text, char **next, bool *bad)
{
	char quote = '\0', *word, *to;

	text += strspn(text, " \t");
	if (!*text)
		return NULL;
	for (word = to = text; *text && (quote || (*text != ' ' && *text != '\t')); text++) {
		if (*text == quote) {
			quote = '\0';
		} else if (!quote && (*text == '\'' || *text == '"')) {
			quote = *text;
		} else if (*text == '\\' && quote != '\'' && text[1]) {
			*to++ = *++text;
		} else {
			*to++ = *text;
		}
	}
	*bad = *bad || quote;
	*next = text + (*text != '\0');
	*to = '\0';
	return word;
}

static bool is_view(const char *word)
{
	const char *name = strrchr(word, '/') ? strrchr(word, '/') + 1 : word;

	return !strcmp(name, "umview") || !strcmp(name, "kmview") || !strcmp(name, "view");
}

/* Returns why it could not. */
static const char *start_over(char *line)
{
	char *words[WORDS + 1], *next = line;
	bool bad = false;
	int count = 0;

	while (count < WORDS && (words[count] = cut_word(next, &next, &bad)))
		count++;
	words[count] = NULL;
	if (bad)
		return "a quotation mark is not closed";
	if (count == WORDS)
		return "there are too many words";
	if (!count || !is_view(words[0]))
		return "it does not begin with umview, kmview or view";
	execv("/proc/self/exe", words);
	return strerror(errno);
}

int login_run(void)
{
	const struct passwd *user = getpwuid(getuid());
	FILE *table = fopen(TABLE, "re");
	char *line = user && table ? find_line(table, user->pw_name) : NULL;

	if (!user)
		fprintf(stderr, "view: user %d has no name\n", getuid());
	else if (!table)
		fprintf(stderr, "view: cannot read %s: %s\n", TABLE, strerror(errno));
	else if (!line)
		fprintf(stderr, "view: %s has no line for %s\n", TABLE, user->pw_name);
	else
		fprintf(stderr, "view: the line of %s in %s: %s\n", user->pw_name, TABLE,
			start_over(line));
	free(line);
	if (table)
		fclose(table);
	sleep(READ_DELAY);
	return 125;
}
