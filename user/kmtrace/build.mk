# SPDX-License-Identifier: GPL-2.0-only
# kmtrace: system calls printed, counted, and answered by rules.
KMTRACE := $(addprefix user/kmtrace/,main.c options.c rules.c inject.c trace.c progress.c \
	output.c counts.c decode.c decode_memory.c decode_struct.c decode_socket.c names.c ioctls.c \
	engine_kmview.c engine_seccomp.c \
	guard_main.c)
# The rules of kmtrace guard and what they need, also for the service of views.
GUARD := $(addprefix user/kmtrace/,guard.c guard_parse.c guard_calls.c guard_match.c guard_object.c guard_path.c \
	guard_state.c guard_report.c guard_learn.c call_set.c paths.c text.c)

PROGRAMS += $(BUILD)/bin/kmtrace
INSTALL_BIN += $(BUILD)/bin/kmtrace
INSTALL_MAN += user/kmtrace/kmtrace.1 user/kmtrace/kmtrace-guard.1
INSTALL_COMPLETION += user/kmtrace/completion/kmtrace

$(eval $(call program,bin/kmtrace,$(KMTRACE) $(GUARD),\
	$(BUILD)/lib/libkmview-bpf.a $(BUILD)/lib/libkmview.a -lbpf -ljansson -pthread))

$(BUILD)/gen/kmtrace/ioctls.inc: user/kmtrace/ioctls.sh
	@mkdir -p $(@D)
	CC="$(CC)" $< $@
$(BUILD)/obj/user/kmtrace/ioctls.o $(BUILD)/san/user/kmtrace/ioctls.o: $(BUILD)/gen/kmtrace/ioctls.inc
