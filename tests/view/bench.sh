#!/bin/bash
# What views cost: build/bench/view.jsonl. umview on this machine, kmview in guests (KERNELS="6.12"
# for fewer), where only ratios mean anything. ROUNDS: how many.
set -eu
cd "$(dirname "$0")/../.."
out=build/bench/view.jsonl
rounds=${ROUNDS:-5}
mkdir -p build/bench
: >"$out"
make -s build/tests/view/bench
log=$(mktemp)
trap 'rm -f "$log"' EXIT

row() { # ENGINE WORKLOAD OURS PEER-CONTEXT PEER WHERE
	local ours theirs label=$3
	ours=$(awk -v w="$2" -v c="$3" '$1 == w && $2 == c { printf "%s ", $3 / 1000 }' "$log")
	theirs=$(awk -v w="$2" -v c="$4" '$1 == w && $2 == c { printf "%s ", $3 / 1000 }' "$log")
	[ -n "$ours" ] && [ -n "$theirs" ] || return 0
	[ "$label" = start ] && label='' || label=/$label
	tests/bench/row.sh "$1/$2$label" "$5" us "$6" lower "$ours" "$theirs" >>"$out"
}
rows() { # ENGINE WHERE KERNEL
	local work proot fuse
	proot="proot $(dpkg-query -W -f '${Version}' proot 2>/dev/null || echo 5.1.0)"
	fuse="fuse $(dpkg-query -W -f '${Version}' fuse2fs)"
	for work in stat open-read-close getppid fork-exec find git-status gcc; do
		row "$1" $work untouched native "native $3" "$2"
		row "$1" $work untouched proot "$proot" "$2"
	done
	for work in stat open-read-close fork-exec find git-status gcc read-4k read-1m; do
		row "$1" $work mounted fuse "$fuse" "$2"
	done
	row "$1" start start unshare "unshare $(dpkg-query -W -f '${Version}' util-linux)" "$2"
}

tests/view/bench_rounds.sh umview "$rounds" >"$log"
rows umview native "$(uname -r)"
for kernel in ${KERNELS:-6.1 6.12 newest}; do
	tests/vm/run "$kernel" --relaxed --time 1500 bash -c "uname -r; tests/view/bench_rounds.sh kmview $rounds" >"$log"
	version=$(grep -m1 -oE '^[0-9]+\.[0-9]+\S*' "$log")
	rows kmview "emulated ${version%%[-+]*}" "$version"
done
cat "$out"
