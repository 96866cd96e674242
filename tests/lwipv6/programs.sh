#!/bin/bash
# SPDX-License-Identifier: GPL-2.0-only
# timeout: 120
# The lwip command beside real programs: curl, nginx, iperf3, the kernel's ping.
#
#   [daemon of `lwip` 10.7.0.2 fd00:7::2] -- tap -- kernel of a namespace 10.7.0.1 fd00:7::1
set -u
. "$(dirname "$0")/../lib/tap.sh"
cd "$(dirname "$0")/../.." || exit 2
tmp=$(mktemp -d) ns=lwpr$$
export XDG_RUNTIME_DIR=$tmp
chmod 755 $tmp
at_exit "rm -rf $tmp"
ip netns add $ns || exit 1
at_exit "ip netns del $ns"
in_ns() { ip netns exec $ns "$@"; }
lwip() { timeout 60 build/lwip "$@"; }
in_ns ip link set lo up
in_ns ip tuntap add lt mode tap vnet_hdr
in_ns ip addr add 10.7.0.1/24 dev lt
in_ns ip addr add fd00:7::1/64 dev lt nodad
in_ns ip link set lt up
background() { # LOG COMMAND
	local log=$1
	shift
	"$@" >"$log" 2>&1 </dev/null &
	at_exit "kill $! 2>/dev/null"
}

like "without a daemon a command says what to do" "$(lwip addr 2>&1)" "no stack named lwip runs: start one"
ok "lwip start returns when the stack serves" in_ns build/lwip start tp0=lt,ip=tp0:10.7.0.2/24,ip=tp0:fd00:7::2/64
at_exit "timeout 10 build/lwip stop 2>/dev/null"
like "a second one of that name is refused" "$(lwip start lo 2>&1)" "runs already"
is "lwip list" "$(lwip list)" lwip
like "a wrong configuration is told by start" "$(lwip -n other start colour=red 2>&1)" "colour"
is "and leaves nothing behind" "$(lwip -j list)" '[{"name":"lwip"}]'

# Like ip.
is "addresses as JSON" "$(lwip -j -4 addr show tp0 | jq -c '.[0].addr_info|map(.local)')" '["10.7.0.2"]'
is "addr show dev is addr show" "$(lwip -j addr show dev tp0)" "$(lwip -j addr show tp0)"
is "link show dev shows that one" "$(lwip -j link show dev tp0 | jq -c 'map(.ifname)')" '["tp0"]'
is "route show dev shows that one's" "$(lwip -j -4 route show dev tp0 | jq -c 'map(.dev)|unique')" '["tp0"]'
is "neigh show dev shows that one's" "$(lwip -j neigh show dev lo0)" '[]'
like "show of two is refused" "$(lwip addr show tp0 lo0 2>&1)" "only one interface"
ok "an address is added" lwip addr add 10.7.0.3/24 dev tp0
like "and shown" "$(lwip addr)" "inet 10\.7\.0\.3/24"
like "twice is refused in the stack's words" "$(lwip addr add 10.7.0.3/24 dev tp0 2>&1)" "Address already assigned"
ok "and removed" lwip addr del 10.7.0.3/24 dev tp0
ok "a route" lwip route add 10.8.0.0/16 via 10.7.0.1 metric 5
is "is shown" "$(lwip -4 route | grep 10.8)" "10.8.0.0/16 via 10.7.0.1 dev tp0 proto static metric 5"
like "and chosen" "$(lwip route get 10.8.1.1)" "10\.8\.1\.1 via 10\.7\.0\.1 dev tp0 src 10\.7\.0\.2"
ok "and removed" lwip route del 10.8.0.0/16
ok "a neighbour is added" lwip neigh add 10.7.0.77 lladdr 02:00:00:00:00:77 dev tp0
is "and shown" "$(lwip -j neigh | jq -c 'map(select(.dst=="10.7.0.77"))[0].state')" '["PERMANENT"]'
ok "link parameters" lwip link set tp0 mtu 1400 promisc on
like "are shown" "$(lwip link show tp0)" "PROMISC.*mtu 1400"
ok "and put back" lwip link set tp0 mtu 1500 promisc off
like "nonsense is refused" "$(lwip addr add 10.0.0.300/24 dev tp0 2>&1)" "not an address with a prefix length"
like "an interface that is not there" "$(lwip link set nothing up 2>&1)" "no such interface"

