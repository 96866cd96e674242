/* SPDX-License-Identifier: GPL-2.0-or-later */
/*
 * The directory of programs; it is read once, headers when they are needed.
 */
#include <umps/aout.h>

#include "block.h"
#include "device.h"
#include "format.h"
#include "process.h"
#include "program.h"

#define AOUT_MAGIC 0x0453504D

struct entry {
	char name[NAME_SIZE];
	unsigned int first_block;
	unsigned int unused;
};
#define MAX_ENTRIES ((int)(BLOCK_SIZE / sizeof(struct entry)))

static struct entry directory[MAX_ENTRIES];
static unsigned int header[BLOCK_SIZE / sizeof(unsigned int)];
static struct semaphore buffers_free = {1, {0}};
static bool directory_read;

/* Reads the directory at the first use, by whichever process that is. */
static bool have_directory(void)
{
	if (!directory_read && device_present(IL_FLASH, 0))
		directory_read = flash_read(0, directory);
	return directory_read;
}

const char *program_name(int slot)
{
	const char *name = NULL;

	semaphore_take(&buffers_free);
	if (have_directory() && slot >= 0 && slot < MAX_ENTRIES && directory[slot].name[0])
		name = directory[slot].name;
	semaphore_give(&buffers_free);
	return name;
}

bool program_find(const char *name, struct program *program)
{
	int slot;
	bool found = false;

	semaphore_take(&buffers_free);
	for (slot = 0; have_directory() && slot < MAX_ENTRIES && directory[slot].name[0]; slot++) {
		if (!text_equal(directory[slot].name, name))
			continue;
		if (flash_read(directory[slot].first_block, header) &&
		    header[AOUT_HE_TAG] == AOUT_MAGIC) {
			program->first_block = directory[slot].first_block;
			program->text_pages = header[AOUT_HE_TEXT_FILESZ] / BLOCK_SIZE;
			program->file_pages =
				program->text_pages + header[AOUT_HE_DATA_FILESZ] / BLOCK_SIZE;
			found = program->file_pages < N_PAGES;
		}
		break;
	}
	semaphore_give(&buffers_free);
	return found;
}
