# SPDX-License-Identifier: GPL-2.0-only
BENCHES += kmview
TEST_NEEDS += $(BUILD)/tests/kmview/bench

$(eval $(call program,tests/kmview/bench,tests/kmview/bench.c tests/kmview/bench_peers.c,\
	$(BUILD)/lib/libkmview-bpf.a $(BUILD)/lib/libkmview.a -lbpf -pthread))
