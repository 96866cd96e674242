#!/bin/bash
# SPDX-License-Identifier: GPL-2.0-only
# timeout: 300
# show.sh on Debian's vde_switch.
SWITCH=/usr/bin/vde_switch exec "$(dirname "$0")/show.sh"
