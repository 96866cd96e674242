#!/bin/bash
# The module's device, on the kernel "newest".
# timeout: 900
cd "$(dirname "$0")/../.." && exec tests/vm/run newest --time 800 build/tests/kmview/device
