#!/bin/bash
# vde plug, tap, cmd, term and capture, against Debian's vde_switch and against ours.
cd "$(dirname "$0")/../.." || exit 2
. tests/lib/tap.sh

V=$PWD/build/bin/vde
dir=$(mktemp -d)
net=vdecables$$
at_exit 'rm -rf "$dir"'
mkfifo "$dir/silence"
exec {silence}<>"$dir/silence"
for i in 1 2; do
	ip netns add $net.$i || exit 1
	at_exit "ip netns del $net.$i 2>/dev/null"
	ip netns exec $net.$i sysctl -qw net.ipv6.conf.default.disable_ipv6=1
done
in_ns() { local ns=$1; shift; ip netns exec "$net.$ns" "$@"; }
pids=()
at_exit 'kill "${pids[@]}" 2>/dev/null'

# Frames on a stream: COUNT of them, to all, from address 02:..:FROM, LENGTH bytes each.
frames() { # COUNT FROM LENGTH
	local i
	for ((i = 0; i < $1; i++)); do
		printf '%b' "$(printf '\\x%02x\\x%02x' $(($3 / 256)) $(($3 % 256)))"
		printf '\xff\xff\xff\xff\xff\xff\x02\0\0\0\0%b\x88\xb5' "\\x$2"
		head -c $(($3 - 14)) /dev/zero | tr '\0' "$2"
	done
}

