#!/bin/bash
# Network devices as ports of the real switch, together with clients: one MAC table, VLANs, counters.
#
#    ns1 vi1 --- vo1 \                 / client (vde tap, ns3)
#                     switch, xdp+user
#    ns2 vi2 --- vo2 /                 \ tap vt4 (in the switch's namespace)
cd "$(dirname "$0")/../.." || exit 2
. tests/lib/tap.sh

# libvdeplug loads its plugins in a way that the sanitizers forbid: only the switch is sanitized.
V=$PWD/build/bin/vde
dir=$(mktemp -d)
net=vdexdp$$
at_exit 'rm -rf "$dir"'

for ns in s 1 2 3; do
	ip netns add $net.$ns || exit 1
	at_exit "ip netns del $net.$ns 2>/dev/null"
done
in_ns() { local ns=$1; shift; ip netns exec "$net.$ns" "$@"; }
# The switch's end of a veth is no host: the kernel's router solicitations would arrive among the
# frames that are compared below.
in_ns s sysctl -qw net.ipv6.conf.default.disable_ipv6=1
for i in 1 2; do
	in_ns s ip link add vo$i type veth peer name vi$i netns $net.$i
	in_ns s ip link set vo$i up
	in_ns $i ip addr add 10.0.0.$i/24 dev vi$i
	in_ns $i ip link set vi$i up
done
# Before Linux 6.6 there is no tc link, and XDP wants no offloads.
mode=tc
if [ "$(printf '6.6\n%s\n' "$(uname -r)" | sort -V | head -n 1)" != 6.6 ]; then
	mode=generic
	for i in 1 2; do in_ns $i ethtool -K vi$i gro on tso off gso off tx off txvlan off >/dev/null; done
fi
start_switch() {
	ip netns exec $net.s build/san/bin/vde_switch --nostdin -s "$dir/sw" -M "$dir/mgmt" "$@" \
		2>>"$dir/log" </dev/null &
	switch=$!
	until_true 20 test -S "$dir/sw/ctl"
}
at_exit '[ -z "$switch" ] || kill $switch 2>/dev/null'
stop_switch() { # DESCRIPTION; not by ok, whose subshell has no children to wait for
	kill $switch
	wait $switch
	local status=$?
	switch=
	[ $status -eq 0 ] && ! grep -qE 'ERROR: |runtime error' "$dir/log"
	tap_result $? "$1" "status $status: $(tail -n 30 "$dir/log")"
}
ask() { "$V" cmd "$dir/mgmt" "$@"; }
listing() { "$V" cmd --json "$dir/mgmt" "$@" | jq -c .result; }
pings() { in_ns "$1" ping -q -n -c 3 -i 0.05 -W 2 "$2"; }

start_switch --xdp vo1 --xdp vo2
ok 'the switch starts with two veths' test -S "$dir/mgmt"
is "both are ports, mode $mode, forwarded in the kernel" \
	"$(listing xdp/print | jq -r '.[] | "\(.port) \(.netdev) \(.mode) \(.in_kernel)"' | tr '\n' ,)" \
	"1 vo1 $mode true,2 vo2 $mode true,"
ok 'frames pass between the veths' pings 1 10.0.0.2
before=$(listing port/print)
ok 'a large answer too' in_ns 1 ping -q -n -c 1 -s 1400 10.0.0.2

# chown, fowner, dac_override, net_admin, net_raw: 0x300b is what may be left, in every thread.
is 'capabilities have been given up by all threads' \
	"$(sed -n 's/^CapPrm:\s*//p' /proc/$switch/task/*/status | sort -u)" 000000000000300b

tcp_copy() { # DESCRIPTION: 5 MB from ns1 to ns2
	ip netns exec $net.2 timeout 30 socat -u TCP-LISTEN:9,reuseaddr "CREATE:$dir/copy" & local server=$!
	until_true 10 eval 'in_ns 2 ss -Hltn "sport = :9" | grep -q .'
	in_ns 1 timeout 20 socat -u "FILE:$dir/large" TCP:10.0.0.2:9
	wait $server
	is "$1" "$(md5sum <"$dir/copy")" "$(md5sum <"$dir/large")"
	rm -f "$dir/copy"
}
head -c 5000000 /dev/urandom >"$dir/large"
tcp_copy "TCP passes, mode $mode"
arrived() { in_ns 2 cat /sys/class/net/vi2/statistics/rx_packets; }
packets=$(arrived)
tcp_copy 'and again'
packets=$(($(arrived) - packets))
[ $packets -lt 2000 ] || [ $mode = generic ]
tap_result $? 'segments travel uncut' "$packets packets for 5 MB"
# The other end moves into the switch's own namespace and back: the short way there must not be kept.
in_ns 2 ip link set vi2 netns $net.s
in_ns s ip addr add 10.0.0.2/24 dev vi2
in_ns s ip link set vi2 up
ok 'an end that moves here is reached' until_true 5 pings 1 10.0.0.2
in_ns s ip link set vi2 netns $net.2
in_ns 2 ip addr add 10.0.0.2/24 dev vi2
in_ns 2 ip link set vi2 up
ok 'and when it moves away again' until_true 5 pings 1 10.0.0.2

