#!/bin/bash
# Inside a guest with the module loaded: all tests of the device, then of the tracer, as one plan.
# Lines go out as they come: a complaint of the kernel belongs to the test that runs.
set -u
cd "$(dirname "$0")/../.." || exit 2
planned=0 plans=0 status=0
for part in build/tests/kmview/device tests/kmview/tracer.sh; do
	while IFS= read -r line; do
		case $line in
		1..*) planned=$((planned + ${line#1..})) plans=$((plans + 1)) ;;
		*) printf '%s\n' "$line" ;;
		esac
	done < <("$part")
	wait $! || status=1
done
if [ $plans -ne 2 ]; then
	echo "not ok - a part ended without its plan"
	planned=$((planned + 1)) status=1
fi
echo "1..$planned"
exit $status
