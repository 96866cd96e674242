# SPDX-License-Identifier: GPL-2.0-only
# umps/tools: what makes and shows the machine's files.

UMPS_TOOLS := $(addprefix $(BUILD)/bin/umps-,elf2umps mkdev objdump)
UMPS_TOOLS_OLD := $(patsubst $(BUILD)/bin/umps-%,$(BUILD)/bin/umps3-%,$(UMPS_TOOLS))

$(eval $(call program,bin/umps-elf2umps,$(addprefix umps/tools/,elf2umps.c elf_image.c input.c output.c),-lelf))
$(eval $(call program,bin/umps-mkdev,$(addprefix umps/tools/,mkdev.c output.c)))
$(eval $(call program,bin/umps-objdump,$(addprefix umps/tools/,objdump.c disassemble.c input.c),-ljansson))

# The names that the Makefiles of existing kernels use.
$(UMPS_TOOLS_OLD): $(BUILD)/bin/umps3-%: $(BUILD)/bin/umps-%
	ln -sf $(<F) $@

PROGRAMS += $(UMPS_TOOLS) $(UMPS_TOOLS_OLD)
INSTALL_BIN += $(UMPS_TOOLS) $(UMPS_TOOLS_OLD)
