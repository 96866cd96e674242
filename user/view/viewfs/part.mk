# SPDX-License-Identifier: GPL-2.0-only
# viewfs: two directory trees shown as one, by FUSE.
VIEWFS := $(wildcard user/view/viewfs/*.c) user/view/mount/option.c

CFLAGS_user/view/viewfs = -I/usr/include/fuse3
$(eval $(call program,bin/viewfs,$(VIEWFS),-lfuse3 -lcap -lpthread))
PROGRAMS += $(BUILD)/bin/viewfs
INSTALL_BIN += $(BUILD)/bin/viewfs
INSTALL_MAN += user/view/viewfs/viewfs.1
INSTALL_COMPLETION += user/view/viewfs/completion/viewfs
