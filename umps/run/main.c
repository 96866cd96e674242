/* SPDX-License-Identifier: GPL-2.0-or-later */
/*
 * umps: runs uMPS3 machines. This file only finds the sub-command, in this program or in one beside
 * it.
 */
#include <errno.h>
#include <limits.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <unistd.h>

#include "umps/run/command.h"

const char *argp_program_version = "umps " VSQUARE_VERSION;

extern const struct umps_command *const __start_umps_commands[], *const __stop_umps_commands[];

/* Commands that are programs of their own, beside this one. */
static const struct {
	const char *name, *summary;
} programs[] = {
	{"ui", "show a machine in a page"},
	{"elf2umps", "make kernels, programs and ROMs from ELF files"},
	{"mkdev", "make disk and flash images"},
	{"objdump", "show what is in such files"},
};

/* umps-NAME beside this program. */
static void program_path(const char *name, char *path, size_t size)
{
	char self[PATH_MAX];
	ssize_t length = readlink("/proc/self/exe", self, sizeof(self) - 1);

	self[length < 0 ? 0 : length] = 0;
	snprintf(path, size, "%.*s/umps-%s",
		 (int)(strrchr(self, '/') ? strrchr(self, '/') - self : 0), self, name);
}

/* Returns only if there is no such program. */
static void execute_program(const char *name, char **argv)
{
	char path[PATH_MAX + 32], title[64];

	for (unsigned i = 0; i < sizeof(programs) / sizeof(programs[0]); i++) {
		if (strcmp(programs[i].name, name))
			continue;
		program_path(name, path, sizeof(path));
		snprintf(title, sizeof(title), "umps-%s", name);
		argv[0] = title;
		execv(path, argv);
		fprintf(stderr, "umps: %s cannot be started: %s\n", path, strerror(errno));
		exit(69);
	}
}

static void usage(FILE *out)
{
	char path[PATH_MAX + 32];

	fprintf(out, "usage: umps COMMAND [OPTION...] [MACHINE.json | KERNEL]\n\ncommands:\n");
	for (const struct umps_command *const *c = __start_umps_commands; c < __stop_umps_commands;
	     c++)
		fprintf(out, "  %-10s %s\n", (*c)->name, (*c)->summary);
	for (unsigned i = 0; i < sizeof(programs) / sizeof(programs[0]); i++) {
		program_path(programs[i].name, path, sizeof(path));
		if (!access(path, X_OK))
			fprintf(out, "  %-10s %s\n", programs[i].name, programs[i].summary);
	}
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
	execute_program(argv[1], argv + 1);
	fprintf(stderr, "umps: there is no command \"%s\"; `umps --help` lists them\n", argv[1]);
	return 64;
}
