#!/bin/bash
# SPDX-License-Identifier: GPL-2.0-only
# The development kit beside Debian's umps3: the same names and values in headers, kernels of either kit and either
# pair of ROMs on either emulator print the same text, ticks included.
#
#                      our emulator           Debian's umps3
#   our kit            our ROMs, Debian's     our ROMs, Debian's
#   Debian's kit       our ROMs, Debian's     Debian's ROMs
. "$(dirname "$0")/../lib/tap.sh"
. "$(dirname "$0")/peer.sh"
kit=$PWD/build/umps-sdk
umps=$PWD/build/bin/umps
guests=$PWD/tests/umps/guests
work=$(mktemp -d)
at_exit "rm -rf $work"

# ---- headers: every macro of theirs is in ours, with the same value where it has one
values() { # INCLUDE-DIRECTORY HEADER
	local names name
	names=$(echo "#include <umps/$2>" | mipsel-linux-gnu-gcc -I"$1" -undef -E -dM - |
		sed -nE 's/^#define ([A-Za-z][A-Za-z0-9_]*(\([^)]*\))?).*/\1/p' | grep -v '_H$' | sort -u)
	{
		printf 'typedef unsigned cpu_t;\n#include <umps/bios_defs.h>\n#include <umps/arch.h>\n#include <umps/%s>\n' "$2"
		echo 'int printf(const char *, ...);'
		echo 'int main(void) {'
		for name in $names; do
			case $name in
			LDIT* | STCK* | HIDDEN | EOS | NULL | reg_*) echo "printf(\"%s\\n\", \"${name%%(*}\");" ;;
			*,*) echo "printf(\"%s %x\\n\", \"$name\", (unsigned)${name%%(*}(5, 3));" ;;
			*\(*) echo "printf(\"%s %x\\n\", \"${name%%(*}\", (unsigned)${name%%(*}(0x3234B678));" ;;
			*) echo "printf(\"%s %x\\n\", \"$name\", (unsigned)($name));" ;;
			esac
		done
		echo 'return 0; }'
	} >"$work/values.c"
	gcc -w -I"$1" -o "$work/values" "$work/values.c" && "$work/values" | sed 's/([^)]*)//' | sort -u
}
for header in arch.h cp0.h bios_defs.h aout.h regdef.h const.h types.h; do
	values /usr/include/umps3 $header >"$work/theirs"
	values "$kit/include/umps3" $header >"$work/ours"
	is "14.1 $header: nothing of Debian's is missing or different ($(wc -l <"$work/theirs") names)" \
		"$(comm -23 "$work/theirs" "$work/ours")" ''
done
layout() { # INCLUDE-DIRECTORY: offsets of all that types.h describes
	local field
	{
		echo '#include <stddef.h>'
		echo '#include <umps/types.h>'
		echo 'int printf(const char *, ...); int main(void) {'
		for field in devregarea_t.{rambase,ramsize,execbase,execsize,bootbase,bootsize,todhi,todlo,intervaltimer} \
			devregarea_t.{timescale,tlb_floor_addr,inst_dev,interrupt_dev,devreg} dtpreg_t.{status,command,data0,data1} \
			termreg_t.{recv_status,recv_command,transm_status,transm_command} devreg_t.{dtp,term} \
			passupvector_t.{tlb_refill_handler,tlb_refill_stackPtr,exception_handler,exception_stackPtr} \
			state_t.{entry_hi,cause,status,pc_epc,gpr,hi,lo} packet_t.{dest,src,proto,data}; do
			echo "printf(\"$field %d %d\\n\", (int)offsetof(${field%.*}, ${field#*.}), (int)sizeof(${field%.*}));"
		done
		for field in at v0 a0 t9 gp sp fp ra HI LO; do
			echo "printf(\"reg_$field %d\\n\", (int)offsetof(state_t, reg_$field));"
		done
		echo 'return 0; }'
	} >"$work/layout.c"
	gcc -w -I"$1" -o "$work/layout" "$work/layout.c" && "$work/layout"
}
is "14.1 types.h: the same layout" "$(layout "$kit/include/umps3")" "$(layout /usr/include/umps3)"
is "14.1 libumps.e is libumps.h" "$(cmp "$kit/include/umps3/umps/libumps.e" "$kit/include/umps3/umps/libumps.h" && echo same)" same
exported() { mipsel-linux-gnu-nm -g --defined-only "$1" | awk '{ print $3 }' | sort; }
is "14.2 libumps.o: nothing of Debian's is missing" \
	"$(comm -13 <(exported "$kit/lib/umps3/libumps.o") <(exported /usr/lib/*/umps3/libumps.o))" ''

