/* SPDX-License-Identifier: LGPL-2.1-or-later */
/*
 * User program startup, at the first address after the program's header: loads gp from the header,
 * calls main() on the stack that the kernel set, and issues the system call EXIT_CALL when main()
 * returns, which a kernel must not come back from. Change the number here to what your kernel's
 * termination service is called by. Every instruction has the place it has in uMPS3 3.0.5.
 */
#include "umps/arch.h"
#include "umps/aout.h"
#include "umps/regdef.h"

#define EXIT_CALL 0
#define ARGUMENTS 16		/* room for the four arguments that a callee may store */

	.text
	.set	noreorder
	.globl	__start
	.type	__start, @function
	.ent	__start
__start:
	li	$t0, KUSEG_BASE + AOUT_HE_GP_VALUE * WS
	lw	$gp, 0($t0)
	addiu	$sp, $sp, -ARGUMENTS
	jal	main
	nop
	addiu	$sp, $sp, ARGUMENTS

	li	$a0, EXIT_CALL
	syscall
	.end	__start
	.size	__start, . - __start
