/* SPDX-License-Identifier: LGPL-2.1-or-later */
/* The Internet checksum, summed in 64-bit words with deferred carries. */
#include "lwipv6/core/checksum.h"

static uint32_t reduce(uint64_t sum)
{
	sum = (sum & 0xffffffff) + (sum >> 32);
	sum = (sum & 0xffffffff) + (sum >> 32);
	return sum;
}

uint32_t checksum_add(uint32_t start, const void *data, size_t len)
{
	const uint8_t *p = data;
	uint64_t a = start, b = 0;

	/* Sums of 32-bit words: 2^32 of them fit before a carry is lost. */
	for (; len >= 32; len -= 32, p += 32) {
		uint32_t w[8];

		memcpy(w, p, 32);
		a += (uint64_t)w[0] + w[1] + w[2] + w[3];
		b += (uint64_t)w[4] + w[5] + w[6] + w[7];
	}
	a += reduce(b);
	for (; len >= 4; len -= 4, p += 4) {
		uint32_t w;

		memcpy(&w, p, 4);
		a += w;
	}
	if (len) {
		uint8_t last[4] = {0};

		memcpy(last, p, len);
		uint32_t w;

		memcpy(&w, last, 4);
		a += w;
	}
	return reduce(a);
}

uint32_t checksum_add_odd(uint32_t sum, const void *data, size_t len)
{
	uint32_t odd = (uint16_t)~checksum_fold(checksum_add(0, data, len));

	return checksum_add(sum, &(uint16_t){odd >> 8 | odd << 8}, 2);
}

uint32_t checksum_pseudo(const struct ip_addr *src, const struct ip_addr *dst, uint8_t protocol,
			 uint32_t len)
{
	uint32_t tail[2] = {htonl(len), htonl(protocol)};
	uint32_t sum = checksum_add(0, tail, sizeof(tail));

	if (ip_is_v4(src) && ip_is_v4(dst))
		return checksum_add(checksum_add(sum, &src->addr[3], 4), &dst->addr[3], 4);
	return checksum_add(checksum_add(sum, src, 16), dst, 16);
}

uint16_t checksum_update16(uint16_t check, uint16_t from, uint16_t to)
{
	uint32_t sum = (uint16_t)~check + (uint32_t)(uint16_t)~from + to;

	return checksum_fold(sum);
}

uint16_t checksum_update32(uint16_t check, uint32_t from, uint32_t to)
{
	check = checksum_update16(check, from >> 16, to >> 16);
	return checksum_update16(check, from & 0xffff, to & 0xffff);
}
