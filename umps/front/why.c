/* SPDX-License-Identifier: GPL-2.0-or-later */
/*
 * See why.h. A panic shows an address in the ROM; what the user wants to know is in the exception
 * that led there. The ROM's panic routine is reached by its service (somebody called PANIC), by an
 * exception for which the kernel set no handler, or by one that the ROM takes for a fault of its
 * own. A kernel that calls PANIC often does so because of an exception some time before: that is
 * told, too.
 */
#include "umps/front/names.h"
#include "umps/front/why.h"

#define SERVICE_PANIC 2
#define CODE_BREAK    9
#define USER_BEFORE   8u /* Status.KUp */
#define ROM_END	      0x10000000u

void place_text(const struct umps *m, uint32_t entry_hi, uint32_t address, char *text, size_t size)
{
	int asid = address < umps_tlb_floor(m) ? UMPS_ASID_PHYS : (int)(entry_hi >> 6 & 63);
	const struct umps_symbol *symbol = umps_symbol_at(m, asid, address);

	if (!symbol)
		snprintf(text, size, "0x%08X", address);
	else if (symbol->start == address)
		snprintf(text, size, "%s (0x%08X)", symbol->name, address);
	else
		snprintf(text, size, "%s+0x%X (0x%08X)", symbol->name, address - symbol->start,
			 address);
	for (; *text; text++) /* symbol tables may hold anything, JSON may not */
		if (*text & 0x80)
			*text = '?';
}

/* "exception DBE, bus error on data, at pager+0x1C (0x2000133C), called from ..., kernel mode" */
static int describe(const struct umps *m, const struct umps_exception *e, char *text, size_t size)
{
	char at[96], caller[96], more[64] = "";
	bool user = (e->status & USER_BEFORE) != 0;
	uint32_t code = e->code & ~UMPS_REFILL;

	place_text(m, e->entry_hi, e->epc, at, sizeof(at));
	place_text(m, e->entry_hi, e->caller, caller, sizeof(caller));
	if (code >= 1 && code <= 5)
		snprintf(more, sizeof(more), ", BadVAddr 0x%08X", e->bad_vaddr);
	return snprintf(text, size, "exception %s (%s) at %s%s, ra %s, %s mode, ASID %u",
			exception_name(e->code), exception_meaning(e->code), at, more, caller,
			user ? "user" : "kernel", e->entry_hi >> 6 & 63);
}

static bool called_panic(const struct umps_exception *e)
{
	return e->code == CODE_BREAK && e->service == SERVICE_PANIC && !(e->status & USER_BEFORE);
}

static int tell_panic(const struct umps *m, const struct umps_exception *e, char *text)
{
	char caller[96];
	int n;

	if (called_panic(e)) {
		place_text(m, e->entry_hi, e->caller, caller, sizeof(caller));
		return snprintf(text, WHY_SIZE, "PANIC was called, ra %s", caller);
	}
	n = describe(m, e, text, WHY_SIZE);
	if (n < 0 || n >= WHY_SIZE)
		return n;
	return n + snprintf(text + n, WHY_SIZE - (size_t)n,
			    e->epc < ROM_END
				    ? ": the ROM takes it for its own, as that is below 0x10000000"
				    : ": the kernel has set no handler for it");
}

static int tell_dead(const struct umps *m, const struct umps_stop *stop, char *text)
{
	char at[96];
	uint32_t entry_hi = umps_get_register(m, stop->cpu, UMPS_REG_CP0 + 10);

	if (umps_cpu_state(m, stop->cpu) == UMPS_CPU_HALTED)
		return snprintf(text, WHY_SIZE, "all processors are halted, or wait for nothing");
	place_text(m, entry_hi, stop->address, at, sizeof(at));
	return snprintf(text, WHY_SIZE,
			"processor %d is in an endless loop at %s that no interrupt can end",
			stop->cpu, at);
}

void why_it_ended(const struct umps *m, const struct umps_stop *stop, char text[WHY_SIZE])
{
	struct umps_exception last, fault;
	bool any = umps_last_exception(m, stop->cpu, false, &last);
	char before[256];
	int n = 0;

	text[0] = 0;
	if (stop->reason == UMPS_STOP_PANIC && any)
		n = tell_panic(m, &last, text);
	else if (stop->reason == UMPS_STOP_DEAD)
		n = tell_dead(m, stop, text);
	if (n <= 0 || n >= WHY_SIZE || !umps_last_exception(m, stop->cpu, true, &fault) ||
	    fault.tick == last.tick)
		return;
	describe(m, &fault, before, sizeof(before));
	snprintf(text + n, WHY_SIZE - (size_t)n, "; the last fault was %llu ticks before: %s",
		 (unsigned long long)(umps_ticks(m) - fault.tick), before);
}
