// SPDX-License-Identifier: GPL-2.0-or-later
/* vde: finds the sub-command and hands the rest of the command line to it. */
#include <errno.h>
#include <stdarg.h>
#include <stdio.h>
#include <string.h>

#include "user/vde/cmd/command.h"

static const struct subcommand {
	const char *name;
	int (*main)(int argc, char **argv);
	const char *summary;
} subcommands[] = {
	{"plug", plug_main, "join two networks, or a network and a command or stdio"},
	{"tap", tap_main, "join a network and a tap of this machine"},
	{"filter", filter_main, "a cable that loses, delays and spoils frames"},
	{"slirp", slirp_main, "a gateway to the Internet, without privileges"},
	{"term", term_main, "terminal for the console of a switch"},
	{"cmd", cmd_main, "one command for the console of a switch"},
	{"lab", lab_main, "bring up, check and take down a described network"},
	{"capture", capture_main, "write the frames of a network, cable or port as pcapng"},
	{"bench", bench_main, "measure the way between two ends"},
};

const char *argp_program_version = "vde " VSQUARE_VERSION;

static void usage(FILE *out)
{
	fprintf(out, "Usage: vde COMMAND [ARGUMENT...]\n\n");
	for (size_t i = 0; i < sizeof(subcommands) / sizeof(*subcommands); i++)
		fprintf(out, "  %-8s  %s\n", subcommands[i].name, subcommands[i].summary);
	fprintf(out, "\n`vde COMMAND --help` explains a command; vde(1) explains them all.\n");
}

int complain(const char *format, ...)
{
	int error = errno;
	va_list args;

	va_start(args, format);
	fprintf(stderr, "vde: ");
	errno = error;
	vfprintf(stderr, format, args);
	fprintf(stderr, "\n");
	va_end(args);
	errno = error;
	return 1;
}

int main(int argc, char **argv)
{
	static char name[32];

	if (argc < 2 || strcmp(argv[1], "--help") == 0 || strcmp(argv[1], "help") == 0) {
		usage(argc < 2 ? stderr : stdout);
		return argc < 2 ? 64 : 0;
	}
	if (strcmp(argv[1], "--version") == 0) {
		printf("%s\n", argp_program_version);
		return 0;
	}
	for (size_t i = 0; i < sizeof(subcommands) / sizeof(*subcommands); i++)
		if (strcmp(argv[1], subcommands[i].name) == 0) {
			snprintf(name, sizeof(name), "vde %s", argv[1]);
			argv[1] = name;
			return subcommands[i].main(argc - 1, argv + 1);
		}
	complain("there is no command \"%s\"; `vde --help` lists them", argv[1]);
	return 64;
}
