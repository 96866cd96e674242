/* SPDX-License-Identifier: LGPL-2.1-or-later */
/* Domain names as they stand in options of router advertisements and DHCP (RFC 1035 3.1). */
#ifndef LWIPV6_CONFIG_DOMAIN_H
#define LWIPV6_CONFIG_DOMAIN_H

#include <stdbool.h>
#include <stdint.h>

#define DOMAIN_SIZE 256

/*
 * Decode the name at *@at of @data into @text as a.b.c and move *@at behind it. False at the end, at
 * padding, and for a name with anything but letters, digits, '-' and '_' in it: names end in files
 * that shells read. @compressed allows pointers, which lead backwards only (RFC 3397).
 */
bool domain_next(const uint8_t *data, uint32_t len, uint32_t *at, bool compressed,
		 char text[DOMAIN_SIZE]);
/* Whether every label of the text is of these characters. */
bool domain_good(const char *text);

#endif
