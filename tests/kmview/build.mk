# SPDX-License-Identifier: GPL-2.0-only
BENCHES += kmview
$(eval $(call program,tests/kmview/open_close,tests/kmview/open_close.c,))
TEST_NEEDS += $(BUILD)/tests/kmview/open_close
TEST_NEEDS += $(BUILD)/tests/kmview/bench

$(eval $(call program,tests/kmview/bench,tests/kmview/bench.c tests/kmview/bench_peers.c,\
	$(BUILD)/lib/libkmview-bpf.a $(BUILD)/lib/libkmview.a -lbpf -pthread))

TEST_NEEDS += $(BUILD)/tests/kmview/clock_image.so
$(BUILD)/tests/kmview/clock_image.so: tests/kmview/clock_image.c tests/kmview/clock_image.lds
	@mkdir -p $(@D)
	$(CC) -std=gnu17 -I. -Wall -Wextra -O2 -fPIC -ffreestanding -fno-builtin -fno-stack-protector \
		-fno-asynchronous-unwind-tables -fcf-protection=none -nostdlib -shared -s \
		-Wl,-T,tests/kmview/clock_image.lds -Wl,-soname=linux-vdso.so.1 -Wl,--hash-style=both \
		-Wl,-z,noexecstack -Wl,-z,max-page-size=4096 -Wl,--build-id=none -Wl,-Bsymbolic -o $@ $<

KMVIEW_DEVICE := $(addprefix tests/kmview/,inside.c test_device.c test_verdicts.c test_filters.c \
	test_tasks.c test_signals.c test_death.c spaces.c test_mounts.c test_enter.c \
	test_mount_limits.c test_mount_cover.c test_mount_owner.c test_mount_links.c \
	test_programs.c test_machine.c test_watch.c test_image.c test_enter_net.c test_formats.c)
TEST_NEEDS += $(BUILD)/tests/kmview/device $(BUILD)/tests/kmview/calls32
$(eval $(call program,tests/kmview/device,$(KMVIEW_DEVICE),\
	$(BUILD)/lib/libkmview-bpf.a $(BUILD)/lib/libkmview.a -lbpf -pthread))

$(BUILD)/tests/kmview/calls32: tests/kmview/calls32.c
	@mkdir -p $(@D)
	$(CC) -m32 -static -idirafter /usr/include/$(shell $(CC) -print-multiarch) $(ALL_CFLAGS) -o $@ $<

TEST_NEEDS += $(BUILD)/tests/kmview/client_1_1
$(eval $(call program,tests/kmview/client_1_1,tests/kmview/client_1_1.c,))

TEST_NEEDS += $(BUILD)/tests/kmview/fuzz $(BUILD)/tests/kmview/crowd $(BUILD)/tests/kmview/oom
$(eval $(call program,tests/kmview/fuzz,tests/kmview/fuzz.c,-pthread))
$(eval $(call program,tests/kmview/crowd,tests/kmview/crowd.c,$(BUILD)/lib/libkmview.a -pthread))
$(eval $(call program,tests/kmview/oom,tests/kmview/oom.c,$(BUILD)/lib/libkmview.a -pthread))

KMVIEW_KERNELS := 6.1 6.12 newest
TEST_NEEDS += $(BUILD)/san/bin/kmtrace
TESTS += tests/kmview/fuzz_covers.sh tests/kmview/documented.sh tests/kmview/seccomp.sh tests/kmview/guard-seccomp.sh $(KMVIEW_KERNELS:%=tests/kmview/guard-%.sh) \
	$(KMVIEW_KERNELS:%=tests/kmview/kernel-%.sh) \
	$(KMVIEW_KERNELS:%=tests/kmview/tracer-%.sh)
LONG_TESTS += tests/kmview/headers.sh tests/kmview/suites-6.12.sh $(addprefix tests/kmview/debug-,device.sh tracer.sh stress.sh oom.sh) \
	$(KMVIEW_KERNELS:%=tests/kmview/stress-%.sh) $(KMVIEW_KERNELS:%=tests/kmview/stress-long-%.sh)

TESTS += $(BUILD)/san/tests/kmview/calls
$(eval $(call program,tests/kmview/calls,tests/kmview/calls.c,$(BUILD)/lib/libkmview.a -pthread))
