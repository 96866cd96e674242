#!/bin/bash
# SPDX-License-Identifier: GPL-2.0-only
# timeout: 4000
# Row 69: fuzz what strangers and programs hand to a stack (fuzz.c) for SECONDS_TO_RUN, from the corpus on.
# New inputs that reach new code stay in CORPUS_OUT when that is set.
cd "$(dirname "$0")/../.." || exit 2
. tests/lib/tap.sh
dir=$(mktemp -d)
at_exit "rm -rf $dir"
new=${CORPUS_OUT:-$dir/new}
mkdir -p "$new"
# The shuffling of libFuzzer itself is seeded, so that a failure repeats.
ok "row 69: ${SECONDS_TO_RUN:-15} s of fuzzing of frames, configuration and calls" build/fuzz/lwipv6 \
	-max_total_time="${SECONDS_TO_RUN:-15}" -seed=1 -max_len=4096 -timeout=20 -rss_limit_mb=2000 \
	-artifact_prefix="$dir/" "$new" tests/lwipv6/corpus
for input in "$dir"/crash-* "$dir"/timeout-* "$dir"/leak-* "$dir"/oom-*; do
	[ ! -e "$input" ] || base64 "$input" | sed 's/^/# input: /'
done
done_testing
