/* SPDX-License-Identifier: GPL-2.0-only */
/*
 * Ticks of every path through the ROM of uMPS2, from its vector to the first instruction of the
 * target: what the TOD says on both sides, less the instructions of this program on the way.
 *
 * Each path is begun by a routine in ticks_entry.S, which reads the TOD just before; all targets read
 * it first.
 */
#include "guest.h"

#define ENTRIES	  8

enum { INTERRUPT, TLB, TRAP, SYS };

/* ticks_entry.S */
extern unsigned raise_with(void (*what)(void), unsigned a0, unsigned a1);
extern void arrive(void);
extern void do_syscall(void), do_break(void), do_trap(void), do_overflow(void), do_load(void),
	do_interrupt(void), do_ldst(void), do_fork(void), do_vm_load(void);
extern unsigned boot_ticks;

static struct {
	unsigned header, entries[ENTRIES][2];
} table;

static void tell(const char *what, unsigned ticks)
{
	print(what);
	put(' ');
	print_number(ticks);
	put('\n');
}

/* The path that WHAT begins, then the cause code that the old area of CLASS shows. */
static void path(const char *name, int class, void (*what)(void), unsigned a0, unsigned a1)
{
	unsigned ticks = raise_with(what, a0, a1);

	print(name);
	put(' ');
	print_number(ticks);
	if (class >= 0) {
		print(", code ");
		print_number(CAUSE_GET_EXCCODE(AREAS[2 * class].cause));
	}
	put('\n');
}

/* A page table whose entry number N, after others that do not match, is HI and LO. */
static void tables(unsigned asid, int column, int n, unsigned other_lo, unsigned hi, unsigned lo)
{
	for (int i = 0; i < n; i++) {
		table.entries[i][0] = 0xBAD00000;
		table.entries[i][1] = other_lo;
	}
	table.entries[n][0] = hi;
	table.entries[n][1] = lo;
	table.header = 0x2A000000 | (unsigned)(n + 1);
	SEGMENTS[asid][column] = (unsigned)&table;
}

/* With VM on, the page of do_vm_load() is mapped, and nothing else. */
static void map_code(unsigned asid)
{
	unsigned page = (unsigned)do_vm_load;

	TLBCLR();
	setINDEX(0);
	setENTRYHI(page);
	setENTRYLO(page | ENTRYLO_VALID | ENTRYLO_GLOBAL);
	TLBWI();
	setENTRYHI(asid << 6);
}

/* A load at ADDRESS in ASID, with VM on, that is refilled from entry N. */
static void refill(const char *name, unsigned address, unsigned asid, int n, unsigned other_lo,
		   unsigned flags)
{
	static const int columns[] = {0, 0, 1, 2};
	unsigned hi = (address & ~0xFFFu) | (flags & ENTRYLO_GLOBAL ? 0 : asid << 6);

	tables(asid, columns[address >> 30], n, other_lo, hi, 0x20000000 | ENTRYLO_VALID | flags);
	map_code(asid);
	path(name, -1, do_vm_load, 0, address);
}

/* One that is passed up: from the load to arrive(), by what the old area says of the TOD. */
static void passed_up(const char *name, unsigned address, unsigned asid)
{
	extern unsigned left;
	unsigned ticks;

	map_code(asid);
	left = 0;
	ticks = raise_with(do_vm_load, 0, address);
	print(name);
	put(' ');
	print_number(ticks - AREAS[2 * TLB].reg_t1 - 3);
	print(", code ");
	print_number(CAUSE_GET_EXCCODE(AREAS[2 * TLB].cause));
	print(AREAS[2 * TLB].entry_hi == ((address & ~0xFFFu) | asid << 6) &&
			      getBADVADDR() == address &&
			      (AREAS[2 * TLB].status & (STATUS_VMc | STATUS_VMp)) == STATUS_VMp
		      ? ""
		      : ", wrong state");
	put('\n');
}

int main(void)
{
	static state_t other;

	for (int class = 0; class < 4; class++) {
		STST(&AREAS[2 * class + 1]);
		AREAS[2 * class + 1].pc_epc = (unsigned)arrive;
		AREAS[2 * class + 1].status = STATUS_CU0;
	}
	other = AREAS[1];
	tell("boot", boot_ticks);
	path("interrupt", INTERRUPT, do_interrupt, 0, 0);
	path("trap 4", TRAP, do_load, 0, 0x20000001);
	path("trap 6", TRAP, do_load, 0, 0x0FFFF000);
	path("trap 12", TRAP, do_overflow, 0, 0x7FFFFFFF);
	path("trap 10", TRAP, do_trap, 0, 0);
	path("SYSCALL", SYS, do_syscall, 0, 0);
	path("BREAK 4", SYS, do_break, 4, 0);
	path("LDST", -1, do_ldst, BIOS_SRV_LDST, (unsigned)&other);
	path("FORK", -1, do_fork, BIOS_SRV_FORK, 0);
	refill("refill", 0x80001004, 0, 0, 0, 0);
	refill("refill kUseg3", 0xC0001004, 0, 0, 0, 0);
	refill("refill ksegOS", 0x30001004, 0, 0, 0, 0);
	refill("refill ksegOS high", 0x40001004, 0, 0, 0, 0);
	refill("refill ASID 63", 0x80001004, 63, 0, 0, 0);
	refill("refill after 3", 0x80001004, 2, 3, 0, 0);
	refill("refill after 3 global", 0x80001004, 2, 3, ENTRYLO_GLOBAL, 0);
	refill("refill by G", 0x80001004, 2, 0, 0, ENTRYLO_GLOBAL);
	tables(1, 1, 2, 0, 0xBAD00000, 0);
	passed_up("miss of 3", 0x80001004, 1);
	tables(1, 1, 0, 0, 0x80001040, 0x20000000);
	passed_up("refill and invalid", 0x80001004, 1);
	SEGMENTS[1][1] = 3;
	passed_up("bad table", 0x80001004, 1);
	HALT();
	return 0;
}
