/* SPDX-License-Identifier: GPL-2.0-only */
/*
 * Where uMPS2 differs from uMPS3: registers, what user mode may touch with VM off, divisions, the
 * tape, another processor with state areas of its own. Every line names the section that it shows.
 */
#include "guest.h"

#define TAPE ((volatile unsigned *)DEV_REG_ADDR(IL_TAPE, 0))

static unsigned buffer[1024];
static state_t areas[8], second, user;
static volatile unsigned started;
static unsigned stack[256];

static void load_it(unsigned address)
{
	(void)WORD(address);
	SYSCALL(0, 0, 0, 0);
}

static unsigned command(unsigned what, unsigned address)
{
	TAPE[2] = address;
	TAPE[1] = what;
	while (TAPE[0] == 3)
		;
	return TAPE[0] << 4 | TAPE[3];
}

static void divide(void)
{
	unsigned lo, hi;

	__asm__ volatile("divu $0, %2, $0; mflo %0; mfhi %1" : "=&r"(lo), "=&r"(hi) : "r"(7));
	show("17.1 7 / 0, LO", lo);
	show("17.1 HI", hi);
}

static void on_second(void)
{
	started = getPRID();
	SYSCALL(7, 0, 0, 0);
}

static volatile unsigned second_code;
static void second_handler(void)
{
	second_code = CAUSE_GET_EXCCODE(areas[6].cause) << 8 | areas[6].reg_a0;
	for (;;)
		;
}

/* Both classes of user mode come here; then main goes on in phases. */
static unsigned phase;
static void next(void);
static void arrive_trap(void)
{
	show("17.1 trap, Cause", AREAS[4].cause & 0x7C);
	show("17.1 BadVAddr", getBADVADDR());
	next();
}
static void arrive_call(void)
{
	show("17.1 done, Status", AREAS[6].status & 0x0700003F);
	next();
}

static void next(void)
{
	switch (phase++) {
	case 0: /* user mode with VM off: RAM is free, registers are not */
		user.reg_a0 = 0x20000000;
		break;
	case 1:
		user.reg_a0 = 0x10000000;
		break;
	case 2: /* kernel mode and VM off: no page is mapped, but none is needed */
		user.reg_a0 = 0x20000000;
		user.status = STATUS_CU0;
		break;
	case 3:
		user.reg_a0 = 0x80000000;
		break;
	default:
		print("17.5 tape");
		show("", (unsigned)TAPE[0] << 4 | TAPE[3]);
		show("17.5 back at the start", command(4, 0));
		show("17.5 read", command(3, (unsigned)buffer));
		show("17.5 text", buffer[0]);
		show("17.5 skip, end of file", command(2, 0));
		show("17.5 read, end of tape", command(3, (unsigned)buffer));
		show("17.5 text", buffer[0]);
		show("17.5 read beyond", command(3, (unsigned)buffer));
		show("17.5 skip beyond", command(2, 0));
		show("17.5 back", command(4, 0));
		show("17.5 bad address", command(3, 0x0FFFF000));
		show("17.5 no command", command(9, 0));
		show("17.5 interrupt", WORD(CDEV_BITMAP_BASE + 4));
		show("17.5 ACK", command(1, 0));
		show("17.5 interrupt", WORD(CDEV_BITMAP_BASE + 4));
		show("17.5 reset", command(0, 0));
		command(1, 0);
		divide();
		STST(&second);
		second.pc_epc = (unsigned)on_second;
		second.status = STATUS_CU0;
		second.reg_sp = (unsigned)&stack[250];
		STST(&areas[7]);
		areas[7].pc_epc = (unsigned)second_handler;
		areas[7].status = STATUS_CU0;
		areas[7].reg_sp = (unsigned)&stack[120];
		INITCPU(1, &second, areas);
		while (!second_code)
			;
		show("17.3 processor", started);
		show("17.3 its SYSCALL, code and a0", second_code);
		HALT();
	}
	LDST(&user);
}

int main(void)
{
	show("17.2 RAM", WORD(BUS_REG_RAM_SIZE));
	show("17.2 tapes", WORD(IDEV_BITMAP_ADDR(IL_TAPE)));
	show("17.2 terminals", WORD(IDEV_BITMAP_ADDR(IL_TERMINAL)));
	show("17.2 after the bitmaps", WORD(0x10000050));
	setSTATUS(STATUS_CU0 | 0xE6000000);
	show("17.1 Status", getSTATUS());
	setSTATUS(STATUS_CU0);
	for (int class = 0; class < 4; class++) {
		state_t *new = &AREAS[2 * class + 1];

		STST(new);
		new->pc_epc = (unsigned)(class == 3 ? arrive_call : arrive_trap);
		new->status = STATUS_CU0;
		new->reg_sp = 0x20000000 + WORD(BUS_REG_RAM_SIZE) - 64;
	}
	STST(&user);
	user.pc_epc = (unsigned)load_it;
	user.status = STATUS_KUp;
	user.reg_sp = (unsigned)&stack[250];
	next();
	return 0;
}
