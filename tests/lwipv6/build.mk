# SPDX-License-Identifier: GPL-2.0-only
# Tests of liblwipv6: conformance on a virtual clock, interoperation with the kernel.

LWIPV6_WIRE := tests/lwipv6/wire.c
LWIPV6_CONFORMANCE := $(wildcard tests/lwipv6/conformance_*.c)

# $(eval $(call lwipv6_test,NAME)): build/tests/lwipv6/NAME under the sanitizers
define lwipv6_test
$(BUILD)/tests/lwipv6/$(1): $(call objects,tests/lwipv6/$(1).c $(LWIPV6_WIRE),san) $(BUILD)/san/liblwipv6.a
	@mkdir -p $$(@D)
	$$(CC) $$(ALL_CFLAGS) $$(SANITIZE) -o $$@ $$^ $$(LWIPV6_LIBS)
TESTS += $(BUILD)/tests/lwipv6/$(1)
-include $(patsubst %.o,%.d,$(call objects,tests/lwipv6/$(1).c $(LWIPV6_WIRE),san))
endef
$(foreach f,$(LWIPV6_CONFORMANCE),$(eval $(call lwipv6_test,$(basename $(notdir $(f))))))

# Traffic over our stack and, from the same source, over the kernel's.
$(BUILD)/tests/lwipv6/traffic: tests/lwipv6/traffic.c $(BUILD)/liblwipv6.a
	@mkdir -p $(@D)
	$(CC) $(ALL_CFLAGS) -o $@ $^ $(LWIPV6_LIBS)
$(BUILD)/tests/lwipv6/traffic_kernel: tests/lwipv6/traffic.c lwipv6/lwipv6.h
	@mkdir -p $(@D)
	$(CC) $(ALL_CFLAGS) -DTRAFFIC_KERNEL -o $@ $< -lpthread
# A stack beside real servers and clients, under the sanitizers.
$(BUILD)/tests/lwipv6/station: tests/lwipv6/station.c $(BUILD)/san/liblwipv6.a
	@mkdir -p $(@D)
	$(CC) $(ALL_CFLAGS) $(SANITIZE) -o $@ $^ $(LWIPV6_LIBS)
TEST_NEEDS += $(BUILD)/tests/lwipv6/station
TEST_NEEDS += $(BUILD)/tests/lwipv6/traffic $(BUILD)/tests/lwipv6/traffic_kernel
TESTS += tests/lwipv6/interop.sh tests/lwipv6/dhcp.sh tests/lwipv6/radv.sh tests/lwipv6/nat.sh
# Stalls at times, see docs/lwipv6.md: not among the tests that everybody waits for.
LONG_TESTS += tests/lwipv6/vde.sh
include tests/lwipv6/programs.mk
BENCHES += lwipv6

# Configuration, filter and NAT by libFuzzer; the whole library is compiled for it.
$(BUILD)/tests/lwipv6/fuzz_config: tests/lwipv6/fuzz_config.c $(LWIPV6_SOURCES) $(wildcard lwipv6/*/*.h)
	@mkdir -p $(@D)
	$(CLANG) $(ALL_CFLAGS) -O1 $(SANITIZE) -fsanitize=fuzzer -o $@ $(filter %.c,$^) $(LWIPV6_LIBS)
TEST_NEEDS += $(BUILD)/tests/lwipv6/fuzz_config
TESTS += tests/lwipv6/fuzz_config.sh
LONG_TESTS += tests/lwipv6/fuzz_config_long.sh
