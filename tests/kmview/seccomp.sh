#!/bin/bash
# kmtrace on a kernel without the module: seccomp user notification. Runs natively.
set -u
cd "$(dirname "$0")/../.." || exit 2
. tests/lib/tap.sh
work=$(mktemp -d)
at_exit 'rm -rf "$work"'
trace() { build/san/bin/kmtrace --engine seccomp -q "$@"; }

like "it says which engine it uses" "$(build/san/bin/kmtrace --engine seccomp -e none true 2>&1)" \
	'engine: seccomp user notification'
like "--fake changes uname" "$(trace -e none --fake uname.sysname=PlanX uname -a)" '^PlanX '
trace -o "$work/trace" bash -c 'ls /; exit 3' >/dev/null
is "the exit status is the command's" $? 3
like "calls are shown with paths and flags" "$(cat "$work/trace")" 'openat\(AT_FDCWD, "/", .*O_DIRECTORY.*\) = \?'
trace -e none bash -c 'kill -9 $$'
is "a death by signal is 128 and its number" $? 137
trace -e none /nonexistent/command 2>/dev/null
is "a command that is not there is 127" $? 127
like "--deny refuses a path" "$(trace -e none --deny 'openat:/etc/pass*=EACCES' cat /etc/passwd 2>&1)" 'Permission denied'
is "--return answers" "$(trace -e none --return getuid,geteuid=5 id -u)" 5
start=$(date +%s%N)
trace -e none --delay uname=300ms uname >/dev/null
ok "--delay holds a call" [ $((($(date +%s%N) - start) / 1000000)) -ge 300 ]
like "-c counts" "$(trace -c -e %file ls / 2>&1 >/dev/null)" ' openat$'
is "--json is JSON" "$(trace -e uname --json uname -s 2>&1 >/dev/null | jq -r '.call')" uname
like "many processes at once" \
	"$(trace -e none --return getppid=1 bash -c 'for i in {1..50}; do bash -c : & done; wait; echo done')" '^done$'
like "it says why it is not the other engine" "$(build/san/bin/kmtrace -e none true 2>&1)" 'as there is no /dev/kmview|as --engine'
like "-t, -y and -s are known" "$(trace -ttt -y -s 4 -e openat,write sh -c 'echo abcdefgh' 2>&1 >/dev/null)" \
	'^[0-9]+ [0-9]{10}\.[0-9]{6} write\(1</dev/null>, "abcd"\.\.\., 9\) = \?$'
is "a class is the same with and without %" "$(trace -e trace=%net true 2>&1; trace -e network true 2>&1)" ""
like "a regular expression names calls" "$(trace -e '/^openat$' cat /etc/hostname 2>&1 >/dev/null)" 'openat\(.*hostname'
is "an unknown call after ? is left out" "$(trace -e '?nosuchcall' true 2>&1)" ""
cat >"$work/made.py" <<-'PY'
	import os, signal, sys
	def attempt(name):
	    try: os.mkdir(sys.argv[1] + name); return "made"
	    except OSError as error: return error.strerror
	signal.signal(signal.SIGUSR1, lambda *_: print("got it"))
	signal.siginterrupt(signal.SIGUSR1, False) # it may come in the middle of the next call
	os.getsid(0)
	print(*[attempt(name) for name in "abcde"], sep=",")
PY
is "-e inject= fails the second call" "$(trace -e none -e inject=mkdir:error=ENOSPC:when=2 /usr/bin/python3 "$work/made.py" "$work/2")" \
	"made,No space left on device,made,made,made"
is "each second from the second on" "$(trace -e none -e inject=mkdir:error=EIO:when=2+2 /usr/bin/python3 "$work/made.py" "$work/3")" \
	"made,Input/output error,made,Input/output error,made"
is "the second to the third" "$(trace -e none -e inject=mkdir:error=EIO:when=2..3 /usr/bin/python3 "$work/made.py" "$work/4")" \
	"made,Input/output error,Input/output error,made,made"
is "gives a value, and sends a signal" "$(trace -e none -e inject=mkdir:retval=0 -e inject=getsid:signal=USR1 /usr/bin/python3 "$work/made.py" "$work/5" | paste -sd' ')" \
	"got it made,made,made,made,made"
is "what is said to be made is not" "$(ls -d "$work"/5? 2>/dev/null)" ""
is "-e fault= is ENOSYS" "$(trace -e none -e fault=mkdir:when=4+ /usr/bin/python3 "$work/made.py" "$work/6")" \
	"made,made,made,Function not implemented,Function not implemented"
start=$(date +%s%N)
trace -e none -e inject=uname:delay_enter=300ms uname >/dev/null
ok "delay_enter= holds a call" [ $((($(date +%s%N) - start) / 1000000)) -ge 300 ]
like "-C prints calls and the table" "$(trace -C -e uname uname 2>&1 >/dev/null | paste -sd' ')" 'uname\(.* 1  uname .* total'
for wrong in "-e inject=read:error=NOSUCH" "-e inject=read" "-e inject=nosuch:error=EIO" "-e inject=read:when=0:error=EIO" "-e inject=read:retval=1:error=EIO" \
	"-e inject=read:poke=1" "-e inject=read:signal=NOSUCH" "-e inject=read:delay_exit=5" "-e inject=read:delay_enter=x" "-C -ff -o x" "-e signal=NOSUCH" "-z -Z" "-ff" "-s x" "-e /[" "--deny nosuch=EPERM" "--deny open=NOTANERROR" "--return getuid" "--fake hostname=x" \
	"--delay read=never" "-p x" "-e nosuch" "--engine magic" "--bpf-uname"; do
	trace $wrong true >"$work/out" 2>&1
	is "\"$wrong\" is refused" $? 125
	like "and why is said" "$(head -n 1 "$work/out")" '^[^ ]*kmtrace: .{20,}'
done
like "a trace that cannot be written is told" "$(trace -o /nonexistent/x true 2>&1)" 'cannot write /nonexistent/x'
ok "a full disk is told" bash -c '! build/san/bin/kmtrace -q --engine seccomp -o /dev/full ls / >/dev/null'
ok "the command goes on when nobody reads the trace" bash -c '
	trace=$1; shift
	{ "$trace" "$@" -q bash -c "for i in {1..200}; do : </etc/hostname; done; echo done >$0/went-on" 2>&1 >/dev/null; } | head -n 3
	grep -q done "$0/went-on"' "$work" build/san/bin/kmtrace --engine seccomp
done_testing
