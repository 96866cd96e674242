/* SPDX-License-Identifier: GPL-2.0-or-later */
/*
 * Sub-commands of the program `umps`. One file per sub-command says
 *
 *	UMPS_COMMAND(gdb, "serve a debugger", gdb_main);
 *
 * and is linked in; main() finds it. NAME_main() gets argv with argv[0] = "umps NAME" and returns
 * the exit status.
 */
#ifndef UMPS_RUN_COMMAND_H
#define UMPS_RUN_COMMAND_H

struct umps_command {
	const char *name, *summary;
	int (*main)(int argc, char **argv);
};

#define UMPS_COMMAND(command, text, function)                                                      \
	static const struct umps_command command_##command = {#command, text, function};           \
	static const struct umps_command *const command_entry_##command                            \
		__attribute__((section("umps_commands"), used)) = &command_##command

#endif
