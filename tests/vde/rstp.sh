#!/bin/bash
# Spanning tree. A ring of four switches, and a loop between a switch of ours and a Linux bridge:
#
#      s1 --12-- s2            namespace                 switch
#      |          |       host -- br0 ==== two cables ==== s -- tap in another namespace
#      14        23
#      |          |
#      s4 --34-- s3
#
# A cable that carries the traffic is cut; the traffic must go on within a second.
# timeout: 400
cd "$(dirname "$0")/../.." || exit 2
. tests/lib/tap.sh
. tests/vde/lib/switch.sh
# Timing matters: the build that is installed.
SWITCH=build/bin/vde_switch
ns=vderstp$$

declare -A cable
cable() { # FROM TO
	dpipe vde_plug "$dir/s$1.sw" = vde_plug "$dir/s$2.sw" >/dev/null &
	cable[$1$2]=$!
	at_exit "kill $! 2>/dev/null"
}
roles() { json "$1" fstp/print | jq -r '[.[0].ports[].role] | sort | join(" ")'; }

for i in 1 2 3 4; do switch s$i -F --priority $((i * 4096)) || exit 1; done
cable 1 2
cable 2 3
cable 3 4
cable 1 4
# s3, farthest from the root, blocks one of its ports: the one whose neighbour has the worse id.
ok 'the ring is cut open at one port' until_true 10 test "$(until_true 10 has_ports s3 2
	until_true 10 test "$(roles s3)" = 'Alternate/Backup Root'; roles s3)" = 'Alternate/Backup Root'
is 's1 is the root' "$(json s1 fstp/print | jq '.[0].is_root')" true
is 'and s3 is two hops away' "$(json s3 fstp/print | jq '.[0].cost')" 40000000

$traffic gap "$dir/s1.sw" "$dir/s2.sw" 9 >"$dir/gap" &
measuring=$!
# The clients' ports forward after three seconds without a BPDU; then cut the direct way.
carried() { [ "$(json s2 port/counters 3 | jq '.[0].rate.frames_out')" -gt 500 ]; }
ok 'traffic flows' until_true 30 carried
kill "${cable[12]}"
wait $measuring
gap=$(sed -n 's/.*gap_ms=//p' "$dir/gap")
echo "# ring: silence of $gap ms after a cable was cut"
ok "it goes on within a second ($gap ms)" test "$gap" -lt 1000
is 'by the way round the ring' "$(json s2 fstp/print | jq '.[0].cost')" 60000000
cable 1 2
ok 'the ring closes again' until_true 10 test "$(until_true 8 has_ports s2 2
	until_true 8 test "$(json s2 fstp/print | jq '.[0].cost')" = 20000000
	json s2 fstp/print | jq '.[0].cost')" = 20000000
is 'no frame circles' "$($traffic flow "$dir/s1.sw" "$dir/s3.sw" 5 60 >"$dir/o"; cat "$dir/o" |
	sed 's/.*changed=\([0-9]*\) disordered=\([0-9]*\).*/\1 \2/')" '0 0'
for i in 1 2 3 4; do stop s$i; done

# The Linux bridge speaks STP: our ports fall back to it. It is the root, so we hold the blocked one.
for n in bridge host; do
	ip netns add $ns$n
	at_exit "ip netns del $ns$n"
	ip -n $ns$n link set lo up
done
# With an address of its own: otherwise it changes its address with its ports.
ip -n ${ns}bridge link add br0 address 02:00:00:00:0b:01 type bridge stp_state 1 priority 4096 forward_delay 200 hello_time 100
ip -n ${ns}bridge addr add 10.9.1.1/24 dev br0
ip -n ${ns}bridge link set br0 up
switch s -F --priority 0xf000 || exit 1
for i in 1 2; do
	ip netns exec ${ns}bridge vde_plug2tap -s "$dir/s.sw" up$i &
	uplink[i]=$!
	at_exit "kill $! 2>/dev/null"
	until_true 5 ip -n ${ns}bridge link show up$i
	ip -n ${ns}bridge link set up$i master br0 up
	until_true 5 has_ports s $i
done
ip netns exec ${ns}host vde_plug2tap -s "$dir/s.sw" tap0 &
at_exit "kill $! 2>/dev/null"
until_true 5 has_ports s 3
ask s fstp/setedge 0 3 1 >/dev/null
ip -n ${ns}host addr add 10.9.1.2/24 dev tap0
ip -n ${ns}host link set tap0 up
# The bridge, being the root, forwards on both cables in the end.
both_forward() { [ "$(bridge -n ${ns}bridge link show | grep -c 'state forwarding')" -eq 2 ]; }
blocked() { roles s | grep -q 'Alternate/Backup .*Root'; }
ok 'the loop with the Linux bridge is cut open' until_true 20 blocked
ok 'at our end' until_true 20 both_forward
like 'the bridge is the root for both' "$(json s fstp/print | jq -r '.[0].root')" '^10:00:'
ok 'ping' until_true 20 ip netns exec ${ns}host ping -c 1 -W 1 10.9.1.1
ip netns exec ${ns}host ping -i 0.02 -c 250 -W 1 10.9.1.1 >"$dir/ping" &
pinging=$!
pinged() { [ "$(grep -c 'bytes from' "$dir/ping")" -gt 50 ]; }
until_true 10 pinged
root_port=$(json s fstp/print | jq '.[0].root_port')
kill "${uplink[root_port]}"
wait $pinging
lost=$(grep -oE '[0-9]+ packets transmitted, [0-9]+ received' "$dir/ping" | awk '{ print $1 - $4 }')
echo "# Linux bridge: $lost of 250 pings, 20 ms apart, lost after a cable was cut"
ok "pings go on within a second ($((lost * 20)) ms)" test "$lost" -lt 50
ok 'over the other port' test "$(json s fstp/print | jq '.[0].root_port')" != "$root_port"
stop s

# Off, the switch lets BPDUs and LLDP through, for those who play bridge behind it.
switch s || exit 1
frames() { build/tests/vde/frames "$dir/s.sw" "$1" || { tail -n 5 "$dir/s.log"; ls -la "$dir/s.sw"; return 1; }; }
ok 'off, link-local groups pass' frames linklocal-passes
ask s fstp/setfstp 1 >/dev/null
ok 'on, they do not' frames linklocal-stops
ask s vlan/create 30 >/dev/null
ask s vlan/addport 30 1 >/dev/null
ok 'a tree of a tagged VLAN sends tagged BPDUs' frames tagged-bpdu
stop s
done_testing
