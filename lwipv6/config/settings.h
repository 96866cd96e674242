/* SPDX-License-Identifier: LGPL-2.1-or-later */
/* Settings of a stack by name, settings.c. */
#ifndef LWIPV6_CONFIG_SETTINGS_H
#define LWIPV6_CONFIG_SETTINGS_H

#include <stdbool.h>
#include <stddef.h>

struct stack;

/* Whether there is a setting of this name. */
bool setting_exists(const char *name);
/* Set it, under the stack's lock. False with one sentence in @error when it cannot be. */
bool setting_set(struct stack *stack, const char *name, const char *value, char *error,
		 size_t size);
#endif
