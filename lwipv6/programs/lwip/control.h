/* SPDX-License-Identifier: GPL-2.0-or-later */
/*
 * The control socket, SOCK_SEQPACKET in a directory only its owner enters:
 *
 *   client -> daemon  struct control_request, then the arguments, each ended by a zero byte; with
 * it four descriptors: standard input, output, errors, the working directory daemon -> client  an
 * exit status (int) when the command has ended
 *
 * Closing the connection cancels the command.
 */
#ifndef LWIPV6_PROGRAMS_LWIP_CONTROL_H
#define LWIPV6_PROGRAMS_LWIP_CONTROL_H

#include <stdint.h>

#define CONTROL_MAGIC	  0x6c776970
#define CONTROL_FDS	  4
#define CONTROL_MAX	  65536
#define CONTROL_ARGUMENTS 1024

struct control_request {
	uint32_t magic;
	uint8_t json, family, unused[2];
};

#endif
