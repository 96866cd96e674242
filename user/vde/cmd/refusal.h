/* SPDX-License-Identifier: GPL-2.0-or-later */
/* Why a switch refuses a client. */
#ifndef VDE_CMD_REFUSAL_H
#define VDE_CMD_REFUSAL_H

#include <stdbool.h>
#include <stddef.h>

/*
 * Ask the switch that a VNL names, which has just refused a client of libvdeplug, for its reason.
 * Only our switch gives one; false if there is none to be had.
 */
bool refusal_reason(const char *vnl, int port, char *reason, size_t size);

#endif
