/* SPDX-License-Identifier: LGPL-2.1-or-later */
/*
 * Bootstrap ROM of uMPS2 for kernels on tape 0: reads its blocks up to the first end of file into
 * RAM from its start on, prints a dot for each, and starts the kernel. A tape that is not rewound,
 * or that cannot be read, ends in a panic.
 */
#include "boot.inc"

#define TAPE		LOW(DEV_REG_ADDR(IL_TAPE, 0))
#define TERMINAL	LOW(DEV_REG_ADDR(IL_TERMINAL, 0))
#define READ		3
#define ACK		1
#define BUSY		3
#define READY		1
#define TAPE_START	3
#define BLOCK_END	2
#define TRANSMIT	2
#define PAGE		0x1000

	begin
	b	boot
	lui	$s0, MMIO_BASE >> 16
	vectors

panic:
	addiu	$k0, $0, PANIC_ENTRY
	jr	$k0
	nop

/* Print a1 when the transmitter is free; t1 changes. */
print:
	lw	$t1, TERMINAL + 8($s0)
	nop
	andi	$t1, $t1, 0xFF
	beq	$t1, $s1, print
	sll	$t1, $a1, 8
	ori	$t1, $t1, TRANSMIT
	jr	$ra
	sw	$t1, TERMINAL + 12($s0)

boot:
	addiu	$s1, $0, BUSY
	addiu	$s2, $0, READY
	lui	$s3, RAM_BASE >> 16
	lw	$t0, TAPE + 12($s0)
	addiu	$t1, $0, TAPE_START
	bne	$t0, $t1, panic
	addiu	$t2, $0, READ
next_block:
	sw	$s3, TAPE + 8($s0)
	sw	$t2, TAPE + 4($s0)
wait_tape:
	lw	$t0, TAPE($s0)
	nop
	beq	$t0, $s1, wait_tape
	nop
	bne	$t0, $s2, panic
	addiu	$a1, $0, '.'
	bal	print
	addiu	$s3, $s3, PAGE
	lw	$t0, TAPE + 12($s0)
	addiu	$t1, $0, BLOCK_END
	beq	$t0, $t1, next_block
	addiu	$t2, $0, READ
	addiu	$t0, $0, ACK
	sw	$t0, TAPE + 4($s0)
	bal	print
	addiu	$a1, $0, '\n'
wait_terminal:
	lw	$t1, TERMINAL + 8($s0)
	nop
	andi	$t1, $t1, 0xFF
	beq	$t1, $s1, wait_terminal
	addiu	$t0, $0, ACK
	sw	$t0, TERMINAL + 12($s0)
	start_kernel
	.org	SIZE
