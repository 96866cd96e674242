// SPDX-License-Identifier: GPL-2.0-or-later
/* viewctl: finds the sub-command, or the one that an old command's name stands for. */
#include <errno.h>
#include <stdio.h>
#include <string.h>

#include "ctl.h"

static const struct subcommand {
	const char *name;
	int (*main)(int argc, char **argv);
	const char *summary; /* NULL: an old name */
} subcommands[] = {
	{"info", info_main, "the view, its engine and its manager"},
	{"name", name_main, "show or set the name of the view"},
	{"who", who_main, "the processes of the view"},
	{"mounts", mounts_main, "what services have mounted"},
	{"list", list_main, "the services of the view"},
	{"types", types_main, "the file systems that can be mounted, and what is missing"},
	{"add", add_main, "add services"},
	{"remove", remove_main, "remove services"},
	{"alias", alias_main, "list, set or remove short names of mount types"},
	{"names", names_main, "show or set host name, domain name and the other names of uname(2)"},
	{"mount", mount_main, "mount a file system"},
	{"umount", umount_main, "unmount one"},
	{"diff", diff_main, "changes of the directory of umview --cow"},
	{"apply", apply_main, "make them in the directory itself"},
	{"discard", discard_main, "throw them away"},
	{"su", su_main, "a shell as another user, virtually"},
	{"sudo", sudo_main, "a command as another user, virtually"},
	{"attach", attach_main, "bring a running process into the view"},
	{"shutdown", shutdown_main, "end all processes of the view"},

	{"um_ls_service", list_main, NULL},
	{"um_add_service", add_main, NULL},
	{"um_del_service", remove_main, NULL},
	{"um_fsalias", alias_main, NULL},
	{"um_attach", attach_main, NULL},
	{"umshutdown", shutdown_main, NULL},
	{"viewname", name_main, NULL},
	{"viewmount", mount_main, NULL},
	{"viewumount", umount_main, NULL},
	{"viewsu", su_main, NULL},
	{"viewsudo", sudo_main, NULL},
	{"vuname", vuname_main, NULL},
	{"vu_lsmod", list_main, NULL},
	{"vu_insmod", add_main, NULL},
	{"vu_rmmod", remove_main, NULL},
	{"vumount", mount_main, NULL},
	{"vuumount", umount_main, NULL},
	{"vusu", su_main, NULL},
};

static const struct subcommand *find(const char *name, bool old)
{
	for (size_t i = 0; i < sizeof(subcommands) / sizeof(*subcommands); i++)
		if (!strcmp(name, subcommands[i].name) && !subcommands[i].summary == old)
			return &subcommands[i];
	return NULL;
}

static void usage(FILE *out)
{
	fprintf(out, "Usage: viewctl COMMAND [ARGUMENT...]\n\n");
	for (size_t i = 0; i < sizeof(subcommands) / sizeof(*subcommands); i++)
		if (subcommands[i].summary)
			fprintf(out, "  %-9s %s\n", subcommands[i].name, subcommands[i].summary);
	fprintf(out,
		"\n`viewctl COMMAND --help` explains a command; viewctl(1) explains them all.\n");
}

int main(int argc, char **argv)
{
	const struct subcommand *command = find(program_invocation_short_name, true);
	static char name[64];

	argp_program_version = "viewctl " VSQUARE_VERSION;
	argp_err_exit_status = STATUS_USAGE;
	if (command) {
		argv[0] = program_invocation_name = program_invocation_short_name;
		return command->main(argc, argv);
	}
	if (argc < 2 || !strcmp(argv[1], "--help") || !strcmp(argv[1], "help")) {
		usage(argc < 2 ? stderr : stdout);
		return argc < 2 ? STATUS_USAGE : 0;
	}
	if (!strcmp(argv[1], "--version")) {
		printf("%s\n", argp_program_version);
		return 0;
	}
	command = find(argv[1], false);
	if (!command) {
		fprintf(stderr,
			"viewctl: there is no command \"%s\"; `viewctl --help` lists them\n",
			argv[1]);
		return STATUS_USAGE;
	}
	snprintf(name, sizeof(name), "viewctl %s", command->name);
	argv[1] = program_invocation_name = name;
	return command->main(argc - 1, argv + 1);
}
