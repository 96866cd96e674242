#!/bin/bash
# Clients that behave badly must cost nobody else anything, and the switch nothing that stays.
# timeout: 240
cd "$(dirname "$0")/../.." || exit 2
. tests/lib/tap.sh
. tests/vde/lib/switch.sh

switch s -n 100 || exit 1
descriptors() { ls "/proc/${switch_pid[s]}/fd" | wc -l; }
files() { ls -A "$dir/s.sw" | wc -l; }
# The first client starts a thread, which stays.
plug s
until_true 10 has_ports s 1
kill $plugged
until_true 10 has_ports s 0
before="$(descriptors) $(files)"

build/tests/vde/clients "$dir/s.sw" deaf 5 &
at_exit "kill $! 2>/dev/null"
deaf=$!
until_true 10 has_ports s 5
ok 'five clients that never read take nothing from a flow' timeout 60 \
	$traffic flow "$dir/s.sw" "$dir/s.sw" 20000 1000
build/tests/vde/clients "$dir/s.sw" flood 20000
ok 'floods to them are dropped and counted' until_true 5 test \
	"$(json s port/counters | jq '[.[].total.drops_out] | add')" -gt 0
is 'the console answers' "$(status s port/showinfo)" '1000 Success'
kill $deaf
wait $deaf 2>/dev/null
ok 'dead clients leave' until_true 10 has_ports s 0

ok 'forged source addresses' build/tests/vde/clients "$dir/s.sw" forge 200000
ok 'fill the table only to its bound' test "$(json s hash/showinfo | jq .entries)" -le 1048576
ask s hash/setsize 128 >/dev/null
ok '10,000 connections come and go' timeout 200 build/tests/vde/clients "$dir/s.sw" cycle 10000
ok '2,000 connections that end before their request' build/tests/vde/clients "$dir/s.sw" hasty 2000
settled() { [ "$(descriptors) $(files)" = "$before" ]; }
ok 'no descriptor, file or port is left' until_true 10 settled
ok 'has no ports' has_ports s 0
ok 'the flow goes on' timeout 60 $traffic flow "$dir/s.sw" "$dir/s.sw" 20000 1000

# Killed and started again: the directory of the dead one is taken over.
kill -9 "${switch_pid[s]}"
wait "${switch_pid[s]}" 2>/dev/null
switch s -n 100
ok 'a new switch takes over the directory of a killed one' timeout 60 \
	$traffic flow "$dir/s.sw" "$dir/s.sw" 5000 1000
build/san/bin/vde_switch --nostdin -s "$dir/s.sw" </dev/null >"$dir/second" 2>&1
is 'but not of a living one' $? 1
like 'and says so' "$(cat "$dir/second")" 'is in use'
stop s

# The background: the parent ends when the switch is ready; systemd is told as well.
SWITCH=build/bin/vde_switch
socat -u "UNIX-RECVFROM:$dir/notify" "CREATE:$dir/notified" &
at_exit "kill $! 2>/dev/null"
until_true 5 test -S "$dir/notify"
NOTIFY_SOCKET=$dir/notify $SWITCH -d -s "$dir/d.sw" -p "$dir/d.pid" -M "$dir/d.mgmt"
is 'in the background' $? 0
ok 'ready when the parent ends' test -S "$dir/d.sw/ctl" -a -s "$dir/d.pid"
ok 'systemd is told' until_true 5 grep -q READY=1 "$dir/notified"
kill "$(cat "$dir/d.pid")"
ok 'everything is removed at the end' until_true 10 test ! -e "$dir/d.sw" -a ! -e "$dir/d.pid" -a ! -e "$dir/d.mgmt"
$SWITCH -d -s /proc/nonsense 2>"$dir/out"
is 'a switch that cannot start says so to its parent' $? 1
like 'and to the user' "$(cat "$dir/out")" 'cannot make the switch directory'
done_testing
