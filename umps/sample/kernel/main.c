/* SPDX-License-Identifier: GPL-2.0-or-later */
/*
 * Where the kernel begins: everything that has a start is started, a shell on every terminal; then
 * the scheduler has the processor for ever.
 */
#include <umps/libumps.h>

#include "clock.h"
#include "device.h"
#include "network.h"
#include "pager.h"
#include "process.h"
#include "terminal.h"
#include "trap.h"

/* Reading the directory of programs takes a process that can wait. */
static void start_shells(void)
{
	static const char no_programs[] = "There is no program \"shell\" on flash device 0.\n";
	int terminal;

	for (terminal = 0; terminal < N_DEV_PER_IL; terminal++)
		if (device_present(IL_TERMINAL, terminal) &&
		    !process_spawn("shell", "", terminal, current->number))
			terminal_write(terminal, no_programs, sizeof(no_programs) - 1);
	process_wait(PROCESS_FREE);
}

int main(void)
{
	trap_start();
	device_start();
	pager_start();
	clock_start();
	network_start();
	process_start_kernel("start", start_shells);
	schedule();
	return 0;
}
