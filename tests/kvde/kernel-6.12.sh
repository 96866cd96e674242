#!/bin/bash
# The module kvde and the switch on it, on the kernel "6.12".
# timeout: 900
cd "$(dirname "$0")/../.." && exec tests/vm/run 6.12 --time 800 tests/kvde/guest.sh
