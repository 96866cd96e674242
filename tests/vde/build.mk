# SPDX-License-Identifier: GPL-2.0-only
# Tests and measurements of VDE.
TRAFFIC := $(BUILD)/tests/vde/traffic
$(eval $(call program,tests/vde/traffic,tests/vde/traffic.c,-lvdeplug -lpthread))
TEST_NEEDS += $(TRAFFIC)

include $(sort $(wildcard tests/vde/*.part.mk))

BENCHES += vde
