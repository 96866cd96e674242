#!/bin/bash
# kmtrace guard on the module, on the kernel "6.12".
# timeout: 900
cd "$(dirname "$0")/../.." && exec tests/vm/run 6.12 --time 800 tests/kmview/guard.sh kmview
