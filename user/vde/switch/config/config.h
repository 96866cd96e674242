/* SPDX-License-Identifier: GPL-2.0-or-later */
/*
 * The configuration of the switch as one JSON document: ports, VLANs, spanning tree, MAC table
 * settings, limits, mirrors, impairments. Loading is atomic: a document that cannot be carried out
 * as a whole changes nothing.
 */
#ifndef VDE_CONFIG_H
#define VDE_CONFIG_H

#include <jansson.h>

#include "user/vde/switch/switch.h"

/* What the switch is set to now; a new reference. */
json_t *config_json(struct vswitch *sw);

/*
 * Make the switch be so. What the document does not mention gets its default; clients stay
 * connected. 0 or a positive errno, with the reason in why.
 */
#define CONFIG_WHY_SIZE 160
int config_apply(struct vswitch *sw, const json_t *config, char why[CONFIG_WHY_SIZE]);

struct console;
void config_commands(struct console *console);

#endif
