#!/bin/bash
# SPDX-License-Identifier: GPL-2.0-only
# timeout: 60
# lwip-router between kernels: plain, translating, filtering.
#
#   inside 10.50.0.2 fd00:50::2 -- tap t0 [lwip-router] tap t1 -- outside 203.0.113.2 fd00:51::2
set -u
cd "$(dirname "$0")/../.." || exit 2
. tests/lwipv6/link.sh
link lr
tap t0
tap t1
host ra 10.50.0.2/24 fd00:50::2/64
inside=$host
host rb 203.0.113.2/24 fd00:51::2/64
outside=$host
second_lan t1 rb
at "$inside" ip route add default via 10.50.0.1
at "$inside" ip route add default via fd00:50::1
at "$outside" ip route add 10.50.0.0/24 via 203.0.113.1
at "$outside" ip route add fd00:50::/64 via fd00:51::1
start "$outside" socat TCP6-LISTEN:8000,fork,reuseaddr,ipv6only=0 SYSTEM:'echo $SOCAT_PEERADDR'
listens() { at "$outside" ss -tln | grep -q ":8000 "; }
until_true 10 listens

router() { # LOG ARGUMENT...
	start "$link" build/lwip-router "${@:2}" >"$tmp/$1" 2>&1
	router=$started
	until_true 10 grep -q routing "$tmp/$1" || cat "$tmp/$1"
}
places=(tap:t0=10.50.0.1/24,fd00:50::1/64 tap:t1=203.0.113.1/24,fd00:51::1/64)
seen() { at "$inside" timeout 3 socat -u "TCP:$1:8000" - >"$tmp/seen"; }
router plain "${places[@]}"
ok "a connection is routed over IPv4" until_true 10 seen 203.0.113.2
like "with its own address" "$(cat "$tmp/seen")" "0a32:0002"
ok "and over IPv6" until_true 10 seen "[fd00:51::2]"
like "with its own address" "$(cat "$tmp/seen")" "0050:.*0002"
stop "$router"
is "a signal ends it in order" $? 0
router nat -n "${places[@]}"
ok "with -n a connection is translated" until_true 10 seen 203.0.113.2
like "to the router's address" "$(cat "$tmp/seen")" "cb00:7101"
stop "$router"
echo "reject forward proto tcp to any port 8000" >"$tmp/rules"
router filter -f "$tmp/rules" "${places[@]}"
ok "the router answers" until_true 10 at "$inside" ping -c1 -W1 203.0.113.2
ok "rules hold" bash -c "! ip netns exec $inside timeout 3 socat -u TCP:203.0.113.2:8000 -"
stop "$router"
like "one place is not enough" "$(build/lwip-router tap:t0=10.0.0.1/24 2>&1)" "two places at least"
like "what cannot be made is told" "$(build/lwip-router /nonexistent/a=10.0.0.1/24 /nonexistent/b=10.0.1.1/24 2>&1)" "switch running"
like "an address that is none as well" "$(at "$link" timeout 10 build/lwip-router tap:t0=10.0.0.300/24 tap:t1=10.0.1.1/24 2>&1)" "not an address and prefix length"
done_testing
