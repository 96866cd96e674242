/* SPDX-License-Identifier: GPL-2.0-or-later */
#ifndef PIAZZA_TERMINAL_H
#define PIAZZA_TERMINAL_H

/* Writes LENGTH characters in one piece. */
void terminal_write(int number, const char *text, int length);

/* Reads up to a newline, which is included, or SIZE characters; the length. */
int terminal_read(int number, char *text, int size);

#endif
