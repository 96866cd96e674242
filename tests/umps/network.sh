#!/bin/bash
# SPDX-License-Identifier: GPL-2.0-only
# timeout: 120
# Two machines on one VDE switch exchange frames. (libvdeplug loads its modules in a way the sanitizers forbid, so
# this is the plain program.)
#
#	machine a -- eth0 -- vde_switch -- eth0 -- machine b
. tests/lib/tap.sh
. tests/umps/guests.sh
guests_start
guest network
mkfifo "$dir/console" && exec 8<>"$dir/console" # the switch ends when its console does
vde_switch -s "$dir/switch.ctl" <&8 >"$dir/switch.log" 2>&1 &
switch=$!
at_exit "kill $switch 2>/dev/null"
until_true 20 test -S "$dir/switch.ctl/ctl"
for m in a b; do
	machine $m network '' "\"eth0\": { \"enabled\": true, \"file\": \"switch.ctl\",
		\"address\": \"02:aa:bb:cc:dd:0$([ $m = a ] && echo 1 || echo 2)\" }"
done
build/bin/umps run "$dir/b.json" </dev/null >"$dir/b.out" 2>&1 &
b=$!
at_exit "kill $b 2>/dev/null"
until_true 20 grep -q 'unknown command' "$dir/b.out"
build/bin/umps run "$dir/a.json" </dev/null >"$dir/a.out" 2>&1
is 'a ends' $? 0
wait $b
is 'b ends' $? 0
is 'b got the question' "$(tail -n 4 "$dir/b.out" | head -n 3)" '9.5 length=0000003D
9.5 sender'"'"'s address ends in=00000001
9.5 text=0000003F'
is 'a got the answer' "$(tail -n 4 "$dir/a.out" | head -n 3)" '9.5 length=0000003D
9.5 sender'"'"'s address ends in=00000002
9.5 text=00000021'
is 'registers are as specified' "$(head -n 8 "$dir/a.out")" '9.5 reset: status=00000001
9.5 READCONF: status=00000001
9.5 mode and address=000502AA
9.5 rest of the address=BBCCDD01
9.5 CONFIGURE: status=00000001
9.5 too long: status=00000006
9.5 unaligned: status=00000007
9.5 unknown command: status=00000002'

# ---- a switch that stands still: its socket fills, then writes fail; the guest sends until three have
guest network -DSTUCK
build/bin/umps run --trace=devices --trace-file="$dir/stuck.trace" "$dir/a.json" </dev/null >"$dir/stuck.out" 2>&1 &
a=$!
at_exit "kill $a 2>/dev/null"
until_true 20 grep -q 'unknown command' "$dir/stuck.out"
kill -STOP $switch
wait $a
is 'when the switch stands still the machine goes on' $? 0
kill -CONT $switch
ok 'and the guest sees write errors' test "$(grep -c 'eth0 done, status 0x6' "$dir/stuck.trace")" -gt 2
ok 'and says so' grep -q 'three writes failed' "$dir/stuck.out"

# ---- a processor that waits may still be woken by a frame: the machine is not at rest (tests/umps/rest.sh)
guest rest -DCASE=8
machine rest rest '"num-processors": 2'
build/bin/umps run -T 3000000 "$dir/rest.json" </dev/null >"$dir/rest.out" 2>&1
is 'without a link nothing can come' $? 2
machine rest rest '"num-processors": 2' '"eth0": { "enabled": true, "file": "switch.ctl" }'
build/bin/umps run -T 3000000 "$dir/rest.json" </dev/null >"$dir/rest.out" 2>&1
is 'with a link something may' $? 3
done_testing
