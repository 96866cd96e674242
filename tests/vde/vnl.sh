#!/bin/bash
# Every scheme of Debian's libvdeplug with every command of ours that opens a network by its VNL.
#
#   client -- switch a -- COMMAND -- near VNL  ~~~  far VNL -- vde plug -- switch b -- client
#
# The near end is what is tested: frames pass both ways, and a signal ends the command.
cd "$(dirname "$0")/../.." || exit 2
. tests/lib/tap.sh
. tests/vde/lib/switch.sh
SWITCH=build/bin/vde_switch
VDE=${VDE:-build/bin/vde}
ns=vdevnl$$

# Hosts h0 and h1 with a wire between them, for what works by multicast or needs the whole host.
for i in 0 1; do
	ip netns add $ns$i || exit 1
	at_exit "ip netns del $ns$i"
done
ip -n ${ns}0 link add w type veth peer name w netns ${ns}1
for i in 0 1; do
	ip -n $ns$i addr add 10.9.8.$((i + 1))/24 dev w
	ip -n $ns$i link set w up
	ip -n $ns$i link set lo up
	ip -n $ns$i route add 224.0.0.0/4 dev w
done
in_ns() { local n=$1; shift; ip netns exec "$ns$n" "$@"; }
switch a || exit 1
switch b || exit 1
for s in a b; do ask $s hash/setminper 0 >/dev/null; done # the same addresses, test after test

# scheme: near VNL, far VNL, host of the far end.
declare -A near far host=([vxlan]=1 [vxvde]=1)
near[udp]='udp://5001->127.0.0.1:5002' far[udp]='udp://5002->127.0.0.1:5001'
near[vxlan]=vxlan://239.9.8.7/vni=9/if=w far[vxlan]=vxlan://239.9.8.7/vni=9/if=w
near[vxvde]=vxvde://239.9.8.6/if=w far[vxvde]=vxvde://239.9.8.6/if=w
near[ptp]=ptp://$dir/ptp far[ptp]=ptp://$dir/ptp
for scheme in hub switch multi bonding; do
	near[$scheme]=$scheme://$dir/$scheme far[$scheme]=vde://$dir/$scheme
done
near[vde]=vde://$dir/middle.sw far[vde]=$dir/middle.sw
switch middle || exit 1
ask middle hash/setminper 0 >/dev/null
near[tap]=tap://vnltap far[tap]=dev:vnltap
in_ns 0 ip tuntap add vnltap mode tap
in_ns 0 ip link set vnltap up
near[cmd]="cmd://$VDE plug $dir/b.sw"
# shellcheck disable=SC2016
seqpacket='import os,socket,subprocess,sys
a, b = socket.socketpair(socket.AF_UNIX, socket.SOCK_SEQPACKET)
for s in a, b: s.set_inheritable(True)
far = subprocess.Popen([sys.argv[1], "plug", "seqpacket://%d" % b.fileno(), sys.argv[2]], pass_fds=[b.fileno()])
a_fd = "seqpacket://%d" % a.fileno()
b.close()
near = subprocess.Popen([w.replace("NEAR", a_fd) for w in sys.argv[3:]], pass_fds=[a.fileno()])
open(os.environ["PIDS"], "w").write("%d %d" % (near.pid, far.pid))
a.close()
status = near.wait()
far.terminate(); far.wait()
sys.exit(status)'
near[seqpacket]=NEAR

