#!/bin/bash
# The module's device, and the fuzzer for some seconds, on the kernel "newest".
# timeout: 900
cd "$(dirname "$0")/../.." && exec tests/vm/run newest --time 800 tests/kmview/device.sh
