# SPDX-License-Identifier: GPL-2.0-only
# Tests of the `vde` command and of network devices as ports.
TESTS += tests/vde/xdp_switch.sh
TESTS += $(addprefix tests/vde/,cables.sh vnl.sh filter.sh slirp.sh lab.sh)

# Fuzzers: $(call fuzzer,NAME,SOURCES,LIBS) is build/fuzz/vde_NAME.
define fuzzer
$(BUILD)/fuzz/vde_$(1): tests/vde/fuzz_$(1).c $(2)
	@mkdir -p $$(@D)
	$$(CLANG) -std=gnu17 -D_GNU_SOURCE -I. -g -O1 -fsanitize=fuzzer,address,undefined \
		-fno-sanitize-recover=all -o $$@ $$^ $(3)
TEST_NEEDS += $(BUILD)/fuzz/vde_$(1)
endef
$(eval $(call fuzzer,lab,$(wildcard user/vde/impair/*.c) user/vde/cmd/lab/parse.c user/vde/cmd/lab/graph.c,-lm))
$(eval $(call fuzzer,stream,user/vde/cmd/stream.c))
TESTS += tests/vde/fuzz_cmd.sh
LONG_TESTS += tests/vde/fuzz_cmd_long.sh

# The fuzzer of the switch is compiled in one step, which needs the skeleton first.
$(BUILD)/fuzz/vde_switch: $(BUILD)/bpf/vde/switch.skel.h
