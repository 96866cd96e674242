/* SPDX-License-Identifier: GPL-2.0-or-later */
/*
 * Every function of the support library: what it returns, what it does, how many ticks it takes.
 * Nothing printed depends on where the linker puts things, so that kernels linked with any kit
 * print the same.
 */
#include <umps/arch.h>
#include <umps/const.h>
#include <umps/cp0.h>
#include <umps/libumps.h>
#include <umps/types.h>

#include "guest.h"

#define VECTOR ((passupvector_t *)0x0FFFF900)

static char stack[4096], context_stack[4096];
static volatile u32 word, skipped = 4;
extern void program_start(void); /* crti.o's __start */

static void show_timed(const char *name, u32 start, u32 end, u32 result)
{
	print(name);
	show(" result", result);
	print(name);
	show(" ticks", end - start);
}

#define TIMED(name, expression)                                                                    \
	do {                                                                                       \
		u32 start = TOD, result = (expression);                                            \
		u32 end = TOD;                                                                     \
                                                                                                   \
		show_timed(name, start, end, result);                                              \
	} while (0)
#define TIMED_VOID(name, call) TIMED(name, ((call), 0))

static void last(void)
{
	u32 now = TOD;

	show("LDCXT ticks", now - word);
	HALT();
}

static void in_context(void)
{
	show("LDCXT status", getSTATUS());
	word = TOD;
	LDCXT((u32)context_stack + sizeof(context_stack) - 64, STATUS_CU0 | STATUS_IEo, (u32)last);
}

/* The main() of a program that crti.o starts. */
int program_main(void)
{
	u32 now = TOD;

	show("from crti to main ticks", now - word);
	word = TOD;
	return 0;
}

/* crti.o reads gp from the program's header, at 0x800000A8: any page will do. */
static void in_state(void)
{
	u32 now = TOD;

	show("LDST ticks", now - word);
	setENTRYHI(0x80000000);
	setENTRYLO(0x20003000 | ENTRYLO_VALID);
	setINDEX(0);
	TLBWI();
	word = TOD;
	program_start();
}

/*
 * SYSCALL: the handler shows the arguments and leaves a result; LDST goes on after it. Kernels
 * whose nucleus and support level both add 4 to the PC skip two words.
 */
static void handler(void)
{
	state_t *saved = (state_t *)BIOSDATAPAGE;
	u32 entered = TOD;

	if (!saved->reg_a0) {
		show("from main's return to exit ticks", entered - word);
		LDCXT((u32)context_stack + sizeof(context_stack) - 64, STATUS_CU0 | STATUS_IEo,
		      (u32)in_context);
	}
	show("code", CAUSE_GET_EXCCODE(saved->cause));
	show("a0", saved->reg_a0);
	show("a1", saved->reg_a1);
	show("a2", saved->reg_a2);
	show("a3", saved->reg_a3);
	saved->reg_v0 = 0x600D600D;
	saved->pc_epc += skipped;
	LDST(saved);
}

static void tlb(void)
{
	TIMED("setENTRYHI", setENTRYHI(0x80005FFF));
	TIMED("setENTRYLO", setENTRYLO(0x20007FFF));
	TIMED("setINDEX", setINDEX(0x300));
	TIMED_VOID("TLBWI", TLBWI());
	setENTRYHI(0);
	setENTRYLO(0);
	TIMED_VOID("TLBR", TLBR());
	TIMED("getENTRYHI", getENTRYHI());
	TIMED("getENTRYLO", getENTRYLO());
	setINDEX(0);
	TIMED_VOID("TLBP", TLBP());
	TIMED("getINDEX", getINDEX());
	setENTRYHI(0x80009000);
	TLBP();
	show("TLBP of nothing", getINDEX());
	TIMED_VOID("TLBWR", TLBWR());
	TIMED_VOID("TLBCLR", TLBCLR());
	setENTRYHI(0x80005FC0);
	TLBP();
	show("after TLBCLR", getINDEX());
}

static void secondary(void)
{
	for (;;)
		WAIT();
}

int main(void)
{
	static state_t state;
	u32 *words = (u32 *)&state, back, i, entered = TOD;

	VECTOR->exception_handler = (u32)handler;
	VECTOR->exception_stackPtr = (u32)stack + sizeof(stack) - 16;

	show("from power on to main", entered);
	TIMED("SYSCALL", SYSCALL(0x11, 0x22, 0x33, 0x44));
	skipped = 8;
	TIMED("SYSCALL and 8 bytes on", SYSCALL(0x11, 0x22, 0x33, 0x44));
	tlb();
	TIMED("getSTATUS", getSTATUS());
	TIMED("setSTATUS", setSTATUS(getSTATUS() | STATUS_IM(3)));
	TIMED("getPRID", getPRID());
	TIMED("setTIMER", setTIMER(0x12345678));
	TIMED("getTIMER", getTIMER());
	TIMED("getCAUSE", getCAUSE() & CAUSE_EXCCODE_MASK);
	TIMED("setCAUSE", setCAUSE(0) & CAUSE_EXCCODE_MASK);
	TIMED("getBADVADDR", getBADVADDR());
	{
		u32 start = TOD;
		getEPC();
		show("getEPC ticks", TOD - start);
		start = TOD;
		getRANDOM();
		show("getRANDOM ticks", TOD - start);
	}

	word = 5;
	TIMED("CAS that fits", CAS(&word, 5, 7));
	show("word", word);
	TIMED("CAS that does not", CAS(&word, 5, 9));
	show("word", word);

	INTERVAL = 100;
	TIMED_VOID("WAIT", WAIT());
	INTERVAL = 0xFFFFFFFF;

	state.status = STATUS_CU0;
	state.pc_epc = (u32)secondary;
	state.reg_sp = (u32)stack + sizeof(stack) - 64;
	TIMED_VOID("INITCPU", INITCPU(1, &state));
	INTERVAL = 1000;
	WAIT();
	INTERVAL = 0xFFFFFFFF;

	for (i = 0; i < sizeof(state) / 4; i++)
		words[i] = 0x55555555;
	{
		u32 start = TOD;

		back = STST(&state);
		show("STST ticks", TOD - start);
	}
	show("STST returns its return address", back == state.reg_ra);
	show("STST status", state.status);
	show("STST entry_hi", state.entry_hi);
	show("STST pc", state.pc_epc);
	show("STST a0", state.reg_a0 == (u32)&state);
	state.pc_epc = (u32)in_state;
	state.status = STATUS_CU0 | STATUS_IEo;
	word = TOD;
	LDST(&state);
	return 0;
}
