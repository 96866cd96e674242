/* SPDX-License-Identifier: GPL-2.0-or-later */
/*
 * Terminals, one character and one interrupt at a time.
 */
#include "device.h"
#include "terminal.h"

#define RECEIVE	 2
#define TRANSMIT 2
#define RECEIVED 5

void terminal_write(int number, const char *text, int length)
{
	device_take(TRANSMITTER, number);
	while (length-- > 0)
		device_run(TRANSMITTER, number, (unsigned char)*text++ << 8 | TRANSMIT);
	device_release(TRANSMITTER, number);
}

int terminal_read(int number, char *text, int size)
{
	unsigned int status;
	int length = 0;

	device_take(IL_TERMINAL, number);
	while (length < size) {
		status = device_run(IL_TERMINAL, number, RECEIVE);
		if (DEVICE_CODE(status) != RECEIVED)
			break;
		text[length++] = status >> 8;
		if (text[length - 1] == '\n')
			break;
	}
	device_release(IL_TERMINAL, number);
	return length;
}
