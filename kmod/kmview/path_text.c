// SPDX-License-Identifier: GPL-2.0-only
/* Paths as text, see path_text.h. No memory, no locks. */
#include "path_text.h"

bool kmview_path_is_canonical(const char *path)
{
	const char *name, *end;

	if (path[0] != '/')
		return false;
	if (!path[1])
		return true;
	for (name = path + 1;; name = end + 1) {
		end = strchrnul(name, '/');
		if (end == name)
			return false;
		if (name[0] == '.' && (end - name == 1 || (end - name == 2 && name[1] == '.')))
			return false;
		if (!*end)
			return true;
	}
}

bool kmview_path_below(const char *path, const char *prefix)
{
	size_t length = strlen(prefix);

	if (length == 1) /* "/" */
		return true;
	return !strncmp(path, prefix, length) && (path[length] == '/' || !path[length]);
}

bool kmview_path_append(char *path, size_t size, const char *relative)
{
	size_t length = strlen(path);
	const char *end;

	if (length == 1)
		length = 0; /* "/": each component brings its slash */
	for (; *relative; relative = *end ? end + 1 : end) {
		size_t n;

		end = strchrnul(relative, '/');
		n = end - relative;
		if (!n || (n == 1 && relative[0] == '.'))
			continue;
		if (n == 2 && relative[0] == '.' && relative[1] == '.') {
			while (length && path[--length] != '/')
				;
			continue;
		}
		if (length + 1 + n + 1 > size)
			return false;
		path[length++] = '/';
		memcpy(path + length, relative, n);
		length += n;
	}
	if (!length)
		path[length++] = '/';
	path[length] = '\0';
	return true;
}
