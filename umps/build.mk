# SPDX-License-Identifier: GPL-2.0-only
include $(wildcard umps/*/part.mk)
