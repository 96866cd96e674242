/* SPDX-License-Identifier: GPL-2.0-or-later */
/*
 * Which line, which device: from the Cause register and the bitmaps of interrupting devices to the
 * clock and the device drivers.
 */
#include <umps/arch.h>
#include <umps/cp0.h>
#include <umps/libumps.h>

#include "clock.h"
#include "device.h"
#include "interrupt.h"

void interrupts_serve(void)
{
	unsigned int pending = getCAUSE(), devices;
	int line, number;

	if (pending & CAUSE_IP(IL_CPUTIMER))
		clock_end_slice();
	if (pending & CAUSE_IP(IL_TIMER))
		clock_tick();
	for (line = DEV_IL_START; line < N_IL; line++) {
		if (!(pending & CAUSE_IP(line)))
			continue;
		devices = *(volatile unsigned int *)CDEV_BITMAP_ADDR(line);
		for (number = 0; number < N_DEV_PER_IL; number++)
			if (devices >> number & 1)
				device_interrupt(line, number);
	}
}
