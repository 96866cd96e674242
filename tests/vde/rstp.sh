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
# Another priority of the root, and back: broadcasts all the while, none more than a few times. (Each
# frame may come twice while a port changes its state; in a storm it comes a hundred times.)
cat >"$dir/copies.py" <<'END'
import collections, os, select, struct, subprocess, sys, time
vde, a, b, seconds = sys.argv[1], sys.argv[2], sys.argv[3], float(sys.argv[4])
open_plug = lambda sw: subprocess.Popen([vde, "plug", sw], stdin=subprocess.PIPE, stdout=subprocess.PIPE)
sender, receiver = open_plug(a), open_plug(b)
out = receiver.stdout.fileno()
os.set_blocking(out, False)
os.set_blocking(sender.stdout.fileno(), False)
seen, data, number = collections.Counter(), b"", 0
end = time.monotonic() + seconds
while time.monotonic() < end + 1:
    if time.monotonic() < end:
        frame = b"\xff" * 6 + b"\x02\0\0\0\x77\x01\x88\xb5" + struct.pack("!I", number) + bytes(60)
        number += 1
        sender.stdin.write(struct.pack("!H", len(frame)) + frame)
        sender.stdin.flush()
    time.sleep(0.004)
    for fd in out, sender.stdout.fileno():
        while select.select([fd], [], [], 0)[0]:
            got = os.read(fd, 65536)
            if not got:
                break
            if fd == out:
                data += got
    while len(data) >= 2 and len(data) >= 2 + struct.unpack("!H", data[:2])[0]:
        length = struct.unpack("!H", data[:2])[0]
        frame, data = data[2:2 + length], data[2 + length:]
        if frame[6:12] == b"\x02\0\0\0\x77\x01":
            seen[frame[14:18]] += 1
for plug in sender, receiver:
    plug.terminate()
print(max(seen.values(), default=0), len(seen), number)
END
worst=0 least=100000
for _ in 1 2 3 4; do
	python3 "$dir/copies.py" build/bin/vde "$dir/s2.sw" "$dir/s3.sw" 5 >"$dir/copies" &
	copying=$!
	until_true 10 has_ports s2 3
	until_true 10 has_ports s3 3
	until_true 10 eval '[ "$(json s3 port/counters 3 | jq ".[0].rate.frames_out")" -gt 50 ]'
	ask s1 fstp/setpriority 0 >/dev/null
	until_true 5 eval 'json s3 fstp/print | jq -e ".[0].root[0:5] == \"00:00\""'
	ask s1 fstp/setpriority 61440 >/dev/null
	until_true 5 eval 'json s3 fstp/print | jq -e ".[0].root[0:5] == \"20:00\""'
	wait $copying
	read -r most arrived sent <"$dir/copies"
	echo "# priority of the root changed twice: $arrived of $sent broadcasts arrived, at most $most times"
	[ "$most" -le $worst ] || worst=$most
	[ "$arrived" -ge $least ] || least=$arrived
	ask s1 fstp/setpriority 4096 >/dev/null
	until_true 5 eval 'json s3 fstp/print | jq -e ".[0].root[0:5] == \"10:00\""'
	until_true 10 has_ports s2 2
done
ok "no storm when the root's priority changes (at most $worst times)" test "$worst" -le 4
ok "and frames arrive ($least)" test "$least" -gt 100

# Settings of the protocol.
is 'times that do not fit each other are refused' "$(status s1 fstp/settimes 20 2 4)" '1022 Invalid argument'
is 'times and hold count' "$(status s1 fstp/settimes 40 1 21 8)" '1000 Success'
is 'are what is shown' "$(json s1 fstp/showinfo | jq -c '[.max_age, .hello, .forward_delay, .tx_hold_count]')" '[40,1,21,8]'
ask s1 fstp/settimes 20 2 15 6 >/dev/null
plug s2
ok 'a client' until_true 10 has_ports s2 3
ask s2 fstp/setcost 0 3 77 >/dev/null
is 'a cost of its own' "$(json s2 fstp/print | jq '.[0].ports[] | select(.port == 3).cost')" 77
kill "$plugged"
# The tree has settled when a hello time and more changes nothing.
settled() {
	root_port=$(json s3 fstp/print | jq '.[0].root_port')
	read -r -t 2.5 <> <(:) || :
	[ "$(json s3 fstp/print | jq '.[0].root_port')" = "$root_port" ]
}
root_port=''
until settled; do :; done
ask s3 "fstp/rootguard 0 $root_port 1" >/dev/null
ok 'root guard: the root is sought elsewhere' until_true 10 eval \
	'r=$(json s3 fstp/print | jq ".[0].root_port"); [ "$r" != '"$root_port"' ] && [ "$r" != 0 ]'
is 'and the port blocks' "$(json s3 fstp/print | jq -r ".[0].ports[] | select(.port == $root_port).role")" Alternate/Backup
ask s3 "fstp/rootguard 0 $root_port 0" >/dev/null
ok 'until it is taken off' until_true 10 eval '[ "$(json s3 fstp/print | jq ".[0].root_port")" = '"$root_port"' ]'
ask s3 "fstp/bpduguard 0 $root_port 1" >/dev/null
ok 'BPDU guard: the port is shut' until_true 10 eval \
	'json s3 fstp/print | jq -e ".[0].ports[] | select(.port == '"$root_port"').shut"'
ok 'which the log says' grep -q 'a BPDU came where the guard allows none' "$dir/s3.log"
ask s3 "fstp/bpduguard 0 $root_port 0" >/dev/null
ok 'until it is taken off' until_true 10 eval '[ "$(json s3 fstp/print | jq ".[0].root_port")" = '"$root_port"' ]'
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
