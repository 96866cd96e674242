#!/bin/bash
# SPDX-License-Identifier: GPL-2.0-only
# timeout: 2000
exec "$(dirname "$0")/tools_fuzz.sh" -max_total_time=1800
