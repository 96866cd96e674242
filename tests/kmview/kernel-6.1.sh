#!/bin/bash
# The module's device, and the fuzzer for some seconds, on the kernel "6.1".
# timeout: 900
cd "$(dirname "$0")/../.." && exec tests/vm/run 6.1 --time 800 tests/kmview/device.sh
