/* SPDX-License-Identifier: GPL-2.0-or-later */
/*
 * Counts the primes below its argument with the sieve of Eratosthenes: work for the processor.
 */
#include "program.h"

#define MOST 20000

static char composite[MOST];

int main(void)
{
	int limit = argument_number(1000), count = 0, i, j;

	if (limit > MOST)
		limit = MOST;
	for (i = 2; i < limit; i++) {
		if (composite[i])
			continue;
		count++;
		for (j = 2 * i; j < limit; j += i)
			composite[j] = 1;
	}
	print("%d primes below %d\n", count, limit);
	return 0;
}
