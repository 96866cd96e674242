#!/bin/bash
# Inside a guest: load and unload, crowds, fuzzing. usage: stress.sh CYCLES SESSIONS TASKS DEPTH SECONDS
set -u
cd "$(dirname "$0")/../.." || exit 2
. tests/lib/tap.sh

# Load, use, unload; the slabs and the number of free pages must not run away.
cycle() {
	modprobe kmview && build/bin/kmtrace -q -e none --return getuid=5 id -u >/dev/null || return 1
	until_true 30 rmmod kmview
}
cycles() {
	local i
	for ((i = 0; i < $1; i++)); do
		cycle || { echo "cycle $i"; return 1; }
		[ $(((i + 1) % 50)) -ne 0 ] || echo "# $((i + 1)) cycles, $SECONDS s" >&3
	done
}
unreclaimable() { awk '/^SUnreclaim/ { print $2 }' /proc/meminfo; }

exec 3>&1 # ok keeps what a command prints; progress shall be seen
until_true 30 rmmod kmview
ok "a few cycles first" cycles 3
before=$(unreclaimable)
ok "$1 times load, use, unload" cycles "$1"
grown=$(($(unreclaimable) - before))
echo "# kernel memory after $1 cycles: $grown KiB more"
# A debug kernel keeps freed memory and notes of it: there kmemleak judges, in debug.sh.
[ -e /sys/kernel/debug/kmemleak ] || ok "no memory is lost in that" [ $grown -lt $((1024 + $1 * 8)) ]
ok "load again" modprobe kmview
plain=$tap_count
build/tests/kmview/crowd "$2" "$3" "$4" | grep -v '^1\.\.'
crowd=${PIPESTATUS[0]}
build/tests/kmview/fuzz "$5" | grep -v '^1\.\.'
fuzz=${PIPESTATUS[0]}
ok "unload at the end" until_true 60 rmmod kmview
echo "1..$((plain + 1 + 2 + 3))"
[ $tap_failed -eq 0 ] && [ "$crowd" -eq 0 ] && [ "$fuzz" -eq 0 ]
