# SPDX-License-Identifier: GPL-2.0-only
# kmtrace: system calls printed, counted, and answered by rules.
KMTRACE := $(addprefix user/kmtrace/,main.c options.c rules.c trace.c output.c decode.c names.c \
	engine_kmview.c engine_seccomp.c)

PROGRAMS += $(BUILD)/bin/kmtrace
INSTALL_BIN += $(BUILD)/bin/kmtrace
INSTALL_MAN += user/kmtrace/kmtrace.1
INSTALL_COMPLETION += user/kmtrace/completion/kmtrace

$(eval $(call program,bin/kmtrace,$(KMTRACE),\
	$(BUILD)/lib/libkmview-bpf.a $(BUILD)/lib/libkmview.a -lbpf -ljansson -pthread))
