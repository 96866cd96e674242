#!/bin/bash
# 500 cycles, 1,000 tasks in 100 sessions, and the fuzzer for an hour (KMVIEW_FUZZ: other seconds), on the kernel "newest".
# timeout: 9000
cd "$(dirname "$0")/../.." && exec tests/vm/run newest --time 8800 tests/kmview/stress.sh 500 100 10 9 "${KMVIEW_FUZZ:-3600}"
