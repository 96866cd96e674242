/* SPDX-License-Identifier: GPL-2.0-or-later */
/*
 * The machine that a command line names.
 */
#ifndef UMPS_FRONT_OPEN_H
#define UMPS_FRONT_OPEN_H

#include "umps/machine/umps.h"

/*
 * PATH is a machine file, or a kernel (ELF or .core.umps), which gets the machine that a new
 * machine file describes: one processor, 64 frames, and a terminal0 that keeps no log. MACHINE says
 * which of the family it is; NULL: the file tells. NULL and a sentence on errors.
 */
struct umps_config *config_from_path(const char *path, const enum umps_machine *machine,
				     struct umps_error *error);

#endif
