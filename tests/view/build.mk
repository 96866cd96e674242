# SPDX-License-Identifier: GPL-2.0-only
# Tests of views: scenarios that users know, natively with umview, in guests with kmview.
BENCHES += view
TEST_NEEDS += $(addprefix $(BUILD)/tests/view/,file_calls mount_api bench)
$(eval $(call program,tests/view/mount_api,tests/view/mount_api.c))
$(eval $(call program,tests/view/bench,tests/view/bench.c))
$(eval $(call program,tests/view/file_calls,tests/view/file_calls.c))

TESTS += $(wildcard tests/view/scenario_*.sh) $(addprefix tests/view/,services.sh control.sh install.sh names.sh \
	options.sh programs.sh sharing.sh remembered.sh faults.sh mount_api.sh ids.sh authority.sh flush.sh hanging.sh \
	sources.sh stacked.sh living.sh guard.sh) \
	$(addprefix tests/view/,kernel-6.1.sh kernel-6.12.sh servers-6.12.sh kernel-newest.sh)
LONG_TESTS += tests/view/faults_long.sh tests/view/images_long.sh tests/view/archive_long.sh
include $(sort $(wildcard tests/view/*.part.mk))