in_ns 3 "$V" tap -d -P "$dir/tap.pid" --up -s "$dir/sw" eth0
at_exit 'kill "$(cat "$dir/tap.pid" 2>/dev/null)" 2>/dev/null'
in_ns 3 ip addr add 10.0.0.3/24 dev eth0
ok 'a client reaches a veth' pings 3 10.0.0.1
ok 'a veth reaches a client' pings 2 10.0.0.3

port_of() { listing hash/print | jq -r --arg mac "$(in_ns "$1" cat "/sys/class/net/$2/address")" \
	'.[] | select(.mac == $mac) | .port'; }
is 'one MAC table: a veth' "$(port_of 1 vi1)" 1
is 'another veth' "$(port_of 2 vi2)" 2
is 'the client' "$(port_of 3 eth0)" 3

# A flood must reach everybody once.
ip netns exec $net.2 tcpdump -l -n -e -i vi2 'ether proto 0x88b5' >"$dir/seen2" 2>"$dir/dump2" & dump2=$!
ip netns exec $net.3 tcpdump -l -n -e -i eth0 'ether proto 0x88b5' >"$dir/seen3" 2>"$dir/dump3" & dump3=$!
at_exit "kill $dump2 $dump3 2>/dev/null"
until_true 10 grep -q listening "$dir/dump2"
until_true 10 grep -q listening "$dir/dump3"
flood() { # NAMESPACE DEVICE COUNT
	{ for ((i = 0; i < $3; i++)); do
		printf '\0\x3c\xff\xff\xff\xff\xff\xff\x02\0\0\0\0\x99\x88\xb5'
		head -c 46 /dev/zero
	done; } | in_ns "$1" timeout 1 "$V" plug "dev:$2" >/dev/null
}
flood 1 vi1 10
broadcasts() { grep -c ff:ff:ff:ff:ff:ff "$dir/seen$1"; }
until_true 10 eval '[ "$(broadcasts 3)" -ge 10 ]'
until_true 10 eval '[ "$(broadcasts 2)" -ge 10 ]'
is 'a broadcast of a veth reaches the other veth once' "$(broadcasts 2)" 10
is 'and the client once' "$(broadcasts 3)" 10

after=$(listing port/print)
[ "$before" != "$after" ]
tap_result $? 'counters move' "$after"

# VLANs across both planes: vo1 and the client in 7, vo2 not.
ask vlan/create 7 >/dev/null
ask port/setvlan 1 7 >/dev/null
ask port/setvlan 3 7 >/dev/null
ok 'within a VLAN, from veth to client' pings 1 10.0.0.3
ok 'between VLANs nothing passes' eval '! pings 1 10.0.0.2'
ask port/setvlan 2 7 >/dev/null
ok 'until the other veth joins' pings 1 10.0.0.2
for i in 1 2 3; do ask port/setvlan $i 0 >/dev/null; done

# Features that the programs do not have are the user plane's, and the port works all the same.
ask capture/start "$dir/c.pcapng" port 1 >/dev/null
is 'a captured port is forwarded in user space' \
	"$(listing xdp/print | jq -r '.[] | select(.port == 1).in_kernel')" false
heard() { in_ns "$1" ping -n -c 3 -i 0.05 -W 2 "$2" | tee -a "$dir/heard"; return "${PIPESTATUS[0]}"; }
ok 'and answers' heard 1 10.0.0.2
ok 'to clients as well' heard 3 10.0.0.1
ask capture/stop "$dir/c.pcapng" >/dev/null
is 'afterwards it is the kernel again' \
	"$(listing xdp/print | jq -r '.[] | select(.port == 1).in_kernel')" true
captured() { tshark -r "$dir/c.pcapng" -Y "icmp.type == $1" 2>/dev/null | wc -l; }
answers=$(grep -c 'bytes from' "$dir/heard")
[ "$(captured 0)" -ge "$answers" ] && [ "$(captured 8)" -ge "$answers" ]
tap_result $? 'the capture has every ping, both ways' "$(cat "$dir/heard"; tshark -r "$dir/c.pcapng" 2>&1)"
ok 'it still answers' pings 1 10.0.0.2