one_switch() { # PROGRAM
	local name=${1##*/} sw=$dir/sw mgmt=$dir/mgmt
	[ "$1" = /usr/bin/vde_switch ] && name="Debian's vde_switch" || name='our vde_switch'
	"$1" -d -s "$sw" -M "$mgmt" -p "$dir/switch.pid" || return
	pids+=("$(cat "$dir/switch.pid")")

	# plug
	"$V" plug -D reader "$sw" <"$dir/silence" >"$dir/got" & reader=$!
	until_true 10 eval '"$V" cmd "$mgmt" port/allprint | grep -q reader'
	(frames 5 41 100; frames 3 42 1400; read -r -t 0.3 <> <(:)) | "$V" plug "$sw" >"$dir/back"
	until_true 10 eval '[ "$(stat -c %s "$dir/got")" = $((5 * 102 + 3 * 1402)) ]'
	is "$name: frames pass from plug to plug unchanged" \
		"$(md5sum <"$dir/got")" "$({ frames 5 41 100; frames 3 42 1400; } | md5sum)"
	is "$name: the sender gets none of them" "$(stat -c %s "$dir/back")" 0
	kill $reader
	wait $reader
	is "$name: a plug ends by a signal as it should" $? 0

	ok "$name: a cable to a command, in the background" \
		"$V" plug -d -P "$dir/plug.pid" -D coupled "$sw" = sh -c "cat >$dir/command"
	like "$name: is shown with its description" "$("$V" cmd "$mgmt" port/allprint)" 'coupled'
	(frames 4 43 60; read -r -t 0.2 <> <(:)) | "$V" plug "$sw" >/dev/null
	ok "$name: and gives the command its frames" \
		until_true 10 eval '[ "$(stat -c %s "$dir/command")" = $((4 * 62)) ]'
	kill "$(cat "$dir/plug.pid")"
	ok "$name: the pid file goes with the process" until_true 10 test ! -e "$dir/plug.pid"

	ok "$name: a chosen port" "$V" plug -d -P "$dir/plug.pid" -p 17 "$sw" null://
	like "$name: is the one that is used" "$("$V" cmd "$mgmt" port/print 17)" '^Port 0017.* ACTIVE'
	kill "$(cat "$dir/plug.pid")"

	# tap
	for i in 1 2; do
		in_ns $i "$V" tap -d -P "$dir/tap$i.pid" --up -s "$sw" vt0
		tap_result $? "$name: tap $i"
		in_ns $i ip addr add 10.1.0.$i/24 dev vt0
	done
	ok "$name: two taps ping" in_ns 1 ping -q -n -c 5 -i 0.02 -W 2 10.1.0.2
	in_ns 1 ip link set vt0 down
	in_ns 1 ip link set vt0 up
	ok "$name: also after one was down" in_ns 1 ping -q -n -c 3 -i 0.02 -W 2 10.1.0.2

	# cmd
	is "$name: a listing" "$("$V" cmd "$mgmt" port/showinfo | head -n 1)" 'Numports=32'
	"$V" cmd "$mgmt" nonsense 2>"$dir/error"
	is "$name: the errno of a bad command is the exit status" $? 38
	like "$name: and its sentence is said" "$(cat "$dir/error")" 'nonsense: Function not implemented'
	is "$name: JSON" "$("$V" cmd --json "$mgmt" vlan/create 12 | jq -c '[.status, .command]')" \
		'[0,"vlan/create 12"]'
	printf '# made by a script\nvlan/create 13\nvlan/create 13\nvlan/create 14\n' >"$dir/script"
	"$V" cmd -f "$dir/script" "$mgmt" 2>/dev/null
	is "$name: a script stops at its first failure" $? 17
	like "$name: and did what came before" "$("$V" cmd "$mgmt" vlan/allprint)" '0013'
	is "$name: not what came after" "$("$V" cmd "$mgmt" vlan/allprint | grep -c 0014)" 0

	# term, on a terminal: completion, an event between prompts, history
	cat >"$dir/term.expect" <<-END
		set timeout 10
		set env(HOME) $dir
		spawn -noecho $V term $mgmt
		expect -re {vde\\$ } ; send "port/sho\t\r"
		expect {Numports=32} { send_user "\nSEEN completion\n" }
		expect -re {vde\\$ } ; send "debug/add port/+\r"
		expect -re {vde\\$ } ; send "vlan/cre"
		exec $V plug -d -P $dir/event.pid -p 21 $sw null://
		expect -re {3021.*port/\\+[^\n]*21} { send_user "\nSEEN event\n" }
		send "ate 99\r"
		expect -re {vde\\$ } ; send "vlan/allprint 99\r"
		expect -re {VLAN 0099[^$]*vde\\$ } { send_user "\nSEEN line\n" }
		send "\x04"
		expect eof
	END
	expect "$dir/term.expect" >"$dir/term.out" 2>&1
	for seen in completion event line; do
		like "$name: term: $seen" "$(cat "$dir/term.out")" "SEEN $seen"
	done
	like "$name: term keeps its history" "$(cat "$dir/.vde_history")" 'vlan/allprint'
	rm -f "$dir/.vde_history"
	kill "$(cat "$dir/event.pid")"

	# capture
	"$V" capture -w "$dir/seen.pcapng" -c 3 "$sw" & capture=$!
	until_true 10 eval '"$V" cmd "$mgmt" port/allprint | grep -q "vde capture"'
	(frames 3 44 80; read -r -t 0.2 <> <(:)) | "$V" plug "$sw" >/dev/null
	wait $capture
	is "$name: a capture ends after the frames asked for" "$(tshark -r "$dir/seen.pcapng" \
		-T fields -e eth.src -e frame.len 2>/dev/null | sort | uniq -c | tr -s ' \t' ' ')" \
		' 3 02:00:00:00:00:44 80'
	if [ "$1" = /usr/bin/vde_switch ]; then
		like "$name: cannot capture ports, which is said" \
			"$("$V" capture -t 1 "$mgmt:1" 2>&1 >"$dir/none")" 'this switch cannot capture'
	else
		"$V" capture -t 1.5 "$mgmt:1" >"$dir/port.pcapng" & capture=$!
		until_true 10 eval '[ "$("$V" cmd --json "$mgmt" capture/print | jq ".result | length")" = 1 ]'
		in_ns 1 ping -q -n -c 4 -i 0.02 10.1.0.2 >/dev/null
		wait $capture
		is "$name: a port captured through a pipe" \
			"$(tshark -r "$dir/port.pcapng" -Y icmp 2>/dev/null | wc -l)" 8
	fi

	for i in 1 2; do kill "$(cat "$dir/tap$i.pid")"; done
	kill "$(cat "$dir/switch.pid")"
	until_true 10 test ! -e "$sw/ctl"
	rm -rf "$sw"
}

one_switch /usr/bin/vde_switch
one_switch "$PWD/build/bin/vde_switch"

like 'no switch: said' "$("$V" plug "$dir/nowhere" 2>&1 </dev/null)" 'cannot connect to .*/nowhere: No such file'
like 'no plugin: said' "$("$V" plug nosuch://x 2>&1 </dev/null)" 'no plugin of libvdeplug knows this scheme'
like 'no console: said' "$("$V" cmd "$dir/nowhere" help 2>&1)" 'cannot reach the console.*vde_switch -M'
like 'a broken stream: said' "$(printf '\xff\xff123' | "$V" plug null:// 2>&1)" 'not a stream of frames'
"$V" nonsense 2>/dev/null
is 'wrong usage has its own exit status' $? 64
for sub in plug tap filter slirp term cmd capture bench lab; do
	ok "vde $sub --help" "$V" $sub --help
done
done_testing
