/* SPDX-License-Identifier: GPL-2.0-or-later */
/*
 * vde filter: what its files share. One thread does it all: filter.c is the cable, console.c its
 * management, options.c the command line. The dice and the queues are the impairment engine's.
 */
#ifndef VDE_CMD_FILTER_H
#define VDE_CMD_FILTER_H

#include <stdbool.h>
#include <stdint.h>
#include <sys/types.h>

#include "user/vde/cmd/cable.h"
#include "user/vde/impair/impair.h"
#include "user/vde/names/names.h"

#define SESSIONS_MAX 16
#define LINE_SIZE    1024

struct session {
	int fd; /* -1 = free */
	bool debug, ending;
	size_t used;
	char line[LINE_SIZE];
};

struct filter {
	struct cable_options options; /* -d and -P mean other things here: only end is used */
	const char *names[2];
	const char *script, *console_path, *blink_path, *blink_id;
	mode_t console_mode;
	bool daemon;
	const char *pidfile;

	struct impair_model *model;
	struct impair_channel *channel[IMPAIR_WAYS];
	struct end *end[IMPAIR_WAYS]; /* left, right: frames of way w come from end w */
	uint64_t next_step;
	bool stopping;

	struct name_listener listener;
	int blink;
	struct session sessions[SESSIONS_MAX];
};

void filter_options(struct filter *filter, int argc, char **argv);

/* 0, or -1 with a complaint. */
int filter_console_open(struct filter *filter);
void filter_console_close(struct filter *filter);

/* A client may be accepted; a session has input. */
void filter_console_accept(struct filter *filter);
void filter_console_read(struct filter *filter, struct session *session);

/* Carry out the lines of a file: 0, or -1 with a complaint that names the line. */
int filter_run_script(struct filter *filter, const char *path);

/* The current node of the Markov chain is another one: tell those who asked. */
void filter_tell_node(struct filter *filter);

#endif
