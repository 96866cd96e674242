# SPDX-License-Identifier: GPL-2.0-only
# What people type. What the kernel builds is in Kbuild; what each part adds is in its build.mk.
#
# A build.mk adds to these lists, then gives the rules of what it added:
#   PROGRAMS LIBRARIES      files under build/ made by `make all`
#   TESTS LONG_TESTS        executables run by `make check`, `make check-long`: tests/AREA/NAME.sh or
#                           build/tests/AREA/NAME; each prints TAP
#   BENCHES                 areas, each run by a script tests/AREA/bench.sh
#   INSTALL_BIN _SBIN _LIB _INC _PC _MAN _COMPLETION _DATA
#                           files to install; _MAN goes to man/manN by its suffix,
#                           _DATA entries are FILE:DIRECTORY-UNDER-PREFIX
MAKEFLAGS += --no-builtin-rules
.SUFFIXES:
.DELETE_ON_ERROR:
.SECONDEXPANSION:

VERSION := $(shell sed -n 's/^PACKAGE_VERSION="\(.*\)"/\1/p' dkms.conf)
PREFIX  ?= /usr/local
DESTDIR ?=
BUILD   := build
KDIR    ?= /lib/modules/$(shell uname -r)/build

CC       ?= gcc
CLANG    ?= clang
CFLAGS   ?= -O2 -g
ALL_CFLAGS = -std=gnu17 -Wall -Wextra -Werror -Wno-unused-parameter -D_GNU_SOURCE \
	     -DVSQUARE_VERSION='"$(VERSION)"' -I. $(CFLAGS)
SANITIZE := -fsanitize=address,undefined -fno-sanitize-recover=all -fno-omit-frame-pointer

PROGRAMS :=
LIBRARIES :=
TESTS :=
LONG_TESTS :=
BENCHES :=

.PHONY: all
all: programs

# $(call objects,SOURCES,TREE): the objects of some sources in build/TREE, obj or san
objects = $(patsubst %.c,$(BUILD)/$(2)/%.o,$(1))

# Two object trees: obj is what is installed, san runs under ASan and UBSan for the tests. What one
# file or folder needs beside the common flags is CFLAGS_path/of/file.c or CFLAGS_path/of/folder.
flags_of = $(CFLAGS_$(1)) $(CFLAGS_$(patsubst %/,%,$(dir $(1))))

$(BUILD)/obj/%.o: %.c
	@mkdir -p $(@D)
	$(CC) $(ALL_CFLAGS) -fPIC $(call flags_of,$<) -MMD -MP -c -o $@ $<

$(BUILD)/san/%.o: %.c
	@mkdir -p $(@D)
	$(CC) $(ALL_CFLAGS) -fPIC $(SANITIZE) $(call flags_of,$<) -MMD -MP -c -o $@ $<

# $(eval $(call program,PATH,SOURCES,LIBS)): build/PATH, and build/san/PATH under the sanitizers.
# LIBS are libraries of ours (build/...) or linker flags.
define program
$(BUILD)/$(1): $(call objects,$(2),obj) $(filter $(BUILD)/%,$(3))
	@mkdir -p $$(@D)
	$$(CC) $$(ALL_CFLAGS) $$(LDFLAGS) -o $$@ $(call objects,$(2),obj) $(3)
$(BUILD)/san/$(1): $(call objects,$(2),san) $(patsubst $(BUILD)/%,$(BUILD)/san/%,$(filter $(BUILD)/%,$(3)))
	@mkdir -p $$(@D)
	$$(CC) $$(ALL_CFLAGS) $$(SANITIZE) $$(LDFLAGS) -o $$@ $(call objects,$(2),san) \
		$(patsubst $(BUILD)/%,$(BUILD)/san/%,$(3))
-include $(patsubst %.o,%.d,$(call objects,$(2),obj) $(call objects,$(2),san))
endef

# $(eval $(call archive,PATH,SOURCES)): the static library build/PATH, and build/san/PATH.
define archive
$(BUILD)/$(1): $(call objects,$(2),obj)
	@mkdir -p $$(@D)
	@rm -f $$@
	$$(AR) rcs $$@ $$^
$(BUILD)/san/$(1): $(call objects,$(2),san)
	@mkdir -p $$(@D)
	@rm -f $$@
	$$(AR) rcs $$@ $$^
-include $(patsubst %.o,%.d,$(call objects,$(2),obj) $(call objects,$(2),san))
endef

include $(sort $(wildcard kmod/build.mk bpf/build.mk bpf/*/build.mk user/*/build.mk umps/build.mk lwipv6/build.mk \
	tests/*/build.mk))

.PHONY: programs
programs: $(PROGRAMS) $(LIBRARIES)

# ---- set-up, tests, measurements

.PHONY: setup demo check check-long bench
setup:
	tests/setup/packages.sh

# Make is called again, so that the packages are there before anything asks pkg-config about them. What is built is built
# on all processors; tests get a make of their own, which lends them no job slots.
on_all = $(MAKE) -j$$(nproc)

demo: setup
	$(on_all) programs
	tests/demo.sh
check: setup
	$(on_all) check-needs
	$(MAKE) vm-ready
	$(MAKE) check-now
check-long: setup
	$(on_all) check-long-needs
	$(MAKE) vm-ready-debug
	$(MAKE) check-long-now
bench: setup
	$(on_all) check-needs
	$(MAKE) vm-ready
	$(MAKE) bench-now

.PHONY: check-needs check-long-needs check-now check-long-now bench-now
check-needs: programs $(filter $(BUILD)/%,$(TESTS)) $(TEST_NEEDS)
check-long-needs: programs $(filter $(BUILD)/%,$(LONG_TESTS)) $(TEST_NEEDS)
check-now: check-needs
	tests/run.sh $(TESTS)
check-long-now: check-long-needs
	tests/run.sh $(LONG_TESTS)
bench-now: check-needs
	@mkdir -p $(BUILD)/bench
	set -e; for area in $(if $(AREA),$(AREA),$(BENCHES)); do tests/$$area/bench.sh; done

# ---- install

.PHONY: install uninstall
install_to = $(DESTDIR)$(PREFIX)
INSTALLED = \
	$(foreach f,$(INSTALL_BIN),$(f):bin) \
	$(foreach f,$(INSTALL_SBIN),$(f):sbin) \
	$(foreach f,$(INSTALL_LIB),$(f):lib) \
	$(foreach f,$(INSTALL_INC),$(f):include) \
	$(foreach f,$(INSTALL_PC),$(f):lib/pkgconfig) \
	$(foreach f,$(INSTALL_MAN),$(f):share/man/man$(patsubst .%,%,$(suffix $(f)))) \
	$(foreach f,$(INSTALL_COMPLETION),$(f):share/bash-completion/completions) \
	$(INSTALL_DATA)

install: programs
	@set -e; for entry in $(INSTALLED); do \
		file=$${entry%%:*}; dir=$(install_to)/$${entry#*:}; mkdir -p $$dir; \
		cp -P --preserve=mode,links $$file $$dir/; echo "installed $$dir/$${file##*/}"; \
	done
uninstall:
	@for entry in $(INSTALLED); do \
		file=$${entry%%:*}; rm -f $(install_to)/$${entry#*:}/$${file##*/}; \
	done

.PHONY: clean
clean:
	rm -rf $(BUILD)
