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
static volatile u32 word;

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

/* SYSCALL: the handler shows the arguments and leaves a result; LDST goes on after it. */
static void handler(void)
{
	state_t *saved = (state_t *)BIOSDATAPAGE;

	show("code", CAUSE_GET_EXCCODE(saved->cause));
	show("a0", saved->reg_a0);
	show("a1", saved->reg_a1);
	show("a2", saved->reg_a2);
	show("a3", saved->reg_a3);
	saved->reg_v0 = 0x600D600D;
	saved->pc_epc += 4;
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

static void in_context(void)
{
	show("LDCXT ticks", TOD - word);
	show("LDCXT status", getSTATUS());
	HALT();
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
	word = TOD;
	LDCXT((u32)context_stack + sizeof(context_stack) - 64, STATUS_CU0 | STATUS_IEo,
	      (u32)in_context);
	return 0;
}
