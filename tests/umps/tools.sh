#!/bin/bash
# SPDX-License-Identifier: GPL-2.0-only
# The tools write and print byte for byte what Debian's umps3 tools do, and refuse what is wrong with one
# sentence.
. "$(dirname "$0")/../lib/tap.sh"
bin=$PWD/build/san/bin
sample=$PWD/build/umps-sample
kit=$PWD/build/umps-sdk
work=$(mktemp -d)
at_exit "rm -rf $work"
mkdir "$work/ours" "$work/theirs" "$work/elf"

# in_both INPUT... -- ARGUMENTS: runs both tools, TOOL, on the same inputs in a folder each
in_both() {
	local inputs=() side
	while [ "$1" != -- ]; do inputs+=("$1"); shift; done
	shift
	for side in ours theirs; do
		rm -rf "${work:?}/$side"
		mkdir "$work/$side"
		for file in "${inputs[@]}"; do cp "$file" "$work/$side/"; done
	done
	(cd "$work/ours" && "$bin/umps-$tool" "$@" >"$work/ours.out" 2>"$work/ours.err"; echo $? >>"$work/ours.out")
	(cd "$work/theirs" && "umps3-$tool" "$@" >"$work/theirs.out" 2>"$work/theirs.err"; echo $? >>"$work/theirs.out")
}
equal() { cmp "$work/ours.out" "$work/theirs.out" && diff -r "$work/ours" "$work/theirs"; }

# ---- ELF files of both kits, little and big endian
tests/umps/guests/build.sh "$work/elf/debian" tests/umps/guests/cmix.c || echo "# Debian's kit does not build"
assemble() { # OUT SOURCE: big endian
	mipsel-linux-gnu-gcc -E -I"$kit/include/umps3" "$2" | mips-linux-gnu-as -EB -mips1 -mabi=32 -o "$1" -
}
assemble "$work/elf/crtso.o" "$kit/share/umps3/crtso.S"
assemble "$work/elf/libumps.o" "$kit/share/umps3/libumps.S"
assemble "$work/elf/bigrom" "$kit/share/umps3/exec.S"
printf '.globl main, x\nmain: jr $31\n nop\n.data\n.type x, @object\n.size x, 4\nx: .word 0x11223344\n' |
	mips-linux-gnu-as -EB -mips1 -mabi=32 -o "$work/elf/main.o"
(cd "$work/elf" && mips-linux-gnu-ld -G 0 -nostdlib -T "$kit/share/umps3/umpscore.ldscript" -o big crtso.o main.o libumps.o)

tool=elf2umps
for elf in "$sample/piazza" "$sample/processors" "$work/elf/debian" "$work/elf/big" "$sample/obj/programs/primes.elf"; do
	name=$(basename "$elf")
	for options in -k -a '-m -a' '-v -k'; do
		in_both "$elf" -- $options "$name"
		[ "${options#-v}" = "$options" ] || tail -n 1 "$work/theirs.out" >"$work/ours.out"
		ok "13.1 elf2umps $options $name" equal
	done
done
in_both "$work/elf/bigrom" -- -b bigrom
ok "13.1 elf2umps -b, big endian" equal
mipsel-linux-gnu-gcc -mips1 -mabi=32 -mfp32 -mno-abicalls -fno-pic -I"$kit/include/umps3" -c -o "$work/elf/rom" "$kit/share/umps3/exec.S"
in_both "$work/elf/rom" -- -b rom
ok "13.1 elf2umps -b" equal
ok "12.1 the installed ROM is what its installed source makes" cmp "$work/ours/rom.rom.umps" "$kit/share/umps3/exec.rom.umps"

# ---- device images
tool=mkdev
core=$sample/piazza.core.umps
for arguments in '-d d.umps' '-d d.umps 10 1 3 400 7 33' '-d d.umps 0x20 010 255' '-d d.umps 1 1 1 10800 10000 90' \
	'-f f.umps /dev/null' '-f f.umps /dev/null 0x10 100000' '-f f.umps piazza 100 5' '-f f.umps piazza.core.umps 60'; do
	in_both "$sample/piazza" "$core" -- $arguments
	ok "13.2 mkdev $arguments" equal
done
in_both "$core" -- -f f.umps piazza.core.umps 2
ok "13.2 mkdev of too much: the same image and status" equal
like "13.2 mkdev of too much: says so" "$(cat "$work/ours.err")" 'truncated'
head -c 8192 "$sample/piazza" >"$work/elf/exact"
in_both "$work/elf/exact" -- -f f.umps exact 2
is "19.17 mkdev of exactly as much as fits: says nothing" "$(cat "$work/ours.err")" ''
ok "19.17 mkdev of exactly as much as fits: the same image" diff -r "$work/ours" "$work/theirs"

