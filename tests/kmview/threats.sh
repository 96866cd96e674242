#!/bin/bash
# Each test that docs/kmview.md names beside what the module protects from is there, and under that name.
cd "$(dirname "$0")/../.." || exit 2
. tests/lib/tap.sh
names=$(sed -n '/^## What it protects from/,/^Functions of the kernel that are not exported/p' docs/kmview.md | tr '\n' ' ' | sed 's/  */ /g' |
	grep -oE '"[^"]{12,}"' | tr -d '"' | sort -u)
ok "the document names tests" [ "$(wc -l <<<"$names")" -ge 50 ]
while read -r name; do
	ok "there is: $name" grep -qF -- "\"$name\"" tests/kmview/test_*.c tests/kmview/tracer.sh
done <<<"$names"
done_testing
