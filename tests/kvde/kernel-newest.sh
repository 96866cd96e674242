#!/bin/bash
# The module kvde and the switch on it, on the kernel "newest".
# timeout: 900
cd "$(dirname "$0")/../.." && exec tests/vm/run newest --time 800 tests/kvde/guest.sh
