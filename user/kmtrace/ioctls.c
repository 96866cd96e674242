// SPDX-License-Identifier: GPL-2.0-or-later
/*
 * Names of ioctl(2) commands. The table is made from the kernel's headers by ioctls.sh. Several
 * drivers may use a number; the name that comes first in the alphabet is shown.
 */
#include <stddef.h>

#include "build/gen/kmtrace/ioctls.inc"
#include "decode.h"

const char *ioctl_name(uint32_t command)
{
	for (size_t i = 0; i < sizeof(commands) / sizeof(commands[0]); i++)
		if (commands[i].command == command)
			return commands[i].name;
	return NULL;
}
