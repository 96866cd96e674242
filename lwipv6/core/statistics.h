/* SPDX-License-Identifier: LGPL-2.1-or-later */
/* Counters: struct lwip_statistics of <lwipv6.h>; COUNT(stack, field) under the stack's lock. */
#ifndef LWIPV6_CORE_STATISTICS_H
#define LWIPV6_CORE_STATISTICS_H

#include "lwipv6/lwipv6.h"

#define COUNT(stack, field)	   ((stack)->statistics.field++)
#define COUNT_ADD(stack, field, n) ((stack)->statistics.field += (n))

#endif
