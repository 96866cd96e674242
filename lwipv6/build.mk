# SPDX-License-Identifier: GPL-2.0-only
# liblwipv6: the library in two forms, its programs.

LWIPV6_LIBS := -ljansson -lpthread -ldl -lm
LWIPV6_SOURCES := $(filter-out lwipv6/programs/%,$(wildcard lwipv6/*/*.c))
LWIPV6_SO := $(BUILD)/liblwipv6.so.3

# Names are local to the library unless the map exports them; the archive is one object with the
# same names local, so that a static program's own names cannot clash.
$(foreach d,core link ip transport tcp socket netlink slirp config filter,$(eval CFLAGS_lwipv6/$(d) := -fvisibility=hidden))
CFLAGS_lwipv6/core/checksum.c := -O3

$(LWIPV6_SO): $(call objects,$(LWIPV6_SOURCES),obj) lwipv6/liblwipv6.map
	@mkdir -p $(@D)
	$(CC) $(ALL_CFLAGS) $(LDFLAGS) -shared -Wl,-soname,liblwipv6.so.3 \
		-Wl,--version-script=lwipv6/liblwipv6.map -Wl,-z,defs -o $@ $(filter %.o,$^) $(LWIPV6_LIBS)
$(BUILD)/liblwipv6.so: $(LWIPV6_SO)
	ln -sf liblwipv6.so.3 $@

# $(call lwipv6_archive,TREE,ARCHIVE)
define lwipv6_archive
$(2): $(call objects,$(LWIPV6_SOURCES),$(1))
	@mkdir -p $$(@D)
	@rm -f $$@
	$$(LD) -r -o $(BUILD)/$(1)/lwipv6/all.o $$^
	objcopy --wildcard --keep-global-symbol='lwip_*' --keep-global-symbol=ip_addr_any \
		$(BUILD)/$(1)/lwipv6/all.o
	$$(AR) rcs $$@ $(BUILD)/$(1)/lwipv6/all.o
endef
$(eval $(call lwipv6_archive,obj,$(BUILD)/liblwipv6.a))
$(eval $(call lwipv6_archive,san,$(BUILD)/san/liblwipv6.a))
-include $(patsubst %.o,%.d,$(call objects,$(LWIPV6_SOURCES),obj) $(call objects,$(LWIPV6_SOURCES),san))

$(BUILD)/lwipv6.pc: lwipv6/liblwipv6.pc.in
	sed 's|@PREFIX@|$(PREFIX)|; s|@VERSION@|$(VERSION)|' $< > $@

LIBRARIES += $(LWIPV6_SO) $(BUILD)/liblwipv6.so $(BUILD)/liblwipv6.a $(BUILD)/lwipv6.pc
INSTALL_LIB += $(LWIPV6_SO) $(BUILD)/liblwipv6.so $(BUILD)/liblwipv6.a
INSTALL_INC += lwipv6/lwipv6.h
INSTALL_PC += $(BUILD)/lwipv6.pc

$(eval $(call program,lwip-nc,lwipv6/programs/lwip-nc.c,$(BUILD)/liblwipv6.a $(LWIPV6_LIBS)))
PROGRAMS += $(BUILD)/lwip-nc
$(eval $(call program,lwip-router,lwipv6/programs/lwip-router.c,$(BUILD)/liblwipv6.a $(LWIPV6_LIBS)))
PROGRAMS += $(BUILD)/lwip-router

# Examples in the manner of the old programming guide: they include <lwipv6.h> as installed.
CFLAGS_lwipv6/programs := -Ilwipv6
LWIPV6_GUIDE := client host slirp
$(foreach p,$(LWIPV6_GUIDE),$(eval $(call program,lwip-guide-$(p),lwipv6/programs/guide-$(p).c,$(BUILD)/liblwipv6.a $(LWIPV6_LIBS))))
PROGRAMS += $(LWIPV6_GUIDE:%=$(BUILD)/lwip-guide-%)
INSTALL_BIN += $(BUILD)/lwip-nc $(BUILD)/lwip-router

# lwip builds its netlink messages as the library does.
LWIP_SOURCES := $(wildcard lwipv6/programs/lwip/*.c) lwipv6/netlink/message.c
$(eval $(call program,lwip,$(LWIP_SOURCES),$(BUILD)/liblwipv6.a $(LWIPV6_LIBS) -lresolv))
PROGRAMS += $(BUILD)/lwip
INSTALL_BIN += $(BUILD)/lwip
INSTALL_COMPLETION += lwipv6/completion/lwip
INSTALL_MAN += $(wildcard lwipv6/man/*)
