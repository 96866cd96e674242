/* SPDX-License-Identifier: GPL-2.0-or-later */
/*
 * The registers that the debugger sees, and their target description ("Target Descriptions", gdb's
 * manual, appendix G).
 */
#ifndef UMPS_GDB_DESCRIPTION_H
#define UMPS_GDB_DESCRIPTION_H

#include "umps/machine/umps.h"

struct description;

/* For a machine: its TLB and its installed devices make a difference. NULL: out of memory. */
struct description *description_new(const struct umps *machine);
void description_free(struct description *description);
/* The XML document, owned by the description. */
const char *description_xml(const struct description *description);

/* Registers are numbered from 0; these come in the packet that holds "all registers". */
#define DESCRIPTION_GENERAL 38
/* False: there is no such register, or (for writing) it cannot be written. An unavailable value is
 * true and *KNOWN false. */
bool description_read(const struct description *description, const struct umps *machine, int cpu,
		      uint32_t reg, uint32_t *value, bool *known);
bool description_write(const struct description *description, struct umps *machine, int cpu,
		       uint32_t reg, uint32_t value);

#endif
