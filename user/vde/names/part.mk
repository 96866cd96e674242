# SPDX-License-Identifier: GPL-2.0-only
# Names in the file system, made and removed by the switch and by the `vde` command.
$(eval $(call archive,lib/libvdenames.a,$(wildcard user/vde/names/*.c)))
