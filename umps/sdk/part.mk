# SPDX-License-Identifier: GPL-2.0-only
# umps/sdk: ROMs and development kit, laid out in build/umps-sdk as under an installation prefix.

UMPS_SDK   := $(BUILD)/umps-sdk
UMPS_CROSS ?= mipsel-linux-gnu-
UMPS_AS     = $(UMPS_CROSS)gcc -ffreestanding -mips1 -mabi=32 -mno-abicalls -fno-pic -mfp32 \
	      -Iumps/sdk/include

UMPS_SDK_HEADERS := $(wildcard umps/sdk/include/umps/*.h)
UMPS_SDK_SOURCES := $(wildcard umps/sdk/rom/*.S umps/sdk/lib/*.S)

UMPS_SDK_INCLUDE := $(patsubst umps/sdk/include/%,$(UMPS_SDK)/include/umps3/%,$(UMPS_SDK_HEADERS)) \
		    $(UMPS_SDK)/include/umps3/umps/libumps.e
UMPS_SDK_SHARE	 := $(addprefix $(UMPS_SDK)/share/umps3/,$(notdir $(UMPS_SDK_SOURCES)) \
			coreboot.rom.umps exec.rom.umps umpscore.ldscript umpsaout.ldscript)
UMPS_SDK_LIB	 := $(addprefix $(UMPS_SDK)/lib/umps3/,crtso.o crti.o libumps.o)
UMPS_SDK_BIN	 := $(foreach tool,elf2umps mkdev objdump,$(addprefix $(UMPS_SDK)/bin/,umps-$(tool) umps3-$(tool)))
UMPS_SDK_ALL	 := $(UMPS_SDK_INCLUDE) $(UMPS_SDK_SHARE) $(UMPS_SDK_LIB) $(UMPS_SDK_BIN)

$(UMPS_SDK)/include/umps3/umps/%.h: umps/sdk/include/umps/%.h
	@mkdir -p $(@D)
	cp $< $@
$(UMPS_SDK)/include/umps3/umps/libumps.e: $(UMPS_SDK)/include/umps3/umps/libumps.h
	ln -sf $(<F) $@

$(UMPS_SDK)/lib/umps3/%.o: umps/sdk/lib/%.S $(UMPS_SDK_HEADERS)
	@mkdir -p $(@D)
	$(UMPS_AS) -c -o $@ $<

$(UMPS_SDK)/share/umps3/%.S: umps/sdk/lib/%.S
	@mkdir -p $(@D)
	cp $< $@
$(UMPS_SDK)/share/umps3/%.S: umps/sdk/rom/%.S
	@mkdir -p $(@D)
	cp $< $@
$(UMPS_SDK)/share/umps3/%.rom.umps: umps/sdk/rom/%.S $(UMPS_SDK_HEADERS) $(BUILD)/bin/umps-elf2umps
	@mkdir -p $(@D)
	$(UMPS_AS) -c -o $(@D)/$* $<
	$(BUILD)/bin/umps-elf2umps -b $(@D)/$*
	@rm $(@D)/$*
$(UMPS_SDK)/share/umps3/umpscore.ldscript: UMPS_LAYOUT = s/@BASE@/0x20001000/; s/@FTEXT@/0/; s/@GP@/ALIGN(0x800)/
$(UMPS_SDK)/share/umps3/umpsaout.ldscript: UMPS_LAYOUT = s/@BASE@/0x80000000/; s/@FTEXT@/0xB0/; s/@GP@/ALIGN(16) + 0x7FF0/
$(UMPS_SDK)/share/umps3/%.ldscript: umps/sdk/ldscript/umps.ldscript.in
	@mkdir -p $(@D)
	sed '/^ \*/!{ $(UMPS_LAYOUT) }' $< >$@

$(UMPS_SDK)/bin/%: $(BUILD)/bin/%
	@mkdir -p $(@D)
	ln -sf ../../bin/$* $@

# The same for uMPS2: the same sources, told apart by umps/variant.h, and ROMs of its own.
UMPS2_INCLUDE := $(UMPS_SDK_INCLUDE:$(UMPS_SDK)/include/umps3/%=$(UMPS_SDK)/include/umps2/%)
UMPS2_SHARE   := $(addprefix $(UMPS_SDK)/share/umps2/,crtso.S crti.S libumps.S coreboot.rom.umps tapeboot.rom.umps \
		     exec.rom.umps umpscore.ldscript umpsaout.ldscript elf32ltsmip.h.umpscore.x elf32ltsmip.h.umpsaout.x)
UMPS2_LIB     := $(addprefix $(UMPS_SDK)/lib/umps2/,crtso.o crti.o libumps.o)
UMPS2_BIN     := $(foreach tool,elf2umps mkdev objdump,$(UMPS_SDK)/bin/umps2-$(tool))
UMPS2_AS       = $(UMPS_CROSS)gcc -ffreestanding -mips1 -mabi=32 -mno-abicalls -fno-pic -mfp32 -I$(UMPS_SDK)/include/umps2

$(UMPS_SDK)/include/umps2/umps/variant.h: umps/sdk/umps2/umps/variant.h
	@mkdir -p $(@D)
	cp $< $@
$(UMPS_SDK)/include/umps2/umps/%.h: umps/sdk/include/umps/%.h
	@mkdir -p $(@D)
	cp $< $@
$(UMPS_SDK)/include/umps2/umps/libumps.e: $(UMPS_SDK)/include/umps2/umps/libumps.h
	ln -sf $(<F) $@
$(UMPS_SDK)/lib/umps2/%.o: umps/sdk/lib/%.S $(UMPS2_INCLUDE)
	@mkdir -p $(@D)
	$(UMPS2_AS) -c -o $@ $<
$(UMPS_SDK)/share/umps2/%.S: umps/sdk/lib/%.S
	@mkdir -p $(@D)
	cp $< $@
$(UMPS_SDK)/share/umps2/%.rom.umps: umps/sdk/umps2/rom/%.S umps/sdk/umps2/rom/boot.inc $(UMPS2_INCLUDE) $(BUILD)/bin/umps-elf2umps
	@mkdir -p $(@D)
	$(UMPS2_AS) -c -o $(@D)/$* $<
	$(BUILD)/bin/umps-elf2umps -b $(@D)/$*
	@rm $(@D)/$*
$(UMPS_SDK)/share/umps2/%.ldscript: $(UMPS_SDK)/share/umps3/%.ldscript
	@mkdir -p $(@D)
	cp $< $@
# The names that they had before.
$(UMPS_SDK)/share/umps2/elf32ltsmip.h.%.x: $(UMPS_SDK)/share/umps2/%.ldscript
	ln -sf $(<F) $@

UMPS_SDK_ALL += $(UMPS2_INCLUDE) $(UMPS2_SHARE) $(UMPS2_LIB) $(UMPS2_BIN)
INSTALL_DATA += $(UMPS2_INCLUDE:%=%:include/umps2/umps) $(UMPS2_SHARE:%=%:share/umps2) $(UMPS2_LIB:%=%:lib/umps2)

PROGRAMS += $(UMPS_SDK_ALL)
INSTALL_DATA += $(UMPS_SDK_INCLUDE:%=%:include/umps3/umps) $(UMPS_SDK_SHARE:%=%:share/umps3) \
		$(UMPS_SDK_LIB:%=%:lib/umps3)
TESTS += tests/umps/kit.sh
