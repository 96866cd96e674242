#!/bin/bash
# gdb-multiarch debugs a kernel as a student does, over a pipe and over TCP.
. tests/lib/tap.sh
top=$PWD
umps=$top/build/san/bin/umps
dir=$(mktemp -d)
at_exit 'rm -rf "$dir"'
. tests/umps/debuggee.sh
cd "$dir" || exit 1

gdb_commands() { # TARGET < COMMANDS: what gdb says
	cat >commands
	timeout 60 gdb-multiarch -nx -batch -ex 'set confirm off' -ex 'set pagination off' -ex 'set width 0' \
		-ex 'file debuggee' -ex "target remote $1" -x commands 2>&1
}
session() { gdb_commands "| $umps gdb --stdio $1"; }
has() { like "$1" "$out" "$2"; }

# ---- looking

out=$(session machine.json <<-'END'
	info threads
	break factorial
	continue
	bt
	info locals
	print n
	print limit
	set var limit = 12
	print limit
	print $status
	print $entryhi
	info registers cp0
	info registers devices
	p/x $ram_base
	monitor tlb
	monitor cpus
	monitor devices
	monitor nonsense
	x/2i $pc
END
)
has 'processors are threads' 'processor 1, halted, ASID 0'
has 'a breakpoint at a function stops in it' 'Breakpoint 1, factorial \(n=5\) at .*debuggee.c'
has 'the stack unwinds to main' '#1 +0x[0-9a-f]+ in main \(\)'
has 'an argument is printed' '^\$1 = 5'
has 'a variable is changed' '^\$3 = 12'
has 'Status has its bits by name' '^\$4 = \[ .*CU0 '
has 'EntryHi has its fields' '^\$5 = \[ ASID=0 VPN=0'
has 'coprocessor 0 is a register group' '^prid: +0x0'
has 'devices are a register group' 'terminal0_transm_status: +0x'
has 'the bus is readable' '= 0x20000000'
has 'monitor tlb says what is translated' 'translating from 0x80000000 on'
has 'monitor cpus names the function' 'factorial\+0x'
has 'monitor devices describes terminals' 'terminal0: receiver'
has 'an unknown monitor command is explained' 'there is no command "nonsense"'
has 'code disassembles' 'addiu|lw|sw'

# ---- moving

out=$(session machine.json <<-'END'
	tbreak count
	continue
	next
	stepi
	watch counter
	continue
	continue
	delete
	finish
	tbreak handler
	continue
	rwatch system_calls
	continue
	delete
	monitor input 0 bob
	continue
	info registers pc
	continue
END
)
has 'next goes to the next line' '^[0-9]+\s+counter = counter \+ 1;'
has 'stepi executes one instruction' '^0x[0-9a-f]+\s+[0-9]+\s+counter = counter'
has 'a watchpoint sees the first change' 'Old value = 0'
has 'and the second one' 'New value = 2'
has 'finish runs to the caller' '^main \(\) at .*debuggee.c'
has 'an exception handler can be stopped in' 'handler \(\) at'
has 'a read watchpoint stops' 'Hardware read watchpoint 4: system_calls'
has 'terminal output comes to the console' 'factorial=00000078'
has 'terminal input can be typed' 'hello, bob'
has 'the end is reported' 'the machine halted at tick [0-9]+'
has 'and then is the end' 'exited normally'

# ---- address spaces: one virtual page, two frames

out=$(session machine.json <<-'END'
	tbreak touch_page
	continue
	monitor asid 2
	hbreak *0x80000004
	continue
	p/x $entryhi
	x/xw 0x80000000
	monitor asid 1
	x/xw 0x80000000
	monitor asid physical
	x/xw 0x20021000
	monitor asid 63
	x/xw 0x80000000
END
)
has 'a breakpoint in address space 2 passes space 1' 'Breakpoint 2, 0x80000004'
has 'it stops in space 2' '^\$1 = 0x80$'
is 'the page is the one of the space asked for, or physical' \
	"$(grep -oE '0x(80000000|20021000)[^:]*:\s*0x[0-9a-f]+' <<<"$out" | sed 's/.*0x//' | xargs)" \
	'22222222 11111111 22222222'
has 'an address space without the page has no memory there' 'Cannot access memory at address 0x80000000'

out=$(session machine.json <<-'END'
	hbreak *0x80000004 if $asid == 2
	continue
	p/x $entryhi
END
)
has 'a condition on the address space works as well' '^\$1 = 0x80$'

out=$(session machine.json <<-'END'
	watch *(int *)0x80000000
	continue
	continue
	monitor stop-on exceptions
	delete
	continue
END
)
has 'a watchpoint on a mapped page stops' 'Hardware watchpoint 1: \*\(int \*\)0x80000000'
has 'stop-on exceptions stops in the exception' 'exception Sys, EPC 0x2000'

# ---- backwards

out=$(session machine.json <<-'END'
	break factorial
	continue
	p $pc
	reverse-stepi
	stepi
	p $pc
	delete
	watch counter
	reverse-continue
	p counter
	reverse-continue
	p counter
	delete
	reverse-continue
	monitor ticks
	break handler
	continue
	p system_calls
	monitor input 0 tom
	continue
	monitor travel 100
	maintenance flush register-cache
	where
	delete
	continue
END
)
is 'a step back and one forth lead to the same place' \
	"$(grep -c '^\$[12] = (void (\*)()) 0x200.* <factorial+20>' <<<"$out")" 2
has 'reverse-continue finds the last change of a variable' '^\$3 = 9'
has 'and the one before' '^\$4 = 8'
has 'the start of the recording is the end of the way back' 'No more reverse-execution history'
has 'it is tick 0' '^tick 0, recorded since tick 0'
has 'forward again it happens as it did' '^\$5 = 0'
has 'one can travel to a tick' '^tick 100;'
has 'and sees what was there' '#1 .* in main \(\)'
has 'input comes again at its time' 'hello, tom'

out=$(session '--no-record machine.json' <<-'END'
	reverse-stepi
END
)
has 'without a recording gdb knows that it cannot go back' 'does not support this command|not support reverse'

# ---- over TCP, with a terminal, interrupts, and a second debugger

mkfifo keys
exec 3<>keys
"$umps" gdb --port 0 machine.json <keys >screen 2>log &
server=$!
at_exit 'kill $server 2>/dev/null'
until_true 20 grep -q listening log
port=$(grep -oE '127.0.0.1:[0-9]+' log)
cat >interrupt <<-'END'
	python
	import threading, gdb
	threading.Timer(1.0, lambda: gdb.post_event(lambda: gdb.execute("interrupt"))).start()
	end
END
out=$(gdb_commands "$port" <<-'END'
	source interrupt
	continue
	bt 3
	detach
END
)
has 'Ctrl-C stops a machine that waits for a key' 'received signal SIGINT'
has 'where it waits' 'in read_line \(\)|get \(\)'
is 'the terminal is on standard output' "$(head -n 1 screen)" 'factorial=00000078'
echo alice >&3
ok 'a detached machine runs on' until_true 20 grep -q 'hello, alice' screen
out=$(gdb_commands "$port" <<-'END'
	print line
	kill
END
)
has 'another debugger finds the machine' '"alice'
ended() { ! kill -0 $server; }
ok 'kill ends the server' until_true 20 ended

# ---- what is wrong is said

out=$("$umps" gdb nothing.json 2>&1)
has 'a missing machine file is named' 'nothing.json: cannot read it: No such file'
out=$("$umps" gdb --port 70000 machine.json 2>&1)
has 'a bad port is named' 'port "70000" is not a number of 0 to 65535'
done_testing
