// SPDX-License-Identifier: LGPL-2.1-or-later
/* Options as one text (option.h). */
#include <stdbool.h>
#include <string.h>

#include "option.h"

/* A backslash before anything else is itself. */
static bool protects(const char *at)
{
	return *at == '\\' && at[1] && strchr(",\\\"", at[1]);
}

size_t option_length(const char *text)
{
	const char *at = text;
	bool quoted = false;

	for (; *at && (*at != ',' || quoted); at++) {
		if (*at == '"' && (quoted || strchr(at + 1, '"')))
			quoted = !quoted;
		else if (protects(at))
			at++;
	}
	return at - text;
}

char *option_next(char **text)
{
	char *start = *text, *end;

	if (!start)
		return NULL;
	end = start + option_length(start);
	*text = *end ? end + 1 : NULL;
	*end = '\0';
	return start;
}

void option_unescape(char *value)
{
	char *to = value;

	for (; *value; value++) {
		if (protects(value))
			value++;
		*to++ = *value;
	}
	*to = '\0';
}

void option_escape(FILE *out, const char *value)
{
	for (; *value; value++) {
		if (strchr(",\\\"", *value))
			fputc('\\', out);
		fputc(*value, out);
	}
}
