#!/bin/bash
# The kernel's own tests of system calls, outside and inside a session, on the kernel "6.12". LTP is no package of Debian's.
# timeout: 3600
cd "$(dirname "$0")/../.." || exit 2
tests/vm/selftests.sh build/tests/kmview/selftests || { [ $? -eq 77 ] && echo "1..0 # SKIP no source package"; exit; }
exec tests/vm/run 6.12 --time 3000 tests/kmview/selftests.sh build/tests/kmview/selftests
