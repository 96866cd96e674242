#!/bin/bash
# The module's device, under KASAN, lockdep and kmemleak.
# timeout: 7000
cd "$(dirname "$0")/../.." && exec tests/vm/run debug --time 3900 tests/kmview/debug.sh env KMVIEW_PATIENCE=10 build/tests/kmview/device
