# SPDX-License-Identifier: GPL-2.0-only
# The switch. Every folder below is a room of it.
VDE_SWITCH_C := $(sort $(wildcard user/vde/switch/*.c user/vde/switch/*/*.c user/vde/switch/*/*/*.c))
VDE_SWITCH_LIBS := $(BUILD)/lib/libimpair.a $(BUILD)/lib/libvdenames.a -lurcu -ljansson -lmicrohttpd -lsystemd -lbpf -lmnl -lm -lcap -lpthread

# What liburcu does for each frame, inline; programs under the GPL may.
$(foreach folder,$(sort $(patsubst %/,%,$(dir $(VDE_SWITCH_C)))),$(eval CFLAGS_$(folder) := -D_LGPL_SOURCE))

PROGRAMS += $(BUILD)/bin/vde_switch
$(eval $(call program,bin/vde_switch,$(VDE_SWITCH_C),$(VDE_SWITCH_LIBS)))

# The page is part of its object.
$(call objects,user/vde/switch/web/web.c,obj) $(call objects,user/vde/switch/web/web.c,san): \
	user/vde/switch/web/page.html

INSTALL_BIN += $(BUILD)/bin/vde_switch
INSTALL_MAN += user/vde/switch/vde_switch.1
INSTALL_COMPLETION += user/vde/switch/completion/vde_switch

# The xdp plane; its datapath is also tested alone.
VDE_DATAPATH_C := $(addprefix user/vde/switch/planes/xdp/,datapath.c netdev.c)
$(call objects,$(VDE_DATAPATH_C),obj) $(call objects,$(VDE_DATAPATH_C),san): \
	$(BUILD)/bpf/vde/switch.skel.h

$(eval $(call program,tests/vde/xdp_datapath,tests/vde/xdp_datapath.c $(VDE_DATAPATH_C),-lbpf -lmnl))
TESTS += $(BUILD)/san/tests/vde/xdp_datapath
