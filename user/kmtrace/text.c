// SPDX-License-Identifier: GPL-2.0-or-later
/* Bytes and numbers as C writes them. Programs that are traced choose the bytes, so nothing of them reaches a terminal raw. */
#include <ctype.h>
#include <stdio.h>
#include <string.h>

#include "kmtrace.h"

void print_number(FILE *out, long long value)
{
	unsigned long long rest =
		value < 0 ? -(unsigned long long)value : (unsigned long long)value;
	char digits[24], *at = digits + sizeof(digits);

	do
		*--at = '0' + rest % 10;
	while (rest /= 10);
	if (value < 0)
		*--at = '-';
	fwrite(at, 1, digits + sizeof(digits) - at, out);
}

/* The character is shown as it is. */
static bool is_plain(unsigned char c)
{
	return c >= ' ' && c < 0x7f && c != '"' && c != '\\';
}

void string_print(FILE *out, const char *bytes, size_t length, bool cut)
{
	static const char *const special = "\n\t\r\"\\", *const escaped = "ntr\"\\";

	fputc('"', out);
	for (size_t i = 0; i < length; i++) {
		unsigned char c = bytes[i];
		size_t run = i;
		const char *at;

		while (run < length && is_plain(bytes[run]))
			run++;
		if (run > i) {
			fwrite(bytes + i, 1, run - i, out);
			i = run - 1;
			continue;
		}
		at = c ? strchr(special, c) : NULL;
		if (at)
			fprintf(out, "\\%c", escaped[at - special]);
		else
			fprintf(out,
				i + 1 < length && isdigit((unsigned char)bytes[i + 1]) ? "\\%03o"
										       : "\\%o",
				c);
	}
	fputs(cut ? "\"..." : "\"", out);
}
