# SPDX-License-Identifier: GPL-2.0-only
# The impairment engine, part of the switch and of the cable filter.
$(eval $(call archive,lib/libimpair.a,$(wildcard user/vde/impair/*.c)))
