# SPDX-License-Identifier: GPL-2.0-only
# Kernels under emulation: see docs/vm.md.
$(eval $(call program,tests/vm/report,tests/vm/report.c,))

KERNEL ?= 6.12
.PHONY: vm kernels
vm:
	tests/vm/shell $(KERNEL)
kernels:
	tests/vm/kernels.sh

TESTS += tests/vm/boot.sh tests/kmview/kunit.sh tests/kmview/dkms.sh

# What guests need is fetched and compiled before any test starts.
.PHONY: vm-ready vm-ready-debug
vm-ready: $(BUILD)/tests/vm/report
	tests/vm/prepare.sh
vm-ready-debug: $(BUILD)/tests/vm/report
	tests/vm/prepare.sh --debug
TEST_NEEDS += $(BUILD)/tests/vm/report
