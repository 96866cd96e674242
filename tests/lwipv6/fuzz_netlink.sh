#!/bin/bash
# SPDX-License-Identifier: GPL-2.0-only
# libFuzzer on the netlink sockets, from the corpus: seconds here, FUZZ_SECONDS in check-long.
set -u
. "$(dirname "$0")/../lib/tap.sh"
cd "$(dirname "$0")/../.." || exit 2
tmp=$(mktemp -d)
at_exit "rm -rf $tmp"
mkdir $tmp/corpus
ok "no crash, leak or broken answer in ${FUZZ_SECONDS:-8} s" timeout $((${FUZZ_SECONDS:-8} + 60)) build/tests/lwipv6/fuzz_netlink \
	-max_total_time=${FUZZ_SECONDS:-8} -max_len=2048 -timeout=10 -rss_limit_mb=1024 -artifact_prefix=$tmp/ \
	$tmp/corpus tests/lwipv6/corpus/netlink
done_testing
