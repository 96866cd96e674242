#!/bin/bash
# The management console: formats that scripts of old depend on, errors, events, JSON, bad input.
cd "$(dirname "$0")/../.." || exit 2
. tests/lib/tap.sh
. tests/vde/lib/switch.sh

switch s || exit 1

is 'a listing and its status' "$(ask s port/showinfo)" 'Numports=32
HUB=false
counters=true
1000 Success'
is 'MAC table settings' "$(ask s hash/showinfo)" 'Hash size 128
GC interval 2 secs
GC expire 100 secs
Min persistence 3 secs
1000 Success'
is 'an unknown command' "$(ask s nonsense)" '1038 Function not implemented'
is 'the head of a menu' "$(ask s port)" '1038 Function not implemented'
is 'a port is made' "$(ask s port/create 3)" '1000 Success'
is 'and not twice' "$(ask s port/create 3)" '1017 File exists'
is 'a missing blank is tolerated' "$(ask s port/create4)" '1000 Success'
is 'a port number out of range' "$(ask s port/create 99)" '1022 Invalid argument'
is 'a port that does not exist' "$(ask s port/remove 9)" '1006 No such device or address'
is 'the lowest free number' "$(ask s port/createauto)" 'Port 0001
1000 Success'
is 'a VLAN must exist' "$(ask s port/setvlan 3 7)" '1006 No such device or address'
is 'VLAN ids end at 4093' "$(ask s vlan/create 4094)" '1022 Invalid argument'
is 'a VLAN' "$(ask s vlan/create 7)" '1000 Success'
is 'a tagged member' "$(ask s vlan/addport 7 3)" '1000 Success'
is 'members' "$(ask s vlan/allprint 7)" 'VLAN 0007
 -- Port 0003 tagged=1 active=0 status=Forwarding
1000 Success'
is 'a VLAN with members stays' "$(ask s vlan/remove 7)" '1098 Address already in use'
is 'the untagged VLAN cannot be left' "$(ask s vlan/delport 0 3)" '1098 Address already in use'
is 'numbers may be octal and hexadecimal' "$(ask s port/setvlan 3 0x7)" '1000 Success'
is 'a port' "$(ask s port/allprint 3)" 'Port 0003 untagged_vlan=0007 INACTIVE - NOT Unnamed Allocatable
 Current User: NONE Access Control: (User: NONE - Group: NONE)
 IN:  pkts          0          bytes                    0
 OUT: pkts          0          bytes                    0
1000 Success'
is 'an address that is not there' "$(ask s hash/find 02:00:00:00:00:01)" '1019 No such device'
is 'ports above cannot be cut off' "$(ask s port/setnumports 2)" '1098 Address already in use'
is 'a name' "$(ask s port/setname 3 uplink)" '1000 Success'
is 'stands for the number' "$(ask s port/setvlan uplink 0)" '1000 Success'
is 'and is unique' "$(ask s port/setname 4 uplink)" '1017 File exists'
is 'no such category' "$(ask s debug/add nothing)" '1022 Invalid argument'
is 'spanning tree' "$(ask s fstp/print | sed 's/\(..:\)\{5\}..$/ID/')" 'FST DATA VLAN 0000 ROOTSWITCH FSTP IS DISABLED
 ++ root 80:00:ID
 ++ designated ff:ff:ID
 ++ rootport 0000 cost 0 age 0 bonusport 0000 bonuscost 0
FST DATA VLAN 0007 ROOTSWITCH FSTP IS DISABLED
 ++ root 80:00:ID
 ++ designated ff:ff:ID
 ++ rootport 0000 cost 0 age 0 bonusport 0000 bonuscost 0
1000 Success'

# Every listing speaks JSON.
listings=$(json s help | jq -r '.[] | select(.menu | not) | .path' |
	grep -E '(print|showinfo|list|counters|settings|help)$')
bad=''
for command in $listings; do json s "$command" | jq -e . >/dev/null || bad+=" $command"; done
is 'every listing is JSON too' "$bad" ''

# Debian's clients of the console.
like 'unixcmd' "$(unixcmd -s "$dir/s.mgmt" -f /etc/vde2/vdecmd port/showinfo)" 'Numports=32'
unixcmd -s "$dir/s.mgmt" -f /etc/vde2/vdecmd vlan/create 9 >/dev/null
is 'unixcmd commands' "$(status s vlan/create 9)" '1017 File exists'
coproc terminal { script -qec "vdeterm $dir/s.mgmt" /dev/null; }
shown=''
shows() { while read -r -t 0.2 line <&"${terminal[0]}"; do shown+="$line"$'\n'; done; grep -q "$1" <<<"$shown"; }
until_true 5 shows 'commands'
printf 'port/showinfo\r' >&"${terminal[1]}"
ok 'vdeterm' until_true 5 shows 'Numports=32'
printf 'logout\r' >&"${terminal[1]}"
ok 'logs out' until_true 5 test ! -d "/proc/$terminal_PID"

# Events of two sessions: each gets what it asked for.
coproc watcher { socat - "UNIX-CONNECT:$dir/s.mgmt"; }
echo 'debug/add port' >&"${watcher[1]}"
coproc_answers() { read -r -t 5 line <&"${watcher[0]}" && [[ $line == *"1000 Success"* ]]; }
ok 'subscribed to events' until_true 5 coproc_answers
plug s -D event
events=''
collect() { while read -r -t 0.2 line <&"${watcher[0]}"; do events+="$line"$'\n'; done; grep -q 3023 <<<"$events"; }
until_true 5 collect
like 'a port became active' "$events" '^(vde\$ )?3021 port/\+ 02$'
like 'an endpoint joined' "$events" '^3031 port/ep/\+ Port 02 FD +[0-9]+$'
like 'its description' "$events" '^3023 port/descr Port 02 FD +[0-9]+ -> "event user=root pid=[0-9]+"$'

