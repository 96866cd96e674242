#!/bin/bash
# SPDX-License-Identifier: GPL-2.0-only
# The machine uMPS2 (section 17 of docs/umps-machine.md): ticks of every path through its ROM, tapes, boot from tape,
# machine files as they are found, the kit by its old names. All on both engines.
. tests/lib/tap.sh
dir=$(mktemp -d) || exit 1
at_exit 'rm -rf "$dir"'
umps=build/bin/umps
sdk=build/umps-sdk

guest() { # NAME SOURCE...
	tests/umps/guests2/build.sh "$dir/$1" "${@:2}" >"$dir/$1.build" 2>&1 ||
	{ cat "$dir/$1.build"; echo "Bail out! guest $1 does not build"; exit 1; }
}

both() { # WHAT EXPECTED-FILE ARGUMENT...
	local engine
	for engine in interpreter translator; do
		"$umps" run --engine=$engine --max-ticks=20000000 "${@:3}" >"$dir/out" 2>"$dir/err" </dev/null
		is "$1 ends well, $engine" $? 0
		ok "$1, $engine" diff "$2" "$dir/out"
	done
}

# ---- the processor and the ROM
GUEST_CFLAGS=-Wl,-e,entry guest ticks tests/umps/guests2/ticks.c tests/umps/guests2/ticks_entry.S
both '17.4 ticks of all paths' tests/umps/expected/umps2_ticks --machine=umps2 "$dir/ticks.core.umps"
guest machine tests/umps/guests2/machine.c
head -c 10000 /dev/urandom >"$dir/data"
cat >"$dir/machine" <<END
{ "num-processors": 2, "num-ram-frames": 64,
  "boot": { "load-core-file": true, "core-file": "/home/somebody/os/machine.core.umps" },
  "bootstrap-rom": "/home/somebody/share/umps2/coreboot.rom.umps",
  "execution-rom": "/home/somebody/share/umps2/exec.rom.umps",
  "devices": { "tape0": { "enabled": true, "file": "tape.umps" },
               "terminal0": { "enabled": true, "file": "/home/somebody/os/term0.umps" } } }
END
{ printf 'first'; head -c 4091 /dev/zero; printf 'second'; } >"$dir/one"
printf 'third' >"$dir/two"
ok '17.5 umps2-mkdev -t' build/bin/umps2-mkdev -t "$dir/tape.umps" "$dir/one" "$dir/two"
is '17.5 a tape of three blocks' "$(stat -c %s "$dir/tape.umps")" $((4 + 3 * 4100))
is '17.5 its markers' "$(for i in 1 2 3; do od -An -tu4 -j $((i * 4100)) -N 4 "$dir/tape.umps" | tr -d ' \n'; done)" 210
both '17 registers, VM bits, two processors, tape' tests/umps/expected/umps2_machine "$dir/machine"
like 'the kernel beside the machine file is used, with a word' "$(cat "$dir/err")" \
	'/home/somebody/os/machine.core.umps does not exist here: machine.core.umps beside the machine file is used'

GUEST_CFLAGS='-DUMPS2 -DROUNDS=1' guest mix tests/umps/guests/cmix.c
GUEST_CFLAGS='-DUMPS2 -DMAPPED -DROUNDS=2' guest mapped tests/umps/guests/cmix.c
for name in mix mapped; do # the kernel itself is mapped, through page tables that the ROM walks
	for engine in interpreter translator; do
		"$umps" run --machine=umps2 --engine=$engine --max-ticks=20000000 "$dir/$name.core.umps" >"$dir/$name.$engine" </dev/null
		is "$name ends well, $engine" $? 0
	done
	ok "$name: the same results and ticks on both engines" cmp "$dir/$name.interpreter" "$dir/$name.translator"
done
is 'the result is that of a program without virtual memory' "$(grep -h sum= "$dir/mapped.translator")" \
	"$(GUEST_CFLAGS='-DUMPS2 -DROUNDS=2' guest mix2 tests/umps/guests/cmix.c; "$umps" run --machine=umps2 "$dir/mix2.core.umps" | grep sum=)"

# ---- another tape
guest change tests/umps/guests2/change.c
build/bin/umps2-mkdev -t "$dir/first.umps" "$dir/one" && build/bin/umps2-mkdev -t "$dir/other.umps" "$dir/two"
printf '{"boot": {"load-core-file": true, "core-file": "change.core.umps"}, "devices": {"tape3": {"enabled": true, "file": "first.umps"},
	"terminal0": {"enabled": true, "file": "t"}}}' >"$dir/changing"
