#!/bin/bash
# Random requests to what is behind the page. FUZZ_SECONDS says for how long.
. tests/lib/tap.sh
dir=$(mktemp -d)
at_exit 'rm -rf "$dir"'
mkdir "$dir/corpus"
# Every request of the dictionary, in order, is where it starts.
sed 's/^"//; s/\\x0a"$//; s/\\"/"/g' tests/umps/ui_fuzz.dict >"$dir/corpus/session"
plan 1
ok "no request crashes the page's server, leaks or hangs it" build/tests/umps/ui_fuzz -seed=1 -timeout=20 -max_len=4000 \
	-max_total_time="${FUZZ_SECONDS:-15}" -dict=tests/umps/ui_fuzz.dict -artifact_prefix="$dir/" "$dir/corpus"
done_testing
