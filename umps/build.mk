# SPDX-License-Identifier: GPL-2.0-only
# uMPS: the machine as a library, the programs on it. A folder beside this file adds itself with a part.mk; what it
# adds to UMPS_SOURCES is linked into the program umps.
UMPS_SOURCES := $(wildcard umps/run/*.c) umps/tools/disassemble.c

# The ROMs that are built in: those of our development kit.
UMPS_ROMS := $(if $(wildcard umps/sdk/part.mk),$(BUILD)/umps-sdk,/usr)/share/umps3

include $(sort $(wildcard umps/*/part.mk))

# Vectors of pc and next_pc would stall: what was stored as two words is loaded as one, or the other way round.
CFLAGS_umps/machine/interpreter.c := -fno-tree-slp-vectorize

UMPS_MACHINE := $(wildcard umps/machine/*.c umps/translator/*.c)
UMPS_LIBS := $(BUILD)/lib/libumps.a -ljansson -lvdeplug

UMPS_ROM_OBJECTS := $(BUILD)/obj/umps/machine/builtin_rom.o $(BUILD)/san/umps/machine/builtin_rom.o
UMPS2_ROMS := $(BUILD)/umps-sdk/share/umps2
$(UMPS_ROM_OBJECTS): umps/machine/builtin_rom.S $(UMPS_ROMS)/exec.rom.umps $(UMPS_ROMS)/coreboot.rom.umps \
		     $(addprefix $(UMPS2_ROMS)/,exec.rom.umps coreboot.rom.umps tapeboot.rom.umps)
	@mkdir -p $(@D)
	$(CC) -c -DEXEC_ROM='"$(UMPS_ROMS)/exec.rom.umps"' -DCOREBOOT_ROM='"$(UMPS_ROMS)/coreboot.rom.umps"' \
		-DEXEC2_ROM='"$(UMPS2_ROMS)/exec.rom.umps"' -DCOREBOOT2_ROM='"$(UMPS2_ROMS)/coreboot.rom.umps"' \
		-DTAPEBOOT2_ROM='"$(UMPS2_ROMS)/tapeboot.rom.umps"' -o $@ $<

$(eval $(call archive,lib/libumps.a,$(UMPS_MACHINE) umps/machine/builtin_rom.c))
LIBRARIES += $(BUILD)/lib/libumps.a
$(eval $(call program,bin/umps,$(sort $(UMPS_SOURCES)),$(UMPS_LIBS)))
PROGRAMS += $(BUILD)/bin/umps

INSTALL_BIN += $(BUILD)/bin/umps
INSTALL_LIB += $(BUILD)/lib/libumps.a
INSTALL_DATA += umps/machine/umps.h:include/umps/machine
INSTALL_MAN += umps/run/umps.1 umps/run/umps-run.1
INSTALL_COMPLETION += umps/run/completion/umps

# Tests
UMPS_TEST_LIBS := $(BUILD)/lib/libumps.a -ljansson -lvdeplug
UMPS_TEST_PROGRAMS := fuzz_engines fuzz_files time_travel
$(foreach p,$(UMPS_TEST_PROGRAMS),$(eval $(call program,tests/umps/$(p),tests/umps/$(p).c,$(UMPS_TEST_LIBS))))
UMPS_ALLOCATIONS := malloc calloc realloc aligned_alloc strdup strndup asprintf realpath free
$(eval $(call program,tests/umps/no_memory,tests/umps/no_memory.c,$(UMPS_TEST_LIBS) $(UMPS_ALLOCATIONS:%=-Wl,--wrap=%)))
TESTS += $(BUILD)/tests/umps/no_memory
TESTS += $(BUILD)/tests/umps/fuzz_engines \
	 $(addprefix tests/umps/,probes.sh rest.sh manual.sh run.sh umps2.sh faults.sh network.sh time_travel.sh fuzz_files.sh)
LONG_TESTS += tests/umps/fuzz_long.sh
TEST_NEEDS += $(UMPS_TEST_PROGRAMS:%=$(BUILD)/san/tests/umps/%) $(BUILD)/tests/umps/fuzz_engines $(BUILD)/san/bin/umps
BENCHES += umps
