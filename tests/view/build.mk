# SPDX-License-Identifier: GPL-2.0-only
# Tests of views: scenarios that users know, natively with umview, in guests with kmview.
TEST_NEEDS += $(BUILD)/tests/view/file_calls
$(eval $(call program,tests/view/file_calls,tests/view/file_calls.c))

TESTS += $(wildcard tests/view/scenario_*.sh)
