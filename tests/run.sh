#!/bin/bash
# Run tests and merge their TAP into one stream that closes with "N passed, N failed".
#
# usage: tests/run.sh TEST...      JOBS=N tests at once (default: one per processor)
#
# A test is an executable that prints TAP (a plan, "ok"/"not ok" lines, "# ..." remarks). It fails as
# a whole when it prints no plan, a plan that its lines do not meet, or exits non-zero with every
# line ok. A skip counts as a failure: what these tests need, the set-up installs. The time limit is
# 600 s, or what a line "# timeout: SECONDS" in the first 20 lines of a script says.
set -u
cd "$(dirname "$0")/.." || exit 2

one() {
	local test=$1 limit name
	limit=$(head -n 20 "$test" | grep -a -m1 -oP '^# timeout: \K[0-9]+') || limit=600
	name=${test#build/}; name=${name#tests/}; name=${name%.sh}
	echo "# $name: started"
	local start=$SECONDS
	{ timeout -k 10 "$limit" "$test" 2>&1 </dev/null; echo "status $?"; } |
	awk -v name="$name" -v limit="$limit" '
		/^status [0-9]+$/ { status = $2; next }
		/^1\.\.[0-9]+/ { plan = substr($1, 4); planned = 1; next }
		/^(not )?ok( |$)/ {
			verdict = sub(/^not ok/, "") ? "not ok" : "ok"; sub(/^ok/, "")
			sub(/^ [0-9]+/, ""); sub(/^ (- )?/, "")
			seen++; if (verdict == "not ok") bad++
			print verdict " " name ": " $0; fflush(); next
		}
		{ sub(/^# ?/, ""); print "# " name ": " $0; fflush() }
		END {
			why = ""
			if (status == 124 || status == 137) why = "still running after " limit " s"
			else if (!planned) why = "ended without a plan, status " status
			else if (plan != seen + 0) why = "planned " plan " tests, ran " seen + 0
			else if (status != 0 && !bad) why = "all tests ok but status " status
			if (why != "") print "not ok " name ": " why
		}'
	echo "# $name: $((SECONDS - start)) s"
}
export -f one

# Timings of threads and guests are tighter when no more tests than processors run at once.
printf '%s\n' "$@" | xargs -P "${JOBS:-$(nproc)}" -I{} bash -c 'one {}' |
awk '
	BEGIN { print "TAP version 13" }
	/^#/ { print; fflush(); next }
	{
		verdict = sub(/^not ok /, "") ? "not ok" : "ok"; sub(/^ok /, "")
		if (verdict == "ok" && /# (SKIP|skip)/) verdict = "not ok"
		n++; if (verdict == "ok") passed++; else { failed++; list = list "\n#   " $0 }
		print verdict " " n " - " $0; fflush()
	}
	END {
		print "1.." n + 0
		if (failed) print "# failed:" list
		print passed + 0 " passed, " failed + 0 " failed"
		exit failed > 0 || n == 0
	}'
