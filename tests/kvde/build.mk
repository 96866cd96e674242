# SPDX-License-Identifier: GPL-2.0-only
# The in-kernel plane of the switch, in guests.
TEST_NEEDS += $(BUILD)/tests/kvde/device
$(eval $(call program,tests/kvde/device,tests/kvde/device.c,-pthread))
TEST_NEEDS += $(BUILD)/tests/kvde/cost
$(eval $(call program,tests/kvde/cost,tests/kvde/cost.c,-lvdeplug))
TESTS += $(addprefix tests/kvde/,kernel-6.1.sh kernel-6.12.sh kernel-newest.sh)
