# SPDX-License-Identifier: GPL-2.0-only
# The switch. Every folder below is a room of it.
VDE_SWITCH_C := $(sort $(wildcard user/vde/switch/*.c user/vde/switch/*/*.c user/vde/switch/*/*/*.c))
VDE_SWITCH_LIBS := -lurcu -ljansson -lsystemd -lpthread

PROGRAMS += $(BUILD)/bin/vde_switch
$(eval $(call program,bin/vde_switch,$(VDE_SWITCH_C),$(VDE_SWITCH_LIBS)))
