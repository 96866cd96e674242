# SPDX-License-Identifier: GPL-2.0-only
# umps/tools: what makes and shows the machine's files.

UMPS_TOOLS := $(addprefix $(BUILD)/bin/umps-,elf2umps mkdev objdump)
UMPS_TOOLS_OLD := $(foreach v,umps3 umps2,$(patsubst $(BUILD)/bin/umps-%,$(BUILD)/bin/$(v)-%,$(UMPS_TOOLS)))

$(eval $(call program,bin/umps-elf2umps,umps/machine/error.c $(addprefix umps/tools/,elf2umps.c old_name.c elf_image.c input.c output.c),-lelf))
$(eval $(call program,bin/umps-mkdev,$(addprefix umps/tools/,mkdev.c old_name.c output.c)))
$(eval $(call program,bin/umps-objdump,umps/machine/error.c $(addprefix umps/tools/,objdump.c old_name.c image_view.c disassemble.c input.c),-ljansson))

# The names that the Makefiles of existing kernels use.
$(BUILD)/bin/umps3-% $(BUILD)/bin/umps2-%: $(BUILD)/bin/umps-%
	ln -sf $(<F) $(BUILD)/bin/umps3-$*
	ln -sf $(<F) $(BUILD)/bin/umps2-$*

PROGRAMS += $(UMPS_TOOLS) $(UMPS_TOOLS_OLD)
INSTALL_BIN += $(UMPS_TOOLS) $(UMPS_TOOLS_OLD)
INSTALL_MAN += $(patsubst $(BUILD)/bin/%,umps/tools/%.1,$(UMPS_TOOLS))

# One script completes all; the shell looks it up by the name of each.
UMPS_TOOLS_COMPLETIONS := $(patsubst $(BUILD)/bin/%,$(BUILD)/completion/%,$(UMPS_TOOLS) $(UMPS_TOOLS_OLD))
$(UMPS_TOOLS_COMPLETIONS): umps/tools/umps-tools.completion
	@mkdir -p $(@D)
	cp $< $@
PROGRAMS += $(UMPS_TOOLS_COMPLETIONS)
INSTALL_COMPLETION += $(UMPS_TOOLS_COMPLETIONS)

# Fuzzing of what reads files: runs as a test for a while, in check-long for longer.
UMPS_TOOLS_FUZZED := umps/machine/error.c $(addprefix umps/tools/,elf_image.c image_view.c disassemble.c)
$(BUILD)/tests/umps/tools_fuzz: tests/umps/tools_fuzz.c $(UMPS_TOOLS_FUZZED) $(wildcard umps/tools/*.h)
	@mkdir -p $(@D)
	$(CLANG) $(ALL_CFLAGS) $(SANITIZE) -fsanitize=fuzzer -o $@ $(filter %.c,$^) -lelf -ljansson
TEST_NEEDS += $(BUILD)/tests/umps/tools_fuzz $(addprefix $(BUILD)/san/bin/umps-,elf2umps mkdev objdump)
TESTS += tests/umps/tools.sh tests/umps/tools_fuzz.sh
LONG_TESTS += tests/umps/tools_fuzz_long.sh

INSTALL_BIN += umps/tools/umps3
