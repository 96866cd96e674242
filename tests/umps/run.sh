#!/bin/bash
# SPDX-License-Identifier: GPL-2.0-only
# timeout: 180
# What `umps run` does for people, shells and graders.
. tests/lib/tap.sh
. tests/umps/guests.sh
guests_start
umps=build/san/bin/umps
disk='"disk0": { "enabled": true, "file": "disk.umps" }'
umps3-mkdev -d "$dir/disk.umps" 8 2 8
guest echo
machine echo echo '' "$disk"
guest hello
machine hello hello

status() { # FILE COMMAND...: its exit status; both outputs to FILE
	local out=$1
	shift
	"$@" >"$out" 2>&1 </dev/null
	echo $?
}

# ---- outcomes
end() { # NUMBER STATUS WHAT
	guest ending "-DEND=$1"
	machine ending ending
	is "$3: exit status $2" "$(status "$dir/out" "$umps" run --json "$dir/ending.json")" "$2"
	is "$3: in JSON" "$(tail -n 1 "$dir/out" | sed 's/^System halted *//' | jq .status)" "$2"
}
end 0 0 'HALT'
end 1 1 'PANIC'
end 2 2 'a dead loop'
end 3 0 'power off'
end 4 2 'all processors halted'
is 'limit of ticks: exit status 3' "$(status "$dir/out" "$umps" run -T 1000 "$dir/hello.json")" 3
is 'limit of seconds: exit status 3' "$(status "$dir/out" "$umps" run --max-seconds=0.2 --real-time \
	-t 0=none "$dir/echo.json")" 3
is 'input that cannot come: exit status 5' "$(status "$dir/out" "$umps" run "$dir/echo.json")" 5
like 'which is explained' "$(cat "$dir/out")" 'waits for input and none can come'
is 'an unknown option: exit status 64' "$(status "$dir/out" "$umps" run --nonsense x)" 64
is 'an unknown command: exit status 64' "$(status "$dir/out" "$umps" nonsense)" 64
is 'no machine: exit status 65' "$(status "$dir/out" "$umps" run "$dir/none.json")" 65

like 'bad files in JSON' "$("$umps" run --json "$dir/none.json" 2>&1 | jq -r '"\(.status) \(.outcome): \(.why)"')" \
	'^65 files: .*none.json: cannot read it'

# ---- why it died
dies() { # CASE WHAT REGEX
	guest dying "-DCASE=$1"
	machine dying dying
	like "$2" "$("$umps" run "$dir/dying.json" 2>&1 >/dev/null)" "^umps run: $3"
}
dies 1 'who called PANIC is told' 'PANIC was called, ra give_up\+0x[0-9A-F]+ \(0x20'
dies 2 'an exception without a handler: what, where, on which address' \
	'exception DBE \(bus error on data\) at spoil\+?[0-9A-Fx]* \(0x20.*, ra main\+.*, kernel mode, .*no handler'
dies 3 'a jump to nowhere' 'exception [A-Za-z]+ \(.*\) at 0x000000.*, ra wander\+.*below 0x10000000'
dies 4 'the fault that made the kernel panic' \
	'PANIC was called, ra give_up.*; the last fault was [0-9]+ ticks before: exception AdES .* at spoil.*BadVAddr 0x20000001'
"$umps" run --json "$dir/dying.json" >/dev/null 2>"$dir/json"
is 'the same in JSON' "$(jq -r '."because"[:20] + " " + (.processors[0]."last-fault" | "\(.name) \(.badvaddr) \(.mode)")' "$dir/json")" \
	'PANIC was called, ra AdES 536870913 kernel'
is 'exceptions are counted' "$(jq -c '.processors[0].exceptions' "$dir/json")" '{"AdES":1,"Bp":1}'
dies 5 'where it loops' 'processor 0 is in an endless loop at stand_still[+x0-9A-F]* \(0x20'
printf 'target remote | exec %s gdb --stdio %s\ncontinue\nkill\n' "$umps" "$dir/dying.json" >"$dir/commands"
like 'gdb tells it, too' "$(gdb-multiarch -nx -batch -x "$dir/commands" "$dir/dying" 2>&1)" 'umps: processor 0 is in an endless loop at stand_still'

