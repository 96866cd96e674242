/* SPDX-License-Identifier: LGPL-2.1-or-later */
/* SipHash-2-4 (Aumasson, Bernstein: "SipHash: a fast short-input PRF") and numbers made with it. */
#include "lwipv6/core/random.h"
#include <string.h>
#include <sys/random.h>

static inline uint64_t rotate(uint64_t x, int n)
{
	return x << n | x >> (64 - n);
}

static void rounds(uint64_t v[4], int n)
{
	while (n--) {
		v[0] += v[1];
		v[1] = rotate(v[1], 13) ^ v[0];
		v[0] = rotate(v[0], 32);
		v[2] += v[3];
		v[3] = rotate(v[3], 16) ^ v[2];
		v[0] += v[3];
		v[3] = rotate(v[3], 21) ^ v[0];
		v[2] += v[1];
		v[1] = rotate(v[1], 17) ^ v[2];
		v[2] = rotate(v[2], 32);
	}
}

uint64_t siphash(const uint64_t key[2], const void *data, size_t len)
{
	uint64_t v[4] = {key[0] ^ 0x736f6d6570736575ULL, key[1] ^ 0x646f72616e646f6dULL,
			 key[0] ^ 0x6c7967656e657261ULL, key[1] ^ 0x7465646279746573ULL};
	const uint8_t *p = data;
	uint64_t word, last = (uint64_t)len << 56;

	for (; len >= 8; len -= 8, p += 8) {
		memcpy(&word, p, 8);
		v[3] ^= word;
		rounds(v, 2);
		v[0] ^= word;
	}
	word = 0;
	memcpy(&word, p, len);
	last |= word;
	v[3] ^= last;
	rounds(v, 2);
	v[0] ^= last;
	v[2] ^= 0xff;
	rounds(v, 4);
	return v[0] ^ v[1] ^ v[2] ^ v[3];
}

void random_init(struct random_state *r, uint64_t seed)
{
	r->counter = 0;
	if (seed) {
		r->key[0] = seed;
		r->key[1] = ~seed;
		return;
	}
	/* Up to 256 bytes come whole once the kernel's pool is ready; EINTR only before that. */
	while (getrandom(r->key, sizeof(r->key), 0) != sizeof(r->key))
		;
}

uint64_t random_u64(struct random_state *r)
{
	r->counter++;
	return siphash(r->key, &r->counter, sizeof(r->counter));
}

uint32_t random_below(struct random_state *r, uint32_t bound)
{
	return (uint64_t)(uint32_t)random_u64(r) * bound >> 32;
}
