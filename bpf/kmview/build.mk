# SPDX-License-Identifier: GPL-2.0-only
# The BPF programs of kmview, as objects and as skeletons inside the loader's library.
KMVIEW_BPF := uname count policy
KMVIEW_SKELETONS := $(KMVIEW_BPF:%=$(BUILD)/gen/bpf/kmview/%.skel.h)

PROGRAMS += $(KMVIEW_BPF:%=$(BUILD)/bpf/kmview/%.bpf.o)
LIBRARIES += $(BUILD)/lib/libkmview-bpf.a
INSTALL_DATA += $(foreach p,$(KMVIEW_BPF),$(BUILD)/bpf/kmview/$(p).bpf.o:lib/vsquare/bpf)

$(BUILD)/bpf/kmview/%.bpf.o: bpf/kmview/%.bpf.c bpf/kmview/tables.h kmod/kmview/uapi/kmview.h
	@mkdir -p $(@D)
	$(CLANG) -target bpf -O2 -g -Wall -Werror -I/usr/include/$(shell $(CC) -print-multiarch) -c -o $@ $<
$(BUILD)/gen/bpf/kmview/%.skel.h: $(BUILD)/bpf/kmview/%.bpf.o
	@mkdir -p $(@D)
	/usr/sbin/bpftool gen skeleton $< name $*_bpf >$@

$(BUILD)/obj/bpf/kmview/loader.o $(BUILD)/san/bpf/kmview/loader.o: $(KMVIEW_SKELETONS)
$(eval $(call archive,lib/libkmview-bpf.a,bpf/kmview/loader.c))
