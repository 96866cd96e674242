#!/bin/bash
# Whatever keeps the console and the page busy, the spanning tree goes on:
#
#   8 readers of the page, 2 of the console, a pipe to load --- s1 (root, 100,000 addresses) --- s2
#
# s2 must hear s1 all the time: it never takes itself for the root, and BPDUs come as they should.
cd "$(dirname "$0")/../.." || exit 2
. tests/lib/tap.sh
. tests/vde/lib/switch.sh
SWITCH=${FAST:-build/bin/vde_switch}

switch s1 -F --priority 4096 || exit 1
switch s2 -F --priority 8192 || exit 1
dpipe vde_plug "$dir/s1.sw" = vde_plug "$dir/s2.sw" >/dev/null &
at_exit "kill $! 2>/dev/null"
is_root() { [ "$(json s2 fstp/print | jq -r '.[0].root[0:5]')" = "$1" ]; }
ok 's1 is the root' until_true 10 is_root 10:00
ask s1 hash/setexpire 1000 >/dev/null
ask s1 port/create 7 >/dev/null
ask s1 fstp/setedge 0 7 1 >/dev/null
# One client with a hundred thousand addresses, all for its first one, so that nothing leaves the port.
mkfifo "$dir/frames"
build/bin/vde plug -p 7 "$dir/s1.sw" <"$dir/frames" >/dev/null &
at_exit "kill $! 2>/dev/null"
exec 8>"$dir/frames"
python3 -c 'import sys
for i in range(100001):
    sys.stdout.buffer.write(b"\0\x3c\x02\0\0\0\0\0" + b"\x02\0" + i.to_bytes(4, "big") + b"\x88\xb5" + bytes(46))' >&8
known() { [ "$(json s1 hash/showinfo | jq .entries)" -gt 90000 ]; }
ok 's1 knows many addresses' until_true 30 known
is 'a page of them' "$(json s1 hash/print 10 25 | jq length)" 25

port=$((20000 + $$ % 10000))
is 'the management page' "$(status s1 web/start $port)" '1000 Success'
mkfifo "$dir/fifo"
coproc watcher { socat - "UNIX-CONNECT:$dir/s2.mgmt"; }
echo 'debug/add fstp/root' >&"${watcher[1]}"
# BPDUs of s1 as s2 takes them: their times, from a tap of its console's frames.
ask s2 "capture/start $dir/bpdus.pcapng port 1" >/dev/null
readers=()
for _ in 1 2 3 4 5 6 7 8; do
	while curl -s -m 20 -o /dev/null "http://127.0.0.1:$port/list?hash/print"; do :; done &
	readers+=($!)
done
for _ in 1 2; do
	while ask s1 hash/print >/dev/null; do :; done &
	readers+=($!)
done
at_exit 'kill "${readers[@]}" 2>/dev/null'
is 'a pipe is not loaded' "$(timeout 20 true; status s1 load "$dir/fifo")" '1022 Invalid argument'
is 'nor taken for a configuration' "$(status s1 config/load "$dir/fifo")" '1022 Invalid argument'
sleep 12 # as long as the flood lasts
kill "${readers[@]}"
wait "${readers[@]}" 2>/dev/null
events=''
while read -r -t 0.5 line <&"${watcher[0]}"; do events+="$line"$'\n'; done
ok 's2 never changed its mind' test "$(grep -c 3045 <<<"$events")" -eq 0
ok 's1 is the root still' is_root 10:00
ask s2 "capture/stop $dir/bpdus.pcapng" >/dev/null
longest=$(tshark -r "$dir/bpdus.pcapng" -Y "stp && stp.root.prio == 4096" -T fields -e frame.time_epoch 2>/dev/null |
	awk 'NR > 1 && $1 - last > most { most = $1 - last } { last = $1 } END { printf "%.2f %d\n", most, NR }')
echo "# longest interval between BPDUs (seconds) and their number: $longest"
ok 'BPDUs came every two seconds' awk "BEGIN { split(\"$longest\", l, \" \"); exit !(l[2] > 4 && l[1] < 4) }"
stop s1
stop s2
done_testing
