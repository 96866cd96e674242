#!/bin/bash
# Measure switches against each other; writes build/bench/vde.jsonl.
#
# A file in tests/vde/planes/ describes one or more ways to switch: it adds to `planes` the names of
# ours, to `peers[PLANE]` what each is compared with and to `ceilings[PLANE]` what there is without a
# switch, and defines for every name NAME_up, which starts it with `idle` more ports in use and sets
# the words A and B for the traffic tool and the process id `switch_pid` (empty: the kernel), and
# NAME_down; with many addresses, `macs` says how many.
#
# Rows: PLANE/lossfree/SIZE (highest rate with less than 0.1 % lost, by a paced search),
# PLANE/overload/SIZE (frames that arrive when they are sent without pause), PLANE/loss/SIZE (percent
# of those that do not), PLANE/cpu/SIZE (processor time for each of those that do: of the switch's
# process or, where the kernel switches in the time of the ends, of these), PLANE/rtt (median) and
# PLANE/rtt-p99; lossfree and cpu with more ports in use .../ports=N, with more addresses .../macs=N.
# A row is left out where the peer has no figure (vde_switch cuts frames of 9000 bytes off).
set -u
cd "$(dirname "$0")/../.." || exit 2
. tests/lib/tap.sh

ROUNDS=${ROUNDS:-5}
SIZES=${SIZES:-64 512 1500 9000}
traffic=$PWD/build/tests/vde/traffic
out=build/bench/vde.jsonl
dir=$(mktemp -d)
at_exit "rm -rf $dir"
declare -A peers ceilings figures
planes='' idle=0 macs=1 size=64 A='' B='' switch_pid=''
for file in tests/vde/planes/*.sh; do . "$file"; done

# Run the traffic tool over NAME; each NAME=VALUE it prints is a figure of NAME/ROW.
measure() { # NAME ROW COMMAND ARGUMENTS...
	local name=$1 row=$2 word result
	shift 2
	switch_pid=
	"${name}_up" || { echo "bench: $name does not start" >&2; exit 1; }
	result=$(SWITCH_PID=$switch_pid "$traffic" "$1" "$A" "$B" "${@:2}")
	"${name}_down"
	for word in $result; do figures[$name/$row/${word%%=*}]+=" ${word#*=}"; done
	echo "# $name/$row: $result" >&2
}

# All that compare themselves take turns.
take_turns() { # ROUNDS "NAMES" ROW COMMAND ARGUMENTS...
	local rounds=$1 names=$2 round name
	shift 2
	for ((round = 0; round < rounds; round++)); do
		for name in $names; do measure "$name" "$@"; done
	done
}

row() { # PLANE ROW KEY NAME-OF-THE-ROW UNIT higher|lower
	local plane=$1 peer ours theirs
	ours=${figures[$plane/$2/$3]:-}
	for peer in ${peers[$plane]} ${ceilings[$plane]}; do
		theirs=${figures[$peer/$2/$3]:-}
		# What has no figure, or none but 0, cannot be compared.
		[ -n "${ours//[ 0.]/}" ] && [ -n "${theirs//[ 0.]/}" ] || continue
		tests/bench/row.sh "$plane/$4" "$(VERSION_of "$peer")" "$5" native "$6" "$ours" "$theirs"
	done >>"$out"
}

load_rows() { # PLANE ROW SUFFIX
	row "$1" "$2" fps "lossfree/$3" frames/s higher
	row "$1" "$2" cpu_ns "cpu/$3" ns/frame lower
}

mkdir -p build/bench
: >"$out"
for plane in ${PLANES:-$planes}; do
	for size in $SIZES; do
		take_turns "$ROUNDS" "$plane ${peers[$plane]} ${ceilings[$plane]}" "load/$size" measure "$size"
		load_rows "$plane" "load/$size" "$size"
		row "$plane" "load/$size" arrived_fps "overload/$size" frames/s higher
		row "$plane" "load/$size" loss_percent "loss/$size" percent lower
	done
	size=64
	take_turns "$ROUNDS" "$plane ${peers[$plane]} ${ceilings[$plane]}" rtt rtt 20000
	row "$plane" rtt median_us rtt us lower
	row "$plane" rtt p99_us rtt-p99 us lower
	for idle in 14 126; do
		take_turns "$ROUNDS" "$plane ${peers[$plane]}" "ports=$idle" measure 64
		load_rows "$plane" "ports=$idle" "64/ports=$((idle + 2))"
	done
	idle=0
	for macs in 1000 100000; do
		take_turns "$ROUNDS" "$plane ${peers[$plane]}" "macs=$macs" measure 64 "$macs"
		load_rows "$plane" "macs=$macs" "64/macs=$macs"
	done
	macs=1
done
[ -n "${PLANES:-}" ] || tests/kvde/bench.sh >>"$out"
cat "$out"
