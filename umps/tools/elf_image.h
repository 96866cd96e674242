/* SPDX-License-Identifier: LGPL-2.1-or-later */
/*
 * ELF files of the MIPS tool chain turned into what the machine and its kernels load.
 */
#ifndef UMPS_TOOLS_ELF_IMAGE_H
#define UMPS_TOOLS_ELF_IMAGE_H

#include <stdbool.h>
#include <stddef.h>
#include <stdint.h>

#include "umps/machine/umps.h"

enum image_kind {
	IMAGE_CORE, /* a kernel: magic, a zero page, program image with room for its bss */
	IMAGE_AOUT, /* a program: image without bss */
	IMAGE_ROM,  /* magic, size in words, code */
};

struct elf_image {
	uint8_t *bytes; /* malloc'ed: the whole file */
	size_t size;
	bool big_endian;    /* as the ELF file */
	char warnings[512]; /* lines; empty if there is nothing to say */
};

/*
 * Converts the ELF file in memory. Returns 0, or -1 with a sentence that starts with the offending
 * part of the file; then nothing is allocated.
 */
int elf_image(const void *elf, size_t length, enum image_kind kind, struct elf_image *image,
	      struct umps_error *error);

/* The symbol table file of an ELF file: malloc'ed text of *SIZE bytes, or NULL and a sentence. */
char *elf_symbols(const void *elf, size_t length, size_t *size, struct umps_error *error);

#endif
