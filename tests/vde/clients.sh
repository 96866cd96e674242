#!/bin/bash
# Debian's own clients on our switch: vde_plug, dpipe, wirefilter, vde_plug2tap, programs of the
# library; who may connect; malformed requests. Frames must arrive whole, once and in order.
cd "$(dirname "$0")/../.." || exit 2
. tests/lib/tap.sh
. tests/vde/lib/switch.sh
ns=vdeclients$$

switch s -m 0666 || exit 1
ask s hash/setminper 0 >/dev/null # the same addresses move between switches below
chmod 755 "$dir"
flow() { timeout 60 $traffic flow "$@"; }

ok 'small frames arrive whole and in order' flow "$dir/s.sw" "$dir/s.sw" 50000 60
ok 'full frames' flow "$dir/s.sw" "$dir/s.sw" 50000 1514
ok 'jumbo frames' flow "$dir/s.sw" "$dir/s.sw" 20000 9230
ok 'a thousand addresses' flow "$dir/s.sw" "$dir/s.sw" 20000 100 1000
ok 'ports are free again' until_true 5 has_ports s 0
ok 'and their addresses forgotten' until_true 5 test "$(json s hash/print)" = '[]'

# Across two switches, over Debian's plugs joined by dpipe and through its wirefilter.
switch t || exit 1
dpipe vde_plug "$dir/s.sw" = vde_plug "$dir/t.sw" &
at_exit "kill $! 2>/dev/null"
until_true 5 has_ports t 1
ok 'over vde_plug and dpipe' flow "$dir/s.sw" "$dir/t.sw" 30000 1000
switch u || exit 1
mkfifo "$dir/stdin" # wirefilter ends with its standard input
wirefilter -v "$dir/s.sw:$dir/u.sw" -M "$dir/wf.mgmt" 0<>"$dir/stdin" >/dev/null 2>&1 &
at_exit "kill $! 2>/dev/null"
until_true 5 has_ports u 1
ok 'over wirefilter' flow "$dir/s.sw" "$dir/u.sw" 20000 1000

# A host's interface: two name spaces, one on a tap of the switch, one on vde_plug2tap.
for n in a b; do
	ip netns add $ns$n
	at_exit "ip netns del $ns$n"
	ip -n $ns$n link set lo up
done
ip netns exec ${ns}a ip tuntap add tap0 mode tap
ip netns exec ${ns}a "$SWITCH" --nostdin -s "$dir/v.sw" -M "$dir/v.mgmt" -t tap0 \
	</dev/null 2>"$dir/v.log" &
switch_pid[v]=$!
at_exit 'stop_quietly v'
until_true 10 test -S "$dir/v.sw/ctl"
ip netns exec ${ns}b vde_plug2tap -s "$dir/v.sw" tap0 &
at_exit "kill $! 2>/dev/null"
until_true 5 has_ports v 2
ip -n ${ns}a addr add 10.9.0.1/24 dev tap0
ip -n ${ns}b addr add 10.9.0.2/24 dev tap0
ip -n ${ns}a link set tap0 up
ip -n ${ns}b link set tap0 up
ok 'hosts ping each other through a tap and vde_plug2tap' \
	until_true 10 ip netns exec ${ns}a ping -c 1 -W 1 10.9.0.2
is 'a tap is an endpoint' "$(json v port/print | jq -r '.[0].endpoints[0].module')" tuntap

# Programs of vde-2, written for the library before libvdeplug 4: a gateway and a router.
like 'slirpvde is of the old library' "$(dpkg-query -W -f '${Version}' vde2)" '^2\.'
slirpvde -s "$dir/v.sw" -n 10.0.2.0 </dev/null >"$dir/slirp.out" 2>&1 &
at_exit "kill $! 2>/dev/null"
ip -n ${ns}b addr add 10.0.2.15/24 dev tap0
ok 'slirpvde answers as a gateway' until_true 10 ip netns exec ${ns}b ping -c 1 -W 1 10.0.2.2
like 'its description is shown' "$(json v port/print | jq -r '.[].endpoints[].description')" 'slirpvde: user=root pid='
vde_l3 -v "$dir/v.sw:10.9.0.3/255.255.255.0" -M "$dir/l3.mgmt" 0<>"$dir/stdin" >/dev/null 2>&1 &
at_exit "kill $! 2>/dev/null"
ok 'vde_l3 answers as a router' until_true 10 ip netns exec ${ns}b ping -c 1 -W 1 10.9.0.3

# Requests. Chosen ports, other users, port 0, refusals.
plug s --port 7
ok 'a chosen port' until_true 5 has_ports s 3
is 'is the one given' "$(json s port/print 7 | jq '.[0].port')" 7
plug s --port 7
ok 'and has several endpoints' until_true 5 test "$(json s port/print 7 | jq '.[0].endpoints | length')" = 2
runuser -u nobody -- timeout 5 vde_plug --port 7 "$dir/s.sw" </dev/null >/dev/null 2>&1
ok "another user does not get it" test $? -ne 0
ok 'and the log says why' until_true 5 grep -q 'in use by another user' "$dir/s.log"
like 'and so does our client' "$(runuser -u nobody -- timeout 5 build/bin/vde plug --port 7 "$dir/s.sw" \
	</dev/null 2>&1)" '^vde: cannot connect to .*: the port it asks for is in use by another user$'
like 'a port named in the VNL' "$(timeout 5 build/bin/vde plug "vde://$dir/s.sw[4000]" </dev/null 2>&1)" \
	'the port it asks for does not exist; see port/setnumports$'
ask s port/create 8 >/dev/null
is 'access control' "$(status s port/setuser 8 daemon)" '1000 Success'
runuser -u nobody -- timeout 5 vde_plug --port 8 "$dir/s.sw" </dev/null >/dev/null 2>&1
ok 'refuses other users' until_true 5 grep -q 'not for this user' "$dir/s.log"
runuser -u nobody -- timeout 5 vde_plug "vde://$dir/s.sw[0]" </dev/null >/dev/null 2>&1
ok 'port 0 is for those who may manage' until_true 5 grep -q 'for port 0' "$dir/s.log"
target="vde://$dir/s.sw[0]" plug s
ok 'like root' until_true 5 test "$(json s port/print 0 | jq '.[0].port')" = 0
ok 'and an address that is another user'"'"'s socket' build/tests/vde/requests "$dir/s.sw" foreign
ok 'requests in every malformed shape are refused' build/tests/vde/requests "$dir/s.sw" malformed
ok 'version 1, split and abstract requests are served' build/tests/vde/requests "$dir/s.sw" forms
ok 'oversized, short and empty frames' build/tests/vde/requests "$dir/s.sw" frames
is 'runts and oversized frames are errors' "$(json s port/counters 20 | jq '.[0].total.errors_in')" 3
ok '300 clients that say nothing do not keep others out' build/tests/vde/requests "$dir/s.sw" silent
ok 'still a switch' flow "$dir/s.sw" "$dir/s.sw" 10000 100
stop s
stop t
stop u
stop v
done_testing
