/* SPDX-License-Identifier: GPL-2.0-or-later */
/*
 * void switch_stacks(unsigned int **save, unsigned int *load)
 *
 * From one process's kernel stack to another's. A function may count on s0 to s7, fp, sp and its
 * return address to survive a call, so these are all there is to keep.
 */
#include <umps/regdef.h>

	.text
	.set	noreorder
	.globl	switch_stacks
	.ent	switch_stacks
switch_stacks:
	addiu	$sp, $sp, -40
	sw	$s0, 0($sp)
	sw	$s1, 4($sp)
	sw	$s2, 8($sp)
	sw	$s3, 12($sp)
	sw	$s4, 16($sp)
	sw	$s5, 20($sp)
	sw	$s6, 24($sp)
	sw	$s7, 28($sp)
	sw	$fp, 32($sp)
	sw	$ra, 36($sp)
	sw	$sp, 0($a0)

	addu	$sp, $a1, $0
	lw	$s0, 0($sp)
	lw	$s1, 4($sp)
	lw	$s2, 8($sp)
	lw	$s3, 12($sp)
	lw	$s4, 16($sp)
	lw	$s5, 20($sp)
	lw	$s6, 24($sp)
	lw	$s7, 28($sp)
	lw	$fp, 32($sp)
	lw	$ra, 36($sp)
	nop
	jr	$ra
	addiu	$sp, $sp, 40
	.end	switch_stacks
