// SPDX-License-Identifier: LGPL-2.1-or-later
/*
 * How many bytes a file system takes, as its superblock says it: an image that is shorter was cut off, by a copy that
 * ended early or a disk that was full.
 *
 * The places are those of the formats' own descriptions: ext4 (the kernel's Documentation/filesystems/ext4), FAT and exFAT
 * (Microsoft's specifications), NTFS, ISO 9660 (ECMA-119 8.4), squashfs (its superblock, version 4). Numbers are
 * little-endian.
 */
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <unistd.h>

#include "umfuse.h"

struct image {
	int fd;
	off_t at;
	bool failed; /* something could not be read */
};

static uint64_t number(struct image *image, off_t at, unsigned int bytes)
{
	unsigned char raw[8];
	uint64_t value = 0;

	if (pread(image->fd, raw, bytes, image->at + at) != (ssize_t)bytes) {
		image->failed = true;
		return 0;
	}
	while (bytes--)
		value = value << 8 | raw[bytes];
	return value;
}

static bool has(struct image *image, off_t at, const char *text)
{
	char raw[16];
	size_t length = strlen(text);

	return pread(image->fd, raw, length, image->at + at) == (ssize_t)length &&
	       !memcmp(raw, text, length);
}

static uint64_t ext(struct image *image)
{
	uint64_t blocks = number(image, 1024 + 4, 4);
	unsigned int shift = number(image, 1024 + 24, 4);

	if (number(image, 1024 + 56, 2) != 0xEF53 || shift > 6)
		return 0;
	if (number(image, 1024 + 96, 4) & 0x80) /* INCOMPAT_64BIT */
		blocks |= number(image, 1024 + 336, 4) << 32;
	return blocks << (10 + shift);
}

static uint64_t fat(struct image *image)
{
	uint64_t sectors = number(image, 19, 2);

	if (number(image, 510, 2) != 0xAA55 || has(image, 3, "NTFS    ") ||
	    has(image, 3, "EXFAT   ") || !(has(image, 54, "FAT") || has(image, 82, "FAT")))
		return 0;
	return (sectors ? sectors : number(image, 32, 4)) * number(image, 11, 2);
}

static uint64_t exfat(struct image *image)
{
	unsigned int shift = number(image, 108, 1);

	return has(image, 3, "EXFAT   ") && shift <= 12 ? number(image, 72, 8) << shift : 0;
}

/* The last sector, a copy of the first, is not counted. */
static uint64_t ntfs(struct image *image)
{
	return has(image, 3, "NTFS    ") ? number(image, 40, 8) * number(image, 11, 2) : 0;
}

static uint64_t iso(struct image *image)
{
	return has(image, 32769, "CD001")
		       ? number(image, 32768 + 80, 4) * number(image, 32768 + 128, 2)
		       : 0;
}

static uint64_t squash(struct image *image)
{
	return has(image, 0, "hsqs") && number(image, 28, 2) == 4 ? number(image, 40, 8) : 0;
}

static char *probe_extent(int fd, const void *argument)
{
	static uint64_t (*const formats[])(struct image *) = {ext, fat, exfat, ntfs, iso, squash};
	const struct part *part = argument;
	char *text = NULL;

	for (size_t i = 0; !text && i < sizeof(formats) / sizeof(*formats); i++) {
		struct image image = {.fd = fd, .at = part->offset};
		uint64_t bytes = formats[i](&image);

		if (bytes && !image.failed &&
		    asprintf(&text, "%llu", (unsigned long long)bytes) < 0)
			text = NULL;
	}
	return text;
}

uint64_t image_extent(int fd, const struct part *part)
{
	char *text = apart(probe_extent, fd, part);
	unsigned long long bytes = 0;

	if (text && sscanf(text, "%llu", &bytes) != 1)
		bytes = 0;
	free(text);
	return bytes;
}
