#!/bin/bash
# Inside a guest: what a traced open and close cost under kmtrace and under others. One line for each round:
# "native NS kmtrace NS strace NS perf-trace NS"; a tracer that does not run here is left out.
#
# usage: bench_trace.sh ROUNDS
cd "$(dirname "$0")/../.." || exit 2
work=build/tests/kmview/open_close file=/etc/hostname
traced() { # TIMES COMMAND...
	local times=$1
	shift
	"$@" $work $file "$times" 2>/dev/null | tail -n 1
}
perf trace -o /dev/null -e openat,close $work $file 10 >/dev/null 2>&1 && perf=1
for ((round = 0; round < $1; round++)); do
	printf 'native %s' "$(traced 5000 env)"
	printf ' kmtrace %s' "$(traced 5000 build/bin/kmtrace -q -o /dev/null -e openat,close)"
	printf ' strace %s' "$(traced 200 strace -f -o /dev/null -e trace=openat,close)"
	[ -z "${perf:-}" ] || printf ' perf-trace %s' "$(traced 5000 perf trace -o /dev/null -e openat,close)"
	echo
done
echo "versions $(strace -V | awk 'NR == 1 { print $NF }') $(perf version 2>/dev/null | awk '{ print $3 }')"
