#!/bin/bash
# SPDX-License-Identifier: GPL-2.0-only
# Two stacks on one VDE switch (Debian's vde_switch): files each way with equal checksums, both
# families; the guide's client; errors in words.
set -u
. "$(dirname "$0")/../lib/tap.sh"
cd "$(dirname "$0")/../.." || exit 2
tmp=$(mktemp -d)
at_exit "rm -rf $tmp"
vde_switch -s $tmp/sw -d -p $tmp/pid
until_true 10 test -s $tmp/pid
switch=$(cat $tmp/pid)
at_exit "kill -9 $switch 2>/dev/null"
until_true 10 test -S $tmp/sw/ctl
head -c 20000000 /dev/urandom >$tmp/file

one="vd0=$tmp/sw,ip=vd0:10.0.0.1/24,ip=vd0:fd00::1/64" two="vd0=$tmp/sw,ip=vd0:10.0.0.2/24,ip=vd0:fd00::2/64"
transfer() { # HOST SENDER-SIDE
	build/lwip-nc -s "$one" -l 7000 >$tmp/copy </dev/null & local l=$!
	until timeout 60 build/lwip-nc -s "$two" "$1" 7000 <$tmp/file >/dev/null 2>$tmp/error; do
		grep -Eq "refused|No route" $tmp/error || { cat $tmp/error; kill $l; return 1; }
	done
	wait $l
	cmp $tmp/file $tmp/copy
}
ok "20 MB over IPv4" transfer 10.0.0.1
ok "20 MB over IPv6" transfer fd00::1
answer() { # the listener's input stays open until the client has ended: the first end of file ends it
	mkfifo $tmp/open
	build/lwip-nc -s "$one" -l 7 <$tmp/open >$tmp/got & local l=$!
	exec 9>$tmp/open
	until [ "$(echo "from the client" | timeout 20 build/lwip-guide-client $tmp/sw 10.0.0.9 10.0.0.1 7 2>$tmp/error; echo $?)" = 0 ]; do
		grep -Eq "refused|No route" $tmp/error || { cat $tmp/error; kill $l; return 1; }
	done
	exec 9>&-
	wait $l
	grep -q "from the client" $tmp/got
}
ok "the programming guide's client, with the old calls only" answer
like "a switch that is not there is named" "$(build/lwip-nc -s vd0=$tmp/none,ip=vd0:10.0.0.1/24 10.0.0.2 7 2>&1)" "vd0=.*none"
like "so is a wrong item" "$(build/lwip-nc -s lo,colour=red 10.0.0.2 7 2>&1)" "colour: unknown"
like "and a wrong address" "$(build/lwip-nc -s "vd0=$tmp/sw,ip=vd0:10.0.0.300/24" 10.0.0.2 7 2>&1)" "not an address"
done_testing
