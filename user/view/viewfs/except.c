// SPDX-License-Identifier: GPL-2.0-or-later
/* except=PATH: a tree of names, walked beside the directories; a path below another is that
 * other's. */
#include <stdlib.h>
#include <string.h>

#include "viewfs.h"

struct exception *except_root;

const struct exception *except_child(const struct exception *list, const char *name)
{
	const struct exception *child = list ? list->children : NULL;

	while (child && strcmp(child->name, name))
		child = child->next;
	return child;
}

static struct exception *exception_new(const char *name, size_t length)
{
	struct exception *made = calloc(1, sizeof(*made) + length + 1);

	if (made)
		memcpy(made->name, name, length);
	return made;
}

/* PATH is relative to TARGET. */
int except_add(const char *path)
{
	struct exception *at;

	if (!except_root)
		except_root = exception_new("", 0);
	at = except_root;
	while (at) {
		size_t length;
		struct exception *child;

		path += strspn(path, "/");
		length = strcspn(path, "/");
		if (!length) {
			at->end = at != except_root;
			return at->end ? 0 : -EINVAL;
		}
		if (length <= 2 && !strncmp(path, "..", length))
			return -EINVAL;
		for (child = at->children; child; child = child->next)
			if (!strncmp(child->name, path, length) && !child->name[length])
				break;
		if (!child) {
			child = exception_new(path, length);
			if (!child)
				return -ENOMEM;
			child->next = at->children;
			at->children = child;
		}
		at = child;
		path += length;
	}
	return -ENOMEM;
}
