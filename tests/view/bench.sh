#!/bin/bash
# What views cost: build/bench/view.jsonl.
#
# On this machine umview, in short alternating rounds: such figures differ by a quarter from one to the
# next. Against no view, where there is nobody else who works for it, processor time is compared, which
# other work on the machine changes less. In guests both engines, on one processor whose clock is its
# count of instructions, whatever else the machine does, and a hundredth of each workload; five minutes
# for each kernel, as on this machine.
# PLACES="native 6.12": fewer of them; ROUNDS: how many.
set -eu
cd "$(dirname "$0")/../.."
out=build/bench/view.jsonl
mkdir -p build/bench
: >"$out"
make -s build/tests/view/bench programs
log=$(mktemp)
trap 'rm -f "$log"' EXIT

figures() { # WORKLOAD CONTEXT time|processor us|ms
	awk -v w="$1" -v c="$2" -v of="$3" -v unit="$4" '$1 == w && $2 == c {
		printf "%s ", (of == "time" ? $3 : $4) / (unit == "us" ? 1000 : 1000000) }' "$log"
}
row() { # BENCH WORKLOAD CONTEXT PEER-CONTEXT PEER WHERE [UNIT]
	local ours theirs of=time unit=${7:-us}
	[ "$4" != native ] || of=processor
	ours=$(figures "$2" "$3" $of "$unit")
	theirs=$(figures "$2" "$4" $of "$unit")
	[ -n "$ours" ] && [ -n "$theirs" ] || return 0
	tests/bench/row.sh "$1" "$5" "$unit" "$6" lower "$ours" "$theirs" >>"$out"
}
rows() { # WHERE KERNEL ENGINE...
	local work proot fuse where=$1 kernel=$2 engine
	shift 2
	proot="proot $(dpkg-query -W -f '${Version}' proot)"
	fuse="fuse $(dpkg-query -W -f '${Version}' fuse2fs)"
	for engine in "$@"; do
		for work in stat open-read-close getppid fork-exec find git-status gcc; do
			row "$engine/$work/untouched" $work "$engine/untouched" native "native $kernel" "$where"
			row "$engine/$work/untouched" $work "$engine/untouched" proot "$proot" "$where"
		done
		for work in stat open-read-close fork-exec find git-status gcc read-4k read-1m; do
			row "$engine/$work/mounted" $work "$engine/mounted" fuse "$fuse" "$where"
		done
		for work in stat open-read-close find; do
			row "$engine/$work/mounted-ro" ro/$work "$engine/mounted-ro" fuse-ro "$fuse" "$where"
		done
		row "$engine/start" start "$engine/start" unshare "unshare $(dpkg-query -W -f '${Version}' util-linux)" "$where" ms
	done
	for work in viewfs/{stat,open-read-close,find,find-again,unlink,gcc}; do
		row $work $work viewfs overlay "overlay $kernel" "$where"
		row $work $work viewfs plain "native $kernel" "$where"
	done
}

for place in ${PLACES:-native 6.1 6.12 newest}; do
	if [ "$place" = native ]; then
		tests/view/bench_rounds.sh "${ROUNDS:-7}" 1 umview >"$log"
		rows native "$(uname -r)" umview
		continue
	fi
	tests/vm/run "$place" --icount --relaxed --cpus 1 --time 1500 \
		bash -c "uname -r; tests/view/bench_rounds.sh ${ROUNDS:-5} 100 umview kmview" >"$log"
	version=$(grep -m1 -oE '^[0-9]+\.[0-9]+\S*' "$log")
	rows "emulated ${version%%[-+]*}" "$version" umview kmview
done
cat "$out"
