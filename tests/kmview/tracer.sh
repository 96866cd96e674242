#!/bin/bash
# kmtrace on /dev/kmview, in a guest.
set -u
cd "$(dirname "$0")/../.." || exit 2
. tests/lib/tap.sh
work=$(mktemp -d)
at_exit 'rm -rf "$work"'
top=$PWD
trace() { "$top"/build/bin/kmtrace -q "$@"; }
silent() { trace -e none "$@"; }

like "it says which engine it uses" "$(build/bin/kmtrace -e none true 2>&1)" 'engine: kmview \(/dev/kmview\)'
shown=$(trace -o "$work/trace" --fake uname.sysname=PlanX bash -c 'ls /; uname -a')
like "uname is faked for all that a shell starts" "$shown" '^PlanX '
like "what ls prints is there" "$shown" '^proc$'
like "the trace shows the faked call" "$(cat "$work/trace")" 'uname\(\{sysname="PlanX".*= 0 \(by rule\)'
like "the trace shows paths and flags" "$(cat "$work/trace")" 'openat\(AT_FDCWD, "/", .*O_DIRECTORY.*\) = 3'
like "the trace shows errors by name" "$(cat "$work/trace")" '= -1 ENOENT \(No such file or directory\)'
like "the trace shows execve with its arguments" "$(cat "$work/trace")" 'execve\("[^"]*/uname", \["uname", "-a"\].*= 0'
trace -o /dev/null bash -c 'exit 3'
is "the exit status is the command's" $? 3
trace -o /dev/null bash -c 'kill -9 $$'
is "a death by signal is 128 and its number" $? 137
trace -o /dev/null /nonexistent/command 2>/dev/null
is "a command that is not there is 127" $? 127
like "--deny refuses a path" "$(silent --deny 'openat:/etc/pass*=EACCES' cat /etc/passwd 2>&1)" 'Permission denied'
like "--deny leaves other paths" "$(silent --deny 'openat:/etc/pass*=EACCES' cat /etc/hostname 2>&1)" '.'
like "--deny sees through relative paths" \
	"$(cd /usr && silent --deny 'openat:/etc/passwd=EACCES' cat ../etc/./passwd 2>&1)" 'Permission denied'
is "--return answers from the table" "$(silent --return getuid,geteuid=5 id -u)" 5
start=$(date +%s%N)
silent --delay uname=300ms uname >/dev/null
ok "--delay holds a call" [ $((($(date +%s%N) - start) / 1000000)) -ge 300 ]
like "-c counts" "$(trace -c -e %file ls / 2>&1 >/dev/null)" ' openat$'
is "--json is JSON" \
	"$(trace -e uname --json uname -s 2>&1 >/dev/null | jq -r 'select(.call == "uname") | .result')" 0
is "-c --json is a table" "$(trace -c -e uname --json uname -s 2>&1 >/dev/null | jq -r '.[0].call')" uname
cat >"$work/policy" <<-END
	# no new directories
	mkdir EPERM
	mkdirat EPERM
END
like "--bpf-policy refuses" "$(silent --bpf-policy "$work/policy" mkdir "$work/new" 2>&1)" 'not permitted'
is "--bpf-uname answers" "$(silent --bpf-uname --fake uname.release=9.9 uname -r)" 9.9
like "--bpf-count counts" "$(trace --bpf-count -e openat,close ls / 2>&1 >/dev/null)" ' openat$'
like "a bad policy is explained" "$(echo 'mkdir what' >"$work/bad"; silent --bpf-policy "$work/bad" true 2>&1)" \
	'bad:1: "what" is neither'

# debuggers inside
like "strace inside sees the program's call and the view's result" \
	"$(silent --fake uname.sysname=PlanX strace -e trace=uname uname -s 2>&1)" 'uname\(\{sysname="PlanX"'
debugged=$(silent --fake uname.sysname=PlanX \
	gdb -q -batch -ex 'break uname' -ex run -ex 'info breakpoints' -ex continue --args /bin/uname -s 2>&1)
like "gdb inside stops at a breakpoint" "$debugged" 'Breakpoint 1, .*uname'
like "and the program goes on in the view" "$debugged" '^PlanX'
like "strace outside sees the same" \
	"$(strace -f -e trace=uname -o "$work/outside" build/bin/kmtrace -q -e none --fake uname.sysname=PlanX uname -s
	cat "$work/outside")" 'uname\(\{sysname="PlanX"'
like "a seccomp filter inside comes first" \
	"$(silent --return uname=0 build/bin/kmtrace -q --engine seccomp -e none --deny uname=EACCES uname 2>&1)" \
	'Permission denied|cannot get system name'
like "a tracer inside a tracer adds its rules" \
	"$(silent --fake uname.sysname=Outer build/bin/kmtrace -q -e none --fake uname.release=inner uname -sr)" \
	'^Outer inner$'

# attaching
sleep 300 &
victim=$!
at_exit "kill -9 $victim 2>/dev/null"
build/bin/kmtrace -q -e none -p $victim &
tracer=$!
ok "-p brings a process in" until_true 60 grep -q 'NoNewPrivs:.*1' /proc/$victim/status
kill -TERM $victim
wait $tracer
is "-p ends with the process" $? 0
like "-p explains what cannot be" "$(build/bin/kmtrace -q -p 999999 2>&1)" 'cannot attach process 999999'
like "no process of another user is attached" \
	"$(setpriv --reuid 1000 --clear-groups build/bin/kmtrace -q -p 1 2>&1)" 'not yours to trace|Permission denied'
done_testing
