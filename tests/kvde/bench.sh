#!/bin/bash
# What a frame costs with the module kvde, in guest instructions: rows kvde/... on standard output.
#
# usage: bench.sh [KERNEL...]
set -eu
cd "$(dirname "$0")/../.."
rounds=${ROUNDS:-5}
log=$(mktemp)
trap 'rm -f "$log"' EXIT
figures() { awk -v row="$1" -v way="$2" '$1 == row && $2 == way { printf "%s ", $3 / 2 }' "$log"; }
for kernel in "${@:-6.1 6.12 newest}"; do
	for kernel in $kernel; do
		echo "# kvde: $kernel" >&2
		tests/vm/run "$kernel" --relaxed --icount --cpus 1 --time 2400 bash -c \
			"echo kernel \$(uname -r); tests/kvde/bench_guest.sh $rounds" >"$log" || { cat "$log" >&2; exit 1; }
		version=$(awk '$1 == "kernel" { print $2 }' "$log")
		where="emulated $(awk '$1 == "kernel" { split($2, v, "."); print v[1] "." v[2] }' "$log")"
		for row in frame/64 frame/1500 rtt flood-8 frame/64/{ports=16,ports=128,macs=1000,macs=100000}; do
			for peer in vde_switch user direct; do
				theirs=$(figures $row $peer)
				# More ports and addresses are also compared with two ports and one.
				[ -n "$theirs" ] || [ $peer != user ] || [[ $row != */*/* ]] || { theirs=$(figures frame/64 kvde) peer=two; }
				[ -n "$theirs" ] || continue
				case $peer in
				vde_switch) name="vde_switch $(awk '$1 == "versions" { print $2 }' "$log")" ;;
				two) name="kvde two ports and addresses" ;;
				*) name="$peer $version" ;;
				esac
				tests/bench/row.sh "kvde/$row" "$name" instructions "$where" lower "$(figures $row kvde)" "$theirs"
			done
		done
	done
done
