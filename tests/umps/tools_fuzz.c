/* SPDX-License-Identifier: GPL-2.0-only */
/*
 * Fuzz target: everything the tools do with the bytes of a file. The first byte of the input says
 * what is done with the rest.
 */
#include <stdlib.h>

#include "umps/tools/elf_image.h"
#include "umps/tools/image_view.h"

int LLVMFuzzerTestOneInput(const uint8_t *data, size_t size);

static void convert(const uint8_t *data, size_t size, enum image_kind kind)
{
	struct elf_image image;
	struct umps_error error = {""};

	if (elf_image(data, size, kind, &image, &error) == 0)
		free(image.bytes);
	else if (!error.text[0])
		abort();
}

static void symbols(const uint8_t *data, size_t size)
{
	struct umps_error error = {""};
	size_t length;
	char *text = elf_symbols(data, size, &length, &error);

	if (!text && !error.text[0])
		abort();
	free(text);
}

static void view(const uint8_t *data, size_t size)
{
	static FILE *out;
	struct umps_error error;
	struct image image;

	if (!out)
		out = fopen("/dev/null", "w");
	if (image_recognise(&image, data, size, &error) != 0)
		return;
	image_show_header(&image, "fuzz", out);
	image_show_code(&image, out);
	image_show_words(&image, out);
	image_show_bytes(&image, out);
	image_show_json(&image, "fuzz", out);
}

int LLVMFuzzerTestOneInput(const uint8_t *data, size_t size)
{
	if (size == 0)
		return 0;
	switch (data[0] % 5) {
	case 0:
	case 1:
	case 2:
		convert(data + 1, size - 1, data[0] % 5);
		break;
	case 3:
		symbols(data + 1, size - 1);
		break;
	case 4:
		view(data + 1, size - 1);
		break;
	}
	return 0;
}