# ---- listings
tool=objdump
awk 'BEGIN { srand(11); print ".set noreorder\n.globl main\nmain:"
	for (i = 0; i < 20000; i++) {
		w = int(rand() * 65536) * 65536 + int(rand() * 65536); r = rand()
		if (r < .2) w %= 67108864                       # SPECIAL
		else if (r < .35) w = 1073741824 + w % 67108864  # COP0
		else if (r < .4) w = 67108864 + w % 2097152      # REGIMM
		else if (r < .45) w = 0
		else if (r < .6) w -= w % 2048                   # no function, no shift amount
		printf ".word %.0f\n", w } }' >"$work/elf/random.s"
(cd "$work/elf" && mipsel-linux-gnu-as -mips1 -mabi=32 -o random.o random.s &&
	mipsel-linux-gnu-ld -G 0 -nostdlib -T "$kit/share/umps3/umpscore.ldscript" -o random \
		"$kit/lib/umps3/crtso.o" random.o "$kit/lib/umps3/libumps.o" && "$bin/umps-elf2umps" -k random)
for file in "$work/elf/random.core.umps" "$core" "$sample/obj/programs/shell.aout.umps" "$kit/share/umps3/exec.rom.umps"; do
	for options in -h -d -x -b -a; do
		in_both "$file" -- $options "$(basename "$file")"
		ok "13.3 objdump $options $(basename "$file")" equal
	done
done
is "13.3 objdump --json" \
	"$("$bin/umps-objdump" --json "$core" | jq -c '[.type, ."byte-order", .entry, ."text-address"]')" \
	'["core","little",536875184,536875008]'

# ---- by the old names: whatever command line the old tool takes, ours takes, with the same output, files and status;
# where something in it means nothing, there is a warning. All lines of up to three words of a list are tried.
old=$work/old
mkdir "$old"
for tool in elf2umps mkdev objdump; do ln -s "$PWD/build/bin/umps-$tool" "$old/umps3-$tool"; done
same_as_old() { # TOOL ARGUMENTS: prints what differs
	local tool=$1 side status=()
	shift
	[ "$*" != '-f d.umps d.umps' ] || return # the old one reads what it has just emptied
	for side in ours theirs; do
		rm -rf "${work:?}/$side"
		cp -r "$work/inputs" "$work/$side"
	done
	(cd "$work/theirs" && "umps3-$tool" "$@" >"$work/theirs.out" 2>/dev/null) || return # takes more than the old one: fine
	taken=$((taken + 1))
	(cd "$work/ours" && "$old/umps3-$tool" "$@" >"$work/ours.out" 2>"$work/ours.err") ||
		echo "$tool $*: status $? ($(head -n 1 "$work/ours.err"))"
	case " $* " in *" -v "*) : >"$work/ours.out" ;; esac # ours says something then
	equal 2>&1 | sed "s/^/$tool $*: /"
}
all_of_old() { # TOOL WORD...
	local tool=$1 a b c
	shift
	taken=0
	for a; do
		same_as_old "$tool" $a
		for b; do
			same_as_old "$tool" $a $b
			for c; do same_as_old "$tool" $a $b $c; done
		done
	done >"$work/differences"
	is "umps3-$tool takes what the old one takes ($taken lines)" "$(head -n 5 "$work/differences")" ''
	ok "and these are some" test "$taken" -ge 4
}
mkdir "$work/inputs"
cp "$sample/obj/programs/primes.elf" "$work/inputs/k"
cp "$sample/obj/programs/shell.aout.umps" "$work/inputs/s.umps"
all_of_old elf2umps -k -a -m -v -z -o OUT k
all_of_old objdump -h -d -x -a -z s.umps
all_of_old mkdev -d -f d.umps k 5 0x10 -z
like 'umps3-elf2umps -k FILE -o OUT warns' "$(cd "$work/inputs" && "$old/umps3-elf2umps" -k k -o OUT 2>&1)" \
	'^umps3-elf2umps: "-o" means nothing here and is ignored'
is 'umps3-objdump and umps3-mkdev without arguments explain themselves on stderr' \
	"$("$old/umps3-objdump" 2>/dev/null; echo $?; "$old/umps3-mkdev" 2>/dev/null; echo $?)" $'0\n0'

