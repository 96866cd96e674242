/* SPDX-License-Identifier: LGPL-2.1-or-later */
/*
 * What the outside sees and changes of processors and memory while the machine stands still.
 */
#include "umps/machine/machine.h"

int umps_cpus(const struct umps *m)
{
	return m->n_cpus;
}

enum umps_cpu_state umps_cpu_state(const struct umps *m, int cpu)
{
	return m->cpus[cpu].state;
}

bool umps_in_delay_slot(const struct umps *m, int cpu)
{
	return m->cpus[cpu].in_slot;
}

bool umps_load_pending(const struct umps *m, int cpu)
{
	return m->cpus[cpu].pending == PENDING_GENERAL;
}

uint64_t umps_instructions(const struct umps *m, int cpu)
{
	return m->cpus[cpu].instructions;
}

uint32_t umps_get_register(const struct umps *m, int number, int reg)
{
	const struct cpu *cpu = &m->cpus[number];

	if (reg >= 0 && reg < 32)
		return cpu->pending == PENDING_GENERAL && cpu->pending_register == reg
			       ? cpu->pending_value
			       : cpu->r[reg];
	switch (reg) {
	case UMPS_REG_HI:
		return cpu->hi;
	case UMPS_REG_LO:
		return cpu->lo;
	case UMPS_REG_PC:
		return cpu->pc;
	case UMPS_REG_NEXT_PC:
		return cpu->next_pc;
	default:
		return reg >= UMPS_REG_CP0 ? cp0_read(cpu, (uint32_t)reg - UMPS_REG_CP0) : 0;
	}
}

static int set_cp0(struct cpu *cpu, uint32_t reg, uint32_t value)
{
	if (!cp0_readable(reg) || reg == CP0_PRID)
		return -1;
	switch (reg) {
	case CP0_BADVADDR:
		cpu->bad_vaddr = value;
		break;
	case CP0_EPC:
		cpu->epc = value;
		break;
	case CP0_CAUSE:
		cpu->cause = value;
		interrupt_check(cpu);
		break;
	case CP0_RANDOM: /* move the origin until the value fits */
		for (uint32_t i = 0; i < cpu->machine->tlb_size; i++) {
			if (random_value(cpu) ==
			    (value >> INDEX_SHIFT & (cpu->machine->tlb_size - 1)))
				return 0;
			cpu->random_origin--;
		}
		return -1;
	default:
		cp0_write(cpu, reg, value);
	}
	return 0;
}

int umps_set_register(struct umps *m, int number, int reg, uint32_t value)
{
	struct cpu *cpu = &m->cpus[number];

	record_changed(m);
	if (cpu->pending)
		pending_complete(cpu);
	if (reg >= 1 && reg < 32) {
		cpu->r[reg] = value;
		return 0;
	}
	switch (reg) {
	case UMPS_REG_HI:
		cpu->hi = value;
		return 0;
	case UMPS_REG_LO:
		cpu->lo = value;
		return 0;
	case UMPS_REG_PC:
		cpu->pc = value;
		cpu->next_pc = value + 4;
		cpu->in_slot = false;
		return 0;
	default:
		return reg >= UMPS_REG_CP0 ? set_cp0(cpu, (uint32_t)reg - UMPS_REG_CP0, value) : -1;
	}
}

const char *umps_register_name(int reg)
{
	static const char *const names[UMPS_REG_NEXT_PC + 1] = {
		"zero", "at", "v0", "v1", "a0", "a1", "a2", "a3", "t0", "t1", "t2", "t3",
		"t4",	"t5", "t6", "t7", "s0", "s1", "s2", "s3", "s4", "s5", "s6", "s7",
		"t8",	"t9", "k0", "k1", "gp", "sp", "fp", "ra", "HI", "LO", "PC", "nextPC"};
	static const char *const cp0_names[16] = {
		[CP0_INDEX] = "Index",	     [CP0_RANDOM] = "Random", [CP0_ENTRYLO] = "EntryLo",
		[CP0_BADVADDR] = "BadVAddr", [CP0_TIMER] = "Timer",   [CP0_ENTRYHI] = "EntryHi",
		[CP0_STATUS] = "Status",     [CP0_CAUSE] = "Cause",   [CP0_EPC] = "EPC",
		[CP0_PRID] = "PRID"};

	if (reg >= 0 && reg <= UMPS_REG_NEXT_PC)
		return names[reg];
	if (reg >= UMPS_REG_CP0 && reg < UMPS_REG_CP0 + 16)
		return cp0_names[reg - UMPS_REG_CP0];
	return NULL;
}

int umps_tlb_size(const struct umps *m)
{
	return (int)m->tlb_size;
}

int umps_get_tlb(const struct umps *m, int cpu, int index, uint32_t *hi, uint32_t *lo)
{
	if (index < 0 || index >= (int)m->tlb_size)
		return -1;
	*hi = m->cpus[cpu].tlb[index].hi;
	*lo = m->cpus[cpu].tlb[index].lo;
	return 0;
}

int umps_set_tlb(struct umps *m, int cpu, int index, uint32_t hi, uint32_t lo)
{
	if (index < 0 || index >= (int)m->tlb_size)
		return -1;
	record_changed(m);
	tlb_set(&m->cpus[cpu], (uint32_t)index, hi & ENTRYHI_WRITABLE, lo & ENTRYLO_WRITABLE);
	return 0;
}

