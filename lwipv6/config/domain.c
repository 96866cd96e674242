/* SPDX-License-Identifier: LGPL-2.1-or-later */
/* Decoding of domain names; no more than 255 bytes, no loops. */
#include "lwipv6/config/domain.h"
#include <string.h>

static bool character_good(uint8_t c)
{
	return (c >= 'a' && c <= 'z') || (c >= 'A' && c <= 'Z') || (c >= '0' && c <= '9') || c == '-' ||
	       c == '_';
}

bool domain_good(const char *text)
{
	uint32_t label = 0;

	if (!*text || strlen(text) >= DOMAIN_SIZE)
		return false;
	for (; *text; text++) {
		if (*text == '.' ? !label : !character_good(*text) || label == 63)
			return false;
		label = *text == '.' ? 0 : label + 1;
	}
	return label;
}

bool domain_next(const uint8_t *data, uint32_t len, uint32_t *at, bool compressed,
		 char text[DOMAIN_SIZE])
{
	uint32_t i = *at, n = 0, lowest = i;
	bool jumped = false;

	while (i < len && data[i]) {
		uint32_t label = data[i];

		if (label >= 0xc0) {
			if (!compressed || i + 1 >= len)
				return false;
			uint32_t to = (label & 0x3f) << 8 | data[i + 1];

			if (!jumped)
				*at = i + 2;
			if (to >= lowest)
				return false;
			jumped = true;
			i = lowest = to;
			continue;
		}
		if (label > 63 || i + 1 + label > len || n + label + 2 > DOMAIN_SIZE)
			return false;
		for (uint32_t k = 0; k < label; k++)
			if (!character_good(data[i + 1 + k]))
				return false;
		if (n)
			text[n++] = '.';
		memcpy(text + n, data + i + 1, label);
		n += label;
		i += 1 + label;
	}
	if (i >= len || !n)
		return false;
	text[n] = 0;
	if (!jumped)
		*at = i + 1;
	return true;
}
