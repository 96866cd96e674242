/* SPDX-License-Identifier: LGPL-2.1-or-later */
/*
 * From virtual addresses to bytes (section 5.2): segments, the TLB, and the fast pages that
 * remember its answers.
 *
 * A fast page says "this virtual page is plain memory at this place in the host, for this processor
 * in this mode". It is entered by the slow path here and forgotten whenever the answer could
 * change: a TLB write, another address space, a stop point, translated code put on the page (its
 * stores must be seen).
 */
#include "umps/machine/machine.h"

static void flush_mode(struct fast_page *pages)
{
	for (int i = 0; i < FAST_PAGES; i++)
		pages[i].read = pages[i].write = NO_PAGE;
}

void mmu_forget_pages(struct cpu *cpu)
{
	for (int mode = 0; mode < cpu->machine->variant->address_spaces; mode++)
		flush_mode(cpu->pages[mode]);
	cpu->fetch_size = 0;
}

void mmu_flush(struct cpu *cpu)
{
	mmu_forget_pages(cpu);
	translator_forget_jumps(cpu);
}

void mmu_flush_all(struct umps *m)
{
	for (int i = 0; i < m->n_cpus; i++)
		mmu_flush(&m->cpus[i]);
}

static void flush_page(struct cpu *cpu, uint32_t page)
{
	for (int mode = 0; mode < cpu->machine->variant->address_spaces; mode++) {
		struct fast_page *p = &cpu->pages[mode][page / UMPS_PAGE % FAST_PAGES];

		if (p->read == page)
			p->read = NO_PAGE;
		if (p->write == page)
			p->write = NO_PAGE;
	}
	if (cpu->fetch_size && (cpu->fetch_base & ~(UMPS_PAGE - 1)) == page)
		cpu->fetch_size = 0;
}

/* The highest matching entry, or -1. */
int tlb_search(const struct cpu *cpu, uint32_t address, uint32_t entry_hi)
{
	for (int i = (int)cpu->machine->tlb_size - 1; i >= 0; i--)
		if (!((cpu->tlb[i].hi ^ address) & ENTRYHI_VPN) &&
		    ((cpu->tlb[i].lo & ENTRYLO_G) || !((cpu->tlb[i].hi ^ entry_hi) & ENTRYHI_ASID)))
			return i;
	return -1;
}

void tlb_set(struct cpu *cpu, uint32_t index, uint32_t hi, uint32_t lo)
{
	uint32_t old = cpu->tlb[index].hi;

	if (old == hi && cpu->tlb[index].lo == lo)
		return;
	cpu->tlb[index].hi = hi;
	cpu->tlb[index].lo = lo;
	flush_page(cpu, old & ENTRYHI_VPN);
	flush_page(cpu, hi & ENTRYHI_VPN);
	translator_forget_jumps(cpu);
}

static void address_error(struct cpu *cpu, uint32_t address, enum access access)
{
	cpu->bad_vaddr = address;
	exception(cpu, access == ACCESS_WRITE ? EXC_ADES : EXC_ADEL);
}

static void tlb_exception(struct cpu *cpu, uint32_t address, enum exception_code code, bool refill)
{
	cpu->bad_vaddr = address;
	cpu->entry_hi = (address & ENTRYHI_VPN) | (cpu->entry_hi & ENTRYHI_ASID);
	if (refill)
		exception_refill(cpu, code);
	else
		exception(cpu, code);
}

static bool translate(struct cpu *cpu, uint32_t address, enum access access, uint32_t alignment,
		      uint32_t *physical)
{
	enum exception_code miss = access == ACCESS_WRITE ? EXC_TLBS : EXC_TLBL;
	uint32_t lo;
	int i;

	if ((address & (alignment - 1)) || address < cpu->lowest) {
		address_error(cpu, address, access);
		return false;
	}
	if (address <= cpu->direct_last) {
		*physical = address;
		return true;
	}
	i = tlb_search(cpu, address, cpu->entry_hi);
	lo = i < 0 ? 0 : cpu->tlb[i].lo;
	if (!(lo & ENTRYLO_V)) {
		tlb_exception(cpu, address, miss, i < 0);
		return false;
	}
	if (access == ACCESS_WRITE && !(lo & ENTRYLO_D)) {
		tlb_exception(cpu, address, EXC_MOD, false);
		return false;
	}
	*physical = (lo & ENTRYLO_PFN) | (address & (UMPS_PAGE - 1));
	return true;
}

/* Several processors running ahead of each other must not miss what others do to memory. */
static void use(struct cpu *cpu, uint32_t physical, enum access access)
{
	if (unlikely(cpu->machine->ahead_open))
		ahead_use(cpu, physical, access == ACCESS_WRITE);
}

