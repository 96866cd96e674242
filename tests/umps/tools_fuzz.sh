#!/bin/bash
# SPDX-License-Identifier: GPL-2.0-only
# Damaged files: the tools' readers under a coverage-guided fuzzer and sanitizers.
#
# usage: tools_fuzz.sh [LIMIT]     LIMIT is an option of libFuzzer, -runs=6000 if not given
. "$(dirname "$0")/../lib/tap.sh"
plan 1
corpus=$(mktemp -d)
at_exit "rm -rf $corpus"
seed() { # KIND FILE
	{ printf "\\$(printf %03o "$1")"; cat "$2"; } >"$corpus/$1-$(basename "$2")"
}
for kind in 0 1 3; do
	seed $kind build/umps-sample/hello
	seed $kind build/umps-sample/obj/programs/hello.elf
done
seed 2 build/umps-sdk/lib/umps3/crtso.o
seed 4 build/umps-sample/hello.core.umps
seed 4 build/umps-sdk/share/umps3/exec.rom.umps
ok "no input makes the readers fail (${1:--runs=6000})" build/tests/umps/tools_fuzz "${1:--runs=6000}" -seed=1 \
	-rss_limit_mb=2000 -malloc_limit_mb=1000 -max_len=40000 -print_final_stats=1 -artifact_prefix="$corpus/" "$corpus"
done_testing
