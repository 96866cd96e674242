/* SPDX-License-Identifier: GPL-2.0-or-later */
/*
 * What programs use: the system calls as functions, and printing.
 */
#include <umps/libumps.h>

#include "program.h"

#define ADDRESS(pointer) ((unsigned int)(pointer))

int print(const char *pattern, ...)
{
	char line[128];
	va_list arguments;
	int length;

	va_start(arguments, pattern);
	length = format_list(line, sizeof(line), pattern, arguments);
	va_end(arguments);
	return SYSCALL(CALL_WRITE, ADDRESS(line), length, 0);
}

int read_line(char *text, int size)
{
	int length = SYSCALL(CALL_READ, ADDRESS(text), size - 1, 0);

	if (length == 0)
		return -1;
	if (text[length - 1] == '\n')
		length--;
	text[length] = 0;
	return length;
}

int spawn(const char *name, const char *with)
{
	return SYSCALL(CALL_SPAWN, ADDRESS(name), ADDRESS(with), 0);
}

void wait_for(int process)
{
	SYSCALL(CALL_WAIT, process, 0, 0);
}

int argument(char *text, int size)
{
	return SYSCALL(CALL_ARGUMENT, ADDRESS(text), size, 0);
}

int argument_number(int otherwise)
{
	char text[ARGUMENT_SIZE];
	const char *start = text;

	return argument(text, sizeof(text)) ? parse_number(&start) : otherwise;
}

unsigned int microseconds(void)
{
	return SYSCALL(CALL_TIME, 0, 0, 0);
}

void sleep_milliseconds(unsigned int milliseconds)
{
	SYSCALL(CALL_SLEEP, milliseconds, 0, 0);
}

int semaphore_new(int value)
{
	return SYSCALL(CALL_SEMAPHORE, value, 0, 0);
}

void semaphore_p(int semaphore)
{
	SYSCALL(CALL_P, semaphore, 0, 0);
}

void semaphore_v(int semaphore)
{
	SYSCALL(CALL_V, semaphore, 0, 0);
}

int parse_number(const char **text)
{
	int number = 0;

	while (**text >= '0' && **text <= '9')
		number = number * 10 + *(*text)++ - '0';
	while (**text == ' ')
		(*text)++;
	return number;
}
