/* SPDX-License-Identifier: GPL-2.0-or-later */
/*
 * The tools are installed by three names: umps-NAME, and umps3-NAME and umps2-NAME, which Makefiles
 * of the last fifteen years use. By the old name a tool also takes the command lines that only the old tool
 * took, with a warning, since they worked for whoever wrote them.
 */
#ifndef UMPS_TOOLS_OLD_NAME_H
#define UMPS_TOOLS_OLD_NAME_H

#include <stdbool.h>

/* Was this program called as umps3-NAME or umps2-NAME? */
bool called_by_old_name(void);

/* Warns on stderr that ARGUMENT has no effect. */
void warn_of_ignored(const char *argument);

#endif
