#!/bin/bash
# SPDX-License-Identifier: GPL-2.0-only
# timeout: 180
# The behaviour of the machine, probe by probe: every line of tests/umps/expected/PROBE names the section of
# docs/umps-machine.md it shows. Each probe runs on both engines and on umps3 itself: same text, same ticks.
. tests/lib/tap.sh
. tests/umps/guests.sh
. tests/umps/peer.sh
guests_start
peer_start "$dir/peer"

# The same ROMs on both sides, so that even ticks spent in them agree.
roms='"bootstrap-rom": "/usr/share/umps3/coreboot.rom.umps", "execution-rom": "/usr/share/umps3/exec.rom.umps"'
printer='"printer0": { "enabled": true, "file": "printer.umps" }'
blocks='"disk0": { "enabled": true, "file": "disk.umps" }, "flash0": { "enabled": true, "file": "flash.umps" }'

images() {
	umps3-mkdev -d "$dir/disk.umps" && umps3-mkdev -f "$dir/flash.umps" /dev/null 64
}

run_ours() { # PROBE ENGINE
	images >/dev/null
	"$umps" run --engine="$2" --max-ticks=50000000 "$dir/$1.json" >"$dir/$1.$2" 2>"$dir/$1.err"
}

probe() { # NAME MORE-KEYS MORE-DEVICES
	guest "$1"
	machine "$1" "$1" "$roms${2:+, $2}" "${3:-}"
	for engine in interpreter translator; do
		ok "$1 ends, $engine" run_ours "$1" "$engine"
		ok "$1 is as specified, $engine" diff "tests/umps/expected/$1" "$dir/$1.$engine"
	done
}

on_umps3() {
	images >/dev/null
	peer_run "$dir/$1.json" "$dir/$1.term" "System halted|panic" 60
}

both() {
	probe "$@"
	ok "$1 ends on umps3" on_umps3 "$1"
	ok "$1 is the same on umps3, to the tick" diff "$dir/$1.term" "$dir/$1.interpreter"
}

both probe_exceptions
both probe_delay
both probe_time '' "$printer"
both probe_tlb '"tlb-floor-address": "0x80000000"'
both probe_block '' "$blocks"
both probe_smp '"num-processors": 4' "$printer"
both probe_routing '"num-processors": 4' "$printer"
probe probe_choices '' "$blocks"
done_testing
