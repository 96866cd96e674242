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