# Start COMMAND... (NEAR stands for the VNL), and the far end; $near_pid is the process to end.
start() { # SCHEME COMMAND...
	local scheme=$1 vnl=${near[$1]} word ports
	local -a words=()
	shift
	if [ "$scheme" = seqpacket ]; then
		rm -f "$dir/pids"
		PIDS=$dir/pids ip netns exec ${ns}0 python3 -c "$seqpacket" "$VDE" "$dir/b.sw" "$@" &
		waited=$!
		until_true 10 test -s "$dir/pids"
		read -r near_pid far_pid <"$dir/pids"
	else
		for word in "$@"; do words+=("${word/#NEAR/$vnl}"); done
		ip netns exec ${ns}0 "${words[@]}" </dev/null &
		waited=$! near_pid=$! far_pid=''
		case $scheme in
		hub | switch | multi | bonding) until_true 10 test -S "$dir/$scheme/ctl" ;;
		esac
		if [ -n "${far[$scheme]:-}" ]; then
			ip netns exec "$ns${host[$scheme]:-0}" "$VDE" plug "${far[$scheme]}" "$dir/b.sw" </dev/null &
			far_pid=$!
		fi
	fi
	until_true 10 has_ports b 1
}
# End both: one test, of the near one.
finish() {
	kill "$near_pid" 2>/dev/null
	timeout 10 tail --pid="$near_pid" -f /dev/null || kill -9 "$near_pid"
	wait "$waited"
	status=$?
	[ -z "$far_pid" ] || { kill "$far_pid" 2>/dev/null; timeout 10 tail --pid="$far_pid" -f /dev/null; wait "$far_pid" 2>/dev/null; }
	until_true 10 has_ports b 0 && until_true 10 has_ports a 0
	is 'and a signal ends it' $status 0
}
# Frames pass both ways. The first may be lost while the ends find each other.
passes() { timeout 8 $traffic flow "$dir/a.sw" "$dir/b.sw" 100 200 >/dev/null; }
both_ways() { until_true 10 passes && timeout 8 $traffic flow "$dir/b.sw" "$dir/a.sw" 100 200; }

# Debian's vxlan plugin passes no unicast frames between these hosts, with Debian's own vde_plug either.
crossed() { # FROM TO
	build/tests/vde/frames "$dir/$1.sw" broadcast
	[ "$(json "$2" port/counters 1 | jq '.[0].total.frames_in')" -gt 2 ]
}
broadcasts_pass() { until_true 10 crossed b a && until_true 10 crossed a b; }

for scheme in ${SCHEMES:-udp vxlan vxvde ptp hub switch multi bonding vde tap cmd seqpacket}; do
	for command in "plug NEAR $dir/a.sw" "filter NEAR $dir/a.sw"; do
		start $scheme "$VDE" $command
		until_true 10 has_ports a 1
		for s in a b; do ask $s port/resetcounter >/dev/null; done
		if [ $scheme = vxlan ]; then way=broadcasts_pass; else way=both_ways; fi
		ok "vde ${command%% *} with $scheme: frames pass" $way
		finish
	done
	# Broadcasts from b: a capture writes them, a tap gets them, a gateway answers.
	rm -f "$dir/out.pcapng"
	start $scheme "$VDE" capture -w "$dir/out.pcapng" NEAR
	broadcast() { build/tests/vde/frames "$dir/b.sw" broadcast; }
	captured() { broadcast; [ "$(stat -c %s "$dir/out.pcapng" 2>/dev/null || echo 0)" -gt 300 ]; }
	ok "vde capture with $scheme: frames are written" until_true 20 captured
	finish
	start $scheme "$VDE" tap -u -s NEAR captap
	received() { broadcast; [ "$(in_ns 0 cat /sys/class/net/captap/statistics/rx_packets)" -gt 2 ]; }
	ok "vde tap with $scheme: frames arrive" until_true 20 received
	finish
	[ $scheme != vxlan ] || continue
	start $scheme "$VDE" slirp NEAR
	ok "vde slirp with $scheme: the gateway answers" until_true 20 build/tests/vde/frames "$dir/b.sw" arp
	finish
done

# A network without anybody else: nothing ends, nothing waits.
for scheme in ptp udp vxlan vxvde null; do
	vnl=${near[$scheme]:-null://}
	ip netns exec ${ns}0 "$VDE" plug "$vnl" "$dir/a.sw" </dev/null &
	near_pid=$! waited=$! far_pid=''
	until_true 10 has_ports a 1
	for _ in 1 2 3 4 5 6 7 8; do build/tests/vde/frames "$dir/a.sw" broadcast; done
	ok "$scheme without a peer: the cable stays" kill -0 "$near_pid"
	finish
done
for s in a b middle; do stop $s; done
done_testing
