#!/bin/bash
# What a system call costs in each layer, on the three kernels: build/bench/kmview.jsonl.
#
# Four sets: guest instructions counted, on one processor whose clock is its instructions (2 ns each);
# time on two emulated processors; the tracer beside strace and perf trace; and a C build under kmtrace guard, counted. Only ratios mean anything.
# KERNELS="6.12" SETS="counted" for fewer.
set -eu
cd "$(dirname "$0")/../.."
out=build/bench/kmview.jsonl
rounds=${ROUNDS:-5}
mkdir -p build/bench
: >"$out"
make -s build/tests/kmview/bench build/tests/kmview/open_close build/bin/kmtrace

row() { # ROW PEER-LAYER UNIT WHERE KERNEL-VERSION LOG SCALE
	local work=${1%/*} ours theirs
	ours=$(awk -v k="$1" -v s="$7" '$1 == k { printf "%s ", $2 / s }' "$6")
	theirs=$(awk -v k="$work/$2" -v s="$7" '$1 == k { printf "%s ", $2 / s }' "$6")
	tests/bench/row.sh "$1" "$2 $5" "$3" "$4" lower "$ours" "$theirs" >>"$out"
}

rows() { # UNIT WHERE LOG SCALE
	local version work layer peer
	version=$(awk '$1 == "kernel" { print $2 }' "$3")
	row lseek/mark-miss native "$1" "$2" "$version" "$3" "$4"
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
# The tracer beside others, on one processor, where it takes turns with who is traced, and on two.
trace_rows() { # KERNEL UNIT SCALE SUFFIX OPTION...
	local name peer version figures unit=$2 scale=$3 suffix=$4
	tests/vm/run "$1" --relaxed --time 900 "${@:5}" bash -c \
		"echo kernel \$(uname -r); tests/kmview/bench_trace.sh $rounds" >"$log" || { cat "$log" >&2; exit 1; }
	name=$(awk '$1 == "kernel" { split($2, v, "."); print v[1] "." v[2] }' "$log")
	figures() { awk -v peer="$1" '$1 == "native" { for (i = 1; i < NF; i += 2) if ($i == peer) printf "%s ", $(i + 1) / '"$scale"' }' "$log"; }
	for peer in strace perf-trace native; do
		[ -n "$(figures $peer)" ] || continue
		case $peer in
		strace) version=$(awk '$1 == "versions" { print $2 }' "$log") ;;
		perf-trace) version=$(awk '$1 == "versions" { print $3 }' "$log") ;;
		native) version=$(awk '$1 == "kernel" { print $2 }' "$log") ;;
		esac
		tests/bench/row.sh trace/open-close "$peer $version" "$unit" "emulated $name$suffix" lower \
			"$(figures kmtrace)" "$(figures $peer)" >>"$out"
	done
}
# A C build under kmtrace guard.
guard_rows() { # KERNEL
	tests/vm/run "$1" --relaxed --time 900 --icount --cpus 1 bash -c \
		"echo kernel \$(uname -r); tests/kmview/bench_guard.sh $rounds" >"$log" || { cat "$log" >&2; exit 1; }
	figures() { awk -v column="$1" '$1 == "native" { printf "%s ", $column / 2 }' "$log"; }
	tests/bench/row.sh guard/build "native $(awk '$1 == "kernel" { print $2 }' "$log")" instructions \
		"emulated $(awk '$1 == "kernel" { split($2, v, "."); print v[1] "." v[2] }' "$log")" lower "$(figures 4)" "$(figures 2)" >>"$out"
}
for kernel in ${KERNELS:-6.1 6.12 newest}; do
	for set in ${SETS:-counted timed trace guard}; do
		echo "# $kernel, $set" >&2
		if [ "$set" = trace ]; then
			trace_rows "$kernel" instructions 2 "" --icount --cpus 1
			trace_rows "$kernel" ns 1 " 2cpu" --cpus 2 --parallel
		elif [ "$set" = guard ]; then
			guard_rows "$kernel"
		elif [ "$set" = counted ]; then
			measure "$kernel" --icount --cpus 1
			rows instructions "emulated $name" "$log" 2
		else
			measure "$kernel" --cpus 2 --parallel
			rows ns "emulated $name 2cpu" "$log" 1
		fi
	done
done
cat "$out"
