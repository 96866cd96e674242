# SPDX-License-Identifier: GPL-2.0-only
# Views. Each folder here states what it builds in its part.mk.
include $(sort $(wildcard user/view/*/part.mk))
