/* SPDX-License-Identifier: GPL-2.0-only */
/* Memory copies: words and bytes, 4 KiB at a time. */
#include "guest.h"

#ifndef ROUNDS
#define ROUNDS 1000
#endif

static u32 from[1024], to[1024];

int main(void)
{
	u32 sum = 0;

	for (u32 i = 0; i < 1024; i++)
		from[i] = i * 0x9E3779B9;
	for (u32 round = 0; round < ROUNDS; round++) {
		for (u32 i = 0; i < 1024; i++)
			to[i] = from[i];
		for (u32 i = 0; i < 1024; i++)
			((volatile u8 *)from)[i] = ((u8 *)to)[i + 1];
		sum = sum * 31 + from[round & 1023];
	}
	show("sum", sum);
	show("tod", TOD);
	return 0;
}
