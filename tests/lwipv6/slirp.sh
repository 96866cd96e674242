#!/bin/bash
# SPDX-License-Identifier: GPL-2.0-only
# timeout: 120
# Slirp: a guest without any other way out reaches the host's servers through a stack.
#
#   guest 10.5.0.2 fd00:5::2 -- tap -- [stack of `lwip`, namespace host] -- host sockets -- 192.0.2.1 fd00:99::1
set -u
. "$(dirname "$0")/../lib/tap.sh"
cd "$(dirname "$0")/../.." || exit 2
tmp=$(mktemp -d) h=lwsh$$ g=lwsg$$ lwip=build/lwip
export XDG_RUNTIME_DIR=$tmp
at_exit "rm -rf $tmp"
for ns in $h $g; do
	ip netns add $ns || exit 1
	at_exit "ip netns del $ns"
	ip -n $ns link set lo up
done
host() { ip netns exec $h "$@"; }
guest() { ip netns exec $g "$@"; }
ip -n $h link add d0 type veth peer name d1
ip -n $h addr add 192.0.2.1/24 dev d0
ip -n $h addr add fd00:99::1/64 dev d0 nodad
ip -n $h link set d0 up
ip -n $h link set d1 up
host sysctl -q net.ipv4.ping_group_range="0 2147483647"
ip -n $h tuntap add gt mode tap vnet_hdr

mkdir $tmp/www
head -c 20000000 /dev/urandom >$tmp/www/file
background() { # LOG COMMAND
	local log=$1
	shift
	"$@" >"$log" 2>&1 </dev/null &
	at_exit "kill $! 2>/dev/null"
}
background $tmp/http.log ip netns exec $h python3 -m http.server 8000 --bind :: --directory $tmp/www
background $tmp/udp.log ip netns exec $h socat UDP6-LISTEN:5300,fork SYSTEM:'read x; echo "answer to $x"'
background $tmp/half.log ip netns exec $h socat TCP6-LISTEN:9100,fork SYSTEM:'wc -c'
background $tmp/lwip.log ip netns exec $h build/san/lwip -f start \
	"tp0=gt,ip=tp0:10.5.0.1/24,ip=tp0:fd00:5::1/64,sl0=10.0.2.2,forward,gw=sl0,redirect=tcp:127.0.0.1:7777-10.5.0.2:9000,redirect=udp:7778-10.5.0.2:9001"
stack=$!

until_true 10 $lwip link || { cat $tmp/lwip.log; exit 1; }
ip -n $h link set gt netns $g
ip -n $g link set gt up
ip -n $g addr add 10.5.0.2/24 dev gt
ip -n $g addr add fd00:5::2/64 dev gt nodad
ip -n $g route add default via 10.5.0.1
ip -n $g -6 route add default via fd00:5::1
listens() { ip netns exec $1 ss -Hln | grep -q ":$2 "; }
until_true 10 listens $h 8000

for to in 192.0.2.1 10.0.2.2 fd00:99::1; do
	ok "the guest pings $to" until_true 10 guest ping -c1 -W1 $to
done
[ $tap_failed = 0 ] || { sed 's/^/# /' $tmp/lwip.log; exit 1; }
ok "and with 3000 bytes, in fragments" guest ping -c1 -W2 -s 3000 192.0.2.1
fetch() { rm -f $tmp/got; guest curl -s -g -m 30 -o $tmp/got "$1" && cmp $tmp/got $tmp/www/file; }
for to in 192.0.2.1 10.0.2.2 '[fd00:99::1]'; do
	ok "20 MB by curl from $to" fetch http://$to:8000/file
done
ok "eight downloads at once" guest curl -s -m 60 --parallel $(for i in 1 2 3 4 5 6 7 8; do echo "-o /dev/null http://192.0.2.1:8000/file"; done)
ok "a closed port is refused" bash -c "ip netns exec $g curl -s -m 5 http://192.0.2.1:81/; [ \$? -eq 7 ]"
ok "a net without a route is unreachable at once" bash -c "ip netns exec $g curl -s -m 5 http://198.51.100.1:81/; [ \$? -eq 7 ]"
is "the guest's end of file reaches the server, the answer the guest" \
	"$(head -c 3000000 $tmp/www/file | guest timeout 20 socat -t20 - TCP4:192.0.2.1:9100)" 3000000
is "UDP over IPv4" "$(echo one | guest socat -t3 - UDP4:10.0.2.2:5300)" "answer to one"
is "UDP over IPv6" "$(echo two | guest socat -t3 - UDP6:[fd00:99::1]:5300)" "answer to two"
refused() { guest python3 - <<-'END'
	import socket
	s = socket.socket(socket.AF_INET, socket.SOCK_DGRAM)
	s.settimeout(5)
	s.connect(("192.0.2.1", 5399))
	s.send(b"x")
	try:
	    s.recv(1)
	except ConnectionRefusedError:
	    raise SystemExit(0)
	raise SystemExit(1)
	END
}
ok "a closed UDP port is told to the guest" refused

# From the host to the guest.
background $tmp/guest.log ip netns exec $g socat TCP4-LISTEN:9000,fork SYSTEM:'echo from $SOCAT_PEERADDR; cat'
background $tmp/guest_udp.log ip netns exec $g socat UDP4-LISTEN:9001,fork SYSTEM:'read x; echo "guest got $x"'
until_true 10 listens $g 9000
until_true 10 listens $g 9001
is "a redirected TCP port: the guest sees the host's alias" "$(echo hello | host timeout 10 socat -t5 - TCP4:127.0.0.1:7777 | tr '\n' ' ')" "from 10.0.2.2 hello "
is "a redirected UDP port" "$(echo three | host socat -t3 - UDP4:127.0.0.1:7778)" "guest got three"
# A host server that closes while the guest still sends must not end the process.
background $tmp/rude.log ip netns exec $h socat -u TCP4-LISTEN:9200 /dev/null,end-close
until_true 10 listens $h 9200
rude=$!
guest timeout 10 socat -u /dev/zero TCP4:192.0.2.1:9200 2>/dev/null & sender=$!
until_true 10 bash -c "ip netns exec $h ss -Htn state established '( sport = :9200 )' | grep -q ."
kill $rude
wait $sender
ok "a server that dies amid the guest's data resets the guest, nothing more" $lwip ping -c1 10.5.0.2
ok "the stack ends in order, without a complaint of the sanitizers" bash -c "$lwip stop && ! grep -q ERROR $tmp/lwip.log"
done_testing
