#!/bin/bash
# A few cycles of load and unload, a crowd, a storm of forks and the fuzzer, under KASAN, lockdep and kmemleak.
# timeout: 7000
cd "$(dirname "$0")/../.." && exec tests/vm/run debug --time 3900 tests/kmview/debug.sh tests/kmview/stress.sh 5 10 10 5 120
