# SPDX-License-Identifier: GPL-2.0-only
# umps/gdb: the gdb server.
UMPS_SOURCES += $(wildcard umps/gdb/*.c)

UMPS_GDB_FUZZED := $(filter-out umps/gdb/gdb.c,$(wildcard umps/gdb/*.c umps/front/*.c))
$(BUILD)/tests/umps/gdb_fuzz: tests/umps/gdb_fuzz.c $(UMPS_GDB_FUZZED) $$(UMPS_MACHINE) \
		$(BUILD)/obj/umps/machine/builtin_rom.o
	@mkdir -p $(@D)
	$(CLANG) $(ALL_CFLAGS) -O1 $(SANITIZE) -fsanitize=fuzzer -o $@ $^ -ljansson -lvdeplug

TESTS	   += tests/umps/gdb.sh tests/umps/gdb_fuzz.sh
TEST_NEEDS += $(BUILD)/tests/umps/gdb_fuzz $(BUILD)/san/bin/umps
INSTALL_MAN += umps/gdb/umps-gdb.1
