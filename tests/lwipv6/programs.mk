# SPDX-License-Identifier: GPL-2.0-only
# Tests of netlink, slirp and the programs.

$(BUILD)/tests/lwipv6/netlink_preload.so: $(BUILD)/obj/tests/lwipv6/netlink_preload.o $(BUILD)/liblwipv6.a
	@mkdir -p $(@D)
	$(CC) $(ALL_CFLAGS) -shared -o $@ $^ $(LWIPV6_LIBS)
TEST_NEEDS += $(BUILD)/tests/lwipv6/netlink_preload.so
TESTS += tests/lwipv6/netlink.sh
