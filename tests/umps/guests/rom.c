/* SPDX-License-Identifier: GPL-2.0-or-later */
/*
 * What the execution ROM does with a BREAK that is no service, with exceptions at high addresses,
 * and at the end with an exception below RAM: what it passes up is printed, then it must panic.
 */
#include <umps/arch.h>
#include <umps/bios_defs.h>
#include <umps/const.h>
#include <umps/cp0.h>
#include <umps/libumps.h>
#include <umps/types.h>

#include "guest.h"

#define VECTOR	     ((passupvector_t *)BIOS_EXEC_HANDLERS_ADDRS)
#define HIGH_PAGE    0xA0001000 /* beyond 0x90000000 */
#define USER_PAGE    0x80001000
#define SYSCALL_WORD 0x0000000C
#define BREAK_WORD   0x0000000D
#define RETURN_WORD  0x03E00008

static char handler_stack[4096];
static u32 code[1024] __attribute__((aligned(4096)));
static state_t go_on;

static void handler(void)
{
	state_t *saved = (state_t *)BIOS_DATA_PAGE_BASE;

	show(" code", CAUSE_GET_EXCCODE(saved->cause));
	show(" from user mode", (saved->status & STATUS_KUp) != 0);
	show(" stack kept", saved->reg_sp == go_on.reg_sp);
	show(" a0", saved->reg_a0);
	LDST(&go_on);
}

/*
 * Runs CODE at ADDRESS with A0 in this mode; comes back when the handler loads the state that was
 * stored here. STST does not return twice: the state gets its program counter from outside.
 */
static void run_at(const char *name, u32 address, u32 a0, u32 mode)
{
	static volatile u32 returned;
	static state_t there;

	print(name);
	put('\n');
	returned = 0;
	go_on.reg_sp = 0;
	STST(&go_on);
	go_on.status = STATUS_CU0;
	go_on.pc_epc = (u32) && back;
	there = go_on;
	there.status = STATUS_CU0 | mode;
	there.pc_epc = there.reg_t9 = address;
	there.reg_a0 = a0;
	there.entry_hi = 0;
	returned = 1;
	__asm__ volatile("" ::: "memory");
	if (returned)
		LDST(&there);
back:
	__asm__ volatile("" ::: "memory", "s0", "s1", "s2", "s3", "s4", "s5", "s6", "s7");
}

static void map(u32 index, u32 address)
{
	setENTRYHI(address);
	setENTRYLO((u32)code | ENTRYLO_VALID | ENTRYLO_GLOBAL);
	setINDEX(index << 8);
	TLBWI();
}

int main(void)
{
	VECTOR->exception_handler = (u32)handler;
	VECTOR->exception_stackPtr = (u32)handler_stack + sizeof(handler_stack) - 16;
	map(1, HIGH_PAGE);
	map(2, USER_PAGE);

	code[0] = BREAK_WORD;
	run_at("BREAK 4 in kernel mode", (u32)code, 4, 0);
	run_at("BREAK -1 in kernel mode", (u32)code, 0xFFFFFFFF, 0);
	run_at("BREAK 1 in user mode", USER_PAGE, 1, STATUS_KUp);
	run_at("BREAK 3 in user mode", USER_PAGE, 3, STATUS_KUp);
	code[0] = SYSCALL_WORD;
	run_at("SYSCALL at a high address, kernel mode", HIGH_PAGE, 7, 0);
	run_at("SYSCALL at a high address, user mode", HIGH_PAGE, 7, STATUS_KUp);
	run_at("jump to address 2", 2, 0, 0);
	return 0;
}
