/* SPDX-License-Identifier: GPL-2.0-or-later */
/*
 * Devices that hold blocks of 4096 bytes: the flash device with the programs, the disk to swap on.
 */
#ifndef PIAZZA_BLOCK_H
#define PIAZZA_BLOCK_H

#include <stdbool.h>

#define BLOCK_SIZE 4096

/* Copy between a block and word-aligned physical memory; false if the device reports an error. */
bool flash_read(int block, void *memory);
bool disk_read(int block, void *memory);
bool disk_write(int block, void *memory);

int disk_blocks(void); /* 0 without a disk */

#endif
