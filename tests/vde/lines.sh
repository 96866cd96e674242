#!/bin/bash
# What a port's line does to frames: limits, impairments; and captures of it.
cd "$(dirname "$0")/../.." || exit 2
. tests/lib/tap.sh
. tests/vde/lib/switch.sh

switch s || exit 1
do_all() { local c; for c; do [ "$(status s "$c")" = '1000 Success' ] || { echo "$c: $(status s "$c")"; return 1; }; done; }
gone() { until_true 5 has_ports s 0; }

# The clients of the traffic tool get ports 5 and 6, by their VNLs.
A="vde://$dir/s.sw[5]" B="vde://$dir/s.sw[6]"
number() { json s port/counters "$1" | jq ".[0].total.$2"; }
ok 'a limit' do_all 'port/create 5' 'port/create 6' 'port/limit 5 rate 100000' 'port/resetcounter'
$traffic rate "$A" "$B" 1000 1000 1 >/dev/null
# 100 kB/s for a second and a burst of a tenth: about 110 of 1,000 frames.
ok "limits the rate ($(number 6 frames_out) of 1000 frames)" \
	test "$(number 6 frames_out)" -ge 80 -a "$(number 6 frames_out)" -le 160
ok 'and counts what it drops' test "$(number 5 drops_in)" -ge 800
ok 'no limit' do_all 'port/limit 5 rate 0' 'port/limit 5 unknown 100' 'hash/setexpire 100'
ok 'a storm of frames to unknown addresses is limited' build/tests/vde/frames "$dir/s.sw" storm
ok 'no limit again' do_all 'port/limit 1 unknown 0' 'port/limit 5 unknown 0'
gone

impaired() { json s impair/print "$1" | jq ".[0].$2"; }
ok 'an impaired line' do_all 'impair/set 5 loss LR20' 'port/resetcounter'
$traffic rate "$A" "$B" 100 5000 2 >"$dir/o"
lost=$(sed 's/.*loss_percent=\([0-9]*\).*/\1/' "$dir/o")
ok "loses a fifth ($lost %)" test "$lost" -ge 16 -a "$lost" -le 24
ok 'in bursts' do_all 'impair/set 5 lostburst LR10'
$traffic rate "$A" "$B" 100 5000 2 >"$dir/o"
lost=$(sed 's/.*loss_percent=\([0-9]*\).*/\1/' "$dir/o")
ok "the same loss ($lost %)" test "$lost" -ge 10 -a "$lost" -le 30
ok 'delay' do_all 'impair/clear 5' 'impair/set 5 delay LR30'
rtt=$($traffic rtt "$A" "$B" 20 | sed 's/median_us=\([0-9]*\).*/\1/')
ok "delays ($rtt us)" test "$rtt" -ge 30000 -a "$rtt" -lt 60000
ok 'a perfect flow through a delaying line' do_all 'impair/set 5 delay 5+4'
ok 'keeps order while it jitters' timeout 30 $traffic flow "$A" "$B" 5000 200
ok 'overtaking' do_all 'impair/fifo 5 0'
$traffic flow "$A" "$B" 2000 200 >"$dir/o"
ok 'reorders' test "$(sed 's/.*disordered=\([0-9]*\).*/\1/' "$dir/o")" -gt 0
ok 'duplication' do_all 'impair/clear 5' 'impair/set 5 dup LR50'
$traffic rate "$A" "$B" 100 1000 1 >/dev/null
ok 'doubles frames' test "$(impaired 5 in.duplicates)" -gt 300
ok 'noise' do_all 'impair/clear 5' 'impair/set 5 noise LR8K'
$traffic flow "$A" "$B" 1000 1000 >"$dir/o"
ok 'changes frames' test "$(impaired 5 in.corrupted)" -gt 100
ok 'a slow line' do_all 'impair/clear 5' 'impair/set 5 bandwidth LR100K' 'impair/set 5 chanbufsize LR20K'
$traffic rate "$A" "$B" 998 1000 2 >"$dir/o"
arrived=$(sed 's/.*received=\([0-9]*\) .*/\1/' "$dir/o")
ok "carries 100 KiB a second and 20 KiB more ($arrived frames)" \
	test "$arrived" -ge 190 -a "$arrived" -le 260
ok 'a Markov chain' do_all 'impair/clear 5' 'impair/nodes 5 2' 'impair/step 5 10' \
	'impair/edge 5 0 1 50' 'impair/edge 5 1 0 50' 'impair/node 5 1' 'impair/set 5 loss LR100'
$traffic rate "$A" "$B" 100 2000 2 >"$dir/o"
lost=$(sed 's/.*loss_percent=\([0-9]*\).*/\1/' "$dir/o")
ok "is in each of two nodes half the time ($lost % lost)" test "$lost" -ge 30 -a "$lost" -le 70
is 'an edge too heavy' "$(status s impair/edge 5 0 1 101)" '1022 Invalid argument'
is 'no such impairment' "$(status s impair/set 5 gravity 1)" '1022 Invalid argument'
ok 'and cleared' do_all 'impair/clear 5'

mkfifo "$dir/pipe"
ok 'capture to a file and to a pipe' do_all "capture/start $dir/all.pcapng" \
	"capture/start $dir/pipe port 6"
cat "$dir/pipe" >"$dir/piped.pcapng" &
reader=$!
$traffic flow "$A" "$B" 500 321 >/dev/null
ok 'ended' do_all "capture/stop $dir/all.pcapng" "capture/stop $dir/pipe"
wait $reader
is 'tshark reads every frame of the file, in and out' \
	"$(tshark -r "$dir/all.pcapng" -Y 'eth.type == 0x88b5' 2>/dev/null | wc -l)" 1000
is 'and every frame of the port from the pipe' "$(tshark -r "$dir/piped.pcapng" -T fields -e frame.len 2>/dev/null | grep -c '^321$')" 500
like 'interfaces are named after ports' "$(capinfos "$dir/all.pcapng" 2>/dev/null)" 'Name = port 6'
is 'a pipe that nobody reads' "$(status s capture/start "$dir/pipe")" '1000 Success'
ok 'does not hold the switch up' timeout 30 $traffic flow "$A" "$B" 10000 1000
ok 'the capture loses frames instead' test "$(json s capture/print | jq '.[0].lost')" -gt 0
ok 'and ends' do_all "capture/stop $dir/pipe"
stop s
done_testing
