/* SPDX-License-Identifier: GPL-2.0-or-later */
/* Is a document a configuration? Its members, their types and bounds; not whether they fit. */
#ifndef VDE_SCHEMA_H
#define VDE_SCHEMA_H

#include <jansson.h>

#include "user/vde/switch/config/config.h"

/* 0, or EINVAL with the path of the first mistake and what it is in why. */
int schema_check(const json_t *config, char why[CONFIG_WHY_SIZE]);

#endif