# Ping, both ways.
for host in 10.7.0.1 fd00:7::1; do
	like "lwip ping $host" "$(lwip ping -c 3 -i 0.05 $host)" "3 sent, 3 received, 0% lost"
done
is "ping as JSON" "$(lwip -j ping -c 1 -s 1000 10.7.0.1 | jq -c '[.transmitted, .received]')" "[1,1]"
ok "nobody there is a failure" bash -c "! timeout 20 build/lwip ping -c 1 -W 1 10.7.0.99"
in_ns ping -q -c1 -W2 10.7.0.2 >/dev/null

# HTTP both ways.
mkdir $tmp/www $tmp/www/sub
head -c 30000000 /dev/urandom >$tmp/www/file
echo "<p>front page" >$tmp/www/sub/index.html
chmod -R a+rX $tmp/www
background $tmp/serve.log build/lwip serve echo discard chargen daytime http:8080=$tmp/www
until_true 10 grep -q serving $tmp/serve.log
fetch() { rm -f $tmp/got; in_ns curl -s -g -m 30 -o $tmp/got "$1" && cmp $tmp/got $tmp/www/file; }
ok "curl fetches 30 MB from our server over IPv4" fetch http://10.7.0.2:8080/file
ok "and over IPv6" fetch 'http://[fd00:7::2]:8080/file'
ok "ten at once" in_ns curl -s -m 60 --parallel $(for i in 1 2 3 4 5 6 7 8 9 10; do echo "-o /dev/null http://10.7.0.2:8080/file"; done)
is "a range" "$(in_ns curl -s -r 1000-1999 http://10.7.0.2:8080/file | sha256sum)" "$(tail -c +1001 $tmp/www/file | head -c 1000 | sha256sum)"
is "an index page" "$(in_ns curl -s http://10.7.0.2:8080/sub/)" "<p>front page"
is "a list of files" "$(in_ns curl -s http://10.7.0.2:8080/ | grep -c href)" 2
is "no file is 404, a name that leads out as well" "$(in_ns curl -s -o /dev/null -o /dev/null -w '%{http_code} ' --path-as-is http://10.7.0.2:8080/none http://10.7.0.2:8080/../../../etc/passwd)" "404 404 "
is "POST is 405" "$(in_ns curl -s -o /dev/null -w '%{http_code}' -d x http://10.7.0.2:8080/file)" 405
cat >$tmp/nginx.conf <<END
pid $tmp/nginx.pid; error_log $tmp/nginx.log; daemon off; user root;
events {}
http { access_log off; gzip off; client_body_temp_path $tmp/n1; proxy_temp_path $tmp/n2; fastcgi_temp_path $tmp/n3; uwsgi_temp_path $tmp/n4; scgi_temp_path $tmp/n5;
	server { listen 80; listen [::]:80; root $tmp/www; location /moved { return 302 /file; } location /chunked { ssi on; ssi_types *; try_files /sub/index.html =404; } } }
END
background $tmp/nginx.out ip netns exec $ns nginx -c $tmp/nginx.conf
listens() { in_ns ss -Htln | grep -q ":$1 "; }
until_true 10 listens 80
ours() { rm -f $tmp/got; lwip get -o $tmp/got "$1" && cmp $tmp/got $tmp/www/file; }
ok "our client fetches 30 MB from nginx over IPv4" ours http://10.7.0.1/file
ok "and over IPv6" ours 'http://[fd00:7::1]/file'
ok "a redirection is followed" ours http://10.7.0.1/moved
is "chunks are put together" "$(lwip get http://10.7.0.1/chunked)" "<p>front page"
like "what nginx has not is told" "$(lwip get http://10.7.0.1/none 2>&1)" "404"

