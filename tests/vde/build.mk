# SPDX-License-Identifier: GPL-2.0-only
# Tests and measurements of VDE.
TRAFFIC := $(BUILD)/tests/vde/traffic
$(eval $(call program,tests/vde/traffic,tests/vde/traffic.c,-lvdeplug -lpthread))
TEST_NEEDS += $(TRAFFIC)

include $(sort $(wildcard tests/vde/*.part.mk))

BENCHES += vde

$(eval $(call program,tests/vde/requests,tests/vde/requests.c,))
TEST_NEEDS += $(BUILD)/tests/vde/requests $(BUILD)/san/bin/vde_switch

TESTS += tests/vde/console.sh tests/vde/clients.sh tests/vde/plugins.sh tests/vde/names.sh tests/vde/classic.sh tests/vde/stall.sh

$(eval $(call program,tests/vde/frames,tests/vde/frames.c,-lvdeplug))
TEST_NEEDS += $(BUILD)/tests/vde/frames
TESTS += tests/vde/rstp.sh

$(eval $(call program,tests/vde/clients,tests/vde/clients.c,-lvdeplug))
TEST_NEEDS += $(BUILD)/tests/vde/clients
TESTS += tests/vde/switching.sh tests/vde/lines.sh tests/vde/faults.sh

# The fuzzer is built as a whole by clang: its instrumentation is not that of the other objects.
VDE_FUZZ_C = tests/vde/fuzz_switch.c $(filter-out %/main.c %/options.c,$(VDE_SWITCH_C)) \
	$(wildcard user/vde/impair/*.c user/vde/names/*.c)
$(BUILD)/fuzz/vde_switch: $$(VDE_FUZZ_C) $(wildcard user/vde/switch/*.h user/vde/switch/*/*.h user/vde/impair/*.h user/vde/names/*.h)
	@mkdir -p $(@D)
	$(CLANG) $(ALL_CFLAGS) -Wno-error -O1 -fsanitize=fuzzer,address,undefined \
		-fno-sanitize-recover=all -o $@ $(VDE_FUZZ_C) $(filter -l%,$(VDE_SWITCH_LIBS))
TEST_NEEDS += $(BUILD)/fuzz/vde_switch
TESTS += tests/vde/machines.sh tests/vde/fuzz.sh
LONG_TESTS += tests/vde/fuzz_long.sh

# The same sources under ThreadSanitizer; its urcu.h comes first.
VDE_RACE_C = $(VDE_SWITCH_C) $(wildcard user/vde/impair/*.c user/vde/names/*.c)
$(BUILD)/race/vde_switch: $$(VDE_RACE_C) tests/vde/race/urcu.h $(BUILD)/bpf/vde/switch.skel.h \
		$(wildcard user/vde/switch/*.h user/vde/switch/*/*.h user/vde/impair/*.h user/vde/names/*.h)
	@mkdir -p $(@D)
	$(CLANG) -Itests/vde/race $(ALL_CFLAGS) -Wno-error -O1 -fsanitize=thread -o $@ $(VDE_RACE_C) \
		$(filter -l%,$(filter-out -lurcu,$(VDE_SWITCH_LIBS)))
TEST_NEEDS += $(BUILD)/race/vde_switch
TESTS += tests/vde/race.sh
TESTS += tests/vde/web.sh
LONG_TESTS += tests/vde/flow_long.sh
