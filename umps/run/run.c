/* SPDX-License-Identifier: GPL-2.0-or-later */
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include "umps/machine/umps.h"
#include "umps/run/command.h"
static void out(void *c, int n, uint8_t ch)
{
	putchar(ch);
}
static int run_main(int argc, char **argv)
{
	struct umps_error e;
	struct umps_config *c = umps_config_read(argv[1], &e);
	struct umps_host h = { .terminal_output = out };
	struct umps *m = c ? umps_create(c, &h, &e) : NULL;
	struct umps_stop s;

	if (!m) {
		fprintf(stderr, "%s\n", e.text);
		return 1;
	}
	if (argc > 3)
		umps_set_engine(m, UMPS_TRANSLATOR);
	s = umps_run(m, argc > 2 ? strtoull(argv[2], 0, 0) : UINT64_MAX, 0);
	fprintf(stderr, "reason %d cpu %d pc %08x ticks %lu instr %lu\n", s.reason, s.cpu,
		umps_get_register(m, s.cpu, UMPS_REG_PC), umps_ticks(m), umps_instructions(m, 0));
	fprintf(stderr, "epc %08x cause %08x status %08x bad %08x\n", umps_get_register(m, 0, 64 + 14),
		umps_get_register(m, 0, 64 + 13), umps_get_register(m, 0, 64 + 12), umps_get_register(m, 0, 64 + 8));
	umps_destroy(m);
	return 0;
}
UMPS_COMMAND(run, "run a machine", run_main);
