/* SPDX-License-Identifier: GPL-2.0-only */
/* Sections 9.3, 9.4: disks and flash devices, every operation with its time. */
#include "probe.h"

static u32 operate(const char *what, volatile u32 *device, u32 command, u32 memory)
{
	u32 start, end;

	device[2] = memory;
	start = TOD;
	device[1] = command;
	while (device[0] == 3)
		;
	end = TOD;
	print(what);
	print(" status=");
	print_hex(device[0]);
	print(" ticks=");
	print_hex(end - start);
	print(" pending=");
	print_hex(PENDING(3) << 8 | PENDING(4));
	put('\n');
	device[1] = 1;
	return end - start;
}

#define DISK_READ(head, sector)	 (3 | (head) << 16 | (sector) << 8)
#define DISK_WRITE(head, sector) (4 | (head) << 16 | (sector) << 8)

int main(void)
{
	volatile u32 *disk = DEVICE(3, 0), *flash = DEVICE(4, 0);
	volatile u32 *buffer = (volatile u32 *)FREE_RAM;
	u32 sum = 0;

	show("9.3 geometry", disk[3]);
	show("9.4 blocks", flash[3]);
	operate("9.3 reset", disk, 0, FREE_RAM);
	operate("9.3 seek to 10", disk, 2 | 10 << 8, FREE_RAM);
	operate("9.3 seek to 10 again", disk, 2 | 10 << 8, FREE_RAM);
	operate("9.3 seek too far", disk, 2 | 5000 << 8, FREE_RAM);
	operate("9.3 read", disk, DISK_READ(1, 3), FREE_RAM);
	operate("9.3 read again: buffered", disk, DISK_READ(1, 3), FREE_RAM);
	operate("9.3 read the next", disk, DISK_READ(1, 4), FREE_RAM);
	operate("9.3 bad head", disk, DISK_READ(9, 4), FREE_RAM);
	operate("9.3 after an error: still buffered", disk, DISK_READ(1, 4), FREE_RAM);
	operate("9.3 bad sector", disk, DISK_WRITE(0, 99), FREE_RAM);
	for (u32 i = 0; i < 1024; i++)
		buffer[i] = i * 0x01010101;
	for (u32 s = 0; s < 8; s++)
		operate("9.3 write", disk, DISK_WRITE(0, s), FREE_RAM);
	operate("9.3 read what was written: buffered", disk, DISK_READ(0, 7), FREE_RAM + 0x1000);
	for (u32 s = 0; s < 8; s += 3)
		operate("9.3 read", disk, DISK_READ(0, s), FREE_RAM + 0x1000);
	for (u32 i = 0; i < 1024; i++)
		sum += buffer[1024 + i] * i;
	show("9.3 sum", sum);
	operate("9.3 seek back to 0", disk, 2, FREE_RAM);
	operate("9.3 the other cylinder", disk, DISK_READ(0, 7), FREE_RAM + 0x1000);
	operate("9.3 unaligned DMA", disk, DISK_READ(0, 1), FREE_RAM + 2);
	operate("9.3 DMA to nowhere, buffered", disk, DISK_READ(0, 1), 0x30000000);
	operate("9.3 reset at 0", disk, 0, FREE_RAM);
	operate("9.3 seek to 3", disk, 2 | 3 << 8, FREE_RAM);
	operate("9.3 reset at 3", disk, 0, FREE_RAM);
	operate("9.3 unknown command", disk, 9, FREE_RAM);
	operate("9.4 reset", flash, 0, FREE_RAM);
	operate("9.4 write", flash, 3 | 5 << 8, FREE_RAM);
	operate("9.4 read: buffered", flash, 2 | 5 << 8, FREE_RAM + 0x1000);
	operate("9.4 read another", flash, 2 | 6 << 8, FREE_RAM + 0x1000);
	operate("9.4 read", flash, 2 | 5 << 8, FREE_RAM + 0x1000);
	operate("9.4 read too far", flash, 2 | 9999 << 8, FREE_RAM + 0x1000);
	operate("9.4 write too far", flash, 3 | 9999 << 8, FREE_RAM + 0x1000);
	operate("9.4 read after an error", flash, 2 | 5 << 8, FREE_RAM + 0x1000);
	operate("9.4 DMA to nowhere", flash, 2 | 5 << 8, 0x30000000);
	operate("9.4 read after a DMA error: buffered", flash, 2 | 5 << 8, FREE_RAM + 0x1000);
	operate("9.4 unknown command", flash, 7, FREE_RAM);
	sum = 0;
	for (u32 i = 0; i < 1024; i++)
		sum += buffer[1024 + i] * i;
	show("9.4 sum", sum);
	show("2 ticks in all", TOD);
	return 0;
}
