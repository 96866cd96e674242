# SPDX-License-Identifier: GPL-2.0-only
# umps/front: what the sub-commands of umps share.
UMPS_SOURCES += $(wildcard umps/front/*.c)