# ---- machines of its relatives are named, and refused
refuses() { # WHAT REGEX JSON
	printf '%s' "$3" >"$dir/other"
	"$umps" run "$dir/other" >"$dir/out" 2>&1
	is "$1: exit status 65" $? 65
	like "$1: the sentence" "$(cat "$dir/out")" "^umps run: .*/other is the file of a $2 machine \\("
}
refuses 'ROMs of uRISCV' uRISCV '{"execution-rom": "/usr/share/uriscv/exec.rom.uriscv"}'
refuses 'a kernel of uRISCV' uRISCV '{"boot": {"load-core-file": true, "core-file": "kernel.core.uriscv"}}'
refuses 'a key' umps5 '{"machine": "umps5"}'
refuses 'parameters' 'uMPS 1' $'COREFILE=kernel.core.umps\nRAMPAGESIZE=64\nTLBSIZE=16\n'
printf '{ "boot": {"load-core-file": true, "core-file": "hello.core.umps"}, "execution-rom": "/usr/share/umps3/exec.rom.umps" }' \
	>"$dir/any name"
ok 'a machine file may have any name' "$umps" run "$dir/any name"

# ---- input and output
is 'stdio' "$(printf 'one\ntwo\nquit\n' | "$umps" run "$dir/echo.json")" "> [one]
> [two]
> System halted "
is 'an ELF file boots on the default machine' "$("$umps" run "$dir/hello" | head -n 1)" hello
cat >"$dir/good.script" <<'END'
# a conversation
wait "> "
send "abc\n"
wait terminal0 "[abc]"
after 5000
fail disk0
send "def\n"
wait "[def]"
repair disk0
send "quit\n"
END
is 'a script' "$(status "$dir/out" "$umps" run -s "$dir/good.script" "$dir/echo.json")" 0
like 'what it typed' "$(cat "$dir/out")" '\[def\]'
printf 'wait "never"\n' >"$dir/bad.script"
is 'a script that waits in vain: exit status 4' \
	"$(status "$dir/out" "$umps" run -s "$dir/bad.script" -T 1000000 "$dir/echo.json")" 4
is 'in JSON, too' "$("$umps" run --json -s "$dir/bad.script" -T 1000000 "$dir/echo.json" 2>&1 >/dev/null </dev/null | tail -n 1 |
	jq -r '.outcome + " " + (.script | "\(.line) \(.command) \(.terminal) \(.text)")')" 'script 1 wait 0 never'
like 'the line it waits in is told' "$(cat "$dir/out")" 'bad.script: line 1: still waiting for: wait never'
printf 'wait "x"\njump\n' >"$dir/bad.script"
is 'a wrong script: exit status 65' "$(status "$dir/out" "$umps" run -s "$dir/bad.script" "$dir/hello.json")" 65
like 'its line is told' "$(cat "$dir/out")" 'bad.script: line 2: a line begins with wait, send'
"$umps" run -t 0=file:"$dir/terminal.out" "$dir/hello.json"
like 'a terminal to a file' "$(cat "$dir/terminal.out")" '^hello'

"$umps" run -t 0=telnet:0 "$dir/echo.json" >"$dir/telnet.log" 2>&1 &
pid=$!
at_exit "kill $pid 2>/dev/null"
until_true 20 grep -q 'port [0-9]' "$dir/telnet.log"
port=$(grep -o 'port [0-9]*' "$dir/telnet.log" | cut -d' ' -f2)
exec 5<>"/dev/tcp/127.0.0.1/$port"
printf '\377\375\003through telnet\r\n' >&5
IFS= read -r -t 20 -u 5 line
like 'a terminal on telnet, its commands filtered' "$line" '\[through telnet\]'
printf 'quit\r\n' >&5
wait $pid
is 'and the guest ends' $? 0
exec 5>&-

