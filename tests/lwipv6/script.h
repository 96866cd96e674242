/* SPDX-License-Identifier: GPL-2.0-only */
/*
 * Segments by literal, for tests that read as segment in, segment out:
 *
 *	script_open(&plain);			the peer connects, the stack accepts
 *	in(". 1:1001(1000) ack 1 win 0");	from the peer
 *	out(". 1:1(0) ack 1001");		the next segment of the stack is this
 *	none();					and it sent no other
 *
 * A line has flags (S F R P U, "." for none of them, ACK comes of "ack"), sequence numbers from each
 * side's first byte, which is 1, and what else matters: "ack N", "win N" (as in the header), "urg N"
 * (the pointer), "ts" (in() only: with the connection's next timestamp), "sack A:B,C:D". in() sends
 * the window of the last line that named one; out() compares only what its line names.
 */
#ifndef TESTS_LWIPV6_SCRIPT_H
#define TESTS_LWIPV6_SCRIPT_H

#include "tests/lwipv6/wire.h"

/* The connection of the script; fd is the stack's socket. */
extern struct wire *script_wire;
extern struct conn script;

/* A stack and a connection that it accepted at @o; @setup, unless NULL, is called on the listener. */
void script_open(const struct offer *o, void (*setup)(int listener));
void script_close(void);
void in(const char *line);
/* Each is a test, named by the function that calls, row15_fin_waits(), and the line. */
#define out(line)	 ok(script_out(line), "%s: > %s%s", script_title(__func__), line, script_seen())
#define none()		 ok(script_none(), "%s: > nothing%s", script_title(__func__), script_seen())
#define says(what, good) ok(good, "%s: %s", script_title(__func__), what)
bool script_out(const char *line);
bool script_none(void);
const char *script_title(const char *function);
const char *script_seen(void); /* what came instead, or "" */
/* Virtual milliseconds go by. */
void after(unsigned int ms);
/* Segments that wait are dropped; how many there were. */
unsigned int skip(void);
/* The program's side. */
void writes(size_t len);
/* Reads what is there up to @len; how much came. */
size_t reads(size_t len);
int error_of(int fd);
#endif
