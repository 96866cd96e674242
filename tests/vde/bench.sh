#!/bin/bash
# Measure switches against each other; writes build/bench/vde.jsonl.
#
# A file in tests/vde/planes/ describes one or more ways to switch: it adds to `planes` the names of
# ours and to `peers[PLANE]` what each is compared with, and defines for every name NAME_up, which
# starts it with `idle` more ports in use and sets the words A and B for the traffic tool, and
# NAME_down. VERSION_of NAME says what it is, for the record.
#
# Rows: PLANE/lossfree/SIZE (highest rate with less than 0.1 % lost, by a paced search),
# PLANE/overload/SIZE (frames that arrive when they are sent without pause), PLANE/rtt (median) and
# PLANE/rtt-p99; with more ports in use PLANE/lossfree/SIZE/ports=N, with more addresses macs=N.
set -u
cd "$(dirname "$0")/../.." || exit 2
. tests/lib/tap.sh

ROUNDS=${ROUNDS:-5}
SIZES=${SIZES:-64 512 1500 9000}
traffic=$PWD/build/tests/vde/traffic
out=build/bench/vde.jsonl
dir=$(mktemp -d)
at_exit "rm -rf $dir"
declare -A peers figures
planes='' idle=0 A='' B=''
for file in tests/vde/planes/*.sh; do . "$file"; done

value() { # NAME=VALUE... KEY: the value
	local word
	for word in $1; do [ "${word%%=*}" != "$2" ] || echo "${word#*=}"; done
}

# Measure NAME once and note the figure under NAME/ROW.
measure() { # NAME ROW KEY COMMAND ARGUMENTS...
	local name=$1 row=$2 key=$3 result
	shift 3
	"${name}_up" || { echo "bench: $name does not start" >&2; exit 1; }
	result=$("$traffic" "$1" "$A" "$B" "${@:2}")
	"${name}_down"
	figures[$name/$row]+=" $(value "$result" "$key")"
	echo "# $name/$row: $result" >&2
}

# All that compare themselves in ROW take turns, ROUNDS times.
compare() { # PLANE ROW UNIT higher|lower KEY COMMAND ARGUMENTS...
	local plane=$1 row=$2 unit=$3 better=$4 key=$5 round name peer
	shift 5
	for ((round = 0; round < ROUNDS; round++)); do
		for name in $plane ${peers[$plane]}; do measure "$name" "$row" "$key" "$@"; done
	done
	for peer in ${peers[$plane]}; do
		tests/bench/row.sh "$plane/$row" "$(VERSION_of "$peer")" "$unit" native "$better" \
			"${figures[$plane/$row]}" "${figures[$peer/$row]}" >>"$out"
	done
}

mkdir -p build/bench
: >"$out"
for plane in ${PLANES:-$planes}; do
	for size in $SIZES; do
		compare "$plane" "lossfree/$size" frames/s higher fps search "$size"
		compare "$plane" "overload/$size" frames/s higher arrived_fps rate "$size" 0 0.5
	done
	compare "$plane" rtt us lower median_us rtt 20000
	compare "$plane" rtt-p99 us lower p99_us rtt 20000
	for idle in 14 126; do
		compare "$plane" "lossfree/64/ports=$((idle + 2))" frames/s higher fps search 64
	done
	idle=0
	for macs in 1000 100000; do
		compare "$plane" "lossfree/64/macs=$macs" frames/s higher fps search 64 "$macs"
	done
done
cat "$out"
