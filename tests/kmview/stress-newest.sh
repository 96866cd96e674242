#!/bin/bash
# Crowds, cycles and the fuzzer for a short time, on the kernel "newest".
# timeout: 900
cd "$(dirname "$0")/../.." && exec tests/vm/run newest --time 800 tests/kmview/stress.sh 20 20 10 6 20