# ---- what is wrong is refused: status 1, one sentence with the cause, nothing written
refuses() { # DESCRIPTION REGEX TOOL ARGUMENTS
	local what=$1 regex=$2 tool=$3 out status
	shift 3
	out=$(cd "$work/elf" && "$bin/umps-$tool" "$@" 2>&1 >/dev/null)
	status=$?
	like "refused: $what" "$status $(head -n 1 <<<"$out")" "^1 umps-$tool: .*$regex"
}
cd "$work/elf" || exit
head -c 40 "$sample/piazza" >short
head -c 3000 "$sample/piazza" >cut
echo text >text
cp "$sample/piazza" stripped && mipsel-linux-gnu-strip stripped
echo 'int main(void) { return 0; }' >host.c && gcc -o host64 host.c && gcc -m32 -nostdlib -Wl,-e,main -o host32 host.c
mipsel-linux-gnu-ld -Ttext 0x20001000 -e main -o plain main-le.o 2>/dev/null ||
	{ mipsel-linux-gnu-as -mips1 -mabi=32 -o main-le.o <<<'.globl main
main: jr $31
nop' && mipsel-linux-gnu-ld -N -Ttext 0x20001000 -e main -o plain main-le.o; }
mipsel-linux-gnu-ld -T "$kit/share/umps3/umpscore.ldscript" --section-start=.far=0x30000000 -e main -o far main-le.o
sed 's/\. += 0xB0;//' "$kit/share/umps3/umpscore.ldscript" >tight.ldscript
mipsel-linux-gnu-ld -T tight.ldscript -e main -o tight main-le.o
cd "$OLDPWD" || exit
refuses "no such file" 'cannot open "nothing": No such file' elf2umps -k nothing
refuses "a folder" 'cannot read "\."' elf2umps -k .
refuses "no ELF file" 'text": its first bytes' elf2umps -k text
refuses "half an ELF header" 'short": its ELF header' elf2umps -k short
refuses "an ELF file cut in the middle" 'cut": it is cut short' elf2umps -k cut
refuses "64 bits" 'host64": its class is ELF64' elf2umps -k host64
refuses "another processor" 'host32": its machine is number 3' elf2umps -k host32
refuses "an object file as a kernel" 'main-le.o": its type is number 1' elf2umps -k main-le.o
refuses "a kernel as a ROM" 'tight": its type is number 2' elf2umps -b tight
refuses "no symbols" 'stripped": it has no symbol table' elf2umps -k stripped
refuses "no usable segments" 'plain": it has no text segment' elf2umps -k plain
refuses "no room for the header" 'tight": no space for the header' elf2umps -k tight
refuses "two modes" 'exclude each other' elf2umps -k -a tight
refuses "no mode" 'say what to make' elf2umps tight
refuses "too many cylinders" 'cylinders: "70000" is not a number from 1 to 65535' mkdev -d x.umps 70000
refuses "no number" 'heads: "2x" is not a number' mkdev -d x.umps 1 2x
refuses "a negative number" 'invalid option' mkdev -d x.umps -1
refuses "too many numbers" 'no parameter for "7"' mkdev -d x.umps 1 1 1 400 1 50 7
refuses "an image of another name" 'must contain' mkdev -d disk
refuses "no input" 'input file is missing' mkdev -f x.umps
refuses "an input that is not there" 'cannot open "nothing"' mkdev -f x.umps nothing
refuses "an image in a folder that is not there" 'cannot create "no/x.umps"' mkdev -d no/x.umps
refuses "a symbol table to dump" 'is not that of a core' objdump -h random.stab.umps
refuses "an unknown option" 'q' objdump -q x
is "13.2 mkdev without arguments explains itself" "$("$bin/umps-mkdev" | head -n 1 | cut -c1-6) $?" 'Usage: 0'
is "nothing was left behind" "$(find "$work/elf" -name '*.umps*' ! -name 'random.*' ! -name 'debian.*')" ''

# ---- a disk that fills up while an image is replaced
fill() {
	unshare -m sh -c "mount -t tmpfs -o size=64k none '$work/ours' && cd '$work/ours' &&
		'$bin/umps-mkdev' -f small.umps /dev/null 1 && cp small.umps before &&
		! '$bin/umps-mkdev' -f small.umps '$core' 100 2>'$work/message' &&
		cmp small.umps before && grep -q 'No space left' '$work/message' && [ \$(ls | wc -l) = 2 ]"
}
ok "a full disk: the old image is intact, the cause is told, no partial file" fill

for tool in elf2umps mkdev objdump; do
	like "umps-$tool --version" "$("$bin/umps-$tool" --version)" "^umps-$tool [0-9]"
	ok "umps-$tool has a manual page without faults" sh -c \
		"! man --warnings -l umps/tools/umps-$tool.1 2>&1 >/dev/null | grep ."
done
done_testing
