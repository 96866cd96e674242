/* SPDX-License-Identifier: LGPL-2.1-or-later */
/*
 * User program startup, at the first address after the program's header: loads gp from the header,
 * calls main() on the stack that the kernel set, and issues the system call EXIT_CALL when main()
 * returns. Change the number here to what your kernel's termination service is called by.
 */
#include "umps/arch.h"
#include "umps/aout.h"
#include "umps/regdef.h"

#define EXIT_CALL 0

	.text
	.set	noreorder
	.globl	__start
	.ent	__start
__start:
	lui	$gp, KUSEG_BASE >> 16
	lw	$gp, AOUT_HE_GP_VALUE * WS($gp)
	jal	main
	addiu	$sp, $sp, -16		/* room for the four arguments a callee may store */

	addiu	$a0, $0, EXIT_CALL
	syscall
1:	b	1b
	nop
	.end	__start
