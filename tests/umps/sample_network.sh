#!/bin/bash
# SPDX-License-Identifier: GPL-2.0-only
# The sample operating system on a network: two machines, a Linux stack, an LWIPv6 stack and User-Mode Linux on one
# VDE switch.
#
#     machine 1 (10.0.0.1) --+            +-- Linux, in a network namespace (10.0.0.9)
#                            +-- switch --+
#     machine 2 (10.0.0.2) --+            +-- User-Mode Linux (10.0.0.7)
#     machine 3 (10.0.0.3) --+            +-- LWIPv6, in a process (10.0.0.8)
#
# Machines 1 and 2 run on our emulator, machine 3 on Debian's umps3.
. "$(dirname "$0")/../lib/tap.sh"
. "$(dirname "$0")/peer.sh"
umps=$PWD/build/bin/umps
sample=$PWD/build/umps-sample
frames=$PWD/build/tests/umps/frames
lwip_nc=$PWD/build/lwip-nc
work=$(mktemp -d)
space=umps$$
at_exit "rm -rf $work"
top=$PWD
cd "$work" || exit

ip netns add "$space"
at_exit "ip netns del $space"
ip netns exec "$space" vde_switch -s "$work/switch" -tap tap0 -daemon -pidfile "$work/switch.pid"
until_true 10 test -s switch.pid
at_exit "kill \$(cat $work/switch.pid)"
ip -n "$space" link set lo up
ip -n "$space" address add 10.0.0.9/24 dev tap0
ip -n "$space" link set tap0 up

machine_file() { # N
	mkdir "machine$1"
	cp "$sample"/*.umps "machine$1"
	jq --arg switch "$work/switch" --arg address "02:00:00:00:00:0$1" \
		'.devices.eth0 = {"enabled": true, "file": $switch, "address": $address}' "$sample/piazza.json" >"machine$1/machine$1.json"
}
machine() { # N: started in the background, its terminal a fifo and a file
	machine_file "$1"
	mkfifo "keys$1"
	"$umps" run --real-time --max-seconds=120 "machine$1/machine$1.json" <"keys$1" >"screen$1" 2>&1 &
	eval "pid$1=$!"
	at_exit "kill $! 2>/dev/null"
	eval "exec $((10 + $1))>keys$1"
}
shows() { grep -Eq "$2" "screen$1"; }
types() { echo "$2" >&$((10 + $1)); }

machine 1
machine 2
ok "both machines come up" until_true 20 eval "shows 1 '^> ' && shows 2 '^> '"
types 1 'network'
ok "machine 1 has the address that its adapter's number gives" until_true 20 shows 1 '10\.0\.0\.1 at 02:00:00:00:00:01'

types 1 'ping 10.0.0.2 3'
ok "machine 2 answers machine 1" until_true 20 shows 1 'answer from 10\.0\.0\.2 in [0-9]+ us'
types 2 'ping 10.0.0.1 3'
ok "machine 1 answers machine 2" until_true 20 shows 2 'answer from 10\.0\.0\.1 in [0-9]+ us'
types 1 'ping 10.0.0.44'
ok "nobody answers for an address that nobody has" until_true 20 shows 1 'no answer from 10\.0\.0\.44'

from_linux() { ip netns exec "$space" ping -q -i 0.2 -W 5 "$@"; }
ok "machine 1 answers Linux" from_linux -c 3 10.0.0.1
ok "machine 2 answers Linux, frames of full length" from_linux -c 3 -s 1472 10.0.0.2
ok "machine 2 answers Linux, frames of odd length" from_linux -c 2 -s 1 10.0.0.2
types 2 'ping 10.0.0.9 3'
ok "Linux answers machine 2" until_true 20 shows 2 'answer from 10\.0\.0\.9 in [0-9]+ us'
types 2 'network 10.0.0.22'
until_true 20 shows 2 '10\.0\.0\.22 at'
ok "under its new address machine 2 answers" from_linux -c 2 10.0.0.22
ip -n "$space" neighbour flush dev tap0
like "under the old one it does not" "$(ip netns exec "$space" ping -c 1 -W 2 10.0.0.2)" '100% packet loss'

# ---- 2000 damaged frames; then both are as before
ok "damaged frames are sent" ip netns exec "$space" "$frames" tap0 2000 1 10.0.0.1
ok "machine 1 answers Linux after them" from_linux -c 3 10.0.0.1
types 1 'hello after noise'
ok "and its shell works" until_true 20 shows 1 'Hello, after noise!'

# ---- Debian's umps3: the run ends when the line it waits for is in the terminal's file
peer_start "$work/peer"
machine_file 3
peer_run machine3/machine3.json machine3/term0.umps '^enough' 60 >/dev/null &
peer=$!
ok "machine 3, on umps3, comes up" until_true 30 grep -q '^> ' machine3/term0.umps
ok "machine 3 answers Linux" from_linux -c 3 10.0.0.3
types 1 'ping 10.0.0.3 3'
ok "machine 3 answers machine 1" until_true 20 shows 1 'answer from 10\.0\.0\.3 in [0-9]+ us'
printf '\nenough\n' >>machine3/term0.umps
wait "$peer"

# ---- LWIPv6: a stack that waits for a connection answers pings
mkfifo nobody && exec 20<>nobody
"$lwip_nc" -s "vd0=$work/switch,ip=vd0:10.0.0.8/24" -l 7000 <&20 >/dev/null 2>lwip.log &
lwip=$!
at_exit "kill $lwip 2>/dev/null"
until_true 10 from_linux -c 1 10.0.0.8
types 1 'ping 10.0.0.8 3'
ok "LWIPv6 answers machine 1" until_true 20 shows 1 'answer from 10\.0\.0\.8 in [0-9]+ us'

# ---- User-Mode Linux
mkdir -p root/bin root/proc home
cp /bin/busybox root/bin/
cat >root/init <<'EOF'
#!/bin/busybox sh
/bin/busybox mount -t proc none /proc
/bin/busybox ifconfig eth0 10.0.0.7 netmask 255.255.255.0 up
/bin/busybox ping -c 3 -w 20 10.0.0.1 && echo "answered"
/bin/busybox poweroff -f
EOF
chmod +x root/init
(cd root && find . | cpio -o -H newc --quiet | gzip) >initrd.gz
HOME=$work/home TMPDIR=$work timeout 90 "$top/tests/lib/uml" mem=64M initrd="$work/initrd.gz" "eth0=vde,$work/switch" \
	con=null con0=fd:0,fd:1 quiet </dev/null >uml.log 2>&1
like "machine 1 answers User-Mode Linux" "$(cat uml.log)" '^answered'

types 1 'network'
ok "the counters know of it" until_true 20 shows 1 '[1-9][0-9]* pings answered'
types 1 halt
types 2 halt
ok "both machines halt" until_true 20 eval "shows 1 '^(> )?System halted' && shows 2 '^(> )?System halted'"
wait "$pid1"
is "exit status of a halt" $? 0
done_testing
