/* SPDX-License-Identifier: LGPL-2.1-or-later */
/*
 * Exceptions (section 6): how a processor leaves what it was doing, and when it is interrupted.
 */
#include "umps/machine/machine.h"

/* An enabled interrupt is taken after the current instruction: keep cpu->interrupt in step. */
void interrupt_check(struct cpu *cpu)
{
	cpu->interrupt = (cpu->status & STATUS_IEC) && (cpu->cause & cpu->status & STATUS_IM);
}

static bool is_fault(uint32_t code)
{
	return !(code & UMPS_REFILL) && code != EXC_INT && code != EXC_SYS && code != EXC_BP;
}

static void note(struct cpu *cpu, uint32_t code)
{
	cpu->last_exception = (struct umps_exception){.tick = cpu->machine->tod,
						      .code = code,
						      .epc = cpu->epc,
						      .bad_vaddr = cpu->bad_vaddr,
						      .status = cpu->status,
						      .entry_hi = cpu->entry_hi,
						      .service = cpu->r[4],
						      .caller = cpu->r[31],
						      .cause = cpu->cause};
	if (is_fault(code))
		cpu->last_fault = cpu->last_exception;
	cpu->exceptions[code & ~UMPS_REFILL]++;
	if (code & UMPS_REFILL)
		cpu->refills[code & ~UMPS_REFILL]++;
}

static void observe(struct cpu *cpu, uint32_t code)
{
	struct umps *m = cpu->machine;
	unsigned kind = UMPS_STOPS_EXCEPTION;

	note(cpu, code);
	if (code == EXC_BP && cpu->r[4] <= 3 && !(cpu->status & (STATUS_KUC << 2)))
		cpu->last_service = (uint8_t)cpu->r[4];
	if (m->observer && m->observer->exception && !m->replaying)
		m->observer->exception(m->observer->context, cpu->number, code, cpu->epc);
	if (code & UMPS_REFILL)
		kind = cpu->bad_vaddr < KUSEG_BASE ? UMPS_STOPS_KERNEL_REFILL
						   : UMPS_STOPS_USER_REFILL;
	if (m->exception_stops & kind)
		machine_stop(m, (struct umps_stop){.reason = UMPS_STOP_EXCEPTION,
						   .cpu = cpu->number,
						   .code = code,
						   .address = cpu->epc});
}

static void enter(struct cpu *cpu, uint32_t cause, uint32_t offset, uint32_t pc, bool slot,
		  uint32_t branch)
{
	uint32_t vm;

	pending_complete(cpu);
	cpu->cause = (cpu->cause & CAUSE_IP) | cause | (slot ? CAUSE_BD : 0);
	cpu->epc = slot ? branch : pc;
	vm = cpu->machine->variant->status_vm;
	status_write(cpu, (cpu->status & ~(0x3Fu | vm)) | (cpu->status & 0x0F) << 2 |
				  (cpu->status << 1 & vm & ~STATUS_VMC));
	cpu->pc = (cpu->status & STATUS_BEV ? BOOT_ROM_BASE + 0x100 : 0) + offset;
	cpu->next_pc = cpu->pc + 4;
	cpu->in_slot = false;
	observe(cpu, (cause >> 2 & 0x1F) | (offset ? 0 : UMPS_REFILL));
}

void exception(struct cpu *cpu, enum exception_code code)
{
	enter(cpu, (uint32_t)code << 2, 0x80, cpu->this_pc, cpu->this_slot, cpu->this_branch);
}

void exception_refill(struct cpu *cpu, enum exception_code code)
{
	enter(cpu, (uint32_t)code << 2, 0, cpu->this_pc, cpu->this_slot, cpu->this_branch);
}

void exception_coprocessor(struct cpu *cpu, uint32_t number)
{
	enter(cpu, number << 28 | EXC_CPU << 2, 0x80, cpu->this_pc, cpu->this_slot,
	      cpu->this_branch);
}

void exception_interrupt(struct cpu *cpu)
{
	enter(cpu, EXC_INT << 2, 0x80, cpu->pc, cpu->in_slot, cpu->branch_pc);
}