printf 'wait "tape?"\ntape tape3 "%s"\nsend "\\n"\nwait "tape?"\ntape tape3\nsend "\\n"\n' "$dir/other.umps" >"$dir/script"
is '17.5 the script changes the tape, and takes it out' "$("$umps" run --max-ticks=9000000 --script="$dir/script" "$dir/changing")" \
	$'firs tape?\nthir tape?\nempty\nSystem halted '
printf 'tape tape3 "%s"\n' "$dir/one" >"$dir/script"
like '17.5 a file that is no tape stops the script' "$("$umps" run --script="$dir/script" "$dir/changing" 2>&1)" \
	'script: line 1: tape3: .*/one does not start with the magic word'
printf 'target remote | exec %s gdb --stdio %s\nmonitor tape tape3 %s\nmonitor devices\ninfo registers tape3_data1\nkill\n' \
	"$umps" "$dir/changing" "$dir/other.umps" >"$dir/commands"
gdb-multiarch -nx -batch -x "$dir/commands" "$dir/change" >"$dir/gdb" 2>&1
like '17.5 gdb changes it' "$(cat "$dir/gdb")" 'tape3: .*/other.umps'
like '17.5 gdb shows its registers' "$(grep tape3_data1 "$dir/gdb")" '^tape3_data1: 0x3$'

# ---- symbols
like 'symbols beside the kernel are used' "$("$umps" run --trace=calls --max-ticks=2000 "$dir/change.core.umps" --machine=umps2 2>&1)" main
printf garbage >"$dir/change.stab.umps"
like 'a bad table is told, and the machine runs' "$("$umps" run --max-ticks=2000 --machine=umps2 "$dir/change.core.umps" 2>&1)" \
	'change.stab.umps does not start with MPSA.*; the machine runs without symbols'

# ---- boot from tape
guest hello tests/umps/guests2/hello.c
build/bin/umps2-mkdev -t "$dir/boot.umps" "$dir/hello.core.umps"
cat >"$dir/taped" <<END
{ "boot": { "load-core-file": false, "core-file": "none" },
  "devices": { "tape0": { "enabled": true, "file": "boot.umps" }, "terminal0": { "enabled": true, "file": "t" } } }
END
blocks=$(($(stat -c %s "$dir/boot.umps") / 4100))
{ printf '%*s\n' "$blocks" '' | tr ' ' .; echo hello from tape; echo 'System halted '; } >"$dir/expected"
both '17.5 boot from tape' "$dir/expected" "$dir/taped"
build/bin/umps2-mkdev -t "$dir/boot.umps" "$dir/data" && printf '\0\0\0\0' | dd of="$dir/boot.umps" bs=1 seek=4100 conv=notrunc 2>/dev/null
"$umps" run --max-ticks=5000000 "$dir/taped" >"$dir/out" 2>&1
is '17.5 a tape without a kernel panics, and nothing hangs' "$?" 1

# ---- machine files and options
refused() { # WHAT REGEX ARGUMENT...
	"$umps" run "${@:3}" >"$dir/out" 2>&1
	is "$1: exit status 65" $? 65
	like "$1: the sentence" "$(cat "$dir/out")" "$2"
}
refused 'a file for uMPS2 as uMPS3' 'is the file of a umps2 machine \(it has a tape\), not of a umps3 machine' \
	--machine=umps3 "$dir/machine"
printf '{"tlb-floor-address": "0x80000000"}' >"$dir/three"
refused 'a file for uMPS3 as uMPS2' 'is the file of a umps3 machine \(it has a TLB floor\), not of a umps2 machine' \
	--machine=umps2 "$dir/three"
for bad in 'cut short' 'no tape'; do
	if [ "$bad" = 'no tape' ]; then echo nothing >"$dir/tape.umps"; else head -c 5000 "$dir/tape.umps" >"$dir/t2"; mv "$dir/t2" "$dir/tape.umps"; fi
	refused "a tape file that is $bad" 'tape0: .*tape.umps (has 5000 bytes|does not start with the magic word)' "$dir/machine"
done

# ---- the kit by its old names
ok 'headers are clean ANSI C' mipsel-linux-gnu-gcc -ansi -pedantic -Wall -Wextra -Werror -mips1 -mabi=32 -mfp32 -fsyntax-only \
	-I$sdk/include/umps2 -include umps/libumps.e -include umps/types.h -include umps/arch.h -include umps/bios_defs.h \
	-include umps/cp0.h -include umps/aout.h -x c /dev/null
for file in lib/umps2/crti.o share/umps2/elf32ltsmip.h.umpsaout.x share/umps2/tapeboot.rom.umps share/umps2/libumps.S; do
	ok "$file is there" test -s "$sdk/$file"
done
done_testing
