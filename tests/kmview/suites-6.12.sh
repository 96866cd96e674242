#!/bin/bash
# SPDX-License-Identifier: GPL-2.0-only
# timeout: 3600
# Other people's tests of system calls, outside and inside sessions, on the kernel "6.12" (see suites.sh).
cd "$(dirname "$0")/../.." || exit 2
dir=$(tests/kmview/selftests.sh) || { echo "1..0 # no kernel tests"; exit 1; }
rm -rf build/tests/kmview/suites
mkdir -p build/tests/kmview && cp -r "$dir" build/tests/kmview/suites || exit 2
exec tests/vm/run 6.12 --time 3000 tests/kmview/suites.sh