# Configuration: as a whole or not at all.
ok 'configuration saved' test "$(status s config/save "$dir/a.json")" = '1000 Success'
ask s vlan/create 100 >/dev/null
is 'loaded' "$(status s config/load "$dir/a.json")" '1000 Success'
ask s config/save "$dir/b.json" >/dev/null
ok 'and the same again' cmp "$dir/a.json" "$dir/b.json"
jq '.ports[0].untagged_vlan = 77 | .vlans += [{"vlan": 55}]' "$dir/a.json" >"$dir/bad.json"
like 'a document that cannot be carried out' "$(status s config/load "$dir/bad.json")" '^1006'
ask s config/save "$dir/b.json" >/dev/null
ok 'changes nothing' cmp "$dir/a.json" "$dir/b.json"
like 'and the log says why' "$(cat "$dir/s.log")" 'there is no VLAN 77'

# Mistakes are told with their place, before anything changes.
mistake() { # PATH-AND-REASON JQ-EDIT
	jq "$2" "$dir/a.json" >"$dir/bad.json"
	is "a mistake: $2" "$(status s config/load "$dir/bad.json")" "1022 Invalid argument: $1"
}
mistake 'nonsense is no setting' '.nonsense = 1'
mistake 'numports is not an integer' '.numports = "32"'
mistake 'hub is neither true nor false' '.hub = 1'
mistake 'hash.expire is -1, not from 1 to 1000000' '.hash.expire = -1'
mistake 'hash.exipre is no setting' '.hash.exipre = 5'
mistake 'vlans is not an array' '.vlans = {}'
mistake 'vlans[0].tagged[0] is not an integer' '.vlans[0].tagged = ["1"]'
mistake 'vlans[0].edge[0] is -1, not from 0 to 4095' '.vlans[0].edge = [-1]'
mistake 'vlans[0].bonus.x is no number of a port' '.vlans[0].bonus = {"x": 1}'
mistake 'ports[0] has no port' 'del(.ports[0].port)'
mistake 'ports[0].name is not a text' '.ports[0].name = 7'
mistake 'ports[0].limits.rate is not an integer' '.ports[0].limits = {"rate": "fast"}'
mistake 'ports[0].user is not an integer' '.ports[0].user = "root"'
mistake 'ports[0].impairment.nodes[0].in.delay has no value' '.ports[0].impairment = {"nodes": [{"in": {"delay": {}}}]}'
mistake 'ports[0].impairment.fifo is neither true nor false' '.ports[0].impairment = {"fifo": 0}'
like 'a port that is there twice' "$(jq '.ports += [.ports[0]]' "$dir/a.json" >"$dir/bad.json"; status s config/load "$dir/bad.json")" \
	'^1022 Invalid argument: ports\[[0-9]+\]\.port is [0-9]+ once more$'
echo '{"hub": tru' >"$dir/bad.json"
like 'what is no JSON' "$(status s config/load "$dir/bad.json")" '^1022 Invalid argument: line 1: '
ask s config/save "$dir/b.json" >/dev/null
ok 'nothing has changed' cmp "$dir/a.json" "$dir/b.json"
is 'a name that is not UTF-8 is refused' "$(status s $'impair/name 3 0 caff\xe8')" \
	'1084 Invalid or incomplete multibyte or wide character'
is 'but not in a remark' "$(status s $'port/setvlan 3 0 # caff\xe8')" '1000 Success'

# Garbage.
head -c 200000 /dev/urandom | timeout 20 socat -t 5 - "UNIX-CONNECT:$dir/s.mgmt" >/dev/null 2>&1
printf 'port/print %010000d\n' 7 | timeout 5 socat -t 5 - "UNIX-CONNECT:$dir/s.mgmt" >"$dir/long"
like 'a line that is too long' "$(cat "$dir/long")" '1007 Argument list too long'
is 'after garbage the console still answers' "$(status s port/showinfo)" '1000 Success'
is 'logout' "$(printf '\nlogout\n' | timeout 5 socat -t 5 - "UNIX-CONNECT:$dir/s.mgmt" | tail -n 1)" \
	'9999 END OF SESSION'
kill "$watcher_PID" "$plugged" 2>/dev/null
stop s

printf 'vlan/create 12\ndebug/add port\n# a remark\nvlan/create 12\n' >"$dir/rc"
switch r -f "$dir/rc" -n 4 --macaddr 00:ff:01:02:03:04 --priority 0x1000
like 'a script at start' "$(ask r vlan/allprint)" 'VLAN 0012'
like 'the log tells what failed in it' "$(cat "$dir/r.log")" 'debug/add port: Bad file descriptor'
is 'options' "$(ask r fstp/showinfo)" 'MAC 00:ff:01:02:03:04 Priority 4096 (0x1000)
FSTP=false
1000 Success'
stop r
ok 'the switch directory is gone' test ! -e "$dir/r.sw" -a ! -e "$dir/r.mgmt"
build/bin/vde_switch --macaddr nonsense >"$dir/out" 2>&1
is 'a bad option' "$?" 64
like 'is explained' "$(cat "$dir/out")" 'give a unicast address'
done_testing
