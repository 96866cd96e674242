#!/bin/bash
# What a system call costs in each layer, on the three kernels: build/bench/kmview.jsonl.
#
# Two sets: guest instructions counted, on one processor whose clock is its instructions (2 ns each);
# and time on two emulated processors. Only ratios mean anything. KERNELS="6.12" SETS="counted" for fewer.
set -eu
cd "$(dirname "$0")/../.."
out=build/bench/kmview.jsonl
rounds=${ROUNDS:-5}
mkdir -p build/bench
: >"$out"
make -s build/tests/kmview/bench

row() { # ROW PEER-LAYER UNIT WHERE KERNEL-VERSION LOG SCALE
	local work=${1%/*} ours theirs
	ours=$(awk -v k="$1" -v s="$7" '$1 == k { printf "%s ", $2 / s }' "$6")
	theirs=$(awk -v k="$work/$2" -v s="$7" '$1 == k { printf "%s ", $2 / s }' "$6")
	tests/bench/row.sh "$1" "$2 $5" "$3" "$4" lower "$ours" "$theirs" >>"$out"
}

rows() { # UNIT WHERE LOG SCALE
	local version work layer peer
	version=$(awk '$1 == "kernel" { print $2 }' "$3")
	for work in uname open; do
		for layer in outside unhooked table-pass bpf-answer; do
			row $work/$layer native "$1" "$2" "$version" "$3" "$4"
		done
		for peer in native seccomp-notify ptrace ptrace-event; do
			row $work/notify $peer "$1" "$2" "$version" "$3" "$4"
		done
		# With several processors the two need not switch.
		[ "$1" != instructions ] || row $work/floor seccomp-notify "$1" "$2" "$version" "$3" "$4"
	done
}

log=$(mktemp)
trap 'rm -f "$log"' EXIT
measure() { # KERNEL OPTION...
	local kernel=$1
	shift
	tests/vm/run "$kernel" --relaxed --unloaded --time 900 "$@" bash -c \
		"echo kernel \$(uname -r); build/tests/kmview/bench $rounds" >"$log" || { cat "$log" >&2; exit 1; }
	name=$(awk '$1 == "kernel" { split($2, v, "."); print v[1] "." v[2] }' "$log")
}
for kernel in ${KERNELS:-6.1 6.12 newest}; do
	for set in ${SETS:-counted timed}; do
		echo "# $kernel, $set" >&2
		if [ "$set" = counted ]; then
			measure "$kernel" --icount --cpus 1
			rows instructions "emulated $name" "$log" 2
		else
			measure "$kernel" --cpus 2 --parallel
			rows ns "emulated $name 2cpu" "$log" 1
		fi
	done
done
cat "$out"
