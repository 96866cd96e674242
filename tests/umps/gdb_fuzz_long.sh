#!/bin/bash
# timeout: 4000
# The gdb server against random packets, for an hour.
FUZZ_SECONDS=3600 exec tests/umps/gdb_fuzz.sh
