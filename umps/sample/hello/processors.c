/* SPDX-License-Identifier: GPL-2.0-or-later */
/*
 * Every processor says hello, in order, and processor 0 halts the machine when all have.
 *
 * Processor 0 starts the others with INITCPU, each in a state of its own: its stack, its program
 * counter, its Status. They share memory: `turn` is passed on from one to the next, and CAS adds
 * to a counter without losing anything to a neighbour that does the same.
 */
#include <umps/arch.h>
#include <umps/const.h>
#include <umps/cp0.h>
#include <umps/libumps.h>
#include <umps/types.h>

#define MAX_PROCESSORS 16
#define STACK_SIZE     1024
#define ADDITIONS      1000
#define TRANSMIT       2

static char stack[MAX_PROCESSORS][STACK_SIZE];
static state_t start_state[MAX_PROCESSORS];
static volatile unsigned int turn, sum, finished;

static void put_character(char c)
{
	volatile termreg_t *terminal = (volatile termreg_t *)DEV_REG_ADDR(IL_TERMINAL, 0);

	terminal->transm_command = (unsigned char)c << 8 | TRANSMIT;
	while ((terminal->transm_status & 0xFF) == BUSY)
		;
}

static void put_text(const char *text)
{
	while (*text)
		put_character(*text++);
}

static void put_number(unsigned int number)
{
	if (number >= 10)
		put_number(number / 10);
	put_character('0' + number % 10);
}

static void add_one(volatile unsigned int *counter)
{
	unsigned int old;

	do
		old = *counter;
	while (!CAS(counter, old, old + 1));
}

/* What every processor does, processor 0 included. */
static void work(void)
{
	int i;

	for (i = 0; i < ADDITIONS; i++)
		add_one(&sum);
	while (turn != getPRID())
		;
	put_text("Hello from processor ");
	put_number(getPRID());
	put_text(".\n");
	turn++;
	add_one(&finished);
}

static void secondary(void)
{
	work();
	for (;;)
		WAIT();
}

int main(void)
{
	unsigned int processors = *(volatile unsigned int *)MCTL_NCPUS, i;

	for (i = 1; i < processors; i++) {
		start_state[i].status = STATUS_CU0;
		start_state[i].pc_epc = start_state[i].reg_t9 = (unsigned int)secondary;
		start_state[i].reg_sp = (unsigned int)(stack[i] + STACK_SIZE - 16);
		INITCPU(i, &start_state[i]);
	}
	work();
	while (finished < processors)
		;
	put_text("Together they counted to ");
	put_number(sum);
	put_text(".\n");
	return 0;
}
