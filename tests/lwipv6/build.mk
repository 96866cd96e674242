# SPDX-License-Identifier: GPL-2.0-only
# Tests of liblwipv6: conformance on a virtual clock, interoperation with the kernel.

LWIPV6_WIRE := tests/lwipv6/wire.c tests/lwipv6/script.c tests/lwipv6/path.c
LWIPV6_CONFORMANCE := $(wildcard tests/lwipv6/conformance_*.c)

# $(eval $(call lwipv6_test,NAME)): build/tests/lwipv6/NAME under the sanitizers
define lwipv6_test
$(BUILD)/tests/lwipv6/$(1): $(call objects,tests/lwipv6/$(1).c $(LWIPV6_WIRE),san) $(BUILD)/san/liblwipv6.a
	@mkdir -p $$(@D)
	$$(CC) $$(ALL_CFLAGS) $$(SANITIZE) -o $$@ $$^ $$(LWIPV6_LIBS)
-include $(patsubst %.o,%.d,$(call objects,tests/lwipv6/$(1).c $(LWIPV6_WIRE),san))
endef
$(BUILD)/tests/lwipv6/modern: LWIPV6_LIBS += -luring
$(eval $(call lwipv6_test,modern))
TESTS += $(BUILD)/tests/lwipv6/modern
$(eval $(call lwipv6_test,forks))
TESTS += $(BUILD)/tests/lwipv6/forks
# Not under the sanitizers, whose memory is not the library's.
$(BUILD)/tests/lwipv6/crowd: tests/lwipv6/crowd.c $(LWIPV6_WIRE) tests/lwipv6/wire.h $(BUILD)/liblwipv6.a
	@mkdir -p $(@D)
	$(CC) $(ALL_CFLAGS) -o $@ $(filter %.c %.a,$^) $(LWIPV6_LIBS)
TESTS += $(BUILD)/tests/lwipv6/crowd
# The socket API beside the kernel's.
LWIPV6_CALLS := tests/lwipv6/calls.c tests/lwipv6/calls_options.c tests/lwipv6/calls_states.c tests/lwipv6/calls_extras.c
$(BUILD)/tests/lwipv6/calls: $(call objects,$(LWIPV6_CALLS) tests/lwipv6/wire.c,san) $(BUILD)/san/liblwipv6.a
	@mkdir -p $(@D)
	$(CC) $(ALL_CFLAGS) $(SANITIZE) -o $@ $^ $(LWIPV6_LIBS)
-include $(patsubst %.o,%.d,$(call objects,$(LWIPV6_CALLS),san))
TESTS += $(BUILD)/tests/lwipv6/calls
# A thousand programs need the speed as well; the other tests have the sanitizers.
$(BUILD)/tests/lwipv6/duplex: tests/lwipv6/duplex.c $(LWIPV6_WIRE) tests/lwipv6/path.h $(BUILD)/liblwipv6.a
	@mkdir -p $(@D)
	$(CC) $(ALL_CFLAGS) -o $@ $(filter %.c %.a,$^) $(LWIPV6_LIBS)
TESTS += $(BUILD)/tests/lwipv6/duplex
LONG_TESTS += tests/lwipv6/duplex_long.sh
$(eval $(call lwipv6_test,duplex_kernel))
TESTS += $(BUILD)/tests/lwipv6/duplex_kernel
$(foreach f,$(LWIPV6_CONFORMANCE),$(eval $(call lwipv6_test,$(basename $(notdir $(f))))))
# conformance.sh runs them all and prints the table of rows.
TEST_NEEDS += $(LWIPV6_CONFORMANCE:%.c=$(BUILD)/%)
TESTS += tests/lwipv6/conformance.sh

# Traffic over our stack and, from the same source, over the kernel's and over lwIP's.
LWIPV6_TRAFFIC := tests/lwipv6/traffic.c tests/lwipv6/traffic.h
LWIPV6_IMPAIR := tests/lwipv6/impair.c tests/lwipv6/impair.h
$(BUILD)/tests/lwipv6/traffic: $(LWIPV6_TRAFFIC) $(LWIPV6_IMPAIR) tests/lwipv6/traffic_link.c $(BUILD)/liblwipv6.a
	@mkdir -p $(@D)
	$(CC) $(ALL_CFLAGS) -o $@ $(filter %.c %.a,$^) $(LWIPV6_LIBS)
$(BUILD)/tests/lwipv6/traffic_kernel: $(LWIPV6_TRAFFIC) $(LWIPV6_IMPAIR)
	@mkdir -p $(@D)
	$(CC) $(ALL_CFLAGS) -DTRAFFIC_KERNEL -o $@ $(filter %.c,$^) -lpthread
$(BUILD)/tests/lwipv6/traffic_lwip: $(LWIPV6_TRAFFIC) tests/lwipv6/traffic_lwip.c
	@mkdir -p $(@D)
	$(CC) $(ALL_CFLAGS) -DTRAFFIC_LWIP -o $@ $(filter %.c,$^) $(shell pkg-config --cflags --libs lwip) -lvdeplug -lpthread
TEST_NEEDS += $(BUILD)/tests/lwipv6/traffic_lwip
TEST_NEEDS += $(BUILD)/tests/lwipv6/traffic $(BUILD)/tests/lwipv6/traffic_kernel
TESTS += tests/lwipv6/interop.sh tests/lwipv6/vde.sh

# The fuzzer is built as a whole by clang: its instrumentation is not that of the other objects.
LWIPV6_FUZZ := tests/lwipv6/fuzz.c $(LWIPV6_WIRE) $(LWIPV6_SOURCES)
$(BUILD)/fuzz/lwipv6: $(LWIPV6_FUZZ) tests/lwipv6/wire.h $(wildcard lwipv6/*.h lwipv6/*/*.h)
	@mkdir -p $(@D)
	$(CLANG) $(ALL_CFLAGS) -DLWIPV6_FUZZ -w -O1 -fsanitize=fuzzer,address,undefined \
		-fno-sanitize-recover=all -o $@ $(LWIPV6_FUZZ) $(LWIPV6_LIBS)
TEST_NEEDS += $(BUILD)/fuzz/lwipv6
TESTS += tests/lwipv6/fuzz.sh
LONG_TESTS += tests/lwipv6/fuzz_long.sh

# A stack beside real servers and clients, under the sanitizers.
$(BUILD)/tests/lwipv6/station: tests/lwipv6/station.c $(BUILD)/san/liblwipv6.a
	@mkdir -p $(@D)
	$(CC) $(ALL_CFLAGS) $(SANITIZE) -o $@ $^ $(LWIPV6_LIBS)
TEST_NEEDS += $(BUILD)/tests/lwipv6/station
TESTS += tests/lwipv6/dhcp4.sh tests/lwipv6/dhcp6.sh tests/lwipv6/radv.sh tests/lwipv6/nat.sh
include tests/lwipv6/programs.mk
BENCHES += lwipv6

# Configuration, filter and NAT by libFuzzer; the whole library is compiled for it.
$(BUILD)/tests/lwipv6/fuzz_config: tests/lwipv6/fuzz_config.c $(LWIPV6_SOURCES) $(wildcard lwipv6/*/*.h)
	@mkdir -p $(@D)
	$(CLANG) $(ALL_CFLAGS) -O1 $(SANITIZE) -fsanitize=fuzzer -o $@ $(filter %.c,$^) $(LWIPV6_LIBS)
TEST_NEEDS += $(BUILD)/tests/lwipv6/fuzz_config
TESTS += tests/lwipv6/fuzz_config.sh
LONG_TESTS += tests/lwipv6/fuzz_config_long.sh
