#!/bin/bash
# SPDX-License-Identifier: GPL-2.0-only
# timeout: 180
# Row 69: attacks made by scapy on a stack under the sanitizers, which goes on serving and keeps its memory bounded.
set -u
. "$(dirname "$0")/../lib/tap.sh"
cd "$(dirname "$0")/../.." || exit 2
tmp=$(mktemp -d) ns=lwat$$
export XDG_RUNTIME_DIR=$tmp
at_exit "rm -rf $tmp"
ip netns add $ns || exit 1
at_exit "ip netns del $ns"
in_ns() { ip netns exec $ns "$@"; }
in_ns ip tuntap add lt mode tap
in_ns ip addr add 10.7.0.1/16 dev lt
in_ns ip addr add fd00:7::1/64 dev lt nodad
in_ns ip link set lt up
ip netns exec $ns build/san/lwip -f start tp0=lt,ip=tp0:10.7.0.2/16,ip=tp0:fd00:7::2/64,auto=tp0,forward >$tmp/log 2>&1 </dev/null & stack=$!
at_exit "kill $stack 2>/dev/null"
lwip() { timeout 30 build/lwip "$@"; }
until_true 10 lwip link
mac=$(lwip -j link show tp0 | jq -r '.[0].address')
build/lwip serve echo >$tmp/serve.log 2>&1 </dev/null & serve=$!
at_exit "kill $serve 2>/dev/null"
until_true 10 in_ns ping -c1 -W1 10.7.0.2
memory() { awk '/VmRSS/ { print $2 }' /proc/$stack/status; }
python=/usr/bin/python3
frames=$(in_ns timeout 150 $python tests/lwipv6/attacks.py lt "$mac" 10.7.0.2 fd00:7::2 2>$tmp/error)
ok "row 69: scapy sent its frames ($frames)" [ "${frames:-0}" -gt 10000 ]
[ -s $tmp/error ] && tail -n 3 $tmp/error | sed 's/^/# /'
ok "row 69: the stack lives" kill -0 $stack
ok "row 69: it answers ping of both families" until_true 20 bash -c "ip netns exec $ns ping -c1 -W1 10.7.0.2 && ip netns exec $ns ping -c1 -W1 fd00:7::2"
is "row 69: it serves" "$(echo hello | in_ns socat -t5 - TCP4:10.7.0.2:7)" hello
ok "row 69: neighbours, routes and addresses are bounded" bash -c "[ \$(timeout 20 build/lwip neigh | wc -l) -le 1100 -a \$(timeout 20 build/lwip route | wc -l) -le 1200 -a \$(timeout 20 build/lwip addr | wc -l) -le 1200 ]"
echo "# $(lwip neigh | wc -l) neighbours, $(lwip route | wc -l) routes, $(lwip addr | wc -l) lines of addresses, $(memory) KiB resident under the sanitizers"
ok "row 69: it ends without a complaint" bash -c "timeout 30 build/lwip stop && ! grep -Eq 'ERROR|runtime error' $tmp/log"
[ $tap_failed = 0 ] || head -n 30 $tmp/log | sed 's/^/# /'
done_testing
