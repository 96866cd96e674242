#!/bin/bash
# timeout: 4000
# The gdb server against random packets, the page's against random requests, for an hour.
export FUZZ_SECONDS=1800
. tests/lib/tap.sh
plan 2
ok 'gdb: no packet does harm' tests/umps/gdb_fuzz.sh
ok 'page: no request does harm' tests/umps/ui_fuzz.sh
done_testing
