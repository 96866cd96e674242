/* SPDX-License-Identifier: GPL-2.0-or-later */
/*
 * What exceptions and ROM services cost, in ticks, and what state they save: prints one line per
 * figure. The same kernel must print the same text with any ROM that does what the machine's
 * description says.
 */
#include <umps/arch.h>
#include <umps/const.h>
#include <umps/cp0.h>
#include <umps/libumps.h>
#include <umps/types.h>

#include "guest.h"

#define SAVED_STATE ((state_t *)BIOSDATAPAGE)
#define VECTOR	    ((passupvector_t *)0x0FFFF900)

/* Written by the handlers in ticks_entry.S, which read the clock with their second instruction. */
volatile unsigned int entered_at, entered_by, first_tick;
extern void refill_entry(void), general_entry(void), continued(void);
extern void trap_syscall(void), trap_break(void), trap_reserved(void), trap_overflow(void),
	trap_unaligned(void), trap_bus(void), trap_refill(void), trap_invalid(void),
	trap_modified(void), trap_coprocessor(void), trap_timer(void);

static char handler_stack[4096];
static volatile unsigned int before, saved_status, saved_cause, saved_epc;
static state_t resume;

/* In C from both handlers: note the saved state, continue after the trapping function. */
void noted(void)
{
	state_t *saved = SAVED_STATE;

	saved_status = saved->status;
	saved_cause = saved->cause;
	saved_epc = saved->pc_epc;
	resume = *saved;
	resume.pc_epc = resume.reg_ra;
	resume.status = resume.status & ~STATUS_TE;
	before = TOD;
	LDST(&resume);
}

static void measure(const char *name, void (*trap)(void))
{
	unsigned int start = TOD, back;

	trap();
	back = TOD;
	print(name);
	show(" in", entered_at - start);
	print(name);
	show(" back", back - before);
	print(name);
	show(" by", entered_by);
	print(name);
	show(" status", saved_status);
	print(name);
	show(" cause", saved_cause & (CAUSE_IP_MASK | CAUSE_EXCCODE_MASK));
}

static void context(void)
{
	unsigned int now = TOD;

	show("LDCXT", now - before);
	show("LDCXT status", getSTATUS());
	HALT();
}

int main(void)
{
	passupvector_t *vector = VECTOR;

	show("boot", first_tick);
	show("status", getSTATUS());
	show("exec size", *(unsigned int *)BUS_REG_BIOS_SIZE);
	show("boot size", *(unsigned int *)BUS_REG_BOOT_SIZE);
	show("unset refill", vector->tlb_refill_handler);
	show("unset general", vector->exception_handler);
	vector->tlb_refill_handler = (unsigned int)refill_entry;
	vector->tlb_refill_stackPtr = (unsigned int)handler_stack + sizeof(handler_stack);
	vector->exception_handler = (unsigned int)general_entry;
	vector->exception_stackPtr = (unsigned int)handler_stack + sizeof(handler_stack);

	measure("syscall", trap_syscall);
	measure("reserved", trap_reserved);
	measure("overflow", trap_overflow);
	measure("unaligned", trap_unaligned);
	measure("bus", trap_bus);
	measure("refill", trap_refill);
	setENTRYHI(0x80001000);
	setENTRYLO(0x20003000);
	setINDEX(1 << 8);
	TLBWI();
	measure("invalid", trap_invalid);
	setENTRYHI(0x80002000);
	setENTRYLO(0x20003000 | ENTRYLO_VALID);
	setINDEX(2 << 8);
	TLBWI();
	measure("modified", trap_modified);
	setSTATUS(getSTATUS() & ~STATUS_CU0);
	measure("coprocessor", trap_coprocessor);
	measure("timer", trap_timer);

	before = TOD;
	LDCXT(0x20001000 - 64, STATUS_CU0 | STATUS_IEo, (unsigned int)context);
	return 0;
}
