/* SPDX-License-Identifier: GPL-2.0-or-later */
#ifndef PIAZZA_INTERRUPT_H
#define PIAZZA_INTERRUPT_H

/* Serves every interrupt line that is asserted. */
void interrupts_serve(void);

#endif
