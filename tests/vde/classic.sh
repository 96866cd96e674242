#!/bin/bash
# What people have in their scripts for the classic switch: console lines and options, given to
# Debian's vde_switch and to ours. A line with other results must be one of those that are meant.
cd "$(dirname "$0")/../.." || exit 2
. tests/lib/tap.sh
. tests/vde/lib/switch.sh
ns=vdeclassic$$

# The status of each line of $dir/lines, one session: send a line, wait for its status.
statuses() { # SOCKET
	local line status
	coproc console { socat - "UNIX-CONNECT:$1"; }
	while IFS= read -r line; do
		printf '%s\n' "$line" >&"${console[1]}"
		while read -r -t 10 status <&"${console[0]}"; do
			status=${status#'vde$ '}
			[[ $status =~ ^1[0-9]{3}\  ]] && break
		done
		printf '%s -> %s\n' "$line" "${status%% *}"
	done <"$dir/lines"
	kill "$console_PID" 2>/dev/null
	wait "$console_PID" 2>/dev/null
}

cat >"$dir/lines" <<'END'
port/create 1
port/create 2 
port/create  3
port/create 010
port/create 9 # gateway
port/create 12 the tap
port/create 1
port/create 33
port/create -1
vlan/create 42
vlan/create 30 x
vlan/create 42
vlan/create 4094
vlan/create 0
port/setvlan 1 42 # H1
port/setvlan 3 42 H3
port/setvlan 0x3 0x2a
port/setvlan 3,42
port/setvlan 1
port/setvlan 1 99
port/setvlan 50 42
vlan/addport 30 2 # trunk
vlan/addport 30 2 tagged
vlan/delport 30 2 # no more
vlan/delport 30 2
vlan/print 42 # look
vlan/allprint 42 x
port/print 1
port/print 1 # c
port/print 99
port/print x
port/allprint 1 x
port/sethub 1
port/sethub 0 # a switch again
port/sethub off
port/setnumports 40 # more
port/setnumports 65535
port/resetcounter 1 # c
port/allocatable 1 1 #
port/remove 9 # bye
port/remove 99
fstp/setfstp 1 # on
fstp/setedge 0 12 1
fstp/setedge 0 12 1 # e
fstp/setedge 42 12 1
fstp/setedge 99 12 1
fstp/bonus 0 12 20 #
fstp/print 42 #
fstp/setfstp 0
hash/setsize 256 #
hash/setminper 5 # seconds
hash/setexpire 60 s
help nosuch
vlan/remove 42
port/create 11abc
port/create 0x7
vlan/create 0x14
port/setuser 1 root # c
vlan/addport 30 2;
END
mkdir "$dir/old"
vde_switch -d -s "$dir/old/sw" -p "$dir/old/pid" -M "$dir/old/mgmt" </dev/null >/dev/null 2>&1
until_true 10 test -S "$dir/old/mgmt" -a -s "$dir/old/pid" || exit 1
at_exit 'kill $(cat "$dir/old/pid") 2>/dev/null'
switch s || exit 1
statuses "$dir/old/mgmt" >"$dir/old/statuses"
statuses "$dir/s.mgmt" >"$dir/statuses"
# Meant: mistakes are not taken for 0, hexadecimal is understood, remarks are never arguments.
is 'the same answers but where it is meant' "$(diff "$dir/old/statuses" "$dir/statuses" | grep '^[<>]' | sort)" \
	'< port/create 11abc -> 1000
< port/setuser 1 root # c -> 1022
< vlan/addport 30 2; -> 1000
< vlan/create 0x14 -> 1022
> port/create 11abc -> 1022
> port/setuser 1 root # c -> 1000
> vlan/addport 30 2; -> 1006
> vlan/create 0x14 -> 1000'
is 'the remark was none of the name' "$(json s port/allprint 1 | jq -r '.[0].allowed_user')" root
is 'hexadecimal' "$(json s port/allprint 7 | jq '.[0].port')" 7
ask s port/sethub on >/dev/null
is '"on" is on' "$(json s port/showinfo | jq .hub)" true
stop s

# 65,535 ports, as Kathara asks for.
switch k -n 65535 || exit 1
is 'as many ports as there can be' "$(json k port/showinfo | jq .numports)" 4095
stop k

# Standard output that is a program's gets answers, no banner and no prompts.
mkfifo "$dir/stdin"
exec 7<>"$dir/stdin"
"$SWITCH" -s "$dir/p.sw" <"$dir/stdin" 2>"$dir/p.log" | cat >"$dir/p.out" &
piped=$!
until_true 20 test -S "$dir/p.sw/ctl"
is 'a pipe gets no banner' "$(cat "$dir/p.out")" ''
echo port/showinfo >&7
ok 'but answers' until_true 10 grep -q 'Numports=32' "$dir/p.out"
echo shutdown >&7
until_true 10 test ! -e "$dir/p.sw"
wait $piped
is 'and nothing else' "$(cat "$dir/p.out")" "0000 DATA END WITH '.'
Numports=32
HUB=false
counters=true
.
1000 Success
1000 Success"

# As the hooks of Debian's package do: the tap named twice, removed right after the end. How long
# that takes is compared with the classic switch: the shortest of nine times, which a busy machine leaves alone.
ip netns add $ns
at_exit "ip netns del $ns"
ip netns exec $ns "$SWITCH" --nostdin -s "$dir/t.sw" -t tap0 -M "$dir/t.mgmt" -t tap0 </dev/null 2>"$dir/t.log" &
switch_pid[t]=$!
at_exit 'stop_quietly t'
until_true 20 answers t
is 'a tap named twice is joined once' "$(json t port/print | jq '[.[].endpoints[]] | length')" 1
stop t
cat >"$dir/free.py" <<'END'
import fcntl, os, signal, struct, subprocess, sys, time
switch, work = sys.argv[1:]
tun = lambda: struct.pack("16sH22x", b"tapq", 0x1002)
times = []
for i in range(9):
    subprocess.run(["ip", "tuntap", "add", "tapq", "mode", "tap"], check=True)
    pidfile = "%s/q%d.pid" % (work, i)
    subprocess.run([switch, "-s", work + "/q.sw", "-p", pidfile, "-t", "tapq", "-d"], stdin=subprocess.DEVNULL)
    while not (os.path.exists(pidfile) and os.path.getsize(pidfile)) or not os.path.exists(work + "/q.sw/ctl"):
        time.sleep(0.02)
    fd = os.open("/dev/net/tun", os.O_RDWR)
    pid, start = int(open(pidfile).read()), time.monotonic()
    os.kill(pid, signal.SIGTERM)
    while True:
        try:
            fcntl.ioctl(fd, 0x400454CA, tun())
            break
        except OSError:
            pass
    times.append((time.monotonic() - start) * 1000)
    fcntl.ioctl(fd, 0x400454CB, 0)
    os.close(fd)
    while os.path.exists("/proc/%d" % pid) or os.path.exists(work + "/q.sw"):
        time.sleep(0.02)
print("%.2f" % min(times))
END
free_after() { ip netns exec $ns timeout 60 python3 "$dir/free.py" "$1" "$dir"; }
theirs=$(free_after vde_switch)
ours=$(free_after "${FAST:-build/bin/vde_switch}")
echo "# a tap is free after $ours ms, the classic switch's after $theirs ms"
ok 'a tap is free about as soon as the classic one' awk "BEGIN { exit !($ours < 2 * $theirs + 5) }"
done_testing
