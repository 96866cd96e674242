# SPDX-License-Identifier: GPL-2.0-only
# Tests and measurements of VDE.
TRAFFIC := $(BUILD)/tests/vde/traffic
$(eval $(call program,tests/vde/traffic,tests/vde/traffic.c,-lvdeplug -lpthread))
TEST_NEEDS += $(TRAFFIC)

include $(sort $(wildcard tests/vde/*.part.mk))

BENCHES += vde

$(eval $(call program,tests/vde/requests,tests/vde/requests.c,))
TEST_NEEDS += $(BUILD)/tests/vde/requests $(BUILD)/san/bin/vde_switch

TESTS += tests/vde/console.sh tests/vde/clients.sh

$(eval $(call program,tests/vde/frames,tests/vde/frames.c,-lvdeplug))
TEST_NEEDS += $(BUILD)/tests/vde/frames
TESTS += tests/vde/rstp.sh

$(eval $(call program,tests/vde/clients,tests/vde/clients.c,-lvdeplug))
TEST_NEEDS += $(BUILD)/tests/vde/clients
TESTS += tests/vde/switching.sh tests/vde/faults.sh