uint32_t umps_ram_size(const struct umps *m)
{
	return m->ram_size;
}

uint32_t umps_tlb_floor(const struct umps *m)
{
	return m->tlb_floor;
}

/* ---- memory */

static bool is_register(uint32_t address)
{
	return address - REGISTER_BASE < REGISTER_END - REGISTER_BASE;
}

size_t umps_read_physical(const struct umps *m, uint32_t address, void *data, size_t length)
{
	uint8_t *to = data;
	size_t done = 0;
	uint32_t available, word;

	while (done < length) {
		uint32_t at = address + (uint32_t)done;
		const uint8_t *host = bus_memory(m, at, &available, false);

		if (host) {
			if (available > length - done)
				available = (uint32_t)(length - done);
			memcpy(to + done, host, available);
			done += available;
		} else if (is_register(at)) {
			bus_read((struct umps *)m, &m->cpus[0], at & ~3u, &word);
			to[done++] = (uint8_t)(word >> at % 4 * 8);
		} else {
			break;
		}
	}
	return done;
}

static size_t write_registers(struct umps *m, uint32_t address, const uint8_t *from, size_t length)
{
	size_t done = 0;
	uint32_t word;

	if (address & 3)
		return 0;
	for (; done + 4 <= length && is_register(address + (uint32_t)done); done += 4) {
		memcpy(&word, from + done, sizeof(word));
		bus_write(m, &m->cpus[0], address + (uint32_t)done, word);
	}
	return done;
}

size_t umps_write_physical(struct umps *m, uint32_t address, const void *data, size_t length)
{
	const uint8_t *from = data;
	size_t done = 0;
	uint32_t available;

	record_changed(m);
	while (done < length) {
		uint32_t at = address + (uint32_t)done;
		uint8_t *host = bus_memory(m, at, &available, false);
		size_t n;

		if (!host) {
			n = is_register(at) ? write_registers(m, at, from + done, length - done)
					    : 0;
			if (!n)
				break;
			done += n;
			continue;
		}
		n = available < length - done ? available : length - done;
		memcpy(host, from + done, n);
		if (bus_memory(m, at, &available, true))
			bus_wrote(m, at, (uint32_t)n);
		else if (m->translator)
			translator_flush(m);
		done += n;
	}
	return done;
}

bool umps_translate(const struct umps *m, int number, int asid, uint32_t address,
		    uint32_t *physical)
{
	const struct cpu *cpu = &m->cpus[number];
	int entry;

	if (address <= cpu->direct_last) {
		*physical = address;
		return true;
	}
	entry = tlb_search(cpu, address, asid < 0 ? cpu->entry_hi : (uint32_t)asid << 6);
	if (entry < 0 || !(cpu->tlb[entry].lo & ENTRYLO_V))
		return false;
	*physical = (cpu->tlb[entry].lo & ENTRYLO_PFN) | (address & (UMPS_PAGE - 1));
	return true;
}

/* The bytes from ADDRESS on that lie on its page and within LENGTH. */
static size_t on_page(uint32_t address, size_t length)
{
	size_t left = UMPS_PAGE - address % UMPS_PAGE;

	return left < length ? left : length;
}

size_t umps_read_virtual(const struct umps *m, int cpu, int asid, uint32_t address, void *data,
			 size_t length)
{
	size_t done = 0, moved;
	uint32_t physical;

	while (done < length && umps_translate(m, cpu, asid, address + (uint32_t)done, &physical)) {
		moved = umps_read_physical(m, physical, (char *)data + done,
					   on_page(address + (uint32_t)done, length - done));
		if (!moved)
			break;
		done += moved;
	}
	return done;
}

size_t umps_write_virtual(struct umps *m, int cpu, int asid, uint32_t address, const void *data,
			  size_t length)
{
	size_t done = 0, moved;
	uint32_t physical;

	while (done < length && umps_translate(m, cpu, asid, address + (uint32_t)done, &physical)) {
		moved = umps_write_physical(m, physical, (const char *)data + done,
					    on_page(address + (uint32_t)done, length - done));
		if (!moved)
			break;
		done += moved;
	}
	return done;
}

/* ---- exceptions */

bool umps_last_exception(const struct umps *m, int cpu, bool fault,
			 struct umps_exception *exception)
{
	uint64_t n = 0;

	for (uint32_t code = 0; code < N_EXCEPTIONS; code++)
		n += fault && (code == EXC_INT || code == EXC_SYS || code == EXC_BP)
			     ? 0
			     : m->cpus[cpu].exceptions[code] -
				       (fault ? m->cpus[cpu].refills[code] : 0);
	*exception = fault ? m->cpus[cpu].last_fault : m->cpus[cpu].last_exception;
	return n > 0;
}

uint64_t umps_exceptions(const struct umps *m, int cpu, uint32_t code)
{
	if ((code & ~UMPS_REFILL) >= N_EXCEPTIONS)
		return 0;
	return code & UMPS_REFILL ? m->cpus[cpu].refills[code & ~UMPS_REFILL]
				  : m->cpus[cpu].exceptions[code];
}
