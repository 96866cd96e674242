#!/bin/bash
# SPDX-License-Identifier: GPL-2.0-only
# The sample operating system: built as a student builds, with the installed kit and its own Makefile; used at its
# shell; and toured on our emulator and on Debian's umps3, which must agree to the microsecond.
. "$(dirname "$0")/../lib/tap.sh"
. "$(dirname "$0")/peer.sh"
umps=$PWD/build/bin/umps
guests=$PWD/tests/umps/guests
work=$(mktemp -d)
at_exit "rm -rf $work"

# ---- installed, then built from the installed copy
ok "make install" make -s install DESTDIR="$work" PREFIX=/opt/umps
prefix=$work/opt/umps
for name in elf2umps mkdev objdump; do
	ok "umps3-$name is installed, with page and completion" test -x "$prefix/bin/umps3-$name" \
		-a -e "$prefix/share/man/man1/umps-$name.1" -a -e "$prefix/share/bash-completion/completions/umps-$name"
done
ok "Makefiles find the kit by bin/umps3" test -x "$prefix/bin/umps3"
for source in crtso crti libumps; do
	ok "the installed $source.S makes the installed $source.o" sh -c "
		mipsel-linux-gnu-gcc -ffreestanding -ansi -mips1 -mabi=32 -mno-abicalls -fno-pic -mfp32 -I$prefix/include/umps3 \
			-c -o $work/$source.o $prefix/share/umps3/$source.S &&
		mipsel-linux-gnu-objcopy -O binary -j .text $work/$source.o $work/again &&
		mipsel-linux-gnu-objcopy -O binary -j .text $prefix/lib/umps3/$source.o $work/installed && cmp $work/again $work/installed"
done
ok "it builds from its installed copy with the installed kit" \
	make -s -C "$prefix/share/umps3/sample" PREFIX="$prefix" OUT="$work/built"
ok "that is what our own build makes" cmp "$work/built/programs.flash.umps" build/umps-sample/programs.flash.umps

# ---- the hello kernels
cd "$work/built" || exit
is "hello" "$(timeout 60 "$umps" run hello.json 2>&1)" "Hello from the bare machine.
System halted "
is "processors" "$(timeout 60 "$umps" run processors.json 2>&1)" "Hello from processor 0.
Hello from processor 1.
Hello from processor 2.
Hello from processor 3.
Together they counted to 4000.
System halted "

# ---- a session at the shell
cat >session <<'EOF'
wait "help to see what it does.\n> "
send "help\n"
wait "\n> "
send "programs\n"
wait "tour\n> "
send "hello you\n"
wait "Hello, you!\n> "
send "primes 1000\n"
wait "168 primes below 1000\n> "
send "primes 20000 &\n"
wait "primes is process"
send "pages 3\n"
wait "2262 primes below 20000\n"
wait "26 pages, 3 rounds: sum 1950, 0 wrong\n> "
send "crash 1\n"
wait "was ended: it touched memory that it does not have\n> "
send "processes\n"
wait "running"
send "nosuch\n"
wait "there is no such command or program"
send "ping 10.0.0.1\n"
wait "no answer from 10.0.0.1\n> "
send "philosophers\n"
wait "all philosophers have eaten\n> "
send "philosophers\n"
wait "all philosophers have eaten\n> "
send "philosophers\n"
wait "all philosophers have eaten\n> "
send "philosophers\n"
wait "all philosophers have eaten\n> "
send "memory\n"
wait "pages out\n> "
send "halt\n"
wait "System halted"
EOF
for engine in interpreter translator; do
	ok "a session at the shell ($engine)" timeout 100 "$umps" run --engine=$engine --script=session piazza.json </dev/null
done

# ---- three terminals, a shell on each
jq '.devices += {"terminal1": {"enabled": true, "file": "term1.umps"}, "terminal7": {"enabled": true, "file": "term7.umps"}}' \
	piazza.json >terminals.json
cat >terminals <<'EOF'
wait terminal7 "> "
send terminal7 "hello seven\n"
wait terminal7 "Hello, seven!\n> "
wait terminal1 "> "
send terminal1 "philosophers\n"
send terminal7 "primes 100\n"
wait terminal7 "25 primes below 100\n> "
wait terminal1 "all philosophers have eaten\n> "
wait "> "
send "halt\n"
EOF
ok "shells on three terminals" timeout 100 "$umps" run --terminal=1=none --terminal=7=none --script=terminals terminals.json </dev/null

# ---- machines that lack something
jq 'del(.devices.flash0)' piazza.json >noflash.json
like "without a flash device it says what is missing" \
	"$(timeout 100 "$umps" run --max-ticks=3000000 noflash.json </dev/null 2>&1)" 'no program on flash device 0'
