# SPDX-License-Identifier: GPL-2.0-only
# Virtual Distributed Ethernet. Each folder here states what it builds in its part.mk.
include $(sort $(wildcard user/vde/*/part.mk))
