#!/bin/bash
# Scenarios of views with kmview, on the kernel "newest"; the rest is tried on 6.12.
# timeout: 1500
cd "$(dirname "$0")/../.." && exec tests/vm/run newest --mem 1024 --time 1400 tests/view/guest.sh tests/view/scenario_*.sh
