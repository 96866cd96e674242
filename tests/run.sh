#!/bin/bash
# Run tests and merge their TAP into one stream that closes with "N passed, N failed".
#
# usage: tests/run.sh TEST...      JOBS=N tests at once (default: one per processor)
#
# A test is an executable that prints TAP (a plan, "ok"/"not ok" lines, "# ..." remarks). It fails as
# a whole when it prints no plan, a plan that its lines do not meet, or exits non-zero with every
# line ok. A skip counts as a failure: what these tests need, the set-up installs. The time limit is
# 600 s, or what a line "# timeout: SECONDS" in the first 20 lines of a script says. The plans of a
# test that runs several programs add up.
#
# Lines are passed on by the shell, not by awk, which would hold them back in its buffers.
set -u
unset MAKEFLAGS MFLAGS MAKELEVEL # a make that a test runs is its own
cd "$(dirname "$0")/.." || exit 2
. tests/lib/reachable.sh tests/run.sh "$@"

# One test: its lines, with its name in front of the description.
one() {
	local test=$1 limit name start=$SECONDS line verdict what plan='' seen=0 bad=0 status='' why=''
	limit=$(head -n 20 "$test" | grep -a -m1 -oP '^# timeout: \K[0-9]+') || limit=600
	name=${test#build/}; name=${name#tests/}; name=${name%.sh}
	echo "# $name: started"
	while IFS= read -r line || [ -n "$line" ]; do
		case $line in
		'') ;;
		'status of the test: '*) status=${line##*: } ;;
		1..[0-9]*) what=${line#1..}; plan=$((plan + ${what%%[!0-9]*})) ;;
		ok | 'ok '* | 'not ok' | 'not ok '*)
			verdict=ok what=$line
			[[ $line != not* ]] || { verdict='not ok' what=${line#not }; bad=$((bad + 1)); }
			seen=$((seen + 1))
			[[ $what =~ ^ok\ ?[0-9]*\ ?-?\ ?(.*)$ ]]
			printf '%s %s: %s\n' "$verdict" "$name" "${BASH_REMATCH[1]}"
			;;
		*) line=${line#\#}; printf '# %s: %s\n' "$name" "${line# }" ;;
		esac
	done < <(timeout -k 10 "$limit" "$test" 2>&1 </dev/null; printf '\nstatus of the test: %d\n' $?)
	if [ "$status" = 124 ] || [ "$status" = 137 ]; then
		why="still running after $limit s"
	elif [ -z "$plan" ]; then
		why="ended without a plan, status $status"
	elif [ "$plan" -ne $seen ]; then
		why="planned $plan tests, ran $seen"
	elif [ "$status" != 0 ] && [ $bad -eq 0 ]; then
		why="all tests ok but status $status"
	fi
	[ -z "$why" ] || printf 'not ok %s: %s\n' "$name" "$why"
	echo "# $name: $((SECONDS - start)) s"
}
export -f one

merge() {
	local line passed=0 failed=() verdict
	echo "TAP version 13"
	while IFS= read -r line; do
		case $line in
		'ok '*) verdict=ok line=${line#ok } ;;
		'not ok '*) verdict='not ok' line=${line#not ok } ;;
		*) printf '%s\n' "$line"; continue ;;
		esac
		[[ $line != *'# SKIP'* && $line != *'# skip'* ]] || verdict='not ok'
		if [ "$verdict" = ok ]; then passed=$((passed + 1)); else failed+=("$line"); fi
		printf '%s %d - %s\n' "$verdict" $((passed + ${#failed[@]})) "$line"
	done
	echo "1..$((passed + ${#failed[@]}))"
	[ ${#failed[@]} -eq 0 ] || printf '# failed: %s\n' "${failed[@]}"
	echo "$passed passed, ${#failed[@]} failed"
	[ ${#failed[@]} -eq 0 ] && [ $passed -gt 0 ]
}

# No more tests than processors at once: timings of threads and guests are tight enough.
printf '%s\n' "$@" | xargs -P "${JOBS:-$(nproc)}" -I{} bash -c 'one {}' | merge
