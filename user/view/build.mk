# SPDX-License-Identifier: GPL-2.0-only
# Views: the manager with its engines and keeper, service modules, what runs inside.
comma := ,
VIEW_DIR := $(BUILD)/lib/vsquare/view
VIEW_PARTS := $(wildcard user/view/manager/*.c user/view/engine/*.c user/view/keeper/*.c \
	user/view/client/*.c)

PROGRAMS += $(addprefix $(BUILD)/bin/,view umview kmview) $(VIEW_DIR)/stand-in $(VIEW_DIR)/fstypes \
	$(VIEW_DIR)/inside $(VIEW_DIR)/services/umfuse.so
INSTALL_BIN += $(addprefix $(BUILD)/bin/,view umview kmview)
INSTALL_DATA += user/view/view.h:include

# Services call what view.h declares: the program exports it.
$(eval $(call program,bin/view,$(VIEW_PARTS),$(BUILD)/lib/libkmview.a -ljansson -pthread \
	-Wl$(comma)--dynamic-list=user/view/services/exported))

$(BUILD)/bin/umview $(BUILD)/bin/kmview: $(BUILD)/bin/view
	ln -sf view $@

$(eval $(call program,lib/vsquare/view/stand-in,user/view/mount/stand_in.c \
	user/view/mount/wish.c user/view/client/client.c user/view/keeper/channel.c,-ljansson))

$(VIEW_DIR)/fstypes: user/view/services/fstypes
	@mkdir -p $(@D)
	cp $< $@
$(VIEW_DIR)/inside:
	mkdir -p $@

# $(eval $(call view_service,NAME,SOURCES,LIBS)): a service module of ours.
define view_service
$(VIEW_DIR)/services/$(1).so: $(call objects,$(2),obj)
	@mkdir -p $$(@D)
	$$(CC) $$(ALL_CFLAGS) $$(LDFLAGS) -shared -o $$@ $(call objects,$(2),obj) $(3)
-include $(patsubst %.o,%.d,$(call objects,$(2),obj))
endef

$(eval $(call view_service,umfuse,user/view/services/umfuse.c,-lblkid))

include $(sort $(wildcard user/view/*/part.mk))
