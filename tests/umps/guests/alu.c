/* SPDX-License-Identifier: GPL-2.0-only */
/* Register arithmetic only: a xorshift generator with adds, compares and shifts. */
#include "guest.h"

#ifndef ROUNDS
#define ROUNDS 1000000
#endif

int main(void)
{
	u32 x = 1, sum = 0, larger = 0;

	for (u32 i = 0; i < ROUNDS; i++) {
		x ^= x << 13;
		x ^= x >> 17;
		x ^= x << 5;
		sum += x;
		larger += sum < x;
		sum ^= larger;
	}
	show("sum", sum);
	show("tod", TOD);
	return 0;
}
