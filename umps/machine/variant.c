/* SPDX-License-Identifier: LGPL-2.1-or-later */
/*
 * The machines of the family, as a table of differences (section 17). Everything that is not named
 * in struct variant is the same in all of them, and nothing outside of this file asks which one
 * it is.
 */
#include "umps/machine/machine.h"

extern const uint8_t builtin_exec_rom[], builtin_exec_rom_end[];
extern const uint8_t builtin_coreboot_rom[], builtin_coreboot_rom_end[];
extern const uint8_t builtin_exec2_rom[], builtin_exec2_rom_end[];
extern const uint8_t builtin_coreboot2_rom[], builtin_coreboot2_rom_end[];
extern const uint8_t builtin_tapeboot2_rom[], builtin_tapeboot2_rom_end[];

static const struct variant variants[] = {
	[UMPS_3] = {.name = "umps3",
		    .has_floor = true,
		    .has_bios_data = true,
		    .address_spaces = 2,
		    .device_base = 0x10000054,
		    .zero_quotient = 0x7FFFFFFF,
		    .block_device = &flash_kind,
		    .exec = {"share/umps3/exec.rom.umps", builtin_exec_rom, builtin_exec_rom_end},
		    .boot = {"share/umps3/coreboot.rom.umps", builtin_coreboot_rom,
			     builtin_coreboot_rom_end}},
	[UMPS_2] = {.name = "umps2",
		    .status_vm = 0x07000000,
		    .address_spaces = 4,
		    .device_base = 0x10000050,
		    .zero_quotient = 0xFFFFFFFF,
		    .block_device = &tape_kind,
		    .exec = {"share/umps2/exec.rom.umps", builtin_exec2_rom, builtin_exec2_rom_end},
		    .boot = {"share/umps2/coreboot.rom.umps", builtin_coreboot2_rom,
			     builtin_coreboot2_rom_end},
		    .tape_boot = {"share/umps2/tapeboot.rom.umps", builtin_tapeboot2_rom,
				  builtin_tapeboot2_rom_end}},
};

const struct variant *variant_of(enum umps_machine machine)
{
	return &variants[machine];
}

bool umps_machine_from_name(const char *name, enum umps_machine *machine)
{
	for (size_t i = 0; i < sizeof(variants) / sizeof(variants[0]); i++)
		if (!strcmp(name, variants[i].name)) {
			*machine = (enum umps_machine)i;
			return true;
		}
	return false;
}

const char *umps_machine_name(enum umps_machine machine)
{
	return variants[machine].name;
}

/*
 * What is physical without translation, and what user mode may touch, follow from Status where
 * there are VM bits. `mode` numbers the four cases, as each has fast pages of its own.
 */
void mode_update(struct cpu *cpu)
{
	const struct umps *m = cpu->machine;
	bool user = cpu->status & STATUS_KUC, vm = cpu->status & m->variant->status_vm & STATUS_VMC;

	cpu->mode = (uint8_t)(user | vm << 1);
	cpu->fast = cpu->pages[cpu->mode];
	if (!m->variant->status_vm) {
		cpu->direct_last = m->tlb_floor - 1;
		cpu->lowest = user ? KUSEG_BASE : 0;
		return;
	}
	cpu->direct_last = vm ? UMPS_RAM_BASE - 1 : 0xFFFFFFFF;
	cpu->lowest = !user ? 0 : vm ? KUSEG_BASE : UMPS_RAM_BASE;
}
