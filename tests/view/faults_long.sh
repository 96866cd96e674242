#!/bin/bash
# timeout: 1200
# As faults.sh, with a thousand mounts.
MOUNTS=1000 exec "$(dirname "$0")/faults.sh"
