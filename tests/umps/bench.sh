#!/bin/bash
# SPDX-License-Identifier: GPL-2.0-only
# Speed of guests on both engines and on Debian's umps3, in millions of instructions per second of wall time:
# build/bench/umps.jsonl. Every guest must show the same results and ticks everywhere.
cd "$(dirname "$0")/../.." || exit 1
. tests/lib/tap.sh
. tests/umps/guests.sh
. tests/umps/peer.sh
guests_start
peer_start "$dir/peer"
out=build/bench/umps.jsonl
mkdir -p build/bench
: >"$out"
rounds=${ROUNDS:-5}
# Before other work of this host, if allowed, for all of them alike.
first='nice -n -10'
$first true 2>/dev/null || first=''
peer_prefix=$first
version=$(dpkg-query -W -f '${Version}' umps3)
roms='"bootstrap-rom": "/usr/share/umps3/coreboot.rom.umps", "execution-rom": "/usr/share/umps3/exec.rom.umps"'
blocks='"disk0": { "enabled": true, "file": "disk.umps" }, "flash0": { "enabled": true, "file": "flash.umps" }'

images() { umps3-mkdev -d "$dir/disk.umps" >/dev/null && umps3-mkdev -f "$dir/flash.umps" /dev/null 64 >/dev/null; }

# Ours ends so soon that one run says more about the scheduler than about us: a round is several, one after the other.
ours() { # BENCH ENGINE TIMES: prints the mean of the seconds and leaves the text in BENCH.ENGINE
	local sum=0
	for ((run = 0; run < $3; run++)); do
		images
		$first "$umps" run --json --engine="$2" "$dir/$1.json" 2>"$dir/$1.result" >"$dir/$1.$2" || return 1
		sum=$(jq -r --arg sum "$sum" '($sum | tonumber) + .seconds' "$dir/$1.result")
	done
	awk -v sum="$sum" -v n="$3" 'BEGIN { print sum / n }'
}

theirs() {
	images
	peer_run "$dir/$1.json" "$dir/$1.term" 'System halted' 120
}

rate() { awk -v n="$1" -v s="$2" 'BEGIN { printf "%.3f ", n / s / 1e6 }'; }

bench() { # NAME GUEST FLAGS MORE-KEYS MORE-DEVICES
	local name=$1 seconds instructions a='' b='' c=''
	guest "$2" "$3"
	machine "$name" "$2" "$roms${4:+, $4}" "${5:-}"
	for ((round = 0; round < rounds; round++)); do
		seconds=$(theirs "$name") || { echo "$name: umps3 did not end" >&2; exit 1; }
		cp "$dir/$name.term" "$dir/$name.umps3"
		c+=$seconds' '
		seconds=$(ours "$name" interpreter 2) || exit 1
		b+=$seconds' '
		seconds=$(ours "$name" translator 10) || exit 1
		a+=$seconds' '
		cmp "$dir/$name.umps3" "$dir/$name.interpreter" && cmp "$dir/$name.umps3" "$dir/$name.translator" ||
			{ echo "$name: results or ticks differ" >&2; exit 1; }
	done
	instructions=$(jq '[.processors[].instructions] | add' "$dir/$name.result")
	a=$(for s in $a; do rate "$instructions" "$s"; done)
	b=$(for s in $b; do rate "$instructions" "$s"; done)
	c=$(for s in $c; do rate "$instructions" "$s"; done)
	tests/bench/row.sh "translator/$name" "umps3 $version" MIPS native higher "$a" "$c" | tee -a "$out"
	tests/bench/row.sh "interpreter/$name" "umps3 $version" MIPS native higher "$b" "$c" | tee -a "$out"
}

# On uMPS2. The peer has no such machine: it runs the same program, built for its own.
bench2() { # NAME FLAGS MORE-KEYS
	local name=umps2-$1 seconds a='' c='' theirs ours
	guest cmix "$2"
	machine "$name" cmix "$roms${3:+, $3}"
	GUEST_CFLAGS="-DUMPS2 $2" tests/umps/guests2/build.sh "$dir/$name" tests/umps/guests/cmix.c || exit 1
	ours "$name" translator 1 >/dev/null || exit 1
	theirs=$(jq '[.processors[].instructions] | add' "$dir/$name.result")
	for ((round = 0; round < rounds; round++)); do
		seconds=$(theirs "$name") || { echo "$name: umps3 did not end" >&2; exit 1; }
		c+=$(rate "$theirs" "$seconds")
		for ((run = 0; run < 5; run++)); do
			$first "$umps" run --machine=umps2 --json "$dir/$name.core.umps" 2>"$dir/$name.result2" >"$dir/$name.text" || exit 1
			grep -E 'sum=' "$dir/$name.text" "$dir/$name.term" | sort -u -t: -k2 | wc -l | grep -qx 1 ||
				{ echo "$name: results differ" >&2; exit 1; }
			jq -r .seconds "$dir/$name.result2"
		done >"$dir/seconds"
		seconds=$(awk '{ sum += $1 } END { print sum / NR }' "$dir/seconds")
		ours=$(jq '[.processors[].instructions] | add' "$dir/$name.result2")
		a+=$(rate "$ours" "$seconds")
	done
	tests/bench/row.sh "umps2/$1" "umps3 $version" MIPS native higher "$a" "$c" | tee -a "$out"
}

# Start-up: from exec to the end of a guest of a few hundred instructions. umps3 needs a window to start one.
start_up() {
	local a='' b='' start
	guest nothing ''
	machine nothing nothing "$roms"
	for ((round = 0; round < rounds; round++)); do
		start=$EPOCHREALTIME
		peer_run "$dir/nothing.json" "$dir/nothing.term" 'System halted' 60 >/dev/null
		b+=$(awk -v a="$start" -v b="$EPOCHREALTIME" 'BEGIN { printf "%.3f ", (b - a) * 1000 }')
		start=$EPOCHREALTIME
		"$umps" run "$dir/nothing.json" >/dev/null
		a+=$(awk -v a="$start" -v b="$EPOCHREALTIME" 'BEGIN { printf "%.3f ", (b - a) * 1000 }')
	done
	tests/bench/row.sh start-up "umps3 $version" ms native lower "$a" "$b" | tee -a "$out"
}

bench alu alu -DROUNDS=2000000
bench copy copy -DROUNDS=2500
bench cmix cmix -DROUNDS=60
bench cmix-tlb cmix '-DROUNDS=40 -DMAPPED' '"tlb-floor-address": "0x80000000"'
bench timers timers -DROUNDS=2000000
bench devices devices -DROUNDS=800 '' "$blocks"
bench smp2 smp -DROUNDS=2500 '"num-processors": 2'
bench smp8 smp -DROUNDS=600 '"num-processors": 8'
bench2 cmix -DROUNDS=60
bench2 cmix-tlb '-DROUNDS=40 -DMAPPED' '"tlb-floor-address": "0x80000000"'
start_up
