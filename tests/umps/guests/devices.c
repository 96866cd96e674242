/* SPDX-License-Identifier: GPL-2.0-only */
/* Disk and flash DMA back and forth, by polling. */
#include "guest.h"

#ifndef ROUNDS
#define ROUNDS 100
#endif

int main(void)
{
	volatile u32 *disk = DEVICE(3, 0), *flash = DEVICE(4, 0), *data = (volatile u32 *)FREE_RAM;
	u32 sum = 0;

	for (u32 i = 0; i < 1024; i++)
		data[i] = i;
	for (u32 round = 0; round < ROUNDS; round++) {
		operate_device(disk, 2 | (round % 4) << 8, FREE_RAM);
		sum += operate_device(disk, 4 | (round % 8) << 8, FREE_RAM);
		sum += operate_device(disk, 3 | (round * 5 % 8) << 8, FREE_RAM + 0x1000);
		sum += operate_device(flash, 3 | (round % 64) << 8, FREE_RAM + 0x1000);
		sum += operate_device(flash, 2 | (round * 7 % 64) << 8, FREE_RAM);
		sum = sum * 31 + data[round % 1024];
		data[round % 1024] = sum;
	}
	show("sum", sum);
	show("tod", TOD);
	return 0;
}
