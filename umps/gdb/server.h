/* SPDX-License-Identifier: GPL-2.0-or-later */
/*
 * What the files of the gdb server share: one debugger, one machine, one thread.
 *
 *   packet.c       bytes <-> packets             description.c  registers and their XML
 *   server.c       packets -> actions, replies   query.c        the q packets
 *   resume.c       time passes, forward and back monitor.c      commands of ours, `monitor ...`
 *   points.c       breakpoints and watchpoints   power.c        the machine
 *   gdb.c          command line, connections
 *
 * Every processor is a thread, number CPU + 1. They advance in lock step, so resuming one resumes
 * all.
 *
 * Address spaces: gdb knows one. `asid` says which one its addresses at and above the TLB floor
 * mean: -1, the current one of the processor it looks at (and any, for breakpoints), 0..63, or 64
 * for physical addresses.
 */
#ifndef UMPS_GDB_SERVER_H
#define UMPS_GDB_SERVER_H

#include "umps/gdb/description.h"
#include "umps/gdb/packet.h"
#include "umps/machine/umps.h"

#define CURRENT_ASID (-1)

struct point;

struct server {
	struct umps_config *config;
	bool record, interpreter;
	struct umps *machine;
	struct description *description;
	int in, out;   /* the debugger; -1: none */
	bool closed;   /* it hung up */
	bool finished; /* it asked to end the machine */
	bool detached; /* the machine runs on without it */
	bool no_acknowledge, extended, swbreak;
	struct packet_reader reader;
	uint8_t input[4096]; /* bytes received and not yet looked at: [input_at, input_end) */
	size_t input_at, input_end;
	char *last; /* the packet sent last, as DATA */
	size_t last_length;

	int cpu; /* the thread of g, p, m... */
	int asid;
	struct point *points;
	int n_points;
	unsigned exception_stops;
	struct umps_stop stop; /* why the machine stands still */
	bool ended;	       /* it was said that the machine has ended */

	int terminal;		 /* shown to the user; -1: none */
	bool console_in_packets; /* terminal output as O packets rather than on standard output */
	uint8_t console[512];
	size_t console_length;
	int keyboard; /* descriptor of that terminal's input; -1: none */
};

/* power.c */
/* Powers the machine of server->config on, again if there was one. Stop points stay. */
int server_power_on(struct server *s, struct umps_error *error);
/* Ends the machine and frees everything but the server itself and its configuration. */
void server_power_off(struct server *s);

/* server.c: serves what the debugger sends next; returns when the connection or the session ends.
 */
void server_handle(struct server *s, const char *packet, size_t length);
void server_connected(struct server *s);
void server_serve(struct server *s);
/* The next byte from the debugger. */
void server_take(struct server *s, uint8_t byte);
/* Reads what there is, at most once; sets closed at the end of the connection. */
void receive(struct server *s);
void send_packet(struct server *s, const void *data, size_t length);
void send_text(struct server *s, const char *text);
/* E.sentence */
void send_error(struct server *s, const char *format, ...) __attribute__((format(printf, 2, 3)));
/* Text in the debugger's console; only while the machine runs or a monitor command is executed. */
void send_console(struct server *s, const void *text, size_t length);
/* Passes on what the terminal has said. */
void show_console(struct server *s);
/* A thread id ("-1", "0": any); false: malformed or no such processor. */
bool parse_thread(const char **text, int *cpu, bool *any);

/* query.c */
void handle_query(struct server *s, const char *packet, size_t length);

/* resume.c */
/* Lets a machine without debugger run until DESCRIPTOR is readable. */
void resume_detached(struct server *s, int descriptor);
enum direction { FORWARD, BACKWARD };
/* Until something stops the machine or the debugger interrupts. */
struct umps_stop resume_continue(struct server *s, enum direction direction);
/* One instruction of a processor. */
struct umps_stop resume_step(struct server *s, int cpu, enum direction direction);
/* Instructions of a processor while its PC is in [start, end). */
struct umps_stop resume_range(struct server *s, int cpu, uint32_t start, uint32_t end);
/* The reply that says why the machine stopped. */
void send_stop(struct server *s);
/* Can time be reversed? */
bool can_reverse(const struct server *s);

/* points.c: TYPE as in the packets: 0, 1 breakpoints, 2 write, 3 read, 4 access */
int point_insert(struct server *s, int type, uint32_t address, uint32_t length,
		 struct umps_error *error);
int point_remove(struct server *s, int type, uint32_t address, uint32_t length,
		 struct umps_error *error);
/* Sets them all in a new machine. */
void points_restore(struct server *s);
void points_clear(struct server *s);
/* The type and the first address of the watchpoint with machine id ID that this access hit. */
int point_hit(const struct server *s, const struct umps_stop *stop, uint32_t *address);

/* monitor.c */
void handle_monitor(struct server *s, const char *command);

#endif