# Frames arrive unchanged, once and in order: floods and known addresses, within and across planes.
made_frames() { # SEED DESTINATION SOURCE: frames of any length and content; the queue of a veth has 256
	perl -e 'srand($ARGV[0]); for $i (1 .. 200) {
		$length = 60 + int(rand(1400));
		$frame = pack("H12 H12 n N", $ARGV[1], $ARGV[2], 0x88b5, $i);
		$frame .= pack("N", int(rand(1 << 32))) while length($frame) < $length;
		print pack("n", $length), substr($frame, 0, $length);
	}' "$@"
}
end_of() { if [ "$1" = client ]; then echo "$dir/sw"; else echo "dev:vi$1"; fi; }
space_of() { if [ "$1" = client ]; then echo s; else echo "$1"; fi; }
flow() { # FROM TO DESTINATION WHAT
	made_frames 7 "$3" "0200000000$(printf %02d $((RANDOM % 90)))" >"$dir/sent"
	ip netns exec "$net.$(space_of "$2")" "$V" plug -D receiver "$(end_of "$2")" \
		<"$dir/announce" >"$dir/got" & local receiver=$!
	# The receiver's first frame says where its address is.
	{ printf '\0\x3c\xff\xff\xff\xff\xff\xff\x02\0\0\0\0\xaa\x88\xb5'; head -c 46 /dev/zero; } >&"$announce"
	until_true 10 eval 'listing hash/print | grep -q 02:00:00:00:00:aa'
	# A client that leaves at once would take with it what the switch has not read yet.
	ip netns exec "$net.$(space_of "$1")" "$V" plug "$(end_of "$1")" >/dev/null \
		< <(exec cat "$dir/sent" "$dir/hold" {hold}>&- {announce}>&- 2>/dev/null) & local sender=$!
	until_true 10 eval '[ "$(stat -c %s "$dir/got")" -ge "$(stat -c %s "$dir/sent")" ]'
	kill $sender $receiver
	wait $sender $receiver
	is "$4" "$(md5sum <"$dir/got")" "$(md5sum <"$dir/sent")"
	ask hash/setsize 128 >/dev/null
}
mkfifo "$dir/announce" "$dir/hold"
exec {announce}<>"$dir/announce" {hold}<>"$dir/hold"
tap=$(cat "$dir/tap.pid")
kill "$tap"
until_true 10 test ! -e "/proc/$tap" # it speaks until then
for i in 1 2; do
	in_ns $i ip addr flush dev vi$i
	in_ns $i sysctl -qw net.ipv6.conf.vi$i.disable_ipv6=1
done
flow 1 2 ffffffffffff 'a flood from veth to veth'
flow 1 2 0200000000aa 'a known address, from veth to veth'
flow 1 client ffffffffffff 'a flood from veth to client'
flow 1 client 0200000000aa 'a known address, from veth to client'
flow client 2 ffffffffffff 'a flood from client to veth'
flow client 2 0200000000aa 'a known address, from client to veth'
exec {announce}>&- {hold}>&-

# More addresses go at once than the switch can tell its planes: the programs must forget all of them.
in_vlan_8() { # of all switches there are, but only this one has it
	in_ns s bpftool -j map dump name addresses 2>/dev/null | jq '[.. | objects | select(.vlan? == 8)] | length'
}
ask vlan/create 8 >/dev/null
ask port/setvlan 1 8 >/dev/null
for batch in {1..15}; do
	perl -e 'printf "\0\x3c\xff\xff\xff\xff\xff\xff\x02\0\0\0%s\x88\xb5%s", pack("n", $ARGV[0] << 8 | $_), "\0" x 46
		for 1 .. 200' "$batch" | in_ns 1 timeout 0.3 "$V" plug dev:vi1 >/dev/null
done
until_true 10 eval '[ "$(listing hash/print | jq length)" -ge 2500 ]'
[ "$(in_vlan_8)" -ge 2500 ]
tap_result $? 'thousands of addresses are learned' "$(in_vlan_8)"
ask port/setvlan 1 0 >/dev/null
ok 'and forgotten when the port leaves their VLAN' until_true 10 eval '[ "$(in_vlan_8)" = 0 ]'
ask vlan/remove 8 >/dev/null
for i in 1 2; do in_ns $i ip addr add 10.0.0.$i/24 dev vi$i; done

