#!/bin/bash
# The gdb server against random packets. FUZZ_SECONDS says for how long.
. tests/lib/tap.sh
dir=$(mktemp -d)
at_exit 'rm -rf "$dir"'
mkdir "$dir/corpus"
printf '\x01?\ng\nm20000000,40\nZ0,1fc00000,4\nvCont;c\nvCont;s:1\nqSupported:swbreak+\n' >"$dir/corpus/session"
printf '\x02$g#67$?#3f\x03' >"$dir/corpus/framed"
plan 1
ok "no packet crashes the server, leaks or hangs it" build/tests/umps/gdb_fuzz -seed=1 -timeout=20 -max_len=2000 \
	-max_total_time="${FUZZ_SECONDS:-15}" -dict=tests/umps/gdb_fuzz.dict -artifact_prefix="$dir/" "$dir/corpus"
done_testing
