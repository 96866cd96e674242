#!/bin/bash
# Each allocation on the way of each thing that a session does fails once; the debug kernel looks on.
# timeout: 7000
cd "$(dirname "$0")/../.." && exec tests/vm/run debug --time 2900 tests/kmview/debug.sh build/tests/kmview/oom
