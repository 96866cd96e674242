/* SPDX-License-Identifier: GPL-2.0-or-later */
/*
 * What the files that turn arguments into text share: decode.c (one argument, by its type),
 * decode_memory.c (strings and buffers), decode_struct.c (structures), decode_socket.c (addresses,
 * messages and options of sockets), names.c (flags and numbers), ioctls.c.
 *
 * All of them write to a stream and read the memory of the traced task, which is blocked meanwhile.
 * What cannot be read is shown as the address that the program gave.
 */
#ifndef KMTRACE_DECODE_H
#define KMTRACE_DECODE_H

#include "kmtrace.h"

#define STRING_LIMIT_MAX 65536

struct decode_style {
	size_t string_limit; /* bytes shown of a string or buffer that is no file's name */
	bool fd_paths;	     /* show what descriptors are open on */
};

extern struct decode_style style;

/* Bytes of a word of the task's program. */
static inline unsigned int word_size(const struct traced *traced)
{
	return traced->abi == KMVIEW_ABI_X64 ? 8 : 4;
}

/* The call is over and did not fail: what it writes is there. */
static inline bool succeeded(const struct traced *traced)
{
	return traced->exit && traced->result >= 0;
}

/* ---- decode_memory.c */

/* Read all of it; false: it cannot be read, or address is 0. */
bool read_whole(struct traced *traced, uint64_t address, void *buffer, size_t size);

void print_pointer(FILE *out, uint64_t address);
void print_string_arg(FILE *out, struct traced *traced, unsigned int arg, bool is_path);
void print_bytes(FILE *out, struct traced *traced, uint64_t address, uint64_t length);
void print_argv(FILE *out, struct traced *traced, uint64_t address);

/* Vectors of which so many bytes hold data; UINT64_MAX: all do. */
void print_iovecs(FILE *out, struct traced *traced, uint64_t address, uint64_t count,
		  uint64_t bytes);

/* ---- decode_struct.c */

/* Is it the type of a structure, and does the call write it? */
bool is_struct(enum kmview_type type);
bool is_written(enum kmview_type type);

/* The structure that argument arg points to; an address where the program's words are not of 64
 * bits, or where the call wrote nothing. */
void print_struct(FILE *out, struct traced *traced, unsigned int arg);

/* A set of signals, as "[INT TERM]", or "~[...]" by what it lacks. */
void print_signals(FILE *out, uint64_t set);

/* ---- decode_socket.c */

void print_sockaddr(FILE *out, struct traced *traced, uint64_t address, uint64_t length);
void print_sockaddr_out(FILE *out, struct traced *traced, unsigned int arg);
void print_message(FILE *out, struct traced *traced, unsigned int arg, uint64_t bytes);
void print_socket_option(FILE *out, struct traced *traced, unsigned int arg);
void print_socket_value(FILE *out, struct traced *traced, unsigned int arg);

/* ---- ioctls.c */

/* NULL: no name is known. */
const char *ioctl_name(uint32_t command);

#endif
