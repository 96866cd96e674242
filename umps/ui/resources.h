/* SPDX-License-Identifier: GPL-2.0-or-later */
/*
 * The files of the page, which are part of the program.
 */
#ifndef UMPS_UI_RESOURCES_H
#define UMPS_UI_RESOURCES_H

#include <stdint.h>

struct resource {
	const char *name, *type;
	const uint8_t *start, *end;
};

/* NULL: there is no such file. */
const struct resource *resource_named(const char *name);

#endif
