# SPDX-License-Identifier: GPL-2.0-only
# The modules, as people type it; what the kernel's build makes is in Kbuild.
#
# The kernel's build leaves its files beside the sources, so it works on a copy: KMOD_BUILD.
KMOD_BUILD ?= $(BUILD)/kmod
KMOD_SOURCES := Kbuild $(sort $(shell find kmod -name '*.[chS]' -o -name Kbuild))

.PHONY: modules module-sources
module-sources: $(addprefix $(KMOD_BUILD)/,$(KMOD_SOURCES))
$(addprefix $(KMOD_BUILD)/,$(KMOD_SOURCES)): $(KMOD_BUILD)/%: %
	@mkdir -p $(@D)
	@cp $< $@

# As in dkms.conf: without pahole, modules go without type information.
WITHOUT_BTF = $(if $(shell command -v pahole),,CONFIG_DEBUG_INFO_BTF_MODULES=)
modules: module-sources
	@test -f $(KDIR)/Makefile || { echo "No kernel headers in $(KDIR);" \
		"install linux-headers-$$(uname -r), or say make modules KDIR=DIRECTORY" >&2; exit 1; }
	$(MAKE) -C $(KDIR) M=$(abspath $(KMOD_BUILD)) $(WITHOUT_BTF) modules

ifneq ($(wildcard $(KDIR)/Makefile),)
all: modules
endif

INSTALL_UDEV := kmod/70-vsquare.rules
INSTALL_DATA += $(INSTALL_UDEV):lib/udev/rules.d

# dkms compiles the modules for the kernels of this machine, now and whenever one is installed.
DKMS_TREE := $(DESTDIR)/usr/src/vsquare-$(VERSION)

.PHONY: dkms-source dkms-install dkms-remove
dkms-source:
	rm -rf $(DKMS_TREE)
	mkdir -p $(DKMS_TREE)
	cp dkms.conf $(DKMS_TREE)/
	cp --parents $(KMOD_SOURCES) LICENSES/GPL-2.0.txt LICENSES/Linux-syscall-note.txt $(DKMS_TREE)/
dkms-install: dkms-source
	dkms install vsquare/$(VERSION)
dkms-remove:
	dkms remove vsquare/$(VERSION) --all
	rm -rf $(DKMS_TREE)

# What the code must look like: see tests/style/style.sh.
.PHONY: style
style:
	tests/style/style.sh
