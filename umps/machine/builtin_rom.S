/* SPDX-License-Identifier: LGPL-2.1-or-later */
/* The built-in ROMs, as files: EXEC_ROM and COREBOOT_ROM are paths given by the build. */
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
	.section .note.GNU-stack, "", @progbits
