#!/bin/bash
# The switch under ThreadSanitizer, with race/urcu.h in place of liburcu: traffic on several data
# threads while the control thread changes everything that they read.
cd "$(dirname "$0")/../.." || exit 2
. tests/lib/tap.sh
. tests/vde/lib/switch.sh
SWITCH=build/race/vde_switch
# That readers may hold a lock of ours inside RCU, and the other way round, is no deadlock in RCU.
export TSAN_OPTIONS="exitcode=66 detect_deadlocks=0 history_size=4"
switch s --ports-per-thread 1 || exit 1

ok 'frames arrive' timeout 120 $traffic flow "$dir/s.sw" "$dir/s.sw" 30000 200 100
timeout 120 $traffic rate "$dir/s.sw" "$dir/s.sw" 300 20000 20 >/dev/null & sender=$!
until_true 20 has_ports s 2
for command in 'vlan/create 5' 'port/create 3' 'port/mirror 1 3 both' 'port/limit 1 rate 100000000' \
	'impair/set 1 delay 2' "capture/start $dir/c.pcapng" 'impair/clear 1' "capture/stop $dir/c.pcapng" \
	'vlan/addport 5 2' 'port/setvlan 1 5' 'port/setvlan 1 0' 'fstp/setfstp 1' 'hash/print' \
	'plugin/add iplog' 'iplog/ipadd 0.0.0.0/0' 'plugin/add dump' 'dump/active 1' 'port/counters' \
	'plugin/add pdump' "pdump/filename $dir/p.cap" 'pdump/active 1' "pdump/filename $dir/q.cap" 'plugin/del pdump' \
	'fstp/setfstp 0' 'hash/setsize 64' 'hash/setexpire 1' 'plugin/del dump' 'plugin/del iplog' \
	'port/setqlen 1 10' 'port/sethub 1' 'port/sethub 0' 'port/mirror 1 off'; do
	is "$command" "$(status s "$command")" '1000 Success'
done
ok 'clients come and go' timeout 120 build/tests/vde/clients "$dir/s.sw" cycle 200
kill $sender
wait $sender
is 'no race' "$(grep -c 'WARNING: ThreadSanitizer' "$dir/s.log")" 0
stop s
done_testing
