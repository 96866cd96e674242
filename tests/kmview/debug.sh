#!/bin/bash
# Inside a guest with the debug kernel: run a test, then ask kmemleak what was left behind.
# usage: debug.sh PROGRAM [ARGUMENT...]
set -u
cd "$(dirname "$0")/../.." || exit 2
. tests/lib/tap.sh

# What kmemleak tells is a complaint of the kernel, which fails the test that it comes up in. It takes nothing for lost
# that is younger than 5 s, and what stacks held a moment ago only a second scan finds.
unreferenced() {
	local i
	for i in 1 2; do
		sleep 6
		echo scan >/sys/kernel/debug/kmemleak
	done
	cat /sys/kernel/debug/kmemleak
	[ "$(wc -c </sys/kernel/debug/kmemleak)" -eq 0 ]
}

echo clear >/sys/kernel/debug/kmemleak
"$@" | tee /tmp/output | grep --line-buffered -v '^1\.\.'
status=${PIPESTATUS[0]}
tap_count=$(grep -cE '^(not )?ok ' /tmp/output)
is "the test itself ends well" "$status" 0
ok "the module can be unloaded" modprobe -r --wait 20000 kmview
ok "kmemleak finds nothing" unreferenced
done_testing
