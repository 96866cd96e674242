/* SPDX-License-Identifier: GPL-2.0-or-later */
/*
 * What programs use: the system calls as functions, and printing. Pointers are the program's own.
 */
#ifndef PIAZZA_USER_PROGRAM_H
#define PIAZZA_USER_PROGRAM_H

#include "format.h"
#include "system_calls.h"

int print(const char *format, ...);  /* one line or less of 128 characters */
int read_line(char *text, int size); /* without its newline, ended by a zero; -1 at the end */
int spawn(const char *name, const char *argument); /* its number or -1 */
void wait_for(int process);
int argument(char *text, int size);
int argument_number(int otherwise); /* the argument as a number */
unsigned int microseconds(void);
void sleep_milliseconds(unsigned int milliseconds);
int semaphore_new(int value);
void semaphore_p(int semaphore);
void semaphore_v(int semaphore);

/* The number at *TEXT, which moves behind it and following blanks. */
int parse_number(const char **text);

#endif
