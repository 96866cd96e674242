/* SPDX-License-Identifier: GPL-2.0-or-later */
/*
 * Shows everything once without anybody at the terminal and halts the machine: as the first program
 * of a flash device it makes a demonstration, and a test, that runs by itself.
 */
#include <umps/libumps.h>

#include "program.h"

static void show(const char *name, const char *with)
{
	int process;

	print("--- %s %s\n", name, with);
	process = spawn(name, with);
	if (process < 0)
		print("%s could not be started\n", name);
	else
		wait_for(process);
	print("--- at %u us\n", microseconds());
}

int main(void)
{
	struct memory_info info;
	char what[2] = "0";
	int beside;

	show("hello", "visitor");
	show("primes", "5000");
	beside = spawn("pages", "2");
	show("pages", "3");
	wait_for(beside);
	show("philosophers", "");
	for (; *what <= '6'; (*what)++)
		show("crash", what);
	SYSCALL(CALL_MEMORY, (unsigned int)&info, 0, 0);
	print("%u faults, %u pages in, %u pages out\n", info.faults, info.page_ins, info.page_outs);
	print("the tour ends at %u us\n", microseconds());
	SYSCALL(CALL_HALT, 0, 0, 0);
	return 0;
}
