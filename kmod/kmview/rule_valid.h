/* SPDX-License-Identifier: GPL-2.0-only */
#ifndef KMVIEW_RULE_VALID_H
#define KMVIEW_RULE_VALID_H

#include <linux/types.h>

#include "uapi/kmview.h"

/* Is the rule well formed? Fields that its action and flags do not use are not looked at. */
bool kmview_rule_valid(const struct kmview_rule *rule);

#endif