# The small services, by socat.
is "echo over TCP" "$(echo hello | in_ns socat -t5 - TCP4:10.7.0.2:7)" hello
is "echo over UDP" "$(echo hello | in_ns socat -t2 - UDP4:10.7.0.2:7)" hello
is "chargen's first line" "$(in_ns socat -t1 -u TCP4:10.7.0.2:19 - | head -n1 | head -c 10)" ' !"#$%&'"'"'()'
like "daytime" "$(in_ns socat -t2 -u TCP4:10.7.0.2:13 -)" "[0-9]{2}:[0-9]{2}:[0-9]{2}"
echo_back() { head -c 5000000 $tmp/www/file | in_ns timeout 30 socat -t10 - TCP6:[fd00:7::2]:7 | cmp - <(head -c 5000000 $tmp/www/file); }
ok "5 MB there and back through echo" echo_back

# iperf3, each end.
background $tmp/iperf.log ip netns exec $ns iperf3 -s
until_true 10 listens 5201
for how in "" -R "-P 4"; do
	ok "lwip measure $how to iperf3" bash -c "timeout 30 build/lwip -j measure -t 1 $how 10.7.0.1 | tee -a $tmp/rates | jq -e '.bytes_received > 1000000'"
done
background $tmp/measure.log build/lwip measure -s
until_true 10 grep -q serving $tmp/measure.log
for how in "" -R "-6 -P 3"; do
	host=10.7.0.2
	[ "${how#-6}" = "$how" ] || host=fd00:7::2
	ok "iperf3 $how to lwip measure -s" bash -c "timeout 30 ip netns exec $ns iperf3 -J -t 1 $how -c $host | jq -e '.end.sum_received.bytes > 1000000'"
done
ok "requests and answers" bash -c "timeout 30 build/lwip -j measure -r -t 1 -p 7 10.7.0.2 | jq -e '.requests > 100'"

# Settings.
like "lwip set shows them" "$(lwip set)" "^ecn=on"
ok "and changes one" lwip set ecn passive
is "which is shown" "$(lwip set ecn)" ecn=passive
like "a value that is none is refused with those that are" "$(lwip set ecn maybe 2>&1)" "off, on, passive"

# Trace, filter, end.
ok "a trace" bash -c "cd $tmp && timeout 10 $PWD/build/lwip trace tp0 trace.pcap && timeout 10 $PWD/build/lwip ping -c 2 -i 0.05 10.7.0.1 && timeout 10 $PWD/build/lwip trace tp0 off"
is "is written where the user is, and read by tshark" "$(tshark -r $tmp/trace.pcap -Y icmp 2>/dev/null | wc -l)" 4
echo "reject input proto tcp to 10.7.0.2 port 7" >$tmp/rules
ok "rules are loaded" lwip filter load $tmp/rules
ok "and hold" bash -c "ip netns exec $ns curl -s -m 3 http://10.7.0.2:7/; [ \$? -eq 7 ]"
ok "and go" lwip filter off
like "a wrong rule is told with its line" "$(echo nonsense >$tmp/rules; lwip filter load $tmp/rules 2>&1)" "line 1|nonsense"
is "status as JSON" "$(lwip -j status | jq '.interfaces.tp0.rx_packets > 100 and .tcp_passive_opens > 10')" true
# The daemon holds a client's connection as long as its command runs; it is listed in the namespace of the client.
clients() { ss -Hx state connected | grep -c "$tmp/"; }
clients_are() { [ "$(clients)" -eq "$1" ]; }
before=$(clients)
timeout 20 build/lwip ping 10.7.0.1 >$tmp/ping.log & ping=$!
until_true 10 grep -q seq $tmp/ping.log
is "a command runs in the daemon" "$(clients)" $((before + 1))
kill $ping
ok "and ends when its client goes" until_true 10 clients_are "$before"
ok "lwip stop ends it, with services running" lwip stop
is "and nothing is left" "$(lwip -j list)" "[]"
ok "a stack for one command" lwip -s lo ping -c 1 ::1
for page in lwipv6/man/*; do
	is "the manual page ${page##*/} is good" "$(man --warnings=w -l $page 2>&1 >/dev/null)" ""
done
done_testing
