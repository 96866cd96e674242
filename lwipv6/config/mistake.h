/* SPDX-License-Identifier: LGPL-2.1-or-later */
/* The first mistake in a text that a program gave: one sentence with its line. */
#ifndef LWIPV6_CONFIG_MISTAKE_H
#define LWIPV6_CONFIG_MISTAKE_H

#include <stdbool.h>
#include <stddef.h>

struct mistake {
	char *error; /* of the caller, @size bytes; may be NULL */
	size_t size;
	unsigned int line; /* being read */
	bool made;
};

/* Note it, unless there was one before; false, for the caller to return. */
__attribute__((format(printf, 2, 3))) bool mistake(struct mistake *m, const char *format, ...);

#endif
