/* SPDX-License-Identifier: LGPL-2.1-or-later */
/*
 * Randomness of a stack: getrandom(2) for keys, SipHash-2-4 with those keys for everything an
 * outsider must not predict (initial sequence numbers, ports, fragment identifiers, cookies,
 * interface identifiers, hash tables), a counter run through it for plain random numbers.
 * A stack made with a seed repeats its numbers: tests with a virtual clock use that.
 */
#ifndef LWIPV6_CORE_RANDOM_H
#define LWIPV6_CORE_RANDOM_H

#include <stddef.h>
#include <stdint.h>

struct random_state {
	uint64_t key[2];
	uint64_t counter;
};

void random_init(struct random_state *r, uint64_t seed); /* seed 0 = from the kernel */
uint64_t siphash(const uint64_t key[2], const void *data, size_t len);
uint64_t random_u64(struct random_state *r);
/* Uniform in [0, bound). */
uint32_t random_below(struct random_state *r, uint32_t bound);

#endif
