/* SPDX-License-Identifier: LGPL-2.1-or-later */
/*
 * Coprocessor 0 (section 4): its registers and the instructions that work on them and on the TLB.
 */
#include "umps/machine/machine.h"

/* COP0 functions with the CO bit */
enum { TLBR = 1, TLBWI = 2, TLBWR = 6, TLBP = 8, RFE = 16, WAIT = 32 };

bool cp0_usable(const struct cpu *cpu)
{
	return !cpu->mode || (cpu->status & STATUS_CU0);
}

/* Are MFC0 and MTC0 defined for this register? */
bool cp0_readable(uint32_t reg)
{
	return reg < 16 &&
	       (1u << reg & (1u << CP0_INDEX | 1u << CP0_RANDOM | 1u << CP0_ENTRYLO |
			     1u << CP0_BADVADDR | 1u << CP0_TIMER | 1u << CP0_ENTRYHI |
			     1u << CP0_STATUS | 1u << CP0_CAUSE | 1u << CP0_EPC | 1u << CP0_PRID));
}

/* Random runs down from TLB size - 2 to 1, then from TLB size - 1 again, one step for each
 * instruction. */
uint32_t random_value(const struct cpu *cpu)
{
	uint32_t span = cpu->machine->tlb_size - 1;
	uint64_t steps = (cpu->instructions - cpu->random_origin) % span;

	return 1 + (uint32_t)((span - 2 + span - steps) % span);
}

uint32_t local_timer(const struct cpu *cpu)
{
	if (!(cpu->status & STATUS_TE) || cpu->state == UMPS_CPU_HALTED)
		return cpu->timer;
	return cpu->timer - (uint32_t)(cpu->machine->tod - cpu->timer_tick);
}

/* The cycle that finds the timer at zero asserts line 1. */
uint64_t local_timer_due(const struct cpu *cpu)
{
	if (!(cpu->status & STATUS_TE) || cpu->state == UMPS_CPU_HALTED)
		return NEVER;
	return cpu->timer_tick + cpu->timer + 1;
}

uint32_t cp0_read(const struct cpu *cpu, uint32_t reg)
{
	switch (reg) {
	case CP0_INDEX:
		return cpu->index;
	case CP0_RANDOM:
		return random_value(cpu) << INDEX_SHIFT;
	case CP0_ENTRYLO:
		return cpu->entry_lo;
	case CP0_BADVADDR:
		return cpu->bad_vaddr;
	case CP0_TIMER:
		return local_timer(cpu);
	case CP0_ENTRYHI:
		return cpu->entry_hi;
	case CP0_STATUS:
		return cpu->status;
	case CP0_CAUSE:
		return cpu->cause;
	case CP0_EPC:
		return cpu->epc;
	case CP0_PRID:
		return cpu->number;
	default:
		return 0;
	}
}

void status_write(struct cpu *cpu, uint32_t value)
{
	uint32_t changed = cpu->status ^ value;

	if (changed & STATUS_TE) {
		ahead_cut(cpu->machine);
		cpu->timer = local_timer(cpu);
		cpu->timer_tick = cpu->machine->tod;
		if (!(value & STATUS_TE))
			cpu->cause &= ~(1u << 9);
	}
	cpu->status = value;
	if (changed & (STATUS_KUC | (cpu->machine->variant->status_vm & STATUS_VMC))) {
		mode_update(cpu);
		cpu->fetch_size = 0;
	}
	if (changed & STATUS_TE)
		timers_changed(cpu->machine);
	interrupt_check(cpu);
}

static void entry_hi_write(struct cpu *cpu, uint32_t value)
{
	uint32_t changed = cpu->entry_hi ^ value;

	cpu->entry_hi = value;
	if (changed & ENTRYHI_ASID)
		mmu_flush(cpu);
}

void cp0_write(struct cpu *cpu, uint32_t reg, uint32_t value)
{
	switch (reg) {
	case CP0_INDEX:
		cpu->index = (cpu->index & INDEX_P) |
			     (value & (cpu->machine->tlb_size - 1) << INDEX_SHIFT);
		break;
	case CP0_ENTRYLO:
		cpu->entry_lo = value & ENTRYLO_WRITABLE;
		break;
	case CP0_TIMER:
		ahead_cut(cpu->machine);
		cpu->timer = value;
		cpu->timer_tick = cpu->machine->tod;
		interrupt_line(cpu, 1, false);
		timers_changed(cpu->machine);
		break;
	case CP0_ENTRYHI:
		entry_hi_write(cpu, value & ENTRYHI_WRITABLE);
		break;
	case CP0_STATUS:
		status_write(cpu, value & STATUS_WRITABLE);
		break;
	case CP0_TLBCLR:
		for (uint32_t i = 1; i < cpu->machine->tlb_size; i++)
			tlb_set(cpu, i, 0, 0);
		break;
	default: /* the others are read only */
		break;
	}
}

static void tlb_probe(struct cpu *cpu)
{
	int found = tlb_search(cpu, cpu->entry_hi, cpu->entry_hi);

	cpu->index = found < 0 ? INDEX_P : (uint32_t)found << INDEX_SHIFT;
}

static void wait_for_interrupt(struct cpu *cpu)
{
	if (cpu->cause & CAUSE_IP)
		return;
	rest_notice_wait(cpu);
	cpu->state = UMPS_CPU_WAITING;
	machine_break(cpu->machine);
}

void cp0_execute(struct cpu *cpu, uint32_t word)
{
	uint32_t vm = cpu->machine->variant->status_vm & (STATUS_VMC | STATUS_VMP);
	uint32_t selected = cpu->index >> INDEX_SHIFT & (cpu->machine->tlb_size - 1);

	if ((word & 0x03FFFFC0) != 0x02000000) {
		exception_coprocessor(cpu, 0);
		return;
	}
	switch (word & 0x3F) {
	case TLBR:
		cpu->entry_lo = cpu->tlb[selected].lo;
		entry_hi_write(cpu, cpu->tlb[selected].hi);
		break;
	case TLBWI:
		tlb_set(cpu, selected, cpu->entry_hi, cpu->entry_lo);
		break;
	case TLBWR:
		tlb_set(cpu, random_value(cpu), cpu->entry_hi, cpu->entry_lo);
		break;
	case TLBP:
		tlb_probe(cpu);
		break;
	case RFE:
		status_write(cpu, (cpu->status & ~(0x0Fu | vm)) | (cpu->status >> 2 & 0x0F) |
					  (cpu->status >> 1 & vm));
		break;
	case WAIT:
		wait_for_interrupt(cpu);
		break;
	default:
		exception_coprocessor(cpu, 0);
	}
}
