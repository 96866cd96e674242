# SPDX-License-Identifier: GPL-2.0-only
$(eval $(call program,tests/view/same,tests/view/same.c))
TEST_NEEDS += $(BUILD)/tests/view/same $(BUILD)/san/bin/viewfs
TESTS += $(addprefix tests/view/,viewfs.sh viewfs_random.sh viewfs_faults.sh viewfs_programs.sh)
LONG_TESTS += tests/view/viewfs_random_long.sh
