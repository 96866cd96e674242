# SPDX-License-Identifier: GPL-2.0-only
# uMPS: the machine as a library, the programs on it. A folder beside this file adds itself with a part.mk; what it
# adds to UMPS_SOURCES is linked into the program umps, and to UMPS_PROGRAM_LIBS its libraries.
UMPS_SOURCES := $(wildcard umps/run/*.c)
UMPS_PROGRAM_LIBS :=

# The ROMs that are built in: those of our development kit.
UMPS_ROMS := $(if $(wildcard umps/sdk/part.mk),$(BUILD)/umps-sdk,/usr)/share/umps3

include $(sort $(wildcard umps/*/part.mk))

UMPS_MACHINE := $(wildcard umps/machine/*.c umps/translator/*.c)
UMPS_LIBS := $(BUILD)/lib/libumps.a $(UMPS_PROGRAM_LIBS) -ljansson -lvdeplug

UMPS_ROM_OBJECTS := $(BUILD)/obj/umps/machine/builtin_rom.o $(BUILD)/san/umps/machine/builtin_rom.o
$(UMPS_ROM_OBJECTS): umps/machine/builtin_rom.S $(UMPS_ROMS)/exec.rom.umps $(UMPS_ROMS)/coreboot.rom.umps
	@mkdir -p $(@D)
	$(CC) -c -DEXEC_ROM='"$(UMPS_ROMS)/exec.rom.umps"' -DCOREBOOT_ROM='"$(UMPS_ROMS)/coreboot.rom.umps"' -o $@ $<

$(eval $(call archive,lib/libumps.a,$(UMPS_MACHINE) umps/machine/builtin_rom.c))
LIBRARIES += $(BUILD)/lib/libumps.a
$(eval $(call program,bin/umps,$(UMPS_SOURCES),$(UMPS_LIBS)))
PROGRAMS += $(BUILD)/bin/umps

# Tests
UMPS_TEST_LIBS := $(BUILD)/lib/libumps.a -ljansson -lvdeplug
$(eval $(call program,tests/umps/fuzz_engines,tests/umps/fuzz_engines.c,$(UMPS_TEST_LIBS)))
TESTS += $(BUILD)/tests/umps/fuzz_engines
$(eval $(call program,tests/umps/time_travel,tests/umps/time_travel.c,$(UMPS_TEST_LIBS)))
TESTS += tests/umps/time_travel.sh tests/umps/probes.sh
TEST_NEEDS += $(BUILD)/san/tests/umps/time_travel
