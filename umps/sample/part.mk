# SPDX-License-Identifier: GPL-2.0-only
# umps/sample: the sample operating system and hello kernels, built by their own Makefile with the kit.

UMPS_SAMPLE	    := $(BUILD)/umps-sample
UMPS_SAMPLE_SOURCES := $(wildcard $(addprefix umps/sample/,Makefile README.md */*.c */*.h */*.S */*.json \
				grading/*))

$(UMPS_SAMPLE)/.made: $(UMPS_SAMPLE_SOURCES) $$(UMPS_SDK_ALL)
	$(MAKE) -C umps/sample PREFIX=$(abspath $(UMPS_SDK)) OUT=$(abspath $(UMPS_SAMPLE)) CROSS=$(UMPS_CROSS)
	@touch $@

PROGRAMS += $(UMPS_SAMPLE)/.made
INSTALL_DATA += $(foreach file,$(UMPS_SAMPLE_SOURCES), \
		$(file):$(patsubst %/,%,$(dir $(patsubst umps/sample/%,share/umps3/sample/%,$(file)))))
TESTS += tests/umps/sample.sh tests/umps/sample_network.sh

$(eval $(call program,tests/umps/frames,tests/umps/frames.c))
TEST_NEEDS += $(BUILD)/tests/umps/frames $(BUILD)/lwip-nc
