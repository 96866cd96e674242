/* SPDX-License-Identifier: GPL-2.0-only */
/*
 * Probes: run something that may raise an exception, and show what the handler found.
 *
 *	TRY("section what", { ... });
 *
 * prints "section what: code=.. epc=label+.. bd=. bad=........" or "no exception". The handler
 * comes back behind TRY by a long jump, so the block may leave the processor anywhere.
 */
#ifndef TESTS_UMPS_PROBE_H
#define TESTS_UMPS_PROBE_H

#include "guest.h"

static u32 back[12];
int save_point(u32 *point) __attribute__((returns_twice)); /* 0, and 1 after jump_back() */
void jump_back(u32 *point) __attribute__((noreturn));
__asm__(".set push\n.set noreorder\n"
	".globl save_point\nsave_point:\n"
	"sw $16,0($4)\nsw $17,4($4)\nsw $18,8($4)\nsw $19,12($4)\nsw $20,16($4)\nsw $21,20($4)\n"
	"sw $22,24($4)\nsw $23,28($4)\nsw $28,32($4)\nsw $29,36($4)\nsw $30,40($4)\nsw $31,44($4)\n"
	"jr $31\nmove $2,$0\n"
	".globl jump_back\njump_back:\n"
	"lw $16,0($4)\nlw $17,4($4)\nlw $18,8($4)\nlw $19,12($4)\nlw $20,16($4)\nlw $21,20($4)\n"
	"lw $22,24($4)\nlw $23,28($4)\nlw $28,32($4)\nlw $29,36($4)\nlw $30,40($4)\nlw $31,44($4)\n"
	"li $2,1\njr $31\nnop\n.set pop");
static volatile u32 cause, epc, status, bad, refill, entered;

#define MFC0(reg)                                                                                  \
	({                                                                                         \
		u32 value_;                                                                        \
		__asm__ volatile("mfc0 %0, $" #reg "\n\tnop" : "=r"(value_));                      \
		value_;                                                                            \
	})
#define MTC0(reg, value)                                                                           \
	__asm__ volatile("mtc0 %0, $" #reg "\n\tnop\n\tnop" ::"r"(value) : "memory")

static void handle(u32 is_refill)
{
	entered = TOD;
	cause = SAVED(0)[STATE_CAUSE];
	epc = SAVED(0)[STATE_PC];
	status = SAVED(0)[STATE_STATUS];
	bad = MFC0(8);
	refill = is_refill;
	jump_back(back);
}

static void handle_general(void)
{
	handle(0);
}

static void handle_refill(void)
{
	handle(1);
}

static inline void probes_start(void)
{
	PASS_UP(0)[0] = (u32)handle_refill;
	PASS_UP(0)[1] = 0x20030000;
	PASS_UP(0)[2] = (u32)handle_general;
	PASS_UP(0)[3] = 0x20030000;
}

static inline void print_bit(const char *name, u32 bit)
{
	print(name);
	put(bit ? '1' : '0');
}

static inline void print_exception(u32 base)
{
	print(" code=");
	print_hex(cause & 0x7C);
	print(" epc=");
	print_hex(epc - base);
	print_bit(" bd=", cause >> 31);
	print_bit(" refill=", refill);
	print(" bad=");
	print_hex(bad);
	print(" status=");
	print_hex(status);
	put('\n');
}

/* EPC is shown relative to the asm label START, so it does not depend on where the guest lies. */
#define TRY(name, start, block)                                                                    \
	do {                                                                                       \
		extern char start[];                                                               \
		print(name);                                                                       \
		put(':');                                                                          \
		if (!save_point(back)) {                                                           \
			block;                                                                     \
			print(" no exception\n");                                                  \
		} else {                                                                           \
			print_exception((u32)start);                                               \
		}                                                                                  \
	} while (0)

/* Instructions from label START on; noreorder, so delay slots are as written. */
#define CODE(start, text)                                                                          \
	__asm__ volatile(".set push\n\t.set noreorder\n\t.set noat\n\t.globl " #start "\n" #start  \
			 ":\n\t" text "\n\t.set pop" ::                                            \
				 : "at", "v0", "v1", "a0", "a1", "a2", "a3", "t0", "t1", "t2",     \
				   "t3", "ra", "memory")

#endif
