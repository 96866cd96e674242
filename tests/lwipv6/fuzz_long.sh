#!/bin/bash
# An hour of fuzz.sh.
# timeout: 4000
SECONDS_TO_RUN=3600 exec "$(dirname "$0")/fuzz.sh"
