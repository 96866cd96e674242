#!/bin/bash
# Inside a guest: the tests of the device, and the fuzzer for some seconds, always with the same seed.
cd "$(dirname "$0")/../.." || exit 2
status=0
build/tests/kmview/device || status=1
build/tests/kmview/client_1_1 || status=1
build/tests/kmview/fuzz 5 20061 || status=1
exit $status
