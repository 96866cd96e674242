#!/bin/bash
# SPDX-License-Identifier: GPL-2.0-only
# timeout: 180
# A run ends when the machine has come to rest, not when a processor has: what is under way is waited for, on both
# engines, in run, gdb and from saved states, with the same ticks; umps3 writes and prints the same.
. tests/lib/tap.sh
. tests/umps/guests.sh
. tests/umps/peer.sh
guests_start
devices='"disk0": { "enabled": true, "file": "disk.umps" }, "flash0": { "enabled": true, "file": "flash.umps" },
	"printer0": { "enabled": true, "file": "printer.umps" }'
umps3-mkdev -d "$dir/new.disk.umps" 8 2 8
umps3-mkdev -f "$dir/new.flash.umps" /dev/null 4 >/dev/null

images() {
	cp "$dir/new.disk.umps" "$dir/disk.umps" && cp "$dir/new.flash.umps" "$dir/flash.umps"
}
make_case() { # NUMBER [PROCESSORS [CLOCK-RATE]]
	guest rest "-DCASE=$1"
	machine rest rest "\"num-processors\": ${2:-1}, \"clock-rate\": ${3:-1}" "$devices"
	images
}
run_rest() { # ENGINE [OPTIONS]: text to $text, outcome and ticks to $outcome
	local engine=$1
	shift
	text=$(timeout 60 "$umps" run --engine="$engine" -T 300000000 --json "$@" "$dir/rest.json" 2>"$dir/json")
	outcome=$(tail -n 1 "$dir/json" | jq -r '"\(.outcome) \(.ticks)"')
}
# What a case prints and how it ends; the tick is the same on both engines, in slices, and for a state saved at the end.
rests() { # WHAT OUTCOME TEXT
	local first
	run_rest interpreter --save="$dir/state"
	first=$outcome
	is "$1: ends with $2" "${outcome% *}" "$2"
	is "$1: what it prints" "${text//$'\n'/ }" "$3"
	images
	run_rest translator
	is "$1: the translator ends at the same tick with the same text" "$outcome ${text//$'\n'/ }" "$first $3"
	run_rest translator --restore="$dir/state"
	is "$1: the saved state is at rest, too" "$outcome" "$first"
	images
	run_rest translator -T $((${first#* } - 1)) --save="$dir/state"
	is "$1: the tick before it is not" "${outcome%% *}" limit
	run_rest interpreter --restore="$dir/state"
	is "$1: and from there it ends at the same tick" "$outcome" "$first"
}

make_case 1
run_rest translator
stored=$(sed -n 's/^at=//p' <<<"$text")
rests 'power off, then nothing' halt "begin at=$stored"
ticks=$((${outcome#* } - 16#$stored - 12 * 80)) # what is printed takes 80 us a character and some
ok "power goes off 1000 us after the store ($ticks ticks after the text)" test "$ticks" -ge 1000 -a "$ticks" -lt 1300
make_case 2 2
rests 'another processor starts, then nothing' halt 'begin second processor System halted '
make_case 3
rests 'HALT during a disk write' halt 'begin System halted '
ok 'the block is on the disk' grep -q tser "$dir/disk.umps"
cp "$dir/disk.umps" "$dir/disk.ours"
images
peer_start "$dir/peer"
peer_run "$dir/rest.json" "$dir/rest.term" halted 60 >/dev/null
ok 'umps3 wrote the same image' until_true 20 cmp -s "$dir/disk.umps" "$dir/disk.ours"
make_case 4
rests 'PANIC during a flash write' panic 'begin kernel panic()'
ok 'the block is on the flash device' grep -q tser "$dir/flash.umps"
cp "$dir/flash.umps" "$dir/flash.ours"
images
peer_run "$dir/rest.json" "$dir/rest.term" panic 60 >/dev/null
ok 'umps3 wrote the same image' until_true 20 cmp -s "$dir/flash.umps" "$dir/flash.ours"
make_case 5
rests 'characters under way when the last processor halts' fault 'begin T'
run_rest translator
is 'the printer printed its character' "$(cat "$dir/printer.umps")" P
make_case 6 2
rests 'a message under way' fault 'begin woken'
make_case 7 2
rests "another processor's timer" fault 'begin woken'
make_case 8 2
rests 'a processor waits for what cannot come' fault 'begin'
make_case 9 2
rests 'HALT while another processor works' halt 'begin System halted  still working'
make_case 9 2 40
rests 'the same at 40 MHz' halt 'begin System halted  still working'
make_case 10 2
rests 'HALT while another processor spins' halt 'begin System halted '
make_case 11
rests 'a transfer replaces the loop by nothing but NOPs' panic 'begin kernel panic()'
make_case 12
rests 'all interrupts masked' fault 'begin'

# ---- the same in gdb: the end is told with its tick
for case in 1 3; do
	make_case $case
	run_rest translator
	images
	cat >"$dir/commands" <<-END
		set pagination off
		set confirm off
		target remote | exec $umps gdb --stdio $dir/rest.json
		continue
		kill
	END
	like "gdb comes to the same rest, case $case" "$(gdb-multiarch -nx -batch -x "$dir/commands" "$dir/rest" 2>&1)" \
		"umps: the machine (switched its power off|halted) at tick ${outcome#* }"
done
ok 'the block is on the disk' grep -q tser "$dir/disk.umps"
done_testing
