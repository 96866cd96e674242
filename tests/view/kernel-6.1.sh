#!/bin/bash
# Scenarios of views with kmview, on the kernel "6.1"; the rest is tried on 6.12.
# timeout: 1500
cd "$(dirname "$0")/../.." && exec tests/vm/run 6.1 --mem 1024 --time 1400 tests/view/guest.sh tests/view/scenario_*.sh
