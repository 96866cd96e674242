/* SPDX-License-Identifier: GPL-2.0-or-later */
/*
 * Devices as in machine files, exceptions as in section 6 of docs/umps-machine.md.
 */
#include <string.h>

#include "umps/front/names.h"

static const char *const classes[] = {"disk", "flash", "eth", "printer", "terminal", "tape"};

bool device_from_name(const char *name, enum umps_line *line, int *number)
{
	for (size_t i = 0; i < sizeof(classes) / sizeof(classes[0]); i++) {
		size_t length = strlen(classes[i]);

		if (strncmp(name, classes[i], length) || name[length] < '0' || name[length] > '7' ||
		    name[length + 1])
			continue;
		*line = i == UMPS_N_LINES ? UMPS_TAPE : (enum umps_line)(UMPS_FIRST_LINE + i);
		*number = name[length] - '0';
		return true;
	}
	return false;
}

const char *exception_name(uint32_t code)
{
	static const char *const names[] = {"Int", "Mod", "TLBL", "TLBS", "AdEL", "AdES", "DBE",
					    "IBE", "Sys", "Bp",	  "RI",	  "CpU",  "Ov"};

	code &= ~UMPS_REFILL;
	return code < sizeof(names) / sizeof(names[0]) ? names[code] : "unknown";
}

const char *exception_meaning(uint32_t code)
{
	static const char *const meanings[] = {"interrupt",
					       "store to a page without D",
					       "load or fetch from an invalid page",
					       "store to an invalid page",
					       "address error on a load or fetch",
					       "address error on a store",
					       "bus error on data",
					       "bus error on a fetch",
					       "system call",
					       "BREAK",
					       "reserved instruction",
					       "coprocessor unusable",
					       "overflow"};

	if (code & UMPS_REFILL)
		return "no TLB entry";
	return code < sizeof(meanings) / sizeof(meanings[0]) ? meanings[code] : "unknown";
}
