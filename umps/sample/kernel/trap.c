/* SPDX-License-Identifier: GPL-2.0-or-later */
/*
 * Exceptions. The ROM saves the processor's state in a fixed place, loads the stack pointer and
 * jumps to the handler, both from the pass up vector; trap_prepare() keeps the stack pointer at the
 * running process's own kernel stack.
 */
#include <umps/bios_defs.h>
#include <umps/const.h>
#include <umps/cp0.h>
#include <umps/libumps.h>

#include "clock.h"
#include "interrupt.h"
#include "pager.h"
#include "trap.h"

#define SAVED  ((state_t *)BIOS_DATA_PAGE_BASE)
#define VECTOR ((volatile passupvector_t *)BIOS_EXEC_HANDLERS_ADDRS)

/* The refill handler is short and never waits: one stack for all. */
static unsigned int refill_stack[256];

/* A page that the TLB does not know: tell it what the page table says, valid or not. */
static void refill(void)
{
	state_t *saved = SAVED;
	int page = pager_page_number(saved->entry_hi);

	setENTRYLO(page < 0 ? 0 : current->pages[page].entry_lo);
	TLBWR();
	LDST(saved);
}

static void trap(void)
{
	static const char *const why[] = {
		[EXC_ADEL] = "it read from an address that is not its own or not aligned",
		[EXC_ADES] = "it wrote to an address that is not its own or not aligned",
		[EXC_IBE] = "it touched memory that does not exist",
		[EXC_DBE] = "it ran into memory that does not exist",
		[EXC_BP] = "it executed a break",
		[EXC_RI] = "it executed an instruction that does not exist",
		[EXC_CPU] = "it executed an instruction of the kernel",
		[EXC_OV] = "an addition overflowed",
	};
	unsigned int code;

	current->user = *SAVED;
	code = CAUSE_GET_EXCCODE(current->user.cause);
	switch (code) {
	case EXC_INT:
		interrupts_serve();
		if (clock_slice_over())
			process_yield();
		break;
	case EXC_SYS:
		current->user.pc_epc += WORDLEN;
		system_call();
		break;
	case EXC_TLBL:
	case EXC_TLBS:
		pager_fault(current->user.entry_hi);
		break;
	case EXC_MOD:
		pager_modified(current->user.entry_hi);
		break;
	default:
		process_end(code <= EXC_OV ? why[code] : "something unknown happened");
	}
	trap_return();
}

void trap_start(void)
{
	VECTOR->tlb_refill_handler = (unsigned int)refill;
	VECTOR->tlb_refill_stackPtr = (unsigned int)refill_stack + sizeof(refill_stack) - 16;
	VECTOR->exception_handler = (unsigned int)trap;
}

void trap_prepare(const struct process *process)
{
	VECTOR->exception_stackPtr = trap_stack(process);
}

void trap_return(void)
{
	LDST(&current->user);
}
