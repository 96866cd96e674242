/* SPDX-License-Identifier: GPL-2.0-or-later */
/*
 * The sub-commands of `vde`: one file each, one function each. What they share: the ends of cables
 * (end.h), the framing of streams (stream.h), the client of management consoles (console.h).
 *
 * Exit status: 0 done, 1 failed (one sentence on stderr says why), 64 wrong usage.
 */
#ifndef VDE_CMD_COMMAND_H
#define VDE_CMD_COMMAND_H

#include <argp.h>

int plug_main(int argc, char **argv);
int tap_main(int argc, char **argv);
int filter_main(int argc, char **argv);
int slirp_main(int argc, char **argv);
int term_main(int argc, char **argv);
int cmd_main(int argc, char **argv);
int capture_main(int argc, char **argv);
int bench_main(int argc, char **argv);
int lab_main(int argc, char **argv);

/* "vde: " sentence newline, on stderr; returns 1, the exit status. */
__attribute__((format(printf, 1, 2))) int complain(const char *format, ...);

/*
 * Go into the background: the parent exits with status 0 at daemon_ready(), with 1 if the child
 * ends before. 0 or -1 (complained).
 */
int daemon_start(void);

/* The set-up is done: write the pidfile, if there is one; it is removed at exit. */
void daemon_ready(const char *pidfile);

/* Ends of the process by SIGINT, SIGTERM or SIGHUP show as input on this descriptor. */
int signals_open(void);

#endif
