// SPDX-License-Identifier: GPL-2.0-or-later
/* The table of the branch's mounts, as the kernel has it. No file system is asked for anything. */
#include <stdlib.h>
#include <string.h>

#include "keeper.h"

/* mountinfo escapes blanks and backslashes as \ooo. */
static void unescape(char *text)
{
	char *to = text;

	for (; *text; text++) {
		unsigned int code;

		if (*text == '\\' && sscanf(text + 1, "%3o", &code) == 1) {
			*to++ = code;
			text += 3;
		} else {
			*to++ = *text;
		}
	}
	*to = '\0';
}

void mounts_each(void (*use)(const struct mounted *mounted, void *data), void *data)
{
	FILE *file = proc_file("self/mountinfo");
	struct mounted mounted;
	char *line = NULL;
	size_t size = 0;

	while (file && getline(&line, &size, file) > 0) {
		unsigned long id, parent;
		const char *type = strstr(line, " - ");

		if (sscanf(line, "%lu %lu %*u:%u %*s %4095s", &id, &parent, &mounted.minor,
			   mounted.point) != 4)
			continue;
		mounted.id = id;
		mounted.parent = parent;
		mounted.fuse =
			type && (!strncmp(type + 3, "fuse ", 5) || !strncmp(type + 3, "fuse.", 5));
		unescape(mounted.point);
		use(&mounted, data);
	}
	free(line);
	if (file)
		fclose(file);
}
