#!/bin/bash
# All that is tested with the module kvde, in a guest: the device, the switch on it, and the tests of switching as they
# are without it.
cd "$(dirname "$0")/../.." || exit 2
status=0
modprobe kvde || exit 1
for test in build/tests/kvde/device tests/kvde/switch.sh; do "$test" || status=1; done
modprobe kvde || exit 1
export SWITCH_OPTIONS='--kvde always'
for test in switching clients; do tests/vde/$test.sh || status=1; done
exit $status
