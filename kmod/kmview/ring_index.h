/* SPDX-License-Identifier: GPL-2.0-only */
/* Arithmetic of the ring's counters, which run freely modulo 2^32. Compiles in user space and under KUnit, too. */
#ifndef KMVIEW_RING_INDEX_H
#define KMVIEW_RING_INDEX_H

#include <linux/types.h>

/**
 * kmview_ring_used() - Count the entries announced and not yet taken.
 * @head: the kernel's counter
 * @tail: the manager's, any number
 * @mask: entries of the ring less one
 *
 * Return: How many; more than the ring has if @tail is not within the ring behind @head.
 */
static inline u32 kmview_ring_used(u32 head, u32 tail, u32 mask)
{
	u32 used = head - tail;

	return used > mask + 1 ? mask + 2 : used;
}

#endif
