#!/bin/bash
# SPDX-License-Identifier: GPL-2.0-only
# timeout: 120
# What goes wrong gives one sentence with the field, and loses nothing that was written.
. tests/lib/tap.sh
. tests/umps/guests.sh
guests_start
umps=build/san/bin/umps
guest echo
guest hello
umps3-mkdev -d "$dir/disk.umps" 8 2 8
disk='"disk0": { "enabled": true, "file": "disk.umps" }'

says() { # WHAT REGEX JSON
	printf '%s' "$3" >"$dir/bad.json"
	"$umps" run "$dir/bad.json" >"$dir/out" 2>&1
	is "$1: exit status 65" $? 65
	like "$1: the sentence" "$(cat "$dir/out")" "^umps run: .*$2"
	is "$1: one line" "$(wc -l <"$dir/out")" 1
}
kernel='"boot": {"load-core-file": true, "core-file": "hello.core.umps"}'
says 'not JSON' 'bad.json: line 1, column' '{ "num-processors": }'
says 'a number as text' 'num-processors must be a whole number from 1 to 16' '{ "num-processors": "two" }'
says 'a floor that is none' 'tlb-floor-address must be hexadecimal' '{ "tlb-floor-address": "top" }'
says 'half a boot object' 'boot has no "core-file"' '{ "boot": { "load-core-file": true } }'
says 'a device that is no object' 'devices.disk0 must be an object' '{ "devices": { "disk0": 7 } }'
says 'no core file' 'cannot read .*/none.core.umps' '{ "boot": {"load-core-file": true, "core-file": "none.core.umps"} }'
printf 'something else entirely' >"$dir/garbage"
says 'a core file that is none' 'boot.core-file: .*/garbage is neither' \
	'{ "boot": {"load-core-file": true, "core-file": "garbage"} }'
head -c 5000 "$dir/hello.core.umps" >"$dir/short.core.umps"
head -c 3000 "$dir/hello.core.umps" >"$dir/shorter.core.umps"
says 'a core file cut short' 'boot.core-file: .*cut short' \
	'{ "boot": {"load-core-file": true, "core-file": "shorter.core.umps"} }'
{ cat "$dir/hello.core.umps"; head -c 70000 /dev/zero; } >"$dir/large.core.umps"
printf '\003SPM%05000d' 0 >"$dir/big.core.umps"
says 'a big-endian core file' 'big-endian machine .* with -EL' \
	'{ "boot": {"load-core-file": true, "core-file": "big.core.umps"} }'
says 'a core file larger than RAM' 'num-ram-frames .* raise it to at least' \
	'{ "num-ram-frames": 8, "boot": {"load-core-file": true, "core-file": "large.core.umps"} }'
says 'a ROM that is none' 'execution-rom: .*garbage is not a ROM image' "{ \"execution-rom\": \"garbage\", $kernel }"
says 'a symbol table that is none' 'symbol-table.file: .*garbage does not start' \
	"{ \"symbol-table\": {\"file\": \"garbage\", \"asid\": 64}, $kernel }"
says 'a disk that is too short' 'disk0: .*garbage is too short' \
	"{ \"devices\": {\"disk0\": {\"enabled\": true, \"file\": \"garbage\"}}, $kernel }"
umps3-mkdev -f "$dir/flash.umps" /dev/null 4 >/dev/null
says 'a flash image as a disk' 'disk0: .*does not start with the magic word 0x0053504D' \
	"{ \"devices\": {\"disk0\": {\"enabled\": true, \"file\": \"flash.umps\"}}, $kernel }"
says 'a terminal file in no directory' 'terminal0: cannot write .*none/term' \
	"{ \"devices\": {\"terminal0\": {\"enabled\": true, \"file\": \"none/term\"}}, $kernel }"
umps=build/bin/umps # libvdeplug loads its modules in a way the sanitizers forbid
says 'no switch' 'eth0: cannot join the VDE network .*no.ctl.*vde_switch' \
	"{ \"devices\": {\"eth0\": {\"enabled\": true, \"file\": \"no.ctl\"}}, $kernel }"

umps=build/san/bin/umps

# Nothing is opened for writing before all that is only read is known to be good.
echo precious >"$dir/precious"
says 'a bad kernel with a good terminal' 'neither' '{ "boot": {"load-core-file": true, "core-file": "garbage"},
	"devices": {"terminal0": {"enabled": true, "file": "precious"}} }'
is 'the terminal log of before is still there' "$(cat "$dir/precious")" precious

# ---- kill -9 after a completed command
machine echo echo '' "$disk"
mkfifo "$dir/keys"
build/bin/umps run "$dir/echo.json" <"$dir/keys" >"$dir/kill.out" 2>&1 &
pid=$!
exec 5>"$dir/keys"
printf 'kept on the disk\n' >&5
ok 'the guest wrote to the disk' until_true 20 grep -q '\[kept' "$dir/kill.out"
kill -9 $pid
wait $pid 2>/dev/null
exec 5>&-
ok 'after kill -9 the image has it' grep -aq 'kept on the disk' "$dir/disk.umps"

# ---- a full disk
# A private tmpfs with room for one more block than the machine's files need; the image is sparse.
mkdir "$dir/small"
rm -f "$dir/disk.umps"
umps3-mkdev -d "$dir/disk.umps" 8 2 8
unshare -m bash -c '
	mount -t tmpfs -o size=1m none "$1/small" && cp "$1"/echo.* "$1/small/" &&
		cp --sparse=always "$1/disk.umps" "$1/small/disk.umps"
	used=$(df --output=used -k "$1/small" | tail -n 1)
	mount -o remount,size=$((used + 8))k "$1/small"
	printf "one\ntwo\nthree\nfour\nfive\nquit\n" |
		"$2" run --trace=devices "$1/small/echo.json" >"$1/full.out" 2>&1
	cp "$1/small/disk.umps" "$1/after.umps"' -- "$dir" "$PWD/$umps"
like 'a full disk: the guest sees a write error' "$(cat "$dir/full.out")" 'disk0 done, status 0x6'
like 'a full disk: the user is told' "$(cat "$dir/full.out")" 'disk0: block [0-9]+ cannot be written to its image \(No space'
ok 'a full disk: what was written before is there' grep -aq one "$dir/after.umps"
done_testing
