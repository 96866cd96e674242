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
like "the trace shows execve with its arguments" "$(cat "$work/trace")" 'execve\("[^"]*/uname", \["uname", "-a"\].*(= 0|<unfinished)' # on a busy machine it takes long
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
start=$(date +%s%N)
silent -e inject=uname:delay_exit=300ms uname >/dev/null
ok "delay_exit= holds a call at its end" [ $((($(date +%s%N) - start) / 1000000)) -ge 300 ]
is "inject=...:when= counts a thread's calls" \
	"$(silent -e inject=mkdir:error=EIO:when=2+2 python3 -c 'import os
for name in "abcd":
    try: os.mkdir("/tmp/inject." + name); os.rmdir("/tmp/inject." + name); print("made")
    except OSError as error: print(error.strerror)' | paste -sd,)" "made,Input/output error,made,Input/output error"
like "-C shows how times are spread, by the kernel's clock" "$(trace -C -c -e clock_nanosleep sleep 0.1 2>&1 >/dev/null)" '^ *67 ms to +134 ms +1 +#{40}$|^ *134 ms to +268 ms +1 +#{40}$|[0-9] s +1 '
is "--json, too" "$(trace -C -c --json -e clock_nanosleep sleep 0.1 2>&1 >/dev/null | jq -c '.[0] | [.call, .times[0][0] >= 67108864, .times[0][1]]')" '["clock_nanosleep",true,1]'
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

# as people use strace
cat >"$work/calls.py" <<-'END'
	import os, resource, select, signal, socket, subprocess, time, fcntl, termios, array
	os.stat("/etc/hostname")
	subprocess.call(["sh", "-c", "exit 7"])
	child = os.fork()
	if child == 0: os.kill(os.getpid(), 9)
	os.waitpid(child, 0)
	s = socket.socket(); s.setsockopt(socket.SOL_SOCKET, socket.SO_REUSEADDR, 1)
	s.bind(("127.0.0.1", 0)); s.listen(); s.getsockname()
	c = socket.create_connection(s.getsockname()); p, _ = s.accept()
	c.sendmsg([b"hel", b"lo"]); p.recvmsg(100)
	r, w = os.pipe(); os.writev(w, [b"ab", b"cd"]); os.readv(r, [bytearray(3), bytearray(9)])
	q = select.poll(); os.write(w, b"x"); q.register(r, select.POLLIN); q.poll(100)
	e = select.epoll(); e.register(r, select.EPOLLIN); e.poll(1)
	resource.getrlimit(resource.RLIMIT_NOFILE)
	signal.signal(signal.SIGUSR1, signal.SIG_IGN)
	signal.pthread_sigmask(signal.SIG_BLOCK, [signal.SIGUSR2])
	time.sleep(0.001)
	fcntl.ioctl(r, termios.FIONREAD, array.array("i", [0]))
	os.listdir("/proc/self/task")
