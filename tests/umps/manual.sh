#!/bin/bash
# SPDX-License-Identifier: GPL-2.0-only
# Section numbers in comments and test results lead to a heading or list entry of docs/umps-machine.md.
. "$(dirname "$0")/../lib/tap.sh"
manual=docs/umps-machine.md
{
	sed -nE 's/^#{2,3} ([0-9]+(\.[0-9]+)?)\.? .*/\1/p' "$manual"
	sed -nE 's/^(1[346]\.[0-9].*): see .*/\1/p' "$manual" | grep -oE '1[346]\.[0-9]'
	sed -n '/^## 19/,$p' "$manual" | sed -nE 's/^([0-9]+)\. .*/19.\1/p'
} | sort -u >"${TMPDIR:-/tmp}/umps-sections.$$"
at_exit "rm -f ${TMPDIR:-/tmp}/umps-sections.$$"
cited() {
	grep -rhoE '[Ss]ections? [0-9]+(\.[0-9]+)?((,| and| to) [0-9]+(\.[0-9]+)?)*' umps tests/umps --include='*.[chS]' --include='*.sh' \
		--include='*.js' | grep -oE '[0-9]+(\.[0-9]+)?'
	grep -hoE '^[0-9]+(\.[0-9]+)?' tests/umps/expected/*
	grep -hoE '^[[:space:]]*(is|ok|like) ["'\''][0-9]+\.[0-9]+( [0-9]+\.[0-9]+)*' tests/umps/*.sh | grep -oE '[0-9]+\.[0-9]+'
}
ok "sections are cited ($(cited | sort -u | wc -l))" test "$(cited | sort -u | wc -l)" -ge 40
is "each of them is in the manual" "$(cited | sort -u | comm -23 - "${TMPDIR:-/tmp}/umps-sections.$$")" ''
is "nothing cites a specification that is not here" \
	"$(grep -rniE 'the specification|specification section' umps tests/umps docs/umps*.md --include='*.[chS]' --include='*.sh' --include='*.md' |
		grep -v 'tests/umps/manual.sh')" ''
done_testing
