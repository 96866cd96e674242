#!/bin/bash
# SPDX-License-Identifier: GPL-2.0-only
# timeout: 120
# Going back in time: state, disk contents and breakpoints are as they were. See time_travel.c.
. tests/lib/tap.sh
. tests/umps/guests.sh
guests_start
guest echo
machine echo echo '' '"disk0": { "enabled": true, "file": "disk.umps" }'
umps3-mkdev -d "$dir/disk.umps" 8 2 8
build/san/tests/umps/time_travel "$dir/echo.json" "$dir/disk.umps"
