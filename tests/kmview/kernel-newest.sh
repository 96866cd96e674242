#!/bin/bash
# The module's device and its tracer, on the kernel "newest".
# timeout: 900
cd "$(dirname "$0")/../.." && exec tests/vm/run newest --time 800 tests/kmview/guest.sh
