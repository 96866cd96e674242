# SPDX-License-Identifier: GPL-2.0-only
# Views: the manager with its engines and keeper, service modules, what runs inside. Other folders
# state what they build in their part.mk.
comma := ,
VIEW_DIR := $(BUILD)/lib/vsquare/view
# The command that takes the best engine there is; vim has a program of the same name. Make it empty to
# do without: nothing of ours calls it.
VIEW_COMMAND ?= view
VIEW_COMMANDS := umview kmview $(VIEW_COMMAND)
VIEW_PARTS := $(wildcard user/view/manager/*.c user/view/engine/*.c user/view/keeper/*.c \
	user/view/client/*.c)

PROGRAMS += $(addprefix $(BUILD)/bin/,$(VIEW_COMMANDS)) $(VIEW_DIR)/stand-in $(VIEW_DIR)/fstypes \
	$(VIEW_DIR)/inside/README $(addprefix $(VIEW_DIR)/services/,umfuse.so viewfs.so unreal.so guard.so)
INSTALL_BIN += $(addprefix $(BUILD)/bin/,$(VIEW_COMMANDS))
INSTALL_DATA += user/view/view.h:include user/view/examples/ramfile.c:share/doc/vsquare/view \
	$(VIEW_DIR)/stand-in:lib/vsquare/view $(VIEW_DIR)/fstypes:lib/vsquare/view \
	$(VIEW_DIR)/inside/README:lib/vsquare/view/inside \
	$(addprefix $(VIEW_DIR)/services/,$(addsuffix :lib/vsquare/view/services,umfuse.so viewfs.so unreal.so guard.so))
INSTALL_MAN += $(addprefix user/view/man/,umview.1 fstypes.5 viewospasswd.5 view-service.7)
INSTALL_COMPLETION += user/view/completion/umview

# $(call other_names,NAMES,NAME): the manual page and completion of NAME are those of NAMES as well.
define other_names
$(1:%=$(BUILD)/man/%.1):
	@mkdir -p $$(@D)
	echo ".so man1/$(2).1" >$$@
$(1:%=$(BUILD)/completion/%):
	@mkdir -p $$(@D)
	ln -sf $(2) $$@
PROGRAMS += $(1:%=$(BUILD)/man/%.1) $(1:%=$(BUILD)/completion/%)
INSTALL_MAN += $(1:%=$(BUILD)/man/%.1)
INSTALL_COMPLETION += $(1:%=$(BUILD)/completion/%)
endef
$(eval $(call other_names,kmview $(VIEW_COMMAND),umview))

# Services call what view.h declares: the program exports it.
$(eval $(call program,bin/umview,$(VIEW_PARTS),$(BUILD)/lib/libkmview.a -ljansson -pthread \
	-Wl$(comma)--dynamic-list=user/view/services/exported))

$(addprefix $(BUILD)/bin/,kmview $(VIEW_COMMAND)): $(BUILD)/bin/umview
	ln -sf umview $@

# What mounts for a user: the stand-in and viewctl.
VIEW_WISH := $(addprefix user/view/,$(addprefix mount/,wish.c option.c tab.c tag.c) client/client.c keeper/channel.c)
$(eval $(call program,lib/vsquare/view/stand-in,user/view/mount/stand_in.c user/view/mount/unmount.c \
	user/view/mount/command.c $(VIEW_WISH),-ljansson -lblkid))

$(VIEW_DIR)/fstypes: user/view/services/fstypes
	@mkdir -p $(@D)
	cp $< $@
# A view covers this directory; installed it must be there, so there is a file in it.
$(VIEW_DIR)/inside/README: user/view/inside/README
	@mkdir -p $(@D)
	cp $< $@

# $(eval $(call view_service,NAME,SOURCES,LIBS)): a service module of ours.
define view_service
$(VIEW_DIR)/services/$(1).so: $(call objects,$(2),obj)
	@mkdir -p $$(@D)
	$$(CC) $$(ALL_CFLAGS) $$(LDFLAGS) -shared -o $$@ $(call objects,$(2),obj) $(3)
-include $(patsubst %.o,%.d,$(call objects,$(2),obj))
endef

$(eval $(call view_service,umfuse,$(addprefix user/view/services/,umfuse.c table.c rules.c image.c extent.c apart.c) user/view/mount/option.c,-lblkid))
$(eval $(call view_service,viewfs,user/view/services/viewfs.c user/view/mount/option.c,))
$(eval $(call view_service,unreal,user/view/services/unreal.c,))
$(eval $(call view_service,guard,user/view/services/guard.c $(GUARD),$(BUILD)/lib/libkmview.a -ljansson))
$(VIEW_DIR)/services/guard.so: $(BUILD)/lib/libkmview.a

# What stands between images and their servers: a part of an image as a file, the names of sources.
CFLAGS_user/view/part = -I/usr/include/fuse3
$(eval $(call program,lib/vsquare/view/part,user/view/part/main.c,-lfuse3))
VIEW_PRELOAD := $(addprefix user/view/preload/,mount.c unasked.c)
$(VIEW_DIR)/mount-names.so: $(call objects,$(VIEW_PRELOAD),obj)
	@mkdir -p $(@D)
	$(CC) $(ALL_CFLAGS) $(LDFLAGS) -shared -o $@ $^
-include $(patsubst %.o,%.d,$(call objects,$(VIEW_PRELOAD),obj))
PROGRAMS += $(VIEW_DIR)/part $(VIEW_DIR)/mount-names.so
INSTALL_DATA += $(VIEW_DIR)/part:lib/vsquare/view $(VIEW_DIR)/mount-names.so:lib/vsquare/view

include $(sort $(wildcard user/view/*/part.mk))