jq 'del(.devices.disk0)' piazza.json >nodisk.json
printf 'wait "> "\nsend "pages 2\\n"\nwait "memory and swap disk are full\\n> "\nsend "halt\\n"\n' >nodisk
ok "without a disk only the program that needs it is ended" timeout 100 "$umps" run --script=nodisk nodisk.json </dev/null
printf 'wait "> "\nfail flash0\nsend "hello\\n"\nwait "> "\nrepair flash0\nsend "hello\\n"\nwait "Hello, world!"\nsend "halt\\n"\n' >failing
ok "after a failure of the flash device it goes on" timeout 100 "$umps" run --script=failing piazza.json </dev/null

# ---- grading
grade() { PATH=${umps%/*}:$PATH "$prefix/share/umps3/sample/grading/grade" "$@"; }
exercises=("$prefix"/share/umps3/sample/grading/*.script)
like "it gets all points" "$(grade piazza.json "${exercises[@]}"; echo "status $?")" 'status 0'
graded=$(grade nodisk.json "${exercises[@]}"; echo "status $?")
like "without a disk it loses those for paging" "$graded" '^ 0 of  4  Two programs.*: the script waited for something that never came'
like "and only those" "$graded" '^ 8 of 14  points'
like "which is exit status 1" "$graded" 'status 1'
like "a kernel that halts too early gets none" "$(grade hello.json "$prefix/share/umps3/sample/grading/start.script")" '^ 0 of  2  points'
like "a kernel that is not there gets none, and the reason is told" \
	"$(grade nothing.json "$prefix/share/umps3/sample/grading/start.script")" '^ 0 of  2 .*nothing\.json'

# ---- a program of one's own, as the README says; this one makes 60 senseless system calls, 60 times, every third beside the next
own=$work/own
cp -r "$prefix/share/umps3/sample" "$own"
cp "$guests/noise.c" "$own/programs/"
sed -i 's/^PROGRAMS = .*/& noise/' "$own/Makefile"
ok "a copy with a new program builds" make -s -C "$own" PREFIX="$prefix" OUT="$work/noise"
{
	printf 'wait "> "\n'
	for seed in $(seq 60); do
		beside=''
		[ $((seed % 3)) -ne 0 ] || beside=' &'
		printf 'send "noise %s%s\\n"\nwait "> "\n' "$seed" "$beside"
	done
	printf 'after 30000000\n'
	printf 'send "hello after\\n"\nwait "Hello, after!"\nwait "> "\nsend "pages 3\\n"\n'
	printf 'wait "sum 1950, 0 wrong\\n> "\nsend "memory\\n"\nwait "24 frames, 21 free"\nsend "halt\\n"\n'
} >"$work/noise/session"
survive() { timeout 100 "$umps" run --max-ticks=500000000 --script=session piazza.json </dev/null >screen; }
cd "$work/noise" || exit
ok "the kernel survives it" survive

# ---- the tour: processes, paging to disk, timers, all in 4 million ticks
tour() { # FOLDER: makes it there
	make -s -C "$prefix/share/umps3/sample" PREFIX="$prefix" OUT="$1" \
		PROGRAMS="tour hello primes pages philosophers crash"
}
ok "the tour builds" tour "$work/tour"
cd "$work/tour" || exit
cp -r "$work/tour" "$work/interpreter"
cp -r "$work/tour" "$work/peer"
timeout 100 "$umps" run --engine=translator piazza.json </dev/null >/dev/null 2>&1
like "the tour runs to its end" "$(cat term0.umps)" 'the tour ends at [0-9]+ us'
(cd "$work/interpreter" && timeout 100 "$umps" run --engine=interpreter piazza.json </dev/null >/dev/null 2>&1)
ok "both engines print the same" cmp "$work/interpreter/term0.umps" term0.umps
peer_start "$work/home"
peer_run "$work/peer/piazza.json" "$work/peer/term0.umps" '^System halted' 100 >/dev/null
is "Debian's umps3 prints the same, to the microsecond" "$(cat "$work/peer/term0.umps")" "$(cat term0.umps)"
ok "and leaves the same on the swap disk" cmp "$work/peer/swap.disk.umps" swap.disk.umps

# ---- the same sources, built with Debian's kit and tools
with_debians_kit() {
	make -s -C "$prefix/share/umps3/sample" OUT="$work/debian" INCLUDE=/usr/include/umps3 SHARE=/usr/share/umps3 \
		LIB="$(echo /usr/lib/*/umps3)" ELF2UMPS=umps3-elf2umps MKDEV=umps3-mkdev \
		PROGRAMS="tour hello primes pages philosophers crash"
}
ok "Debian's kit and tools build it too" with_debians_kit
cp -r "$work/debian" "$work/debian-peer"
(cd "$work/debian" && timeout 100 "$umps" run piazza.json </dev/null >/dev/null 2>&1)
like "then it runs on our emulator" "$(cat "$work/debian/term0.umps")" 'the tour ends at [0-9]+ us'
peer_run "$work/debian-peer/piazza.json" "$work/debian-peer/term0.umps" '^System halted' 100 >/dev/null
is "and prints the same on Debian's, to the microsecond" "$(cat "$work/debian-peer/term0.umps")" "$(cat "$work/debian/term0.umps")"
done_testing
