/* SPDX-License-Identifier: GPL-2.0-or-later */
/* Blocks of the pcapng format (IETF draft-ietf-opsawg-pcapng), in native byte order. */
#ifndef VDE_PCAPNG_H
#define VDE_PCAPNG_H

#include <stddef.h>
#include <stdint.h>

#define PCAPNG_HEADER_MAX      128 /* of pcapng_section() and pcapng_interface() */
#define PCAPNG_PACKET_MAX(len) ((len) + 64)

/* Each writes one block and returns its length. */
size_t pcapng_section(uint8_t *to);
/* Interfaces are numbered from 0 in the order of their blocks. */
size_t pcapng_interface(uint8_t *to, const char *name);
/* time in ns since the epoch; inbound: into the switch. The frame comes in pieces by the caller,
 * who writes `len` bytes at the returned place and then calls pcapng_packet_end(). */
uint8_t *pcapng_packet(uint8_t *to, uint32_t interface, uint64_t time, uint32_t len);
size_t pcapng_packet_end(uint8_t *to, uint32_t len, int inbound);

#endif
