/* SPDX-License-Identifier: LGPL-2.1-or-later */
/*
 * Errors: one sentence that names the object, the cause and the way out.
 */
#ifndef UMPS_MACHINE_ERROR_H
#define UMPS_MACHINE_ERROR_H

#include "umps/machine/umps.h"

/* Formats the sentence into ERROR, which may be NULL; returns -1. */
int fail(struct umps_error *error, const char *format, ...) __attribute__((format(printf, 2, 3)));

#endif
