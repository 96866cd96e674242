/* SPDX-License-Identifier: GPL-2.0-or-later */
/*
 * A program for the sample operating system that makes system calls without sense: its argument
 * seeds numbers and addresses. Some of its processes do not
 * survive it; the kernel must.
 */
#include <umps/libumps.h>

#include "program.h"

#define CALLS 60

static unsigned int state;
static char buffer[8192];
static const char child[] = "hello"; /* a shell would take over the terminal */

static unsigned int next(unsigned int limit)
{
	state = state * 1664525 + 1013904223;
	return (state >> 8) % limit;
}

static unsigned int address(void)
{
	switch (next(150)) {
	case 0:
		return next(0x10000) << 16 | next(0x10000);
	case 1:
		return 0x20001000 + next(0x10000); /* the kernel */
	case 2:
		return 0x8001EFF8 + next(16); /* the end of the program's memory */
	case 3:
		return 0xBFFFFFF8 + next(16); /* the end of its stack */
	case 4:
		return (unsigned int)address; /* its instructions */
	default:
		return (unsigned int)buffer + next(next(2) ? 2 : 6000);
	}
}

int main(void)
{
	static const enum system_call calls[] = {
		CALL_WRITE,  CALL_SPAWN,     CALL_WAIT, CALL_ARGUMENT, CALL_TIME,
		CALL_SLEEP,  CALL_SEMAPHORE, CALL_V,	CALL_PROCESS,  CALL_PROGRAM,
		CALL_MEMORY, CALL_NETWORK,   CALL_READ,
	};
	enum system_call call;
	int i;

	state = argument_number(1);
	for (i = 0; i < CALLS; i++) {
		call = calls[next(sizeof(calls) / sizeof(*calls))];
		switch (call) {
		case CALL_WRITE:
			SYSCALL(call, address(), next(40) ? next(40) : next(0x10000) << 16, 0);
			break;
		case CALL_READ: /* nothing would come */
			SYSCALL(call, address(), 0, 0);
			break;
		case CALL_SPAWN:
			SYSCALL(call, next(8) ? (unsigned int)child : next(0x10000) << 16,
				address(), 0);
			break;
		case CALL_WAIT:
			SYSCALL(call, next(40), 0, 0);
			break;
		case CALL_ARGUMENT:
			SYSCALL(call, address(), next(4) ? next(100) : next(0x10000) << 16, 0);
			break;
		case CALL_SLEEP:
			SYSCALL(call, next(200), 0, 0);
			break;
		case CALL_SEMAPHORE:
		case CALL_V:
			SYSCALL(call, next(2) ? next(20) : next(0x10000) << 16, 0, 0);
			break;
		case CALL_PROCESS:
		case CALL_PROGRAM:
			SYSCALL(call, next(2) ? next(20) : next(0x10000) << 16, address(), 0);
			break;
		default:
			SYSCALL(call, address(), 0, 0);
		}
	}
	print("\nnoise is over\n");
	return 0;
}
