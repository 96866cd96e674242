# SPDX-License-Identifier: GPL-2.0-only
# The `vde` command: one file for each sub-command, and what they share.
VDE_CMD_SOURCES := $(wildcard user/vde/cmd/*.c user/vde/cmd/*/*.c) user/vde/switch/capture/pcapng.c
VDE_CMD_LIBS := $(BUILD)/lib/libimpair.a $(BUILD)/lib/libvdenames.a -lvdeplug -ljansson -ledit -lslirp -lpthread -lm

$(eval $(call program,bin/vde,$(VDE_CMD_SOURCES),$(VDE_CMD_LIBS)))
PROGRAMS += $(BUILD)/bin/vde
INSTALL_BIN += $(BUILD)/bin/vde
INSTALL_MAN += user/vde/cmd/vde.1 user/vde/cmd/vde-lab.5
INSTALL_COMPLETION += user/vde/cmd/completion/vde
