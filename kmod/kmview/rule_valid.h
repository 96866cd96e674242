/* SPDX-License-Identifier: GPL-2.0-only */
#ifndef KMVIEW_RULE_VALID_H
#define KMVIEW_RULE_VALID_H

#include <linux/types.h>

#include "uapi/kmview.h"

/**
 * kmview_rule_valid() - Is a rule well formed?
 * @rule: a copy of what the manager says
 *
 * Fields that its action and flags do not use are not looked at.
 *
 * Return: True if it is.
 */
bool kmview_rule_valid(const struct kmview_rule *rule);

#endif
