# SPDX-License-Identifier: GPL-2.0-only
# Tests of netlink, slirp and the programs.

$(BUILD)/tests/lwipv6/netlink_preload.so: $(BUILD)/obj/tests/lwipv6/netlink_preload.o $(BUILD)/liblwipv6.a
	@mkdir -p $(@D)
	$(CC) $(ALL_CFLAGS) -shared -o $@ $^ $(LWIPV6_LIBS)
TEST_NEEDS += $(BUILD)/tests/lwipv6/netlink_preload.so
TESTS += tests/lwipv6/netlink.sh

$(eval $(call lwipv6_test,netlink_calls))

# The fuzzer's objects are clang's: its instrumentation is not that of the other objects.
$(BUILD)/fuzz/obj/%.o: %.c
	@mkdir -p $(@D)
	$(CLANG) $(ALL_CFLAGS) -Wno-error -O1 -fsanitize=fuzzer-no-link,address,undefined -fno-sanitize-recover=all \
		-MMD -MP -c -o $@ $<
$(BUILD)/fuzz/lwipv6_netlink: $(call objects,$(LWIPV6_SOURCES) tests/lwipv6/fuzz_netlink.c,fuzz/obj)
	$(CLANG) -fsanitize=fuzzer,address,undefined -o $@ $^ $(LWIPV6_LIBS)
-include $(patsubst %.o,%.d,$(call objects,$(LWIPV6_SOURCES) tests/lwipv6/fuzz_netlink.c,fuzz/obj))
TEST_NEEDS += $(BUILD)/fuzz/lwipv6_netlink
TESTS += tests/lwipv6/fuzz_netlink.sh
LONG_TESTS += tests/lwipv6/fuzz_netlink_long.sh
