/* SPDX-License-Identifier: LGPL-2.1-or-later */
/*
 * Internet checksum (RFC 1071). Sums are 32-bit partial one's complement sums in network order as
 * they lie in memory; fold once at the end.
 */
#ifndef LWIPV6_CORE_CHECKSUM_H
#define LWIPV6_CORE_CHECKSUM_H

#include <stddef.h>
#include <stdint.h>
#include "lwipv6/core/address.h"

/* Sum of @len bytes added to @sum; the bytes begin at an even offset of what is summed. */
uint32_t checksum_add(uint32_t sum, const void *data, size_t len);
/* The same when the bytes begin at an odd offset. */
uint32_t checksum_add_odd(uint32_t sum, const void *data, size_t len);
/* IPv4 or IPv6 pseudo header, by the kind of the addresses. */
uint32_t checksum_pseudo(const struct ip_addr *src, const struct ip_addr *dst, uint8_t protocol,
			 uint32_t len);
/* Replace a 16-bit word in a complete checksum (RFC 1624). */
uint16_t checksum_update16(uint16_t check, uint16_t from, uint16_t to);
uint16_t checksum_update32(uint16_t check, uint32_t from, uint32_t to);

static inline uint16_t checksum_fold(uint32_t sum)
{
	sum = (sum & 0xffff) + (sum >> 16);
	sum = (sum & 0xffff) + (sum >> 16);
	return ~sum;
}

#endif
