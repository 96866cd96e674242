/* SPDX-License-Identifier: GPL-2.0-only */
/* Sections 8.2 to 8.4, 10: several processors. Made for four. They start in RAM, without the ROM's
 * help. */
#include "guest.h"

#define NCPUS		  REG(0x10000500)
#define RESET_CPU	  REG(0x10000504)
#define BOOT_PC		  REG(0x10000508)
#define BOOT_SP		  REG(0x1000050C)
#define HALT_CPU	  REG(0x10000510)
#define INBOX		  REG(0x10000400)
#define OUTBOX		  REG(0x10000404)
#define TPR		  REG(0x10000408)
#define IRT(line, device) REG(0x10000300 + 4 * (((line)-2) * 8 + (device)))

struct seen {
	u32 number, status, sp, started, value, cause, counter;
};
static volatile struct seen seen[4];
static volatile u32 go[4], lock, shared;

static u32 cp0_cause(void)
{
	u32 value;

	__asm__ volatile("mfc0 %0,$13\n\tnop" : "=r"(value));
	return value;
}

static void wait(void)
{
	__asm__ volatile(".word 0x42000020\n\tnop");
}

static void work(u32 me)
{
	volatile struct seen *s = &seen[me];

	for (int i = 0; i < 200; i++) { /* counts under a lock */
		while (!compare_and_set(&lock, 0, 1))
			s->counter++;
		shared++;
		lock = 0;
	}
	go[me] = 2;
	wait(); /* for a message */
	s->started = TOD;
	s->value = INBOX;
	s->cause = cp0_cause();
	INBOX = 0;
	go[me] = 3;
	wait(); /* for a printer */
	s->value = TOD;
	s->cause = cp0_cause();
	go[me] = 4;
	for (;;)
		s->counter++;
}

/* A reset processor begins here; it finds its number in PRID and its stack in BOOT_SP. */
void secondary(void)
{
	u32 me, status, sp;

	__asm__ volatile("move %0,$29\n\tmfc0 %1,$15\n\tmfc0 %2,$12\n\tnop"
			 : "=r"(sp), "=r"(me), "=r"(status));
	seen[me].started = TOD;
	seen[me].number = me;
	seen[me].status = status;
	seen[me].sp = sp;
	TPR = 15 - me;
	go[me] = 1;
	work(me);
}

static void until(u32 cpu, u32 value)
{
	while (go[cpu] != value)
		;
}

static void show_cpu(u32 i)
{
	show("cpu", seen[i].number);
	show("10 status at start", seen[i].status);
	show("8.4 sp at start", seen[i].sp);
	show("8.4 started at", seen[i].started);
}

int main(void)
{
	u32 start = 0, last;

	show("8.4 processors", NCPUS);
	show("8.4 boot PC", BOOT_PC);
	show("8.3 TPR", TPR);
	for (u32 i = 1; i < 4; i++) {
		BOOT_PC = (u32)secondary;
		BOOT_SP = FREE_RAM + 0x1000 * i;
		start = TOD;
		RESET_CPU = i;
		until(i, 1);
		show("8.4 start took", seen[i].started - start);
	}
	for (u32 i = 1; i < 4; i++) {
		until(i, 2);
		show_cpu(i);
		show("10 spins", seen[i].counter);
	}
	show("10 shared", shared);
	start = TOD;
	OUTBOX = 0xE << 8 | 0x5A;
	OUTBOX = 2 << 8 | 0x77; /* dropped: the first is still there */
	for (u32 i = 1; i < 4; i++) {
		until(i, 3);
		show("8.3 message after", seen[i].started - start);
		show("8.3 inbox", seen[i].value);
		show("7 cause", seen[i].cause);
	}
	IRT(6, 0) = 1 << 28 | 0xE; /* dynamic: the lowest priority of 1, 2, 3 */
	show("8.2 IRT", IRT(6, 0));
	start = TOD;
	DEVICE(6, 0)[2] = '!';
	DEVICE(6, 0)[1] = 2;
	while (go[1] + go[2] + go[3] != 10)
		;
	for (u32 i = 1; i < 4; i++)
		if (go[i] == 4) {
			show("8.2 printer woke", i);
			show("8.2 after", seen[i].value - start);
			show("7 its cause", seen[i].cause);
		}
	show("7 not mine", cp0_cause());
	show("7 my bitmap", PENDING(6));
	DEVICE(6, 0)[1] = 1;
	IRT(6, 0) = 2;
	start = TOD;
	DEVICE(6, 0)[1] = 9; /* unknown: at once */
	until(2, 4);
	show("8.2 fixed to 2 after", seen[2].value - start);
	DEVICE(6, 0)[1] = 1;
	HALT_CPU = 2;
	last = TOD;
	while (TOD - last < 100)
		;
	last = seen[2].counter;
	for (volatile int i = 0; i < 50; i++)
		;
	show("8.4 halted: counts on", seen[2].counter - last);
	last = seen[3].counter;
	for (volatile int i = 0; i < 50; i++)
		;
	show("8.4 the other: counts on", seen[3].counter - last);
	show("2 ticks in all", TOD);
	return 0;
}