"$umps" run -t 0=telnet:0,wait "$dir/hello.json" >"$dir/telnet.log" 2>&1 &
pid=$!
at_exit "kill $pid 2>/dev/null"
until_true 20 grep -q 'waits for its client' "$dir/telnet.log"
port=$(grep -o 'port [0-9]*' "$dir/telnet.log" | cut -d' ' -f2)
exec 5<>"/dev/tcp/127.0.0.1/$port"
IFS= read -r -t 20 -u 5 line
is 'a machine that waits for its client loses nothing' "$line" $'hello\r'
wait $pid
is 'and ends' $? 0
exec 5>&-

"$umps" run -t 0=pty "$dir/echo.json" >"$dir/pty.log" 2>&1 &
pid=$!
at_exit "kill $pid 2>/dev/null"
until_true 20 grep -q '/dev/pts' "$dir/pty.log"
exec 6<>"$(grep -o '/dev/pts/[0-9]*' "$dir/pty.log")"
printf 'through a pty\n' >&6
IFS= read -r -t 20 -u 6 line
like 'a terminal on a pty' "$line" '\[through a pty\]'
printf 'quit\n' >&6
wait $pid
is 'and the guest ends' $? 0
exec 6>&-

# ---- an idle guest
mkfifo "$dir/keys"
build/bin/umps run "$dir/echo.json" <"$dir/keys" >"$dir/idle.out" 2>&1 &
pid=$!
at_exit "kill $pid 2>/dev/null"
exec 7>"$dir/keys"
until_true 20 grep -q '> ' "$dir/idle.out"
spent() { awk '{ print $14 + $15 }' "/proc/$pid/stat"; }
before=$(spent)
read -r -t 1 <> <(:) || :
used=$(($(spent) - before))
ok "waiting for a key costs no processor time ($used of 100 clock ticks in a second)" test "$used" -le 5
printf 'quit\n' >&7
exec 7>&-
wait $pid
is 'the key still works' $? 0

# ---- what it tells
"$umps" run --trace=calls,exceptions,devices,instructions --trace-file="$dir/trace" "$dir/hello.json" >/dev/null
like 'trace of calls' "$(cat "$dir/trace")" '^[0-9]+ cpu0 call main\+0x[0-9A-F]+ -> (print|show)'
like 'trace of exceptions' "$(cat "$dir/trace")" '^[0-9]+ cpu0 exception Bp at __start'
like 'trace of devices' "$(cat "$dir/trace")" '^[0-9]+ terminal0 transmitter done, status 0x6805'
like 'trace of instructions' "$(cat "$dir/trace")" '^[0-9]+ cpu0 instruction main '
like 'profile' "$("$umps" run --profile "$dir/hello.json" 2>&1)" '[0-9]+ +[0-9.]+%  main'
"$umps" run --coverage="$dir/coverage" "$dir/hello.json" >/dev/null
like 'coverage' "$(cat "$dir/coverage")" '^ *[0-9]+ +[0-9]+ +[0-9.]+% main$'
guest ending
like 'kernel log' "$("$umps" run --klog=klog_buffer "$dir/ending.json" 2>&1)" 'klog: second entry'
like 'kernel log of a wrong name' "$("$umps" run --klog=nothing "$dir/ending.json" 2>&1)" 'there is no symbol "nothing"'

# ---- saved states
is 'save' "$(status "$dir/out" "$umps" run -T 2000 --save="$dir/state" "$dir/hello.json")" 3
whole=$("$umps" run "$dir/hello.json")
half=$("$umps" run --restore="$dir/state" "$dir/hello.json")
is 'a restored machine goes on where it was saved' "${whole%"$half"}$half" "$whole"
"$umps" run -T 3000 --save="$dir/no/state" "$dir/hello.json" >"$dir/out" 2>&1
like 'saving to nowhere is told' "$(cat "$dir/out")" 'cannot save the state to .*/no/state'
is 'restoring garbage: exit status 65' "$(status "$dir/out" "$umps" run --restore="$dir/hello.json" "$dir/hello.json")" 65
like 'devices fail when told to' "$("$umps" run --fail=disk0 --trace=devices "$dir/echo.json" <<<'x' 2>&1)" \
	'disk0 done, status 0x6'
done_testing