# ---- objects: every routine where theirs is, with the same instructions; a routine for itself, so that two errors cannot
# make up for each other.
routine() { # OBJECT NAME: its instructions and relocations, with their places
	mipsel-linux-gnu-objdump -drz -M no-aliases --disassemble="$2" "$1" | grep '^ *[0-9a-f]*:\|^\s*[0-9a-f]*: R_'
}
routines=0
for object in crtso crti libumps; do
	theirs=$(echo /usr/lib/*/umps3/$object.o)
	is "14.2 $object.o: routines, their order and sizes" "$(mipsel-linux-gnu-nm -nS --defined-only "$kit/lib/umps3/$object.o")" \
		"$(mipsel-linux-gnu-nm -nS --defined-only "$theirs")"
	for name in $(mipsel-linux-gnu-nm -g --defined-only "$theirs" | awk '{ print $3 }'); do
		routines=$((routines + 1))
		is "14.2 $object.o: the instructions of $name" "$(routine "$kit/lib/umps3/$object.o" "$name")" \
			"$(routine "$theirs" "$name")"
	done
done
is "14.2 that were all routines, and they have instructions" \
	"$routines $(routine "$kit/lib/umps3/libumps.o" SYSCALL | wc -l)" "32 5"

for header in arch const cp0 types libumps aout bios_defs; do echo "#include <umps/$header.h>"; done >"$work/all.c"
ok "14.1 the headers are clean ANSI C" mipsel-linux-gnu-gcc -ansi -pedantic -Wall -Wextra -Werror -mips1 -mabi=32 -mfp32 \
	-I"$kit/include/umps3" -fsyntax-only "$work/all.c"

# ---- kernels
build() { # NAME SOURCE...: with our kit
	local name=$1 source objects=()
	shift
	for source; do
		objects+=("$work/$(basename "$source").o")
		mipsel-linux-gnu-gcc -ffreestanding -ansi -mips1 -mabi=32 -mno-gpopt -G 0 -mno-abicalls -fno-pic -mfp32 -O2 \
			-std=gnu17 -I"$kit/include/umps3" -I"$guests" -c -o "${objects[-1]}" "$source" || return
	done
	[ "$name" = ticks ] || objects+=("$kit/lib/umps3/crtso.o")
	mipsel-linux-gnu-ld -G 0 -nostdlib -T "$kit/share/umps3/umpscore.ldscript" -m elf32ltsmip -o "$work/$name" \
		"${objects[@]}" "$kit/lib/umps3/libumps.o" && "$kit/bin/umps-elf2umps" -k "$work/$name"
}
machine() { # NAME ROMS PROCESSORS: a machine file; the terminal's file is beside it
	local rom_folder=$kit/share/umps3
	[ "$2" = ours ] || rom_folder=/usr/share/umps3
	jq -n --arg name "$1" --arg roms "$rom_folder" --arg processors "$3" '{
		"num-processors": ($processors | tonumber), "num-ram-frames": 128, "tlb-floor-address": "0x80000000",
		"boot": {"load-core-file": true, "core-file": ($name + ".core.umps")},
		"bootstrap-rom": ($roms + "/coreboot.rom.umps"), "execution-rom": ($roms + "/exec.rom.umps"),
		"symbol-table": {"file": ($name + ".stab.umps"), "asid": 64},
		"devices": {"terminal0": {"enabled": true, "file": "term0.umps"}}}' >"$work/$1.$2.json"
}
on_ours() { # NAME ROMS
	rm -f "$work/term0.umps"
	timeout 60 "$umps" run "$work/$1.$2.json" >/dev/null 2>"$work/run.log"
	cat "$work/term0.umps"
}
on_theirs() { # NAME ROMS
	peer_run "$work/$1.$2.json" "$work/term0.umps" '^(System halted|kernel panic)' 60 >/dev/null
	cat "$work/term0.umps"
}
peer_start "$work/home"

ok "our kit builds a kernel in C and assembler" build ticks "$guests/ticks.c" "$guests/ticks_entry.S"
machine ticks ours 1
machine ticks debian 1
reference=$(on_theirs ticks debian)
like "11 Debian's umps3 with Debian's ROMs: exceptions and services" "$reference" '^LDCXT status=10000014'
is "11 Debian's umps3 with our ROMs: the same, to the tick" "$(on_theirs ticks ours)" "$reference"
is "11 our emulator with Debian's ROMs: the same, to the tick" "$(on_ours ticks debian)" "$reference"
is "11 our emulator with our ROMs: the same, to the tick" "$(on_ours ticks ours)" "$reference"

for side in ours debian; do # the same source, compiled and linked with each kit
	include=$kit/include/umps3 library=$kit/lib/umps3 script=$kit/share/umps3
	[ $side = ours ] || include=/usr/include/umps3 library=$(echo /usr/lib/*/umps3) script=/usr/share/umps3
	ok "14.2 the library's test with the kit: $side" sh -c "
		mipsel-linux-gnu-gcc -ffreestanding -mips1 -mabi=32 -mno-gpopt -G 0 -mno-abicalls -fno-pic -mfp32 -O2 \
			-I$include -I$guests -c -o $work/library.o $guests/library.c &&
		mipsel-linux-gnu-objcopy --redefine-sym __start=program_start --redefine-sym main=program_main \
			$library/crti.o $work/program.o &&
		mipsel-linux-gnu-ld -G 0 -nostdlib -T $script/umpscore.ldscript -o $work/library-$side $library/crtso.o \
			$work/library.o $work/program.o $library/libumps.o && $kit/bin/umps-elf2umps -k $work/library-$side"
	machine library-$side ours 2
