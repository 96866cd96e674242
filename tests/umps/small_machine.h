/* SPDX-License-Identifier: GPL-2.0-or-later */
/*
 * The machine that fuzzers of front ends play with: two processors, little memory, one terminal, no
 * kernel.
 */
#ifndef TESTS_UMPS_SMALL_MACHINE_H
#define TESTS_UMPS_SMALL_MACHINE_H

#include <stdlib.h>
#include <string.h>

#include "umps/machine/umps.h"

static inline struct umps_config *small_machine(void)
{
	struct umps_config *config = umps_config_new();
	struct umps_device_config *terminal = &config->devices[UMPS_TERMINAL - UMPS_FIRST_LINE][0];

	config->load_core = false;
	config->ram_frames = 8;
	config->processors = 2;
	config->tlb_floor = 0x80000000;
	terminal->enabled = true;
	free(terminal->file);
	terminal->file = strdup("/dev/null");
	return config;
}

#endif
