#!/bin/bash
# SPDX-License-Identifier: GPL-2.0-only
# timeout: 4000
# Row 69: DHCP of both kinds, files of router advertisements, rules, packets through NAT, by libFuzzer
# from the corpus in the tree. FUZZ_SECONDS says for how long (15).
set -u
. "$(dirname "$0")/../lib/tap.sh"
cd "$(dirname "$0")/../.." || exit 2
dir=$(mktemp -d)
at_exit 'rm -rf "$dir"'
mkdir "$dir/found"
plan 1
ok "row 69: no input crashes a stack, leaks or hangs it" build/tests/lwipv6/fuzz_config -timeout=20 -max_len=4000 -rss_limit_mb=1000 \
	-max_total_time="${FUZZ_SECONDS:-15}" -dict=tests/lwipv6/fuzz_config.dict -artifact_prefix="$dir/" "$dir/found" tests/lwipv6/corpus/config
done_testing
