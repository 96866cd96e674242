/* SPDX-License-Identifier: GPL-2.0-or-later */
/*
 * umps: runs uMPS3 machines. This file only finds the sub-command.
 */
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#include "umps/run/command.h"

const char *argp_program_version = "umps " VSQUARE_VERSION;

extern const struct umps_command *const __start_umps_commands[], *const __stop_umps_commands[];

static void usage(FILE *out)
{
	fprintf(out, "usage: umps COMMAND [OPTION...] [MACHINE.json | KERNEL]\n\ncommands:\n");
	for (const struct umps_command *const *c = __start_umps_commands; c < __stop_umps_commands;
	     c++)
		fprintf(out, "  %-10s %s\n", (*c)->name, (*c)->summary);
	fprintf(out, "\n`umps COMMAND --help` tells more.\n");
}

int main(int argc, char **argv)
{
	char title[64];

	if (argc < 2 || !strcmp(argv[1], "--help") || !strcmp(argv[1], "-?")) {
		usage(argc < 2 ? stderr : stdout);
		return argc < 2 ? 64 : 0;
	}
	if (!strcmp(argv[1], "--version") || !strcmp(argv[1], "-V")) {
		printf("umps " VSQUARE_VERSION "\n");
		return 0;
	}
	for (const struct umps_command *const *c = __start_umps_commands; c < __stop_umps_commands;
	     c++) {
		if (strcmp((*c)->name, argv[1]))
			continue;
		snprintf(title, sizeof(title), "umps %s", (*c)->name);
		argv[1] = title;
		return (*c)->main(argc - 1, argv + 1);
	}
	fprintf(stderr, "umps: there is no command \"%s\"; `umps --help` lists them\n", argv[1]);
	return 64;
}
