/* SPDX-License-Identifier: GPL-2.0-or-later */
/*
 * What programs ask the kernel for. The number goes in a0, arguments in a1 to a3, the result comes
 * in v0; FAILED where there is nothing better to say. Pointers are the program's own addresses.
 */
#ifndef PIAZZA_SYSTEM_CALLS_H
#define PIAZZA_SYSTEM_CALLS_H

enum system_call {
	CALL_EXIT,	/* (): ends the process; also what returning from main() does */
	CALL_WRITE,	/* (text, length): to the process's terminal; length */
	CALL_READ,	/* (text, size): a line from it, newline included; length */
	CALL_SPAWN,	/* (name, argument): starts a program; its process number */
	CALL_WAIT,	/* (process): until that child has ended */
	CALL_ARGUMENT,	/* (text, size): what this program was started with; length */
	CALL_TIME,	/* (): microseconds since power on, modulo 2^32 */
	CALL_SLEEP,	/* (milliseconds): at least so long */
	CALL_SEMAPHORE, /* (value): a new semaphore; its number */
	CALL_P,		/* (semaphore): take one, wait for it */
	CALL_V,		/* (semaphore): give one */
	CALL_PROCESS,	/* (slot, struct process_info *): who is there; 1 if somebody */
	CALL_PROGRAM,	/* (slot, char name[NAME_SIZE]): what can be started; 1 if something */
	CALL_MEMORY,	/* (struct memory_info *) */
	CALL_NETWORK,	/* (struct network_info *, address or 0): sets the address if given */
	CALL_PING,	/* (address, microseconds *): 0 when answered within a second */
	CALL_HALT,	/* (): stops the machine */
};

#define FAILED	      ((unsigned int)-1)
#define NAME_SIZE     24
#define ARGUMENT_SIZE 64

struct process_info {
	int number, parent, terminal;
	char name[NAME_SIZE];
	char state[12];
	unsigned int microseconds; /* of processor time */
	int resident;		   /* pages in memory */
};

struct memory_info {
	int frames, free_frames;
	unsigned int faults, page_ins, page_outs;
};

struct network_info {
	int present;
	unsigned int address; /* first byte of the four on top: 10.0.0.1 is 0x0A000001 */
	unsigned char mac[6];
	unsigned int received, sent, answered; /* frames; pings answered */
};

#endif
