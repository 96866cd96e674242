#!/bin/bash
# The kernel's own tests of system calls have the same results inside a session, in which each call is notified, as outside.
# Run in a guest: selftests.sh DIRECTORY, which has the programs. What may differ, and why, is in selftests.differences.
set -u
cd "$(dirname "$0")/../.." || exit 2
. tests/lib/tap.sh
programs=$(readlink -f "$1")
work=$(mktemp -d)
at_exit "rm -rf $work"

# "RESULT NAME" of each line of TAP, without numbers, and the exit status. Skipped is a result of its own.
results() {
	sed -nE 's/^(not ok|ok) [0-9]+ *(- )?(.*# *SKIP.*)$/skip \3/; t print; s/^(not ok|ok) [0-9]+ *(- )?(.*)$/\1 \3/; t print; s/^status .*/&/p; d; :print; s/[0-9]{3,}/N/g; s/0x[0-9a-f]+/N/g; p' "$1"
}

# Each in a directory of its own; some say nothing but by their status.
run() { # NAME WHERE COMMAND...
	local name=$1 where=$2 status=0
	shift 2
	mkdir -p "$work/$where.$name"
	(cd "$work/$where.$name" && timeout -k 5 300 "$@" </dev/null) >"$work/$where" 2>&1 || status=$?
	echo "status $status" >>"$work/$where"
	results "$work/$where" >"$work/$where.results"
}

for program in "$programs"/*; do
	name=${program##*/}
	run "$name" outside "$program"
	run "$name" inside "$PWD/build/bin/kmtrace" -f -qq -o /dev/null -- "$program"
	differences=$(diff "$work/outside.results" "$work/inside.results" | grep '^[<>]')
	unexplained=$(while read -r line; do
		while read -r known pattern _; do
			[[ $known == "$name" && $line == $pattern ]] && continue 2
		done < <(grep -v '^#' tests/kmview/selftests.differences)
		[ -z "$line" ] || echo "$line"
	done <<<"$differences")
	is "$name: $(grep -c '' "$work/outside.results") results, the same inside" "$unexplained" ''
done
done_testing
