/* SPDX-License-Identifier: GPL-2.0-or-later */
/* The members of a listing's entry, for its print(). */
#ifndef VDE_LISTING_H
#define VDE_LISTING_H

#include <jansson.h>
#include <stdbool.h>
#include <stdlib.h>
#include <string.h>

static inline long long listing_number(const json_t *entry, const char *key)
{
	return json_integer_value(json_object_get(entry, key));
}

static inline const char *listing_text(const json_t *entry, const char *key)
{
	return json_string_value(json_object_get(entry, key));
}

static inline bool listing_true(const json_t *entry, const char *key)
{
	return json_is_true(json_object_get(entry, key));
}

/* Bytes that a file system or a kernel gave, as text: what is not UTF-8 becomes question marks. */
static inline json_t *listing_bytes(const char *bytes)
{
	json_t *text = json_string(bytes);
	char *copy;

	if (text)
		return text;
	copy = strdup(bytes);
	for (char *at = copy; copy && *at; at++)
		if (*at & 0x80)
			*at = '?';
	text = json_string(copy ? copy : "?");
	free(copy);
	return text;
}

#endif
