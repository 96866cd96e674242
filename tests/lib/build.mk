# SPDX-License-Identifier: GPL-2.0-only
TEST_NEEDS += $(BUILD)/tests/lib/uml_state.so

$(BUILD)/tests/lib/uml_state.so: tests/lib/uml_state.c
	@mkdir -p $(@D)
	$(CC) $(ALL_CFLAGS) -fPIC -shared -o $@ $<
