/* SPDX-License-Identifier: GPL-2.0-or-later */
/*
 * Framing of gdb's remote serial protocol ("Overview" in gdb's manual, appendix E):
 *
 *	$DATA#CC    a packet; CC is the sum of DATA's bytes as they are sent, modulo 256, in
 * hexadecimal }X          in DATA: the byte X ^ 0x20, for the bytes $ # } and *
 *	+  -        packet received, please send it again
 *	0x03        stop the program, outside packets
 */
#ifndef UMPS_GDB_PACKET_H
#define UMPS_GDB_PACKET_H

#include <stdbool.h>
#include <stddef.h>
#include <stdint.h>
#include <stdio.h>

#define PACKET_MAX 16384 /* bytes of DATA, after unescaping */

enum packet_event {
	PACKET_NOTHING,	  /* more bytes are needed */
	PACKET_COMPLETE,  /* data and length hold a packet, valid until the next byte is fed */
	PACKET_DAMAGED,	  /* wrong sum, or longer than PACKET_MAX: ask for it again */
	PACKET_RESEND,	  /* the peer wants our last packet again */
	PACKET_INTERRUPT, /* the peer wants the program stopped */
};

struct packet_reader {
	enum { OUTSIDE, INSIDE, ESCAPED, SUM_HIGH, SUM_LOW } state;
	uint8_t sum, wanted;
	bool bad;
	size_t length;
	char data[PACKET_MAX + 1]; /* NUL after the data */
};

enum packet_event packet_feed(struct packet_reader *reader, uint8_t byte);
/* Writes DATA as a packet to OUT. */
void packet_write(FILE *out, const void *data, size_t length);

/* The value of a hexadecimal digit, or -1. */
int hex_digit(char c);
/*
 * The low 32 bits of the hexadecimal number at *TEXT, which moves behind it (addresses may come
 * sign-extended); false when there is no digit, or more than 16.
 */
bool hex_number(const char **text, uint32_t *number);
/* Bytes from 2 * LENGTH digits; false when there are fewer. */
bool hex_bytes(const char *text, uint8_t *bytes, size_t length);
void hex_write(FILE *out, const void *bytes, size_t length);

#endif
