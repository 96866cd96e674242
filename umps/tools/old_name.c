/* SPDX-License-Identifier: GPL-2.0-or-later */
/*
 * See old_name.h.
 */
#include <errno.h>
#include <stdio.h>
#include <string.h>

#include "umps/tools/old_name.h"

bool called_by_old_name(void)
{
	return !strncmp(program_invocation_short_name, "umps3-", 6) ||
	       !strncmp(program_invocation_short_name, "umps2-", 6);
}

void warn_of_ignored(const char *argument)
{
	fprintf(stderr, "%s: \"%s\" means nothing here and is ignored\n",
		program_invocation_short_name, argument);
}
