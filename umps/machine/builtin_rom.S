/* SPDX-License-Identifier: LGPL-2.1-or-later */
/* The built-in ROMs, as files: their paths are given by the build. */
	.section .rodata
	.globl builtin_exec_rom, builtin_exec_rom_end, builtin_coreboot_rom, builtin_coreboot_rom_end
	.balign 4
builtin_exec_rom:
	.incbin EXEC_ROM
builtin_exec_rom_end:
	.balign 4
builtin_coreboot_rom:
	.incbin COREBOOT_ROM
builtin_coreboot_rom_end:
	.globl builtin_exec2_rom, builtin_exec2_rom_end, builtin_coreboot2_rom
	.globl builtin_coreboot2_rom_end, builtin_tapeboot2_rom, builtin_tapeboot2_rom_end
	.balign 4
builtin_exec2_rom:
	.incbin EXEC2_ROM
builtin_exec2_rom_end:
	.balign 4
builtin_coreboot2_rom:
	.incbin COREBOOT2_ROM
builtin_coreboot2_rom_end:
	.balign 4
builtin_tapeboot2_rom:
	.incbin TAPEBOOT2_ROM
builtin_tapeboot2_rom_end:
	.section .note.GNU-stack, "", @progbits
