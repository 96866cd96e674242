#!/bin/bash
# The plugins of the classic switch, which ours has built in: dump, pdump, iplog; and that they cost
# nothing that is kept when they are switched off.
cd "$(dirname "$0")/../.." || exit 2
. tests/lib/tap.sh
. tests/vde/lib/switch.sh
switch s || exit 1

is 'none is on at the start' "$(status s plugin/list)" '1002 No such file or directory'
like 'their commands are not there either' "$(status s dump/active 1)" '^1038'
is 'one of the classic switch cannot be had' "$(status s plugin/add nosuch)" '1002 No such file or directory'
like 'which the log explains' "$(cat "$dir/s.log")" 'plugin nosuch: there are dump, pdump and iplog'
for name in dump pdump.so /usr/lib/vde2/plugins/iplog.so; do
	is "add $name" "$(status s plugin/add "$name")" '1000 Success'
done
is 'once is enough' "$(status s plugin/add dump)" '1017 File exists'
is 'they are listed' "$(json s plugin/list | jq -r '.[].name' | tr '\n' ' ')" 'dump pdump iplog '
is 'their commands are there' "$(ask s help iplog | grep -c ^iplog/)" 11

# A client that sends two frames with addresses, IPv4 and IPv6, and stays until its input ends.
frames() {
	printf '\0\x3c\xff\xff\xff\xff\xff\xff\2\0\0\0\0\1\x08\0E\0\0 \0\0\0\0@\x11\0\0\n\1\1\1\n\1\1\2'
	head -c 26 /dev/zero
	printf '\0\x3c\xff\xff\xff\xff\xff\xff\2\0\0\0\0\2\x86\xdd`\0\0\0\0\0;@'
	printf '\xfd\0\0\0\0\0\0\0\0\0\0\0\0\0\0\7\xff\2\0\0\0\0\0\0\0\0\0\0\0\0\0\1'
	head -c 6 /dev/zero
}
mkfifo "$dir/talk"
socat - "UNIX-CONNECT:$dir/s.mgmt" 0<>"$dir/talk" >"$dir/events" & at_exit "kill $! 2>/dev/null"
printf 'debug/add dump\n' >"$dir/talk"
printf 'debug/add iplog\n' >"$dir/talk"
until_true 10 eval '[ "$(grep -c "1000 Success" "$dir/events")" = 2 ]'
is 'dump' "$(status s dump/active 1)" '1000 Success'
is 'pdump names its file' "$(ask s pdump/filename "$dir/p.cap" | head -n 1)" "dumpfile=$dir/p.cap"
is 'and writes' "$(status s pdump/active 1)" '1000 Success'
is 'not into nowhere' "$(status s pdump/filename /nosuch/x)" '1002 No such file or directory'
mkfifo "$dir/pipe"
ask s pdump/filename "$dir/pipe" >/dev/null
is 'nor into a pipe that nobody reads' "$(status s pdump/active 1)" '1006 No such device or address'
is 'which is no log either' "$(status s iplog/logfile "$dir/pipe")" '1006 No such device or address'
ask s pdump/filename "$dir/p.cap" >/dev/null
ask s pdump/active 1 >/dev/null
is 'a range' "$(status s iplog/ipadd 10.0.0.0/8)" '1000 Success'
is 'a range of IPv6' "$(status s iplog/ipadd fd00::/16)" '1000 Success'
is 'no range' "$(status s iplog/ipadd 10.0.0.0/33)" '1022 Invalid argument'
is 'a log' "$(status s iplog/logfile "$dir/ip.log")" '1000 Success'
mkfifo "$dir/in"
build/bin/vde plug "$dir/s.sw" 0<>"$dir/in" >/dev/null & at_exit "kill $! 2>/dev/null"
until_true 10 has_ports s 1
frames >"$dir/in"
ok 'dump shows a frame' until_true 10 grep -q '^3101 dump/packetin Port 0001 length 60: ff ff ff ff ff ff 02' "$dir/events"
ok 'iplog tells of a new address' until_true 10 grep -q '^3301 iplog/newip 10.1.1.1 port=1 mac=02:00:00:00:00:01' "$dir/events"
ok 'and logs it' until_true 10 grep -q 'fd00::7 port=1' "$dir/ip.log"
is 'who uses it' "$(json s iplog/ipsearch fd00::7 | jq -r '.[0].mac')" 02:00:00:00:00:02
is 'what a port uses' "$(json s iplog/ipport 1 | jq length)" 2
is 'what a user uses' "$(json s iplog/ipuser root | jq length)" 2
is 'an address nobody has' "$(json s iplog/ipsearch 10.9.9.9)" '[]'
is 'a range is given up' "$(status s iplog/ipdel 10.0.0.0/8)" '1000 Success'
is 'and gone' "$(json s iplog/list | jq -r '.[].address')" fd00::
ok 'pdump has both frames, which tshark reads' until_true 10 eval \
	'[ "$(tshark -r "$dir/p.cap" -T fields -e eth.src 2>/dev/null | sort -u | wc -l)" = 2 ]'

for name in dump pdump iplog; do is "del $name" "$(status s plugin/del $name)" '1000 Success'; done
is 'twice is once too often' "$(status s plugin/del dump)" '1002 No such file or directory'
is 'nothing observes the port any more' "$(status s iplog/iplist)" '1038 Function not implemented'
stop s
done_testing
