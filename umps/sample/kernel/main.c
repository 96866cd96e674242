/* SPDX-License-Identifier: GPL-2.0-or-later */
/*
 * Where the kernel begins: everything that has a start is started, and the first program, which
 * is the shell, on every terminal; then the scheduler has the processor for ever.
 */
#include <umps/libumps.h>

#include "clock.h"
#include "device.h"
#include "network.h"
#include "pager.h"
#include "process.h"
#include "program.h"
#include "terminal.h"
#include "trap.h"

/* The first program on the flash device, on every terminal. It takes a process to read devices. */
static void start_programs(void)
{
	static const char nothing[] = "There is no program on flash device 0.\n";
	const char *first = program_name(0);
	int terminal;

	for (terminal = 0; terminal < N_DEV_PER_IL; terminal++)
		if (device_present(IL_TERMINAL, terminal) &&
		    (!first || !process_spawn(first, "", terminal, current->number)))
			terminal_write(terminal, nothing, sizeof(nothing) - 1);
	process_wait(PROCESS_FREE);
}

int main(void)
{
	trap_start();
	device_start();
	pager_start();
	clock_start();
	network_start();
	process_start_kernel("start", start_programs);
	schedule();
	return 0;
}
