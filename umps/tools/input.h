/* SPDX-License-Identifier: LGPL-2.1-or-later */
/*
 * Input files, read whole.
 */
#ifndef UMPS_TOOLS_INPUT_H
#define UMPS_TOOLS_INPUT_H

#include <stddef.h>
#include <stdint.h>

/* The file's bytes, malloc'ed. Ends the program with one sentence and status 1 on any error. */
uint8_t *input_read(const char *path, size_t *length);

#endif
