#!/bin/bash
# An hour of fuzz.sh, from a seed of its own.
# timeout: 4000
SECONDS_TO_RUN=3600 FUZZ_SEED=$RANDOM exec "$(dirname "$0")/fuzz.sh"
