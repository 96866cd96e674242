/* SPDX-License-Identifier: LGPL-2.1-or-later */
/* Numbers in network order at any address, for messages made byte by byte. put returns what
 * follows. */
#ifndef LWIPV6_CONFIG_OCTETS_H
#define LWIPV6_CONFIG_OCTETS_H

#include <stdint.h>

static inline uint16_t get16(const uint8_t *p)
{
	return p[0] << 8 | p[1];
}

static inline uint32_t get32(const uint8_t *p)
{
	return (uint32_t)get16(p) << 16 | get16(p + 2);
}

static inline uint8_t *put16(uint8_t *at, uint16_t v)
{
	at[0] = v >> 8;
	at[1] = v;
	return at + 2;
}

static inline uint8_t *put32(uint8_t *at, uint32_t v)
{
	return put16(put16(at, v >> 16), v);
}

#endif
