/* SPDX-License-Identifier: GPL-2.0-or-later */
/*
 * resource_files.S, which the build writes from the list of files, holds a table {name, start, end}
 * that ends with a name of NULL.
 */
#include <stddef.h>
#include <string.h>

#include "umps/ui/resources.h"

extern const struct {
	const char *name;
	const uint8_t *start, *end;
} resource_files[];

static const char *type_of(const char *name)
{
	static const struct {
		const char *suffix, *type;
	} types[] = {{".html", "text/html; charset=utf-8"},
		     {".css", "text/css; charset=utf-8"},
		     {".js", "text/javascript; charset=utf-8"},
		     {".svg", "image/svg+xml"}};
	const char *suffix = strrchr(name, '.');

	for (size_t i = 0; suffix && i < sizeof(types) / sizeof(types[0]); i++)
		if (!strcmp(suffix, types[i].suffix))
			return types[i].type;
	return "text/plain; charset=utf-8";
}

const struct resource *resource_named(const char *name)
{
	static struct resource found;

	for (int i = 0; resource_files[i].name; i++)
		if (!strcmp(resource_files[i].name, name)) {
			found = (struct resource){resource_files[i].name, type_of(name),
						  resource_files[i].start, resource_files[i].end};
			return &found;
		}
	return NULL;
}
