/* SPDX-License-Identifier: GPL-2.0-or-later */
/*
 * Names of devices and exceptions as users read and write them.
 */
#ifndef UMPS_FRONT_NAMES_H
#define UMPS_FRONT_NAMES_H

#include "umps/machine/umps.h"

/* "terminal0" and the like, as in machine files; false: there is no such device. */
bool device_from_name(const char *name, enum umps_line *line, int *number);
/* By exception code, with or without UMPS_REFILL: "Sys", "TLBL"... */
const char *exception_name(uint32_t code);
/* The same in words: "system call", "bus error on data"... */
const char *exception_meaning(uint32_t code);

#endif
