/* SPDX-License-Identifier: GPL-2.0-only */
/* What the two halves of the benchmark share: ours in bench.c, the peers in bench_peers.c. */
#ifndef TESTS_KMVIEW_BENCH_H
#define TESTS_KMVIEW_BENCH_H

#include <sys/types.h>

enum work {
	WORK_UNAME,
	WORK_OPEN, /* openat and close of one file */
	WORKS,	   /* of which each layer is measured */
	WORK_LSEEK = WORKS,
};

extern const char *const work_names[]; /* by enum work */

#define BENCH_FILE "/etc/hostname"

/* Do the work so many times: nanoseconds of each. */
double work_measure(enum work work, unsigned int times);

/* A child measured: read what it wrote to the pipe, reap it. Ends the program when there is
 * nothing. */
double measured(int pipe_end, pid_t child);

/* Print "WORK/LAYER FIGURE". */
void report(enum work work, const char *layer, double ns);

void peer_seccomp_notify(enum work work, unsigned int times);
void peer_ptrace(enum work work, unsigned int times); /* stops at every entry and exit */
void peer_ptrace_event(enum work work,
		       unsigned int times); /* stops where a seccomp filter says so */

_Noreturn void die(const char *what);

#endif
