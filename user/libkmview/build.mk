# SPDX-License-Identifier: GPL-2.0-only
# libkmview: the library of managers, static and shared.
LIBKMVIEW := $(addprefix user/libkmview/,answer.c calls.c loop.c session.c socketcall.c spawn.c)
LIBKMVIEW_SO := $(BUILD)/lib/libkmview.so.1.0

LIBRARIES += $(BUILD)/lib/libkmview.a $(LIBKMVIEW_SO) $(BUILD)/lib/libkmview.so.1 \
	$(BUILD)/lib/libkmview.so $(BUILD)/lib/libkmview.pc
INSTALL_LIB += $(BUILD)/lib/libkmview.a $(LIBKMVIEW_SO) $(BUILD)/lib/libkmview.so.1 \
	$(BUILD)/lib/libkmview.so
INSTALL_PC += $(BUILD)/lib/libkmview.pc
INSTALL_MAN += user/libkmview/libkmview.3
INSTALL_DATA += user/libkmview/libkmview.h:include/kmview kmod/kmview/uapi/kmview.h:include/kmview

$(eval $(call archive,lib/libkmview.a,$(LIBKMVIEW)))

$(BUILD)/gen/libkmview/calls.inc: user/libkmview/calls.txt user/libkmview/calls.sh
	@mkdir -p $(@D)
	CC="$(CC)" user/libkmview/calls.sh $< $@
$(BUILD)/obj/user/libkmview/calls.o $(BUILD)/san/user/libkmview/calls.o: \
	$(BUILD)/gen/libkmview/calls.inc

$(LIBKMVIEW_SO): $(call objects,$(LIBKMVIEW),obj) user/libkmview/libkmview.map
	@mkdir -p $(@D)
	$(CC) -shared -Wl,-soname,libkmview.so.1 -Wl,--version-script=user/libkmview/libkmview.map \
		$(LDFLAGS) -o $@ $(filter %.o,$^) -pthread
$(BUILD)/lib/libkmview.so.1: $(LIBKMVIEW_SO)
	ln -sf $(<F) $@
$(BUILD)/lib/libkmview.so: $(BUILD)/lib/libkmview.so.1
	ln -sf $(<F) $@
$(BUILD)/lib/libkmview.pc: user/libkmview/libkmview.pc.in dkms.conf
	@mkdir -p $(@D)
	sed -e 's|@PREFIX@|$(PREFIX)|' -e 's|@VERSION@|$(VERSION)|' $< >$@
