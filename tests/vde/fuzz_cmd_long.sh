#!/bin/bash
# timeout: 4000
# The same for a long time, from a seed of its own.
FUZZ_SECONDS=900 FUZZ_SEED=$RANDOM exec "$(dirname "$0")/fuzz_cmd.sh"
