#!/bin/bash
# Crowds, cycles and the fuzzer for a short time, on the kernel "6.12".
# timeout: 900
cd "$(dirname "$0")/../.." && exec tests/vm/run 6.12 --time 800 tests/kmview/stress.sh 20 20 10 6 20
