#!/bin/bash
# SPDX-License-Identifier: GPL-2.0-only
# timeout: 300
# Every conformance test, then the table of docs/lwipv6.md with what each row's tests said. A row that
# the table calls "yes" without a test that passed here is a failure, unless it names its test.
cd "$(dirname "$0")/../.." || exit 2
. tests/lib/tap.sh
log=$(mktemp)
at_exit "rm -f $log"
for source in tests/lwipv6/conformance_*.c; do
	name=$(basename "$source" .c)
	timeout 120 build/tests/lwipv6/"$name" >"$log.one" 2>&1 || :
	grep -E '^(not )?ok ' "$log.one" >>"$log"
	failed=$(grep -E '^not ok |^# at|ERROR|runtime error' "$log.one")
	ok "$name: $(grep -c '^ok ' "$log.one") assertions, with its plan" \
		bash -c 'grep -q "^1\.\.$(grep -cE "^(not )?ok " "$1")$" "$1" && [ -z "$2" ]' _ "$log.one" "$failed"
	[ -z "$failed" ] || sed 's/^/# /' <<<"$failed"
done
rm -f "$log.one"
echo "# row  passed failed  state in the table"
lying=
while IFS='|' read -r _ row rfc what state _; do
	row=${row// /} state=$(sed 's/^ *//; s/ *$//' <<<"$state")
	good=$(grep -cE "^ok [0-9]+ - row $row:" "$log") bad=$(grep -cE "^not ok [0-9]+ - row $row:" "$log")
	printf '# %3s  %6d %6d  %-9s %s: %s\n' "$row" "$good" "$bad" "${state%%[;:, ]*}" "$(sed 's/^ *//; s/ *$//' <<<"$rfc")" "$(sed 's/^ *//; s/ *$//' <<<"$what")"
	[[ $state != yes* || $state == *tests/* || ($good -gt 0 && $bad -eq 0) ]] || lying+=" $row"
done < <(grep -E '^\| [0-9]+ \|' docs/lwipv6.md)
is "rows called \"yes\" without a passing test" "${lying:-none}" none
done_testing
