/* SPDX-License-Identifier: GPL-2.0-or-later */
/*
 * The driver of network adapter 0.
 */
#ifndef PIAZZA_ETHERNET_H
#define PIAZZA_ETHERNET_H

#include <stdbool.h>

#include "packet.h"

bool ethernet_present(void);

/* Reads the adapter's address and turns on interrupts for frames that arrive. */
void ethernet_start(unsigned char mac[MAC_SIZE]);

/* Sends a frame; it is padded to the least length. False if the adapter could not. */
bool ethernet_send(const unsigned char *frame, int length);

/* Waits for a frame; its length. */
int ethernet_receive(unsigned char frame[FRAME_SIZE]);

#endif
