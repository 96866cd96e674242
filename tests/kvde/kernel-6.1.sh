#!/bin/bash
# The module kvde and the switch on it, on the kernel "6.1".
# timeout: 900
cd "$(dirname "$0")/../.." && exec tests/vm/run 6.1 --time 800 tests/kvde/guest.sh