END
trace -f -o "$work/calls" python3 "$work/calls.py" || cat "$work/calls"
# On a slow machine any of them may be seen while it blocks: the two lines are one call.
calls=$(awk '/ <unfinished \.\.\.>$/ { sub(/ <unfinished \.\.\.>$/, ""); begun[$1] = $0; next }
	match($0, /<\.\.\. [a-z0-9_]+ resumed>/) { $0 = begun[$1] " " substr($0, RSTART + RLENGTH); gsub(/ +,/, ","); gsub(/,  +/, ", "); print; next } { print }' "$work/calls")
for decoded in 'newfstatat\(AT_FDCWD, "/etc/hostname", \{st_mode=S_IFREG\|0[0-7]+, st_size=[0-9]+, \.\.\.\}, 0\) = 0' \
	'wait4\([0-9]+, \[\{WIFEXITED\(s\) && WEXITSTATUS\(s\) == 7\}\]' 'WIFSIGNALED\(s\) && WTERMSIG\(s\) == SIGKILL' \
	'setsockopt\([0-9]+, SOL_SOCKET, SO_REUSEADDR, \[1\], 4\) = 0' \
	'getsockname\([0-9]+, \{sa_family=AF_INET, sin_port=[0-9]+, sin_addr=127\.0\.0\.1\}' \
	'accept4\([0-9]+, \{sa_family=AF_INET, sin_port=[0-9]+, sin_addr=127\.0\.0\.1\}' \
	'sendmsg\([0-9]+, \{.*iov_base="hel", iov_len=3\}, \{iov_base="lo"' 'recvmsg\([0-9]+, \{.*iov_base="hello"' \
	'writev\([0-9]+, \[\{iov_base="ab", iov_len=2\}, \{iov_base="cd"' 'readv\([0-9]+, \[\{iov_base="abc", iov_len=3\}, \{iov_base="d"' \
	'poll\(\[\{fd=[0-9]+, events=IN, revents=IN\}\], 1, 100\) = 1' 'epoll_wait\([0-9]+, \[\{events=IN, data=' \
	'prlimit64\(0, RLIMIT_NOFILE, NULL, \{rlim_cur=[0-9]+' 'rt_sigaction\(SIGUSR1, \{sa_handler=SIG_IGN' \
	'rt_sigprocmask\(SIG_BLOCK, \[USR2\], \[\], 8\)' 'clock_nanosleep\(CLOCK_MONOTONIC, .*\{tv_sec=' \
	'ioctl\([0-9]+, FIONREAD, ' 'getdents64\([0-9]+, \["\.", "\.\.", "[0-9]+"\]'; do
	like "decoded: $(sed 's/\\//g' <<<"$decoded")" "$calls" "$decoded"
done
like "-tt tells the time, -T how long, -y what descriptors are" \
	"$(trace -tt -T -y -e read cat /etc/hostname 2>&1 >/dev/null)" \
	'^[0-9]+ [0-9:]{8}\.[0-9]{6} read\(3</etc/hostname>, "guest\\n", [0-9]+\) = 6 <0\.[0-9]{6}>$'
like "-y knows what close closes" "$(trace -y -e close cat /etc/hostname 2>&1 >/dev/null)" 'close\(3</etc/hostname>\) = 0'
like "-y tells what a new descriptor is" "$(trace -y -e openat cat /etc/hostname 2>&1 >/dev/null)" '= 3</etc/hostname>$'
paths=$(trace -P /etc/hostname cat /etc/hostname /etc/passwd 2>&1 >/dev/null)
like "-P shows calls on a path" "$paths" 'openat\(AT_FDCWD, "/etc/hostname"'
like "and those on its descriptor, to its close" "$paths" '^[0-9]+ close\(3\)'
ok "and no others" eval '! grep -E "passwd|execve|mmap\(NULL" <<<"$paths"'
ok "-Z shows what fails, only" eval 'trace -Z -o "$work/failed" ls / && grep -q ENOENT "$work/failed" && ! grep -vE "= -1 E|\+\+\+" "$work/failed"'
ok "-z shows what succeeds, only" eval 'trace -z -o "$work/good" ls / && ! grep "= -1" "$work/good" && grep -q "= 3" "$work/good"'
ok "-e !CALL leaves it out" eval 'trace -e "!openat" -o "$work/without" ls / && ! grep openat "$work/without" && grep -q mmap "$work/without"'
trace -ff -o "$work/each" bash -c '/bin/true; /bin/echo; :'
is "-ff writes a file for each process" "$(grep -l execve "$work"/each.* | wc -l)" 3
ok "-o is written line by line" bash -c '
	"$0" -q -e nanosleep,clock_nanosleep,openat -o "$1/lines" sleep 100 & tracer=$!
	until grep -q libc.so "$1/lines" 2>/dev/null; do kill -0 $tracer || exit 1; done
	pkill -P $tracer sleep; wait $tracer; exit 0' "$top/build/bin/kmtrace" "$work"
# The input ends when the call has been shown.
{ until_true 60 grep -q unfinished "$work/progress"; } | trace -e read -o "$work/progress" cat
like "a call that blocks is shown before it is over" "$(cat "$work/progress")" '^[0-9]+ read\(0,  ?<unfinished \.\.\.>$'
like "and its end when it comes" "$(cat "$work/progress")" '^[0-9]+ <\.\.\. read resumed>"", [0-9]+\) = 0$'
trace -e read -o "|grep -c read >$work/piped" cat /etc/hostname >/dev/null
ok "-o |COMMAND writes to a program" [ "$(cat "$work/piped")" -gt 1 ]

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
build/bin/kmtrace -q -e none --return getuid=5 -p $victim &
tracer=$!
ok "-p with a rule brings a process in for good" until_true 60 grep -q 'NoNewPrivs:.*1' /proc/$victim/status
kill -TERM $victim
wait $tracer
is "-p ends with the process" $? 0

# watching only: signals, ends, letting go
trace -o "$work/ends" bash -c 'trap "echo caught" USR1; kill -USR1 $$; (kill -9 $BASHPID); bash -c "exit 7"; :' >/dev/null 2>&1
like "signals are shown" "$(cat "$work/ends")" '^[0-9]+ --- SIGUSR1 \{si_signo=SIGUSR1, si_code=SI_USER\} ---$'
like "an end by a signal is shown" "$(cat "$work/ends")" '^[0-9]+ \+\+\+ killed by SIGKILL \+\+\+$'
like "an exit is shown with its status" "$(cat "$work/ends")" '^[0-9]+ \+\+\+ exited with 7 \+\+\+$'
is "-e signal= chooses" "$(trace -e none -e signal=USR1 bash -c 'trap : USR1 USR2; kill -USR2 $$; kill -USR1 $$' 2>&1 | grep -c -- ---)" 1
is "-e signal=!... leaves out" "$(trace -e none -e 'signal=!USR1,CHLD' bash -c 'trap : USR1; kill -USR1 $$; true' 2>&1 | grep -c -- ---)" 0
bash -c 'while :; do read -r -t 0.05 <> <(:); done' &
victim=$!
at_exit "kill -9 $victim 2>/dev/null"
for signal in INT TERM HUP KILL; do
	build/bin/kmtrace -q -p $victim -o "$work/attached" 2>/dev/null &
	tracer=$!
	ok "-p, to be ended by SIG$signal" until_true 60 grep -qE "pselect6|poll|clone" "$work/attached"
	kill -$signal $tracer
	wait $tracer 2>/dev/null
	: >"$work/attached"
	ok "the process goes on" kill -0 $victim
done
like "and is as free as before" "$(grep NoNewPrivs /proc/$victim/status)" '[^0-9]0$'
build/bin/kmtrace -q -p $victim -o "$work/attached" &
tracer=$!
ok "it can be attached to again" until_true 60 grep -qE "pselect6|poll|clone" "$work/attached"
kill -KILL $victim
wait $tracer
is "the tracer ends with it" $? 0
like "and says how it ended" "$(cat "$work/attached")" "^$victim \\+\\+\\+ killed by SIGKILL"
cat >"$work/privileged" <<-'END'
	/usr/bin/setpriv --reuid 1000 --clear-groups "$1/build/bin/kmtrace" -q -e all -o "$2/left" sh -c 'su -c "" user </dev/null; id -u'
END
mkdir -m 777 "$work/open" && chmod 755 "$work"
like "who executes a set-uid program goes on untraced, as itself" \
	"$(sh "$work/privileged" "$top" "$work/open" 2>&1; cat "$work/open/left")" 'no longer traced: the program gains privileges'
ok "and what it does is not seen" eval '! grep -E "openat.*(shadow|pam)" "$work/open/left"'
ok "nothing is left in the way of the module" eval 'cd / && until_true 30 modprobe -r kmview && modprobe kmview'
sleep 301 &
victim=$!
at_exit "kill -9 $victim 2>/dev/null"
build/bin/kmtrace -q -p $victim -o "$work/attached" &
tracer=$!
ok "-p shows the call that a process is blocked in" until_true 60 grep -q 'nanosleep(.*<unfinished ...>' "$work/attached"
kill -TERM $victim
wait $tracer
like "-p explains what cannot be" "$(build/bin/kmtrace -q -p 999999 2>&1)" 'cannot attach process 999999'
like "no process of another user is attached" \
	"$(setpriv --reuid 1000 --clear-groups build/bin/kmtrace -q -p 1 2>&1)" 'not yours to trace|Permission denied'
ok "the command goes on when nobody reads the trace" bash -c '
	trace=$1; shift
	{ "$trace" "$@" -q bash -c "for i in {1..200}; do : </etc/hostname; done; echo done >$0/went-on" 2>&1 >/dev/null; } | head -n 3
	grep -q done "$0/went-on"' "$work" "$top/build/bin/kmtrace"
done_testing
