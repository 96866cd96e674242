#!/bin/bash
# SPDX-License-Identifier: GPL-2.0-only
# timeout: 1000
FUZZ_SECONDS=600 exec "$(dirname "$0")/fuzz_netlink.sh"
