#!/bin/bash
# The tracer, with strace and gdb inside it, under KASAN, lockdep and kmemleak.
# timeout: 7000
cd "$(dirname "$0")/../.." && exec tests/vm/run debug --time 3900 tests/kmview/debug.sh tests/kmview/tracer.sh
