/* SPDX-License-Identifier: GPL-2.0-or-later */
/*
 * One run of `umps run`: what its files share.
 *
 *   run.c      options, and the loop: execute, look at input, sleep when there is nothing to do
 *   console.c  terminals and printers to stdio, files, ptys, telnet
 *   script.c   input scripts           observe.c  traces, profile, coverage, kernel log
 *   result.c   how it ended: exit status, JSON
 */
#ifndef UMPS_RUN_RUN_H
#define UMPS_RUN_RUN_H

#include <jansson.h>
#include <poll.h>

#include "umps/machine/umps.h"

/* Exit status by outcome. */
enum outcome {
	OUTCOME_HALT = 0, /* HALT service or power off */
	OUTCOME_PANIC = 1,
	OUTCOME_FAULT = 2,    /* no processor can go on */
	OUTCOME_LIMIT = 3,    /* of ticks or seconds */
	OUTCOME_SCRIPT = 4,   /* a script waited for something that never came */
	OUTCOME_STARVED = 5,  /* the guest waits for input and none can come any more */
	OUTCOME_USAGE = 64,   /* wrong options */
	OUTCOME_FILES = 65,   /* a bad machine file, image or script */
	OUTCOME_SIGNAL = 130, /* interrupted by the user */
};

enum connection { CONNECT_NOTHING, CONNECT_STDIO, CONNECT_FILE, CONNECT_PTY, CONNECT_TELNET };

struct console {
	enum connection kind;
	int in, out, listener; /* descriptors, -1 for none */
	int iac;	       /* telnet: bytes of a command still to come */
	bool at_end;	       /* no more input */
};

/* A word of --trace. */
#define TRACE_INSTRUCTIONS 1u
#define TRACE_CALLS	   2u
#define TRACE_EXCEPTIONS   4u
#define TRACE_DEVICES	   8u

struct run {
	struct umps *machine;
	const char *program, *machine_file;
	struct console terminals[UMPS_N_DEVICES], printers[UMPS_N_DEVICES];
	struct script *script;
	uint64_t last_output;		 /* tick */
	uint64_t output[UMPS_N_DEVICES]; /* characters that terminals sent */

	unsigned trace;
	FILE *trace_file;
	bool profile;
	const char *coverage_file;
	uint64_t *hits;	  /* by symbol, for the profile; the last one is "elsewhere" */
	uint8_t *covered; /* by word of RAM */
	const char *klog;

	uint64_t max_ticks;
	double max_seconds;
	bool json, real_time;
	volatile bool interrupted;
};

/* console.c */
int console_open(struct console *c, const char *what, int number, const char *where,
		 struct umps_error *error);
void console_close(struct console *c);
void console_write(struct console *c, uint8_t character);
/* Adds what to poll; returns how many. */
int console_poll(const struct console *c, struct pollfd *fds);
/* Moves input to terminal NUMBER; false when there was none. */
bool console_read(struct run *run, int number);
bool console_live(const struct console *c);

/* script.c */
struct script;
struct script *script_read(const char *path, struct umps_error *error);
void script_free(struct script *s);
/* Does what can be done now. False when a command failed (told on stderr). */
bool script_step(struct run *run);
/* The tick the script waits for; UINT64_MAX: none. */
uint64_t script_wake(const struct run *run);
bool script_ended(const struct script *s);
/* Is it waiting for a text? */
bool script_waits(const struct script *s);
void script_output(struct run *run, int terminal, uint8_t character);
/* What an unfinished script waits for, in words. */
void script_tell(const struct run *run, FILE *out);
/* The same as JSON; NULL if the script ended, or there is none. */
json_t *script_json(const struct script *s);

/* observe.c */
void observe_start(struct run *run);
int observe_end(struct run *run, struct umps_error *error);

/* result.c */
enum outcome outcome_of(const struct run *run, const struct umps_stop *stop);
void result_print(const struct run *run, enum outcome outcome, const struct umps_stop *stop,
		  double seconds, FILE *out);
/* What kept the machine from running. */
void result_print_failure(const struct run *run, const char *sentence, FILE *out);
const char *outcome_name(enum outcome outcome);

#endif
