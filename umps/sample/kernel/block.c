/* SPDX-License-Identifier: GPL-2.0-or-later */
/*
 * Flash device 0 and disk 0. Both move blocks by themselves (DMA): they are told the address and
 * interrupt when done. A disk is first told to move its arm.
 */
#include "block.h"
#include "device.h"

#define FLASH_READ 2
#define DISK_SEEK  2
#define DISK_READ  3
#define DISK_WRITE 4

struct geometry {
	int cylinders, heads, sectors;
};

static int arm; /* the disk's cylinder */

bool flash_read(int block, void *memory)
{
	unsigned int status;

	device_take(IL_FLASH, 0);
	device_registers(IL_FLASH, 0)->data0 = (unsigned int)memory;
	status = device_run(IL_FLASH, 0, block << 8 | FLASH_READ);
	device_release(IL_FLASH, 0);
	return DEVICE_CODE(status) == DEVICE_READY;
}

static struct geometry disk_geometry(void)
{
	unsigned int data1 = device_registers(IL_DISK, 0)->data1;

	return (struct geometry){data1 >> 16, data1 >> 8 & 0xFF, data1 & 0xFF};
}

int disk_blocks(void)
{
	struct geometry disk = disk_geometry();

	return device_present(IL_DISK, 0) ? disk.cylinders * disk.heads * disk.sectors : 0;
}

static bool disk_transfer(int block, void *memory, unsigned int command)
{
	struct geometry disk = disk_geometry();
	int sector = block % disk.sectors, head = block / disk.sectors % disk.heads,
	    cylinder = block / disk.sectors / disk.heads;
	bool good = true;

	device_take(IL_DISK, 0);
	if (arm != cylinder) {
		good = DEVICE_CODE(device_run(IL_DISK, 0, cylinder << 8 | DISK_SEEK)) ==
		       DEVICE_READY;
		arm = good ? cylinder : -1;
	}
	if (good) {
		device_registers(IL_DISK, 0)->data0 = (unsigned int)memory;
		good = DEVICE_CODE(device_run(IL_DISK, 0, head << 16 | sector << 8 | command)) ==
		       DEVICE_READY;
	}
	device_release(IL_DISK, 0);
	return good;
}

bool disk_read(int block, void *memory)
{
	return disk_transfer(block, memory, DISK_READ);
}

bool disk_write(int block, void *memory)
{
	return disk_transfer(block, memory, DISK_WRITE);
}
