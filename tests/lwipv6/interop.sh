#!/bin/bash
# SPDX-License-Identifier: GPL-2.0-only
# timeout: 240
# Against the Linux kernel:
#
#   liblwipv6 (traffic)  <-- tap, impaired on the way -->  kernel in a network namespace (traffic_kernel)
#   10.9.0.2  fd00:9::2                                    10.9.0.1  fd00:9::1
#
# Transfers with every byte compared, both directions, both families, under loss, duplication,
# reordering and delay; a capture is read by tshark, which must find nothing malformed and no bad
# checksum; curl and the kernel's ping reach a stack.
set -u
. "$(dirname "$0")/../lib/tap.sh"
cd "$(dirname "$0")/../.." || exit 2
ns=lwip$$ tap=lw$$ build=build/tests/lwipv6 tmp=$(mktemp -d)
at_exit "rm -rf $tmp"
ip netns add $ns || exit 1
at_exit "ip netns del $ns"
in_ns() { ip netns exec $ns "$@"; }
in_ns ip link set lo up

fresh_tap() { # [vnet_hdr]
	in_ns ip link del $tap 2>/dev/null
	in_ns ip tuntap add $tap mode tap ${1:-}
	in_ns ip addr add 10.9.0.1/24 dev $tap
	in_ns ip addr add fd00:9::1/64 dev $tap nodad
	in_ns ip link set $tap up
}
fresh_tap
ip netns exec $ns $build/traffic_kernel - serve >$tmp/kernel.log 2>&1 & kernel=$!
at_exit "kill -9 $kernel 2>/dev/null"
listening() { in_ns ss -tln | grep -q ":5004 "; }
until_true 10 listening

for impairment in 0,0,0,0 1,0,0,5 3,2,5,2 0,5,20,2; do
	for host in 10.9.0.1 fd00:9::1; do
		ok "1 MB there and back to $host, loss,dup,reorder,delay $impairment" \
			in_ns timeout 60 $build/traffic "tap=$tap,$impairment" send $host 1000000
	done
done

fresh_tap vnet_hdr
for host in 10.9.0.1 fd00:9::1; do
	ok "50 MB there and back to $host with 64 KiB frames" \
		in_ns timeout 60 $build/traffic tap=$tap send $host 50000000
done
for host in 10.9.0.1 fd00:9::1; do
	ok "datagrams of one sendmmsg() arrive one by one at $host and come back" \
		in_ns timeout 60 $build/traffic tap=$tap messages $host 50
done
TRAFFIC_CAPTURE=$tmp/capture.pcap in_ns timeout 60 $build/traffic tap=$tap send 10.9.0.1 300000 >/dev/null
TRAFFIC_CAPTURE=$tmp/capture6.pcap in_ns timeout 60 $build/traffic tap=$tap send fd00:9::1 300000 >/dev/null
for f in capture capture6; do
	bad=$(tshark -r $tmp/$f.pcap -o ip.check_checksum:TRUE -o tcp.check_checksum:TRUE -o udp.check_checksum:TRUE \
		-Y '(eth.src != '"$(in_ns cat /sys/class/net/$tap/address)"') && (_ws.malformed || ip.checksum.status == 0 || tcp.checksum.status == 0 || icmpv6.checksum.status == 0 || udp.checksum.status == 0)' 2>/dev/null | wc -l)
	all=$(tshark -r $tmp/$f.pcap 2>/dev/null | wc -l)
	is "tshark finds nothing malformed and no bad checksum in what we sent ($all frames of $f)" "$bad" 0
	ok "and the capture is not empty" [ "$all" -gt 20 ]
done

# The kernel as the client.
ip netns exec $ns $build/traffic tap=$tap serve >$tmp/ours.log 2>&1 & ours=$!
at_exit "kill -9 $ours 2>/dev/null"
ok "the kernel's ping reaches the stack over IPv4" until_true 10 in_ns ping -c1 -W1 10.9.0.2
ok "and over IPv6" until_true 10 in_ns ping -c1 -W1 fd00:9::2
ok "a ping of 60000 bytes is reassembled and answered in fragments" in_ns ping -c2 -W2 -s 60000 10.9.0.2
ok "over IPv6 as well" in_ns ping -c2 -W2 -s 60000 fd00:9::2
for host in 10.9.0.2 fd00:9::2; do
	ok "50 MB from the kernel to $host and back" in_ns timeout 60 $build/traffic_kernel - send $host 50000000
	ok "connections in a row for half a second to $host" in_ns timeout 60 $build/traffic_kernel - cps $host 0.5
done
ok "curl is refused at a closed port at once" bash -c "ip netns exec $ns curl -s -m 5 http://10.9.0.2:9/; [ \$? -eq 7 ]"
done_testing
