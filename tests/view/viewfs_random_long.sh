#!/bin/bash
# timeout: 900
# As viewfs_random.sh, each time with other seeds, which it prints.
SEED=$((RANDOM * 32768 + RANDOM)) COUNT=12000 exec "$(dirname "$0")/viewfs_random.sh"
