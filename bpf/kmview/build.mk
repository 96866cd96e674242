# SPDX-License-Identifier: GPL-2.0-only
# The BPF programs of kmview, as objects and as skeletons inside the loader's library.
KMVIEW_BPF := uname count policy guard
KMVIEW_SKELETONS := $(KMVIEW_BPF:%=$(BUILD)/bpf/kmview/%.skel.h)

PROGRAMS += $(KMVIEW_BPF:%=$(BUILD)/bpf/kmview/%.bpf.o)
LIBRARIES += $(BUILD)/lib/libkmview-bpf.a
INSTALL_DATA += $(foreach p,$(KMVIEW_BPF),$(BUILD)/bpf/kmview/$(p).bpf.o:lib/vsquare/bpf)

$(BUILD)/obj/bpf/kmview/loader.o $(BUILD)/san/bpf/kmview/loader.o: $(KMVIEW_SKELETONS)
$(eval $(call archive,lib/libkmview-bpf.a,bpf/kmview/loader.c))
