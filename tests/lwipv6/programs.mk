# SPDX-License-Identifier: GPL-2.0-only
# Tests of netlink, slirp and the programs.

$(BUILD)/tests/lwipv6/netlink_preload.so: $(BUILD)/obj/tests/lwipv6/netlink_preload.o $(BUILD)/liblwipv6.a
	@mkdir -p $(@D)
	$(CC) $(ALL_CFLAGS) -shared -o $@ $^ $(LWIPV6_LIBS)
TEST_NEEDS += $(BUILD)/tests/lwipv6/netlink_preload.so
TESTS += tests/lwipv6/netlink.sh

$(eval $(call lwipv6_test,netlink_calls))
TESTS += $(BUILD)/tests/lwipv6/netlink_calls

$(BUILD)/tests/lwipv6/fuzz_netlink: tests/lwipv6/fuzz_netlink.c $(LWIPV6_SOURCES) $(wildcard lwipv6/*/*.h)
	@mkdir -p $(@D)
	$(CLANG) $(ALL_CFLAGS) -O1 $(SANITIZE) -fsanitize=fuzzer -o $@ $(filter %.c,$^) $(LWIPV6_LIBS)
TEST_NEEDS += $(BUILD)/tests/lwipv6/fuzz_netlink
TESTS += tests/lwipv6/fuzz_netlink.sh
LONG_TESTS += tests/lwipv6/fuzz_netlink_long.sh

TEST_NEEDS += $(BUILD)/san/lwip
TESTS += tests/lwipv6/slirp.sh tests/lwipv6/programs.sh tests/lwipv6/guide.sh tests/lwipv6/router.sh tests/lwipv6/show.sh tests/lwipv6/attacks.sh
LONG_TESTS += tests/lwipv6/show_vde2.sh
