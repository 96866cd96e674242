#!/bin/bash
# vde filter: what it does to frames, its console, and its place between two plugs of dpipe.
cd "$(dirname "$0")/../.." || exit 2
. tests/lib/tap.sh

V=$PWD/build/bin/vde
dir=$(mktemp -d)
net=vdefilter$$
at_exit 'rm -rf "$dir"'
in_ns() { local ns=$1; shift; ip netns exec "$net.$ns" "$@"; }
at_exit 'for file in "$dir"/*.pid; do kill "$(cat "$file")" 2>/dev/null; done'

# Two switches, a host on each.
for i in 1 2; do
	ip netns add $net.$i || exit 1
	at_exit "ip netns del $net.$i 2>/dev/null"
	in_ns $i sysctl -qw net.ipv6.conf.default.disable_ipv6=1
	build/bin/vde_switch -d -s "$dir/s$i" -p "$dir/s$i.pid"
	in_ns $i "$V" tap -d -P "$dir/t$i.pid" --up -s "$dir/s$i" vt0
	in_ns $i ip addr add 10.2.0.$i/24 dev vt0
done
mgmt=$dir/mgmt
filter() { "$V" filter --daemon --pidfile "$dir/filter.pid" -M "$mgmt" "$@"; }
end_filter() {
	kill "$(cat "$dir/filter.pid")"
	until_true 10 test ! -e "$dir/filter.pid"
}
tell() { "$V" cmd "$mgmt" "$@"; }
ping_from() { local ns=$1; shift; in_ns "$ns" ping -n -q -W 2 "$@"; }
# The shortest of some round trips: what a busy machine adds is not in it.
fastest() { ping_from 1 "$@" 10.2.0.2 | sed -n 's|^rtt.* = \([^/]*\)/.*|\1|p'; }
lost() { ping_from 1 "$@" 10.2.0.2 | sed -n 's/.* \([0-9.]*\)% packet loss.*/\1/p'; }
between() { awk -v v="$1" -v low="$2" -v high="$3" 'BEGIN { exit !(v >= low && v <= high) }'; }
counted() { tell showinfo | sed -n "s/^$1 .* $2 \([0-9]*\).*/\1/p"; }

ok 'the old form of names' filter -v "$dir/s1:$dir/s2"
ok 'an unimpaired cable' ping_from 1 -c 3 -i 0.02 10.2.0.2
like 'the prompt and the commands of old' "$(tell help)" 'markov-numnodes'
ok 'delay, one way' tell delay LR40
time=$(fastest -c 10 -i 0.05)
ok "is felt once in a round trip ($time ms)" between "$time" 40 79
ok 'delay, both ways' tell delay 40
time=$(fastest -c 10 -i 0.05)
ok "is felt twice ($time ms)" between "$time" 80 2000
tell delay 0 >/dev/null

ok 'loss' tell loss LR30
percent=$(lost -c 300 -i 0.005 -W 0.1)
ok "loses about so much ($percent %)" between "$percent" 15 50
ok 'and the other way none' test "$(counted RL lost)" = 0
tell loss 0 >/dev/null
ok 'duplication' tell dup RL100
like 'is seen' "$(in_ns 1 ping -n -c 2 -W 1 10.2.0.2)" 'DUP!'
tell dup 0 >/dev/null
ok 'a short MTU' tell mtu 500
is 'loses long frames' "$(lost -c 1 -s 1000)" 100
is 'and not short ones' "$(lost -c 1 -s 100)" 0
tell mtu 0 >/dev/null
ok 'a slow channel' tell bandwidth 100K
time=$(fastest -c 5 -i 0.1 -s 1400)
ok "takes its time ($time ms)" between "$time" 27 2000
tell bandwidth 0 >/dev/null
ok 'noise' tell noise 100K
is 'spoils every frame' "$(lost -c 3 -i 0.1 -s 1000)" 100
tell noise 0 >/dev/null

# The Markov chain: node 1 loses everything, and the chain goes there at once and stays.
for command in 'markov-numnodes 2' 'markov-setnode 1' 'loss 100' 'markov-name 1,storm' \
	'markov-time 10' 'setedge 0,1,100' 'setedge 1,0,0'; do
	ok "$command" tell "$command"
done
ok 'the chain arrives' until_true 5 eval 'tell showcurrent | grep -q "1 (storm)"'
is 'where everything is lost' "$(lost -c 2 -i 0.05 -W 0.2)" 100
like 'edges can be read' "$(tell showedges 0)" '0->1 weight 100'

# Bad input.
for command in 'delay' 'delay x' 'loss 101' 'loss LRRL3' 'mtu -5' 'markov-numnodes 0' 'setedge 0,9,5' \
	'setedge 0' 'fifo 2' 'markov-setnode 77'; do
	tell "$command" >/dev/null 2>&1
	is "refused: $command" $? 22
done
printf 'showinfo\nfifo 1\nx\0garbage\377\nlogout\n' | timeout 5 socat -t 3 - "UNIX-CONNECT:$mgmt" \
	>"$dir/raw"
like 'several commands in one write are all carried out' "$(tr -d '\0' <"$dir/raw" | tr '\n' ' ')" \
	'VDEwf\$ 0000 DATA.*1000 Success.*VDEwf\$ 1000 Success.*1038.*9999 END OF SESSION'
head -c 5000 /dev/zero | tr '\0' a | timeout 5 socat - "UNIX-CONNECT:$mgmt" >/dev/null
ok 'a line without end ends that session only' tell fifo 1
ok 'the console ends the filter' tell shutdown
ok 'and its socket and pid file go' until_true 10 test ! -e "$mgmt" -a ! -e "$dir/filter.pid"

# A script, blinking, other forms of the command line.
printf '# slow\ndelay 30\n' >"$dir/rc"
socat -u UNIX-RECV:"$dir/blink" - >"$dir/blinks" & blinks=$!
at_exit "kill $blinks 2>/dev/null"
until_true 10 test -S "$dir/blink"
ok 'two names, a script, a lamp' filter -f "$dir/rc" --blink "$dir/blink" --blinkid lamp "$dir/s1" "$dir/s2"
time=$(fastest -c 5 -i 0.1)
ok "the script holds ($time ms)" between "$time" 60 2000
ok 'the lamp blinks' until_true 5 grep -Eq '^lamp (LR|RL) [0-9]+$' "$dir/blinks"
end_filter
printf 'delay 30\nnonsense\n' >"$dir/rc"
like 'a bad script is named with its line' "$(filter -f "$dir/rc" "$dir/s1" "$dir/s2" 2>&1)" ':2: '
like 'a bad value is explained' "$("$V" filter -d x a b 2>&1)" 'delay x: a value is'

dpipe "$V" plug "$dir/s1" = "$V" filter -M "$mgmt" -d 20 = "$V" plug "$dir/s2" & dpipe=$!
at_exit "kill $dpipe 2>/dev/null"
until_true 10 test -S "$mgmt"
time=$(fastest -c 5 -i 0.1)
ok "between two plugs of dpipe ($time ms)" between "$time" 40 2000
tell shutdown >/dev/null
wait $dpipe

dpipe /usr/bin/vde_plug "$dir/s1" = "$V" filter -M "$mgmt" -d 20 = /usr/bin/vde_plug "$dir/s2" & dpipe=$!
until_true 10 test -S "$mgmt"
time=$(fastest -c 5 -i 0.1)
ok "between two of Debian's vde_plug ($time ms)" between "$time" 40 2000
tell shutdown >/dev/null
wait $dpipe
done_testing
