/* SPDX-License-Identifier: GPL-2.0-or-later */
/*
 * Why a machine ended: what its last exceptions say, with names instead of addresses.
 */
#ifndef UMPS_FRONT_WHY_H
#define UMPS_FRONT_WHY_H

#include "umps/machine/umps.h"

#define WHY_SIZE 512

/*
 * ADDRESS, mapped ones in the address space of ENTRY_HI: "pager+0x1C (0x2000133C)", or
 * the address alone if no symbol is there. ASCII.
 */
void place_text(const struct umps *machine, uint32_t entry_hi, uint32_t address, char *text,
		size_t size);

/*
 * One or two sentences, without a newline at the end, on a stop by UMPS_STOP_PANIC or _DEAD: who
 * called PANIC or which exception found no handler, and the fault before it. "" for other stops.
 */
void why_it_ended(const struct umps *machine, const struct umps_stop *stop, char text[WHY_SIZE]);

#endif