done
reference=$(on_theirs library-debian ours)
like "14.2 Debian's kit on Debian's umps3: every function" "$reference" 'System halted'
is "14.2 our kit on Debian's umps3: the same, to the tick" "$(on_theirs library-ours ours)" "$reference"
is "14.2 our kit on our emulator: the same, to the tick" "$(on_ours library-ours ours)" "$reference"
is "14.2 Debian's kit on our emulator: the same, to the tick" "$(on_ours library-debian ours)" "$reference"
ok "14.3 the same object, linked with our kit" sh -c "
	mipsel-linux-gnu-objcopy --redefine-sym __start=program_start --redefine-sym main=program_main $kit/lib/umps3/crti.o $work/program.o &&
	mipsel-linux-gnu-ld -G 0 -nostdlib -T $kit/share/umps3/umpscore.ldscript -o $work/mixed $kit/lib/umps3/crtso.o \
		$work/library.o $work/program.o $kit/lib/umps3/libumps.o && umps3-elf2umps -k $work/mixed"
ok "14.3 is the same kernel, byte for byte, as with Debian's" cmp "$work/mixed.core.umps" "$work/library-debian.core.umps"
ok "14.3 our linker script takes Debian's startup and library" sh -c "
	mipsel-linux-gnu-ld -G 0 -nostdlib -T $kit/share/umps3/umpscore.ldscript -o $work/mixed /usr/lib/*/umps3/crtso.o \
		$work/library.o $work/program.o /usr/lib/*/umps3/libumps.o && umps3-elf2umps -k $work/mixed"
machine mixed ours 2
is "14.3 and the result is the same, to the tick" "$(on_ours mixed ours)" "$reference"

