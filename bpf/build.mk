# SPDX-License-Identifier: GPL-2.0-only
# BPF programs: bpf/DIR/NAME.bpf.c becomes build/bpf/DIR/NAME.bpf.o and a libbpf skeleton beside it,
# which user programs include as "build/bpf/DIR/NAME.skel.h" with a prerequisite on the file.
BPFTOOL ?= $(shell command -v bpftool || echo /usr/sbin/bpftool)
BPF_CFLAGS = -O2 -g -target bpf -mcpu=v3 -Wall -Wextra -Werror -I. -I/usr/include/$(shell $(CC) -print-multiarch)

.PRECIOUS: $(BUILD)/bpf/%.bpf.o
$(BUILD)/bpf/%.bpf.o: bpf/%.bpf.c
	@mkdir -p $(@D)
	$(CLANG) $(BPF_CFLAGS) -MMD -MP -c -o $@ $<

$(BUILD)/bpf/%.skel.h: $(BUILD)/bpf/%.bpf.o
	$(BPFTOOL) gen skeleton $< name $(subst -,_,$(notdir $*))_bpf > $@

-include $(patsubst bpf/%.bpf.c,$(BUILD)/bpf/%.bpf.d,$(wildcard bpf/*/*.bpf.c))
