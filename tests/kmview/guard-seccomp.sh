#!/bin/bash
# kmtrace guard on a kernel without the module: seccomp user notification, under the sanitizers. Runs natively.
# timeout: 300
exec "$(dirname "$0")/guard.sh" seccomp build/san/bin/kmtrace
