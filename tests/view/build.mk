# SPDX-License-Identifier: GPL-2.0-only
# Tests of views.
include $(sort $(wildcard tests/view/*.part.mk))
