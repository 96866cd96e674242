#!/bin/bash
# SPDX-License-Identifier: GPL-2.0-only
# timeout: 120
# A stack as NAT router and firewall (row 67) between real hosts:
#
#   inside 192.168.7.2 -- switch -- tap 192.168.7.1 [stack] 203.0.113.1 tap -- switch -- outside 203.0.113.2
set -u
cd "$(dirname "$0")/../.." || exit 2
. tests/lwipv6/link.sh
link nl
tap t0
tap t1
host na 192.168.7.2/24
inside=$host
host nb 203.0.113.2/24
outside=$host
second_lan t1 nb
at "$inside" ip route add default via 192.168.7.1

mkdir "$tmp/www"
head -c 20000000 /dev/urandom >"$tmp/www/file"
start "$outside" busybox httpd -f -vv -p 8080 -h "$tmp/www" >"$tmp/http.log" 2>&1
start "$inside" busybox httpd -f -vv -p 8081 -h "$tmp/www" >"$tmp/http2.log" 2>&1
start "$outside" socat UDP4-LISTEN:5300,fork SYSTEM:'read x; echo $SOCAT_PEERADDR'
listens() { at "$1" ss -tln | grep -q ":$2 "; }
until_true 10 listens "$outside" 8080
until_true 10 listens "$inside" 8081

cat >"$tmp/rules" <<-'END'
	nat on tp1 from 192.168.7.0/24
	redirect on tp1 proto tcp port 80 to 192.168.7.2 port 8081
	policy forward drop; policy input drop
	accept forward state established,related
	accept forward in tp0 state new
	accept forward in tp1 proto tcp to 192.168.7.2/32 port 8081 state new
	accept input in tp0
	accept input state established,related
	reject input proto tcp
END
station nat.log "tp0=t0,tp1=t1,ip=tp0:192.168.7.1/24,ip=tp1:203.0.113.1/24,forward,filter=$tmp/rules" echo 7
same() { cmp "$tmp/got" "$tmp/www/file"; }
fetch() { rm -f "$tmp/got"; at "$1" curl -s -m 30 -o "$tmp/got" "$2" && same; }
ok "row 67: inside pings outside" until_true 10 at "$inside" ping -c1 -W1 203.0.113.2
ok "row 67: curl fetches 20 MB through the translation" fetch "$inside" http://203.0.113.2:8080/file
like "row 67: the server saw the router's address" "$(cat "$tmp/http.log")" "203\.0\.113\.1\]?:.*/file"
is "row 67: UDP too" "$(echo x | at "$inside" socat -t2 - UDP4:203.0.113.2:5300)" 203.0.113.1
ok "row 67: outside fetches through the redirected port" fetch "$outside" http://203.0.113.1/file
like "row 67: the inside server saw who it was" "$(cat "$tmp/http2.log")" "203\.0\.113\.2\]?:.*/file"
ok "row 67: inside fetches from itself by the outside address (hairpin)" fetch "$inside" http://203.0.113.1/file
ok "row 67: ten downloads at once" at "$inside" curl -s -m 60 --parallel $(for i in 1 2 3 4 5 6 7 8 9 10; do echo "-o /dev/null http://203.0.113.2:8080/file"; done)
ok "row 67: a ping of 8000 bytes, in fragments" at "$inside" ping -c1 -W2 -s 8000 203.0.113.2
like "row 67: traceroute sees the router, not more" "$(at "$inside" ping -c1 -W2 -t1 203.0.113.2)" "From 192\.168\.7\.1.*Time to live exceeded"
ok "filter: outside does not reach the inside directly" bash -c "ip netns exec $outside ip route add 192.168.7.0/24 via 203.0.113.1; ! ip netns exec $outside curl -s -m 2 http://192.168.7.2:8082/"
like "filter: inside reaches the router's service" "$(at "$inside" socat -t2 - TCP4:192.168.7.1:7)" hello
ok "filter: outside is refused it, and told so" bash -c "ip netns exec $outside curl -s -m 5 http://203.0.113.1:7/; [ \$? -eq 7 ]"
tell filter
ok "the mappings are shown" until_true 5 said '^filter: .*"inner":\{"address":"192\.168\.7\.2"'
leave
like "a mistake in the rules is named with its line" "$(echo "accept imput" >"$tmp/bad"; build/tests/lwipv6/station "lo,filter=$tmp/bad")" "filter: line 1: imput"
is "every stack ended clean, for the sanitizers too" "$unclean" ""
done_testing
