/* SPDX-License-Identifier: GPL-2.0-only */
/*
 * Section 9.5: two of these on one switch. The one whose address ends in 1 sends a frame until it
 * is answered; the other answers it. With -DSTUCK the first sends until three writes have failed.
 */
#include "guest.h"

enum { RESET, ACK, READCONF, READNET, WRITENET, CONFIGURE };

static volatile u32 *const eth = DEVICE(5, 0);
static u8 *const out = (u8 *)FREE_RAM, *const in = (u8 *)FREE_RAM + 0x1000;
static u8 mine[6];

static u32 operate(u32 command)
{
	u32 status;

	eth[1] = command;
	while ((eth[0] & 0x7F) == 3)
		;
	status = eth[0];
	eth[1] = ACK;
	return status;
}

static void configure(void)
{
	show("9.5 reset: status", operate(RESET));
	show("9.5 READCONF: status", operate(READCONF));
	show("9.5 mode and address", eth[2]);
	show("9.5 rest of the address", eth[3]);
	mine[0] = (u8)(eth[2] >> 8);
	mine[1] = (u8)eth[2];
	for (int i = 0; i < 4; i++)
		mine[2 + i] = (u8)(eth[3] >> (24 - 8 * i));
	eth[2] = 7 << 16; /* NAMED, INTERRUPT, PROMISC */
	show("9.5 CONFIGURE: status", operate(CONFIGURE));
	eth[2] = FREE_RAM;
	eth[3] = 2000;
	show("9.5 too long: status", operate(WRITENET));
	eth[2] = FREE_RAM + 1;
	eth[3] = 64;
	show("9.5 unaligned: status", operate(WRITENET));
	show("9.5 unknown command: status", operate(77));
}

/* Sends a frame and returns the device's status. */
static u32 send(const u8 *to, char text)
{
	for (int i = 0; i < 6; i++) {
		out[i] = to[i];
		out[6 + i] = 0xEE; /* NAMED puts the address here */
	}
	out[12] = 0x88;
	out[13] = 0xB5; /* a local experiment */
	for (int i = 14; i < 61; i++)
		out[i] = (u8)text;
	eth[2] = (u32)out;
	eth[3] = 61;
	return operate(WRITENET);
}

/* Waits for a frame of ours for a while; 0: none came. */
static u32 receive(void)
{
	u32 limit = 20000;

	while (!(eth[0] & 0x80))
		if (!--limit)
			return 0;
	eth[2] = (u32)in;
	operate(READNET);
	return in[12] == 0x88 && in[13] == 0xB5 ? eth[3] : 0;
}

int main(void)
{
	static const u8 everybody[6] = {0xFF, 0xFF, 0xFF, 0xFF, 0xFF, 0xFF};
	u32 length, sender;

	configure();
	sender = mine[5] == 1;
#ifdef STUCK
	for (u32 errors = 0; errors < 3;)
		errors += (send(everybody, '?') & 0x7F) == 6;
	print("three writes failed\n");
	return 0;
#endif
	for (u32 tries = 0; tries < 500; tries++) {
		if (sender)
			send(everybody, '?');
		length = receive();
		if (!length)
			continue;
		show("9.5 length", length);
		show("9.5 sender's address ends in", in[11]);
		show("9.5 text", in[60]);
		if (sender)
			return 0;
		send(in + 6, '!');
		return 0;
	}
	print("nothing came\n");
	return 0;
}
