# SPDX-License-Identifier: GPL-2.0-only
# The xdp plane: ports of the switch that are network devices.
VDE_XDP_SOURCES := $(wildcard user/vde/xdp/*.c)
VDE_XDP_LIBS := -lbpf -lmnl

$(call objects,user/vde/xdp/datapath.c,obj) $(call objects,user/vde/xdp/datapath.c,san): \
	$(BUILD)/bpf/vde/switch.skel.h

$(eval $(call archive,lib/libvdexdp.a,$(VDE_XDP_SOURCES)))

$(eval $(call program,tests/vde/xdp_datapath,tests/vde/xdp_datapath.c,\
	$(BUILD)/lib/libvdexdp.a $(VDE_XDP_LIBS)))
TESTS += $(BUILD)/san/tests/vde/xdp_datapath
