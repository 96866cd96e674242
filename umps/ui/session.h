/* SPDX-License-Identifier: GPL-2.0-or-later */
/*
 * What the files of the page's server share: one machine, one thread, any number of browser
 * windows.
 *
 *   ui.c        command line, the loop: the web server's turn, the machine's turn
 *   session.c   the machine: power, running at a speed, what its terminals said
 *   points.c    stop points and traced regions, which stay when the machine is powered on again
 *   settings.c  what stays until the machine is opened again
 *   http.c      pages, the stream of events, requests; who may ask
 *   command.c   what a browser asks to do         state.c  what it is shown
 *   view.c      answers to questions: code, memory, symbols       source.c  lines of C
 *   resources.S the files of the page, built in
 *
 * Nothing here needs a lock: the web server runs only in http_serve(), the machine only in
 * session_advance().
 */
#ifndef UMPS_UI_SESSION_H
#define UMPS_UI_SESSION_H

#include <jansson.h>

#include "umps/machine/umps.h"

#define MAX_TRACES	16
#define MAX_TRACE_WORDS 1025
#define MAX_OUTPUT	(256u << 10) /* bytes kept of what a terminal or printer said */
#define MAX_LAYOUT	4096	     /* bytes, as JSON */
#define STOP_MASK	(UMPS_STOPS_EXCEPTION | UMPS_STOPS_KERNEL_REFILL | UMPS_STOPS_USER_REFILL)
#define N_OUTPUTS	(2 * UMPS_N_DEVICES) /* terminals, then printers */

/* What a device has said: bytes[] are those from position `start` on, counted since the session
 * began. */
struct output {
	uint8_t *bytes;
	size_t length;
	uint64_t start;
};

/* A region of physical memory that is shown all the time. */
struct trace {
	int id;
	char name[40];
	uint32_t address, words;
};

/* A stop point, and the symbol it was set at, to find it again in a kernel that was built anew. */
struct kept_point {
	struct umps_stop_point point;
	char symbol[40]; /* "": none */
	uint32_t offset;
};

struct speed {
	const char *name;
	uint32_t ticks_per_second; /* 0: as fast as it goes; 1: the clock rate of the machine */
};
#define N_SPEEDS 5
extern const struct speed speeds[N_SPEEDS];

struct session {
	const char *path;
	struct umps_config *config;
	struct umps *machine;  /* NULL: off */
	struct source *source; /* lines of the kernel, or NULL */
	bool record;

	bool running, idle;
	uint64_t wake;		     /* while idle: the tick of the next thing to happen */
	uint64_t pace_us, pace_tick; /* since when, real and machine, time passes at the speed */
	int speed;
	char status[600]; /* "Running", or why not */

	unsigned stop_mask; /* UMPS_STOPS_... */
	struct kept_point *points;
	int n_points;
	struct trace traces[MAX_TRACES];
	int n_traces, next_trace;

	struct output outputs[N_OUTPUTS];
	uint64_t changes; /* counts what has become different for those who look */
	bool quit;

	json_t *layout; /* what the page remembers, or NULL */
	bool settings_changed;
};

/* session.c */
int session_power_on(struct session *s, struct umps_error *error);
void session_power_off(struct session *s);
void session_continue(struct session *s);
void session_pause(struct session *s);
/* One tick. */
void session_step(struct session *s);
/* To the tick before, or to the last stop point before now. */
int session_back(struct session *s, bool to_stop_point, struct umps_error *error);
void session_set_speed(struct session *s, int speed);
/* After anything was done to the machine from outside: an idle one may have something to do. */
void session_touched(struct session *s);
/* Lets the machine run for some milliseconds; returns how many it then can do without (-1: for
 * ever). */
int session_advance(struct session *s);

/* points.c */
int session_add_point(struct session *s, struct umps_stop_point *point, struct umps_error *error);
int session_remove_point(struct session *s, int id);
int session_enable_point(struct session *s, int id, bool enabled);
/* Sets them in a new machine, where their symbols are now. */
void session_restore_points(struct session *s);
int session_add_trace(struct session *s, const char *name, uint32_t address, uint32_t words,
		      struct umps_error *error);
int session_remove_trace(struct session *s, int id);

/* Takes what the page wants to remember; false if it is no object or too much. */
bool session_set_layout(struct session *s, json_t *layout);

/* settings.c */
void settings_read(struct session *s); /* before power on */
void settings_write(struct session *s);
void settings_apply(struct session *s, const json_t *from);
json_t *settings_json(const struct session *s);

/* state.c */
json_t *state_json(const struct session *s);
/* "symbol+0x4", or "" */
void symbol_text(const struct session *s, int asid, uint32_t address, char *text, size_t size);
/* The address space in which code of CPU at ADDRESS has symbols. */
int symbol_space(const struct session *s, int cpu, uint32_t address);

/* command.c: the answer, {} or {"error": sentence} */
json_t *command_run(struct session *s, const json_t *request);

/* view.c: NULL when the question makes no sense */
json_t *view_code(const struct session *s, int cpu, const char *address);
json_t *view_memory(const struct session *s, int cpu, int asid, const char *address,
		    uint32_t length);
json_t *view_symbols(const struct session *s);
/* "main", "main+0x10", "0x20001000" */
bool parse_address(const struct session *s, const char *text, uint32_t *address);

/* http.c */
struct http;
/* PORT 0: any. NULL and a sentence on errors. */
struct http *http_start(struct session *s, int port, struct umps_error *error);
void http_stop(struct http *http);
/* Owned by the server. */
const char *http_url(const struct http *http);
/* Waits up to MS (-1: for ever) for browsers and network links, and serves them. */
void http_serve(struct http *http, int ms);

#endif
