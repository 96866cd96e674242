#!/bin/bash
# SPDX-License-Identifier: GPL-2.0-only
# Inside a guest: the kernel's own tests of seccomp, ptrace, clone3 and mount, as root and as a user,
#
#   outside   of all sessions
#   watched   in a session that only watches all calls
#   inside    in one whose manager answers for all calls
#
# Each result of a test must be the same in all three, but for those that suites.differences names, with the reason.
# A difference that is named there and is none any more fails, too, unless the line begins with "? ".
set -u
cd "$(dirname "$0")/../.." || exit 2
. tests/lib/tap.sh
top=$PWD
suites=build/tests/kmview/suites
work=$(mktemp -d)
chmod 777 "$work"
at_exit 'rm -rf "$work"'

as() { # USER COMMAND...
	local user=$1
	shift
	case $user in
	root) "$@" ;;
	user) setpriv --reuid=1000 --regid=1000 --clear-groups "$@" ;;
	esac
}

# The lines of results without what differs from run to run: numbers of tests, pids, addresses; and without a reason behind
# the name, unless it is one for a skip: it may be that of a child of the test before, in memory that they share.
results() {
	sed -nE 's/^((not )?ok) [0-9]+ (.*)/\1 \3/p' | sed -E 's/0x[0-9a-f]+/X/g; s/[0-9]+/N/g; s/ #  .*//'
}

in_mode() { # MODE USER COMMAND...
	local mode=$1 user=$2 session=()
	shift 2
	case $mode in
	watched) session=("$top/build/bin/kmtrace" --engine=kmview -q -o /dev/null) ;;
	inside) session=("$top/build/bin/kmtrace" --engine=kmview -q -o /dev/null --fake uname.sysname=Inside) ;;
	esac
	(cd "$work" && as "$user" timeout -k 5 200 "${session[@]}" "$@" </dev/null)
}

one() { # MODE USER PROGRAM
	local status
	in_mode "$1" "$2" "$top/$suites/bin/$3" >"$work/out" 2>&1
	status=$?
	results <"$work/out"
	echo "exit status $status"
}

compare() { # MODE USER PROGRAM
	one "$1" "$2" "$3" >"$work/$1"
	diff "$work/outside" "$work/$1" | sed -nE "s/^([<>]) (.*)/$1 $2 $3: \\1 \\2/p" >>"$work/differences"
}

for user in root user; do
	is "$user: outside" "$(in_mode outside $user sh -c 'uname -s; grep NoNewPrivs: /proc/self/status' | xargs)" \
		"Linux NoNewPrivs: 0"
	is "$user: watched" "$(in_mode watched $user sh -c 'uname -s; grep NoNewPrivs: /proc/self/status' | xargs)" \
		"Linux NoNewPrivs: 0"
	is "$user: inside" "$(in_mode inside $user sh -c 'uname -s; grep NoNewPrivs: /proc/self/status' | xargs)" \
		"Inside NoNewPrivs: 1"
done
: >"$work/differences"
for program in $(ls "$suites/bin"); do
	for user in root user; do
		one outside $user "$program" >"$work/outside"
		before=$(wc -l <"$work/differences")
		compare watched $user "$program"
		compare inside $user "$program"
		echo "# $program as $user: $(grep -c '^ok' "$work/outside") ok, $(grep -c '^not ok' "$work/outside") not ok outside," \
			"$(tail -n 1 "$work/outside"); $(($(wc -l <"$work/differences") - before)) lines differ; $SECONDS s"
	done
done
grep '^[^#?]' tests/kmview/suites.differences | sort >"$work/known"
sed -n 's/^? //p' tests/kmview/suites.differences >"$work/possible"
grep -vxFf "$work/possible" "$work/differences" | sort >"$work/found"
ok "tests of the kernel's give the same outside, watched and inside, but for what is known" \
	diff "$work/known" "$work/found"
# A skip would be a failure; what cannot be had is no fault of the tree, but is named.
while read -r line; do echo "# not here: $line"; done <"$suites/missing"
echo "# not here: LTP's tests of system calls, of which Debian has no package"
done_testing
