/* SPDX-License-Identifier: GPL-2.0-or-later */
/*
 * The network: enough of IPv4 over Ethernet to be found (ARP) and to answer and send pings (ICMP).
 * Addresses are numbers, first byte on top: 10.0.0.1 is 0x0A000001.
 */
#ifndef PIAZZA_NETWORK_H
#define PIAZZA_NETWORK_H

#include <stdbool.h>

#include "system_calls.h"

/* Starts the process that serves adapter 0, if there is one. */
void network_start(void);

void network_set_address(unsigned int address);
void network_information(struct network_info *info);

/* Sends a ping and waits up to a second; how long the answer took, false if none came. */
bool network_ping(unsigned int address, unsigned int *microseconds);

#endif
