#!/bin/bash
# vde_switch with the module kvde, in a guest: what the module carries, and how ports come and go under traffic.
cd "$(dirname "$0")/../.." || exit 2
. tests/lib/tap.sh
. tests/vde/lib/switch.sh
SWITCH=build/bin/vde_switch
ns=kvde$$

carried() { [ "$(json s kvde/print | jq length)" = "$1" ]; }
flow() { timeout 120 $traffic flow "$@"; }
A="vde://$dir/s.sw[1]" B="vde://$dir/s.sw[2]"
number() { json s port/counters "$1" | jq ".[0].total.$2"; }

# ---- with and without the module
modprobe -r kvde 2>/dev/null
like "without the module it says so, if it must have it" "$(timeout 20 $SWITCH --kvde always --nostdin -s "$dir/n.sw" 2>&1)" \
	'cannot use /dev/kvde: No such file or directory; load it by modprobe kvde'
like "a wrong word" "$($SWITCH --kvde perhaps 2>&1)" 'give auto, always or never'
switch s || exit 1
ok "else it works without" flow "$A" "$B" 2000 100
like "and says that there is none" "$(status s kvde/print)" '^1019 No such device'
stop s
ok "the module is loaded" modprobe kvde
switch s || exit 1
ok "it cannot be taken away from a switch" eval '! rmmod kvde 2>/dev/null'

# ---- carrying
$traffic idle "$dir/s.sw" "$dir/s.sw" 4 < <(sleep 20) >/dev/null &
idle=$!
ok "clients' ports are carried by the module" until_true 20 carried 4
is "as port/print says" "$(json s port/print | jq -r '.[].endpoints[].plane' | sort -u)" kvde
kill $idle
ok "they leave" until_true 20 carried 0
for size in 60 1514 9230; do ok "frames of $size bytes arrive whole and in order" flow "$A" "$B" 20000 $size; done
ask s port/create 1 >/dev/null
ask s port/create 2 >/dev/null
ask s port/resetcounter >/dev/null
$traffic flow "$A" "$B" 5000 500 >"$dir/o"
sent=$(sed 's/.*sent=\([0-9]*\) .*/\1/' "$dir/o")
# Credit and one frame from each, so that addresses are known, come on top.
ok "counters are exact: in at one port is out at the other" test "$(number 1 frames_in)" = "$(number 2 frames_out)" -a \
	"$(number 1 frames_in)" -ge "$sent" -a "$(number 2 frames_in)" = "$(number 1 frames_out)"
is "and no drops" "$(number 1 drops_out) $(number 2 drops_out) $(number 1 drops_in)" "0 0 0"

# ---- ports change planes under traffic: nothing lost, changed or out of order
changing() { # COMMAND-ON COMMAND-OFF
	local n=0
	while kill -0 "$flowing" 2>/dev/null; do
		ask s "$1" >/dev/null
		ask s "$2" >/dev/null
		n=$((n + 1))
	done
	echo "changed $n times" >>"$dir/flow"
	[ $n -ge 2 ]
}
while IFS='|' read -r name on off; do
	$traffic flow "$A" "$B" 60000 300 >"$dir/flow" 2>&1 &
	flowing=$!
	until_true 20 carried 2
	ok "$name: it changes" changing "$on" "$off"
	wait $flowing
	is "$name: nothing is lost" "$? $(head -n1 "$dir/flow" | cut -d' ' -f2-4)" "0 received=60000 changed=0 disordered=0"
	sed "s/^/# $name: /" "$dir/flow"
done <<-END
	a limit|port/limit 1 rate 1000000000|port/limit 1 rate 0
	a capture|capture/start $dir/c.pcapng port 2|capture/stop $dir/c.pcapng
	a hub|port/sethub 1|port/sethub 0
END

# ---- others on the switch
ip netns add $ns
at_exit "ip netns del $ns 2>/dev/null"
ip netns exec $ns ip link set lo up
switch t --kvde never -t "tap$$" || exit 1
ok "a tap is not the module's" test "$(json t port/print | jq -r '.[0].endpoints[0].plane')" = user
stop t
switch m -t "tapm$$" || exit 1
ip addr add 10.9.0.1/24 dev "tapm$$"
ip link set "tapm$$" up
ip netns exec $ns vde_plug2tap -s "$dir/m.sw" tapn >/dev/null 2>&1 &
plug2tap=$!
at_exit "kill $plug2tap 2>/dev/null"
ok "the other end is there" until_true 20 ip netns exec $ns ip link show tapn
ip netns exec $ns ip addr add 10.9.0.2/24 dev tapn
ip netns exec $ns ip link set tapn up
ok "a client and a tap: ARP and ping through both planes" timeout 60 ip netns exec $ns ping -q -c 20 -i 0.05 -W 5 10.9.0.1
is "the client is the module's" "$(json m kvde/print | jq length)" 1
stop m

# ---- ends
timeout 60 $traffic flow "$A" "$B" 10000000 100 >/dev/null 2>&1 &
flowing=$!
until_true 20 carried 2
kill -9 "${switch_pid[s]}"
wait "${switch_pid[s]}" 2>/dev/null
unset 'switch_pid[s]'
ok "a switch is killed under traffic: the module is free" until_true 20 rmmod kvde
kill $flowing 2>/dev/null
wait $flowing 2>/dev/null
for cycle in 1 2 3 4 5; do
	modprobe kvde && switch s --kvde always || break
	$traffic flow "$A" "$B" 1000000 100 >/dev/null 2>&1 &
	flowing=$!
	until_true 20 carried 2
	kill -9 "${switch_pid[s]}"
	wait "${switch_pid[s]}" 2>/dev/null
	unset 'switch_pid[s]'
	until_true 20 rmmod kvde || break
	kill $flowing 2>/dev/null
	wait $flowing 2>/dev/null
done
is "five times more" $cycle 5
done_testing
