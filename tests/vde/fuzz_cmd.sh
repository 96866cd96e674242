#!/bin/bash
# timeout: 4000
# Fuzz what reads files and streams: FUZZ_SECONDS each (10), a given seed, under ASan and UBSan.
cd "$(dirname "$0")/../.." || exit 2
. tests/lib/tap.sh
dir=$(mktemp -d)
at_exit 'rm -rf "$dir"'
for target in lab stream; do
	mkdir -p "$dir/$target"
	corpus=()
	[ ! -d tests/vde/corpus/$target ] || corpus=(tests/vde/corpus/$target)
	ok "fuzz_$target survives ${FUZZ_SECONDS:-10} s" build/fuzz/vde_$target -seed="${FUZZ_SEED:-1}" \
		-max_total_time="${FUZZ_SECONDS:-10}" -max_len=20000 -timeout=20 \
		-artifact_prefix="$dir/" "$dir/$target" "${corpus[@]}"
done
done_testing
