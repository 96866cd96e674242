/* SPDX-License-Identifier: GPL-2.0-or-later */
/* A command's own options. Not getopt(3), which keeps state of the process: commands run in
 * threads. */
#include <string.h>
#include "lwipv6/programs/lwip/options.h"

/* "-c", or "-c5" with its value in *attached. */
static const struct option_spec *find(const struct option_spec *specs, const char *name,
				      const char **attached)
{
	*attached = NULL;
	for (; specs->name; specs++) {
		if (strncmp(specs->name, name, 2))
			continue;
		if (name[2] && !specs->set)
			*attached = name + 2;
		return name[2] && specs->set ? NULL : specs;
	}
	return NULL;
}

bool read_options(struct session *s, const struct option_spec *specs, int *argc, char **argv)
{
	int kept = 1;

	for (int i = 1; i < *argc; i++) {
		const struct option_spec *o;
		const char *attached, *value;

		if (argv[i][0] != '-' || !argv[i][1]) {
			argv[kept++] = argv[i];
			continue;
		}
		o = find(specs, argv[i], &attached);
		if (!o) {
			misuse(s, "%s: %s: no such option", argv[0], argv[i]);
			return false;
		}
		if (o->set) {
			*o->set = true;
			continue;
		}
		value = attached ? attached : i + 1 < *argc ? argv[i + 1] : NULL;
		if (o->number) {
			if (!read_number(s, o->name, value, o->min, o->max, o->number))
				return false;
		} else if (value) {
			*o->text = value;
		} else {
			misuse(s, "%s: %s: a value is missing", argv[0], o->name);
			return false;
		}
		i += !attached;
	}
	*argc = kept;
	return true;
}
