/* SPDX-License-Identifier: LGPL-2.1-or-later */
/* Cutting TCP super-segments and finishing checksums in software. */
#ifndef LWIPV6_LINK_GSO_H
#define LWIPV6_LINK_GSO_H

#include "lwipv6/core/packet.h"

/* Cut @p, link header at data, into segments appended to @out. Takes @p. False when memory ended.
 */
bool gso_split(struct packet *p, struct list *out);
/* CHECKSUM_PARTIAL becomes a complete checksum. */
void gso_finish_checksum(struct packet *p);

#endif
