#!/bin/bash
# Inside a guest with the module loaded: all tests of the device, then of the tracer, as one plan.
set -u
cd "$(dirname "$0")/../.." || exit 2
{
	build/tests/kmview/device || echo "failed"
	tests/kmview/tracer.sh || echo "failed"
} | awk '
	/^1\.\./ { planned += substr($0, 4); plans++; next }
	$0 == "failed" { failed = 1; next }
	{ print; fflush() }
	END {
		if (plans != 2) { print "not ok - a part ended without its plan"; planned++; failed = 1 }
		print "1.." planned
		exit failed
	}'
