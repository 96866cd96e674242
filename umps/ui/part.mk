# SPDX-License-Identifier: GPL-2.0-only
# umps/ui: the page. Its files and xterm.js, which npm fetches (checked against package-lock.json), become part of
# umps-ui, which `umps ui` starts. `make UMPS_UI=no` builds without it.
UMPS_UI ?= yes
ifneq ($(UMPS_UI),no)

UMPS_UI_BUILD := $(BUILD)/umps-ui
UMPS_UI_XTERM := $(addprefix $(UMPS_UI_BUILD)/node_modules/@xterm/,xterm/lib/xterm.js xterm/css/xterm.css \
		 addon-fit/lib/addon-fit.js)
UMPS_UI_FILES := $(wildcard umps/ui/page/*) $(UMPS_UI_XTERM) \
		 $(UMPS_UI_BUILD)/xterm-license.txt
UMPS_UI_OBJECTS := $(BUILD)/obj/umps/ui/resource_files.o $(BUILD)/san/obj/umps/ui/resource_files.o

# A program of its own: the web server's libraries would double the time that `umps run` needs to start.
$(eval $(call program,bin/umps-ui,$(wildcard umps/ui/*.c umps/front/*.c) umps/tools/disassemble.c,\
	$(firstword $(UMPS_UI_OBJECTS)) $(BUILD)/lib/libumps.a -lmicrohttpd -ldw -ljansson -lvdeplug))
PROGRAMS += $(BUILD)/bin/umps-ui
INSTALL_BIN += $(BUILD)/bin/umps-ui

$(UMPS_UI_BUILD)/fetched: umps/ui/package.json umps/ui/package-lock.json
	@mkdir -p $(@D)
	@command -v npm >/dev/null || { echo "umps ui needs xterm.js, which npm fetches: install npm (make setup does)," \
		"or build without the page: make UMPS_UI=no" >&2; exit 1; }
	cp $^ $(@D)
	@cd $(@D) && npm ci --ignore-scripts --no-audit --no-fund --loglevel=error || { echo "npm could not fetch xterm.js:" \
		"is the registry in reach? Without the page: make UMPS_UI=no" >&2; exit 1; }
	@touch $@
$(UMPS_UI_XTERM): $(UMPS_UI_BUILD)/fetched
$(UMPS_UI_BUILD)/xterm-license.txt: $(UMPS_UI_BUILD)/fetched
	cp $(@D)/node_modules/@xterm/xterm/LICENSE $@

# The bytes of each file, then a table of names, starts and ends (resources.c).
$(UMPS_UI_BUILD)/resource_files.S: umps/ui/part.mk $(UMPS_UI_FILES)
	@{ echo '	.section .rodata'; n=0; \
	for file in $(UMPS_UI_FILES); do n=$$((n + 1)); \
		printf 'file%d: .incbin "%s"\nend%d:\nname%d: .asciz "%s"\n' $$n $$file $$n $$n $${file##*/}; \
	done; \
	echo '	.section .data.rel.ro, "aw"'; echo '	.balign 8'; echo '	.globl resource_files'; echo 'resource_files:'; \
	for i in $$(seq $$n); do echo "	.quad name$$i, file$$i, end$$i"; done; echo '	.quad 0, 0, 0'; \
	echo '	.section .note.GNU-stack, "", @progbits'; } >$@
$(UMPS_UI_OBJECTS): $(UMPS_UI_BUILD)/resource_files.S $(UMPS_UI_FILES)
	@mkdir -p $(@D)
	$(CC) -c -o $@ $<

UMPS_UI_FUZZED := umps/tools/disassemble.c $(filter-out umps/ui/ui.c umps/ui/http.c umps/ui/resources.c,$(wildcard umps/ui/*.c)) \
		  $(wildcard umps/front/*.c)
$(BUILD)/tests/umps/ui_fuzz: tests/umps/ui_fuzz.c $(UMPS_UI_FUZZED) $$(UMPS_MACHINE) \
		$(BUILD)/obj/umps/machine/builtin_rom.o
	@mkdir -p $(@D)
	$(CLANG) $(ALL_CFLAGS) -O1 $(SANITIZE) -fsanitize=fuzzer -o $@ $^ -ldw -ljansson -lvdeplug

INSTALL_MAN += umps/ui/umps-ui.1
TESTS	    += tests/umps/ui.sh tests/umps/ui_fuzz.sh
LONG_TESTS  += tests/umps/debug_fuzz_long.sh
TEST_NEEDS  += $(BUILD)/tests/umps/ui_fuzz $(BUILD)/san/bin/umps $(BUILD)/san/bin/umps-ui

endif