/* Remember a successful access, if nothing needs to see the next ones. */
static void remember(struct cpu *cpu, uint32_t address, uint32_t physical, enum access access)
{
	const struct umps *m = cpu->machine;
	uint32_t page = address & ~(UMPS_PAGE - 1), physical_page = physical & ~(UMPS_PAGE - 1);
	struct fast_page *p = &cpu->fast[page / UMPS_PAGE % FAST_PAGES];
	uint32_t available;
	uint8_t *host;

	if (physical_page == REGISTER_BASE || (m->ahead_open && !ahead_owns(m, physical)))
		return;
	host = bus_memory(m, physical_page, &available, access == ACCESS_WRITE);
	if (!host || available < UMPS_PAGE ||
	    (m->suspects && suspect_on_page(m, page, physical_page)))
		return;
	if (access == ACCESS_WRITE) {
		uint32_t frame = physical_page == BIOS_DATA_BASE
					 ? m->ram_size / UMPS_PAGE
					 : (physical_page - UMPS_RAM_BASE) / UMPS_PAGE;

		if (m->code_pages[frame])
			return;
		if (p->read != page)
			p->read = NO_PAGE;
		p->write = page;
	} else {
		if (p->write != page)
			p->write = NO_PAGE;
		p->read = page;
	}
	p->host = (uintptr_t)host - page;
}

bool mmu_fetch(struct cpu *cpu, uint32_t *word)
{
	uint32_t physical, available, offset;
	const uint8_t *host;

	if (!translate(cpu, cpu->this_pc, ACCESS_FETCH, 4, &physical))
		return false;
	host = bus_memory(cpu->machine, physical & ~(UMPS_PAGE - 1), &available, false);
	offset = physical & (UMPS_PAGE - 1);
	if (!host || offset >= available) {
		exception(cpu, EXC_IBE);
		return false;
	}
	cpu->fetch_base = cpu->this_pc & ~(UMPS_PAGE - 1);
	cpu->fetch_size = available < UMPS_PAGE ? available : UMPS_PAGE;
	cpu->fetch_host = host;
	if (unlikely(cpu->machine->ahead_open) && !ahead_fetch(cpu, physical))
		cpu->fetch_size = 0;
	memcpy(word, host + offset, sizeof(*word));
	return true;
}

static void data_bus_error(struct cpu *cpu)
{
	exception(cpu, EXC_DBE);
}

bool mmu_read(struct cpu *cpu, uint32_t address, uint32_t alignment, uint32_t *word)
{
	uint32_t physical;

	if (!translate(cpu, address, ACCESS_READ, alignment, &physical))
		return false;
	use(cpu, physical, ACCESS_READ);
	if (!bus_read(cpu->machine, cpu, physical & ~3u, word)) {
		data_bus_error(cpu);
		return false;
	}
	remember(cpu, address, physical, ACCESS_READ);
	if (unlikely(cpu->machine->suspects))
		suspect_check(cpu, address, physical, alignment, false);
	return true;
}

static bool store(struct cpu *cpu, uint32_t address, uint32_t physical, uint32_t length,
		  uint32_t word)
{
	if (!bus_write(cpu->machine, cpu, physical & ~3u, word)) {
		data_bus_error(cpu);
		return false;
	}
	remember(cpu, address, physical, ACCESS_WRITE);
	if (unlikely(cpu->machine->suspects))
		suspect_check(cpu, address, physical, length, true);
	return true;
}

bool mmu_write(struct cpu *cpu, uint32_t address, uint32_t word)
{
	uint32_t physical;

	if (!translate(cpu, address, ACCESS_WRITE, 4, &physical))
		return false;
	use(cpu, physical, ACCESS_WRITE);
	return store(cpu, address, physical, 4, word);
}

bool mmu_merge(struct cpu *cpu, uint32_t address, uint32_t alignment, uint32_t mask, uint32_t word)
{
	uint32_t physical, old;

	if (!translate(cpu, address, ACCESS_WRITE, alignment, &physical))
		return false;
	use(cpu, physical, ACCESS_WRITE);
	if (!bus_read(cpu->machine, cpu, physical & ~3u, &old)) {
		data_bus_error(cpu);
		return false;
	}
	return store(cpu, address, physical, alignment, (old & ~mask) | (word & mask));
}

/* Section 3.6: works on RAM, always fails on device registers, and nowhere else. */
bool mmu_compare_and_set(struct cpu *cpu, uint32_t address, uint32_t old, uint32_t value,
			 uint32_t *done)
{
	struct umps *m = cpu->machine;
	uint32_t physical, now;

	*done = 0;
	if (!translate(cpu, address, ACCESS_WRITE, 4, &physical))
		return false;
	if (physical >= REGISTER_BASE && physical < REGISTER_END)
		return true;
	if (physical - UMPS_RAM_BASE >= m->ram_size) {
		data_bus_error(cpu);
		return false;
	}
	use(cpu, physical, ACCESS_WRITE);
	bus_read(m, cpu, physical, &now);
	if (now != old)
		return true;
	*done = 1;
	return store(cpu, address, physical, 4, value);
}
