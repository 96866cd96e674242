/* SPDX-License-Identifier: GPL-2.0-or-later */
/*
 * Uses more memory than it will get: writes to every page of an array again and again and checks
 * that it finds everything again. Its argument is how often.
 */
#include "program.h"

#define PAGE  4096
#define PAGES 26

static volatile unsigned int memory[PAGES][PAGE / sizeof(unsigned int)];

int main(void)
{
	int rounds = argument_number(3), round, page;
	unsigned int wrong = 0, sum = 0;

	for (round = 0; round < rounds; round++) {
		for (page = 0; page < PAGES; page++) {
			if (memory[page][page] != (unsigned int)round * page)
				wrong++;
			memory[page][page] += page;
			sum += memory[page][page];
		}
	}
	print("%d pages, %d rounds: sum %u, %u wrong\n", PAGES, rounds, sum, wrong);
	return 0;
}
