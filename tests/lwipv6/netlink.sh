#!/bin/bash
# SPDX-License-Identifier: GPL-2.0-only
# iproute2's ip on a stack of ours and on the kernel, the same batch of commands on each:
#
#   ip -batch -> netlink_preload.so -> stack with tp0 -> tap in namespace A
#   ip -batch -> kernel of namespace B, tp0 is a veth
#
# What ip shows as JSON must be equal, apart from what the two differ in by nature (statistics,
# queues, veth's peer, link-local addresses, which are opaque here).
set -u
. "$(dirname "$0")/../lib/tap.sh"
cd "$(dirname "$0")/../.." || exit 2
tmp=$(mktemp -d) a=lwnla$$ b=lwnlb$$
at_exit "rm -rf $tmp"
for ns in $a $b; do
	ip netns add $ns || exit 1
	at_exit "ip netns del $ns"
done
ip -n $b link add tp0 type veth peer name peer
ip -n $b link set peer up

ours() { ip netns exec $a env LWIP_CONFIG=tp0= LD_PRELOAD="$PWD/build/tests/lwipv6/netlink_preload.so" timeout 20 ip "$@"; }
kernel() { ip netns exec $b timeout 20 ip "$@"; }
# The kernel's side starts afresh, ours is new with each process.
fresh() {
	kernel addr flush dev tp0
	kernel link set tp0 down mtu 1500
	kernel link set lo down
}

plain='walk(if type == "object" then del(.ifindex, .link, .link_index, .link_netnsid, .stats64, .txqlen, .min_mtu, .max_mtu, .gso_max_size, .gso_max_segs,
		.tso_max_size, .tso_max_segs, .gro_max_size, .linkinfo, .num_tx_queues, .num_rx_queues, .used, .updated, .confirmed, .refcnt, .probes, .cache, .uid) else . end)
	| walk(if type == "array" then map(select(type != "object" or ((.local // .dst // "") | tostring | startswith("fe80") or startswith("ff") | not)))
		| sort_by(tostring) else . end)
	| walk(if type == "object" and (.ifname == "lo0" or .dev == "lo0") then (if .ifname then .ifname = "lo" else .dev = "lo" end) else . end)
	| walk(if type == "object" and .label == "lo0" then .label = "lo" else . end)'
same() { # DESCRIPTION OPTIONS: commands on standard input
	cat >$tmp/batch
	fresh
	kernel $2 -j -batch $tmp/batch >$tmp/kernel.raw 2>$tmp/kernel.err
	ours $2 -j -batch $tmp/batch >$tmp/ours.raw 2>$tmp/ours.err
	jq -S "$plain" $tmp/kernel.raw >$tmp/kernel.json
	jq -S "$plain" $tmp/ours.raw >$tmp/ours.json
	ok "$1" diff -u $tmp/kernel.json $tmp/ours.json
	ok "... and not nothing" [ -s $tmp/ours.json -a ! -s $tmp/ours.err ]
}

set_up='link set tp0 address 02:00:00:00:00:01
link set lo up
link set tp0 up'
same "interfaces and addresses of both families" -d <<END
$set_up
addr add 10.1.0.1/24 brd + dev tp0
addr add 10.1.0.2/24 brd + dev tp0
addr add 10.3.0.1/32 dev tp0
addr add fd00:1::1/64 dev tp0 nodad
addr add fd00:2::1/64 dev tp0 nodad valid_lft 4000 preferred_lft 1000
addr del 10.3.0.1/32 dev tp0
addr show tp0
addr show tp0 up scope global
END
same "IPv4 routes: metrics, default, unreachable, replaced, removed" -4 <<END
$set_up
addr add 10.1.0.1/24 brd + dev tp0
route add default via 10.1.0.254
route add 10.2.0.0/16 via 10.1.0.9 metric 7
route add 10.4.0.0/16 dev tp0
route add unreachable 10.9.0.0/16
route add 10.5.0.0/16 via 10.1.0.9 src 10.1.0.1
route replace 10.5.0.0/16 via 10.1.0.10
route del 10.4.0.0/16
route show
route show 10.2.0.0/16
route get 10.2.3.4
route get 10.77.0.1
route get fibmatch 10.2.3.4
END
same "IPv6 routes" -6 <<END
$set_up
addr add fd00:1::1/64 dev tp0 nodad
route add default via fd00:1::fe
route add fd00:2::/64 via fd00:1::2
route add fd00:3::/64 via fe80::1 dev tp0 metric 5
route add fd00:4::/64 dev tp0
route del fd00:4::/64
route show
END
same "neighbours" "" <<END
$set_up
addr add 10.1.0.1/24 brd + dev tp0
addr add fd00:1::1/64 dev tp0 nodad
neigh add 10.1.0.7 lladdr 02:00:00:00:00:77 nud permanent dev tp0
neigh add 10.1.0.8 lladdr 02:00:00:00:00:78 nud permanent dev tp0
neigh add fd00:1::7 lladdr 02:00:00:00:00:79 nud permanent dev tp0
neigh replace 10.1.0.7 lladdr 02:00:00:00:00:7a nud permanent dev tp0
neigh del 10.1.0.8 dev tp0
neigh show nud permanent
END
same "rules" "" <<END
rule show
END
same "MTU" "" <<END
$set_up
link set tp0 mtu 1400
link show tp0
END

# What is wrong gets the same answer in words.
refused() { # COMMANDS: the last is refused
	printf '%s\n' "$@" >$tmp/batch
	fresh
	kernel -batch $tmp/batch >/dev/null 2>$tmp/kernel.err
	ours -batch $tmp/batch >/dev/null 2>$tmp/ours.err
	is "refused as the kernel refuses: ${*: -1}" "$(cat $tmp/ours.err)" "$(cat $tmp/kernel.err)"
}
up="link set tp0 up" addr="addr add 10.1.0.1/24 dev tp0"
refused "$up" "$addr" "$addr"
refused "$up" "addr del 10.7.7.7/24 dev tp0"
refused "$up" "$addr" "route add 10.2.0.0/16 via 10.99.0.1"
refused "$up" "$addr" "route add 10.2.0.0/16 via 10.1.0.9" "route add 10.2.0.0/16 via 10.1.0.8"
refused "$up" "route del 10.2.0.0/16"
refused "$up" "$addr" "neigh del 10.1.0.9 dev tp0"
refused "link set nothing up"
like "what a stack cannot do is said in a sentence" "$(ours link add x type dummy 2>&1)" "made by the program"
like "another table is not there" "$(ours route add 10.0.0.0/8 dev lo0 table 7 2>&1)" "main table only"

# Many routes: the dump comes in parts, nothing is lost or doubled.
{
	echo "$set_up"
	echo "$addr"
	for i in $(seq 0 1999); do echo "route add 10.$((i / 250 + 20)).$((i % 250)).0/24 via 10.1.0.9"; done
	echo "route show via 10.1.0.9"
} >$tmp/batch
is "a dump of 2000 routes" "$(ours -batch $tmp/batch | sort -u | wc -l)" 2000
done_testing
