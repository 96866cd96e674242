/* SPDX-License-Identifier: GPL-2.0-or-later */
/* A command's own options. Not getopt(3), which keeps state of the process: commands run in threads. */
#include <string.h>
#include "lwipv6/programs/lwip/options.h"

static const struct option_spec *find(const struct option_spec *specs, const char *name)
{
	for (; specs->name; specs++)
		if (!strcmp(specs->name, name))
			return specs;
	return NULL;
}

bool read_options(struct session *s, const struct option_spec *specs, int *argc, char **argv)
{
	int kept = 1;

	for (int i = 1; i < *argc; i++) {
		const struct option_spec *o;

		if (argv[i][0] != '-' || !argv[i][1]) {
			argv[kept++] = argv[i];
			continue;
		}
		o = find(specs, argv[i]);
		if (!o) {
			misuse(s, "%s: %s: no such option", argv[0], argv[i]);
			return false;
		}
		if (o->set) {
			*o->set = true;
			continue;
		}
		if (o->number) {
			if (!read_number(s, argv[i], i + 1 < *argc ? argv[i + 1] : NULL, o->min, o->max, o->number))
				return false;
		} else if (i + 1 < *argc) {
			*o->text = argv[i + 1];
		} else {
			misuse(s, "%s: %s: a value is missing", argv[0], argv[i]);
			return false;
		}
		i++;
	}
	*argc = kept;
	return true;
}
