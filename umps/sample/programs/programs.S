/* SPDX-License-Identifier: GPL-2.0-or-later */
/*
 * The content of the flash device with the programs: a directory in block 0 (names of 24 bytes and
 * the number of the first block, up to an empty name), then the programs, each from a new block on. The Makefile defines PROGRAMS as
 * their names with commas between.
 */
	.macro	entry name
	.balign	32
1:	.ascii	"\name"
	.space	24 - (. - 1b)
	.word	(\name - directory) / 4096
	.endm

	.macro	program name
	.balign	4096
\name:	.incbin	"\name\().aout.umps"
	.endm

	.data
	.balign	4096
directory:
	.irp	name, PROGRAMS
	entry	\name
	.endr

	.irp	name, PROGRAMS
	program	\name
	.endr
	.balign	4096