# Netdevs come and go.
ok 'a port is let go' ask xdp/del vo2
ok 'and taken again, into a port of its own choice' ask xdp/add vo2 9
ok 'where it works' pings 1 10.0.0.2
like 'nonsense is refused' "$(ask xdp/add nosuch 2>&1)" 'No such device'
like 'so is the same twice' "$(ask xdp/add vo2 2>&1)" 'busy'
in_ns s ip link del vo2
ok 'a deleted device leaves its port' until_true 10 eval '[ "$(listing xdp/print | jq length)" = 1 ]'
stop_switch 'the switch ends cleanly'
is 'no program is left on the veth' "$(in_ns s bpftool -j net show dev vo1 | jq -c '.[0] | [.xdp, .tc]')" '[[],[]]'

# In the driver, which keeps no offloads.
in_ns s ip link add vo2 type veth peer name vi2 netns $net.2
in_ns s ip link set vo2 up
in_ns 2 ip addr add 10.0.0.2/24 dev vi2
in_ns 2 ip link set vi2 up
in_ns 1 ip neigh flush dev vi1
for i in 1 2; do in_ns $i ethtool -K vi$i gro on tso off gso off tx off txvlan off >/dev/null; done
start_switch --xdp vo1 --xdp vo2 --xdp-mode native --xdp-bare-veths
is 'native mode' "$(listing xdp/print | jq -r '.[].mode' | sort -u)" native
like 'which says what TCP over a veth needs' "$(cat "$dir/log")" 'gro on tso off gso off tx off'
tcp_copy 'TCP passes in native mode'
stop_switch 'the switch ends cleanly'

# Offloads are back, and nobody said that they are off.
if [ $mode = tc ]; then
	for i in 1 2; do in_ns $i ethtool -K vi$i tso on gso on tx on txvlan on >/dev/null; done
	for asked in native generic; do
		start_switch --xdp vo1 --xdp vo2 --xdp-mode $asked
		is "mode $asked takes veths with offloads at the tc hook" "$(listing xdp/print | jq -r '.[].mode' | sort -u)" tc
		like 'and says why' "$(cat "$dir/log")" "mode $asked would lose the checksums"
		errors=$(in_ns 2 nstat -asz UdpInCsumErrors | awk '/Udp/ { print $2 }')
		ip netns exec $net.2 timeout 20 socat -u UDP-RECV:9 "CREATE:$dir/datagrams" & server=$!
		until_true 10 eval 'in_ns 2 ss -Hlun "sport = :9" | grep -q .'
		datagram() { in_ns 1 socat -u - UDP:10.0.0.2:9 <<<datagram; test -s "$dir/datagrams"; }
		ok 'UDP passes' until_true 10 datagram
		kill $server; wait $server
		rm -f "$dir/datagrams"
		is 'with right checksums' "$(in_ns 2 nstat -asz UdpInCsumErrors | awk '/Udp/ { print $2 }')" "$errors"
		tcp_copy "TCP passes, asked for $asked"
		stop_switch 'the switch ends cleanly'
	done
	for i in 1 2; do in_ns $i ethtool -K vi$i gro on tso off gso off tx off txvlan off >/dev/null; done
fi
in_ns s ip link del vo2

# Generic mode, and a tap of somebody else.
in_ns s ip tuntap add vt4 mode tap
in_ns s ip link set vt4 up
start_switch --xdp vo1 --xdp vt4 --xdp-mode generic --xdp-bare-veths
is 'generic mode' "$(listing xdp/print | jq -r '.[].mode' | sort -u)" generic
in_ns s "$V" slirp -d -P "$dir/slirp.pid" --host 10.0.0.77/24 tap://vt4
at_exit 'kill "$(cat "$dir/slirp.pid" 2>/dev/null)" 2>/dev/null'
ok 'a gateway behind a tap answers a veth' pings 1 10.0.0.77
stop_switch 'the switch ends cleanly again'
start_switch
like 'without --xdp there is no capability for it any more, which is said' \
	"$(ask xdp/add vo1 2>&1; cat "$dir/log")" 'start the switch with --xdp or --xdp-later'
stop_switch 'that does no harm'
start_switch --xdp-later
ok 'with --xdp-later devices can be added' ask xdp/add vo1
ok 'minimal persistence reaches the programs' ask hash/setminper 0
stop_switch 'and the switch ends cleanly'
start_switch --xdp nosuch
wait $switch
is 'a device that is not there ends the start' $? 1
switch=
like 'with one clear sentence' "$(cat "$dir/log")" 'nosuch: there is no such network device'
done_testing
