/* SPDX-License-Identifier: LGPL-2.1-or-later */
/*
 * Words of guest files in memory, in either byte order; and the magic words that files start with.
 */
#ifndef UMPS_TOOLS_WORDS_H
#define UMPS_TOOLS_WORDS_H

#include <stdbool.h>
#include <stdint.h>

#define WORD 4u
#define PAGE 4096u

#define MAGIC_DISK  0x0053504Du
#define MAGIC_FLASH 0x0153504Du
#define MAGIC_TAPE  0x0153504Du /* as on flash devices, which took the place of tapes */
#define MAGIC_ROM   0x0253504Du
#define MAGIC_CORE  0x0353504Du
#define MAGIC_AOUT  0x0453504Du
#define MAGIC_STAB  0x4153504Du

/* The header at the start of the text segment: word numbers. */
enum aout_header {
	AOUT_MAGIC,
	AOUT_ENTRY,
	AOUT_TEXT_ADDRESS,
	AOUT_TEXT_MEMORY_SIZE,
	AOUT_TEXT_OFFSET,
	AOUT_TEXT_FILE_SIZE,
	AOUT_DATA_ADDRESS,
	AOUT_DATA_MEMORY_SIZE,
	AOUT_DATA_OFFSET,
	AOUT_DATA_FILE_SIZE,
	AOUT_GP = 42,
	AOUT_WORDS
};

/* A core file is the magic word, one page of zeros, and an a.out image. */
#define CORE_HEADER_SIZE (WORD + PAGE)

static inline uint32_t get_word(const uint8_t *bytes, bool big_endian)
{
	if (big_endian)
		return (uint32_t)bytes[0] << 24 | bytes[1] << 16 | bytes[2] << 8 | bytes[3];
	return (uint32_t)bytes[3] << 24 | bytes[2] << 16 | bytes[1] << 8 | bytes[0];
}

static inline void put_word(uint8_t *bytes, uint32_t word, bool big_endian)
{
	int i;

	for (i = 0; i < 4; i++)
		bytes[big_endian ? 3 - i : i] = word >> 8 * i;
}

#endif
