#!/bin/bash
# kmtrace guard on the module, on the kernel "newest".
# timeout: 900
cd "$(dirname "$0")/../.." && exec tests/vm/run newest --time 800 tests/kmview/guard.sh kmview
