/* SPDX-License-Identifier: GPL-2.0-or-later */
/*
 * Text, in the kernel and in programs.
 */
#ifndef PIAZZA_FORMAT_H
#define PIAZZA_FORMAT_H

#include <stdarg.h>
#include <stddef.h>
#include <stdbool.h>

/*
 * Writes FORMAT with its arguments into TEXT, at most SIZE bytes with the final zero; returns the
 * length. Knows %s, %c, %d, %u, %x (hexadecimal) and a width, as in %8u, %-8s or %08x.
 */
int format(char *text, int size, const char *format, ...);
int format_list(char *text, int size, const char *format, va_list arguments);

bool text_equal(const char *a, const char *b);
int text_length(const char *text);

/* What compilers call by themselves. */
void *memcpy(void *to, const void *from, size_t length);
void *memset(void *to, int byte, size_t length);
int memcmp(const void *a, const void *b, size_t length);

#endif