for ending in HALT PANIC LDST main; do # what ends a kernel, or begins another: how long does the run take?
	case $ending in
	main) body='' ;;
	LDST) body='static state_t next; next.pc_epc = (unsigned)HALT; next.status = 1u << 28; LDST(&next);' ;;
	*) body="$ending();" ;;
	esac
	printf '#include <umps/types.h>\n#include <umps/libumps.h>\nint main(void) { %s return 0; }\n' "$body" >"$work/$ending.c"
	ticks=()
	for side in ours debian; do
		library=$kit/lib/umps3
		[ $side = ours ] || library=$(echo /usr/lib/*/umps3)
		mipsel-linux-gnu-gcc -ffreestanding -mips1 -mabi=32 -mno-gpopt -G 0 -mno-abicalls -fno-pic -mfp32 -O2 \
			-I"$kit/include/umps3" -c -o "$work/ending.o" "$work/$ending.c"
		mipsel-linux-gnu-ld -G 0 -nostdlib -T "$kit/share/umps3/umpscore.ldscript" -o "$work/ending" \
			"$library/crtso.o" "$work/ending.o" "$library/libumps.o"
		"$kit/bin/umps-elf2umps" -k "$work/ending"
		machine ending ours 1
		ticks+=("$("$umps" run --json "$work/ending.ours.json" 2>&1 >/dev/null | jq -r .ticks)")
	done
	is "14.2 a kernel that ends by $ending takes as many ticks" "${ticks[0]}" "${ticks[1]}"
	like "14.2 and takes some" "${ticks[0]}" '^[1-9]'
done

ok "Debian's kit builds a kernel" env GUEST_CFLAGS="-fno-builtin" "$guests/build.sh" "$work/cmix" "$guests/cmix.c"
machine cmix ours 1
machine cmix debian 1
reference=$(on_theirs cmix debian)
like "a kernel of Debian's kit runs on Debian's umps3" "$reference" 'System halted'
is "14 a kernel of Debian's kit on our emulator, Debian's ROMs: the same" "$(on_ours cmix debian)" "$reference"
is "14 a kernel of Debian's kit on our emulator, our ROMs: the same" "$(on_ours cmix ours)" "$reference"

ok "our kit builds the ROM's test" build rom "$guests/rom.c"
machine rom ours 1
passed_up() { printf '%s\n code=%s\n from user mode=%s\n stack kept=00000001\n a0=%s\n' "$@"; }
wanted=$(passed_up "BREAK 4 in kernel mode" 00000009 00000000 00000004
	passed_up "BREAK -1 in kernel mode" 00000009 00000000 FFFFFFFF
	passed_up "BREAK 1 in user mode" 00000009 00000001 00000001
	passed_up "BREAK 3 in user mode" 00000009 00000001 00000003
	passed_up "SYSCALL at a high address, kernel mode" 00000008 00000000 00000007
	passed_up "SYSCALL at a high address, user mode" 00000008 00000001 00000007
	echo "jump to address 2"; echo "kernel panic()")
is "19.5 19.7 our ROM on our emulator passes up what is no service, panics at a low EPC" "$(on_ours rom ours)" "$wanted"
is "19.5 19.7 our ROM on Debian's umps3 does the same" "$(on_theirs rom ours)" "$wanted"
"$umps" run "$work/rom.ours.json" >/dev/null 2>&1
is "a panic is exit status 1" $? 1

ok "our kit builds the kernel of many processors" cp build/umps-sample/processors.core.umps \
	build/umps-sample/processors.stab.umps "$work"
machine processors ours 8
everybody=$(for n in 0 1 2 3 4 5 6 7; do echo "Hello from processor $n."; done
	echo "Together they counted to 8000."; echo "System halted ")
is "11.4 INITCPU with our ROM starts 8 processors on Debian's umps3" "$(on_theirs processors ours)" "$everybody"
is "11.4 INITCPU with our ROM starts 8 processors on our emulator" "$(on_ours processors ours)" "$everybody"
done_testing
