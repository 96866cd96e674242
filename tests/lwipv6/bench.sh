#!/bin/bash
# SPDX-License-Identifier: GPL-2.0-only
# liblwipv6 beside lwIP and the kernel's own stack, all in the same rounds:
#
#   tap   ours   traffic       10.9.0.2 -- tap with 64 KiB frames -- kernel 10.9.0.1
#         lwip   traffic_lwip  10.9.0.2 -- tap -- kernel 10.9.0.1
#         relay  kernel        10.9.0.2 -- tap -- relay in user space -- tap -- kernel 10.9.0.1
#         veth   kernel        10.8.0.2 -- veth, offloads off or on -- kernel 10.8.0.1
#   vde   ours, lwip, kernel   10.9.0.2, .2, .3 -- Debian's vde_switch -- its tap -- kernel 10.9.0.1
#   pair  ours: two stacks of one process; lwip: its own loopback; kernel: the veth above
#   loss  1 % lost and 25 ms each way, on lines of our own: ours and a kernel through them, both with
#         CUBIC (bulk4-cubic) and with BBR (bulk4-bbr); and the kernel with what it takes by itself,
#         against our default (bulk4)
#
# bulk4 and bulk6 send, bulk4-in and bulk6-in receive; rr is one byte there and back, many the same on
# 1,000 connections, cps connections with one byte there and back, udp datagrams of 64 bytes received
# per second, cpu seconds of the sending process per gigabyte, idle bytes of memory per connection.
#
# usage: tests/lwipv6/bench.sh    ROUNDS=5 SECONDS_EACH=0.5 LINKS="pair tap vde loss"
set -eu
cd "$(dirname "$0")/../.."
rounds=${ROUNDS:-5} each=${SECONDS_EACH:-0.5} links=${LINKS:-pair tap vde loss}
out=$PWD/build/bench/lwipv6.jsonl tmp=$(mktemp -d) t=$PWD/build/tests/lwipv6 id=$$
spaces=(a b c d e f g h i j) servers=()
mkdir -p build/bench
cleanup() {
	kill -9 "${servers[@]}" $(cat $tmp/pid 2>/dev/null) 2>/dev/null || :
	for n in "${spaces[@]}"; do ip netns del lwb$n$id 2>/dev/null || :; done
	rm -rf $tmp
}
trap cleanup EXIT
in_space() { local n=$1; shift; ip netns exec lwb$n$id "$@"; }
address() { # SPACE DEVICE NET HOST
	ip -n lwb$1$id addr add 10.$3.0.$4/24 dev $2
	ip -n lwb$1$id addr add fd00:$3::$4/64 dev $2 nodad
	ip -n lwb$1$id link set $2 up
}
serve() { # SPACE
	ip netns exec lwb$1$id $t/traffic_kernel - serve >/dev/null 2>&1 & servers+=($!)
	until in_space $1 ss -tln | grep -q ':5006 '; do read -r -t 0.05 <> <(:) || :; done
}
for n in "${spaces[@]}"; do ip netns add lwb$n$id; ip -n lwb$n$id link set lo up; done
in_space a ip tuntap add t$id mode tap vnet_hdr
in_space c ip tuntap add t$id mode tap
ip -n lwba$id link add v$id type veth peer name v$id netns lwbb$id
address a t$id 9 1; address c t$id 9 1; address a v$id 8 1; address b v$id 8 2
ip netns exec lwbd$id $t/traffic_kernel r$id relay q$id & servers+=($!)
vde_switch -s $tmp/switch -tap x$id -tap y$id -d -p $tmp/pid >/dev/null
until in_space d ip link show q$id && ip link show y$id; do read -r -t 0.05 <> <(:) || :; done >/dev/null 2>&1
ip -n lwbd$id link set q$id netns lwbe$id
ip link set x$id netns lwbf$id
ip link set y$id netns lwbg$id
address d r$id 9 1; address e q$id 9 2; address f x$id 9 1; address g y$id 9 3
in_space h ip tuntap add t$id mode tap
line=1,0,0,25
ip netns exec lwbi$id $t/traffic_kernel i$id relay j$id $line & servers+=($!)
until in_space i ip link show j$id; do read -r -t 0.05 <> <(:) || :; done >/dev/null 2>&1
ip -n lwbi$id link set j$id netns lwbj$id
address h t$id 9 1; address i i$id 9 1; address j j$id 9 2
for n in a c d f h i; do serve $n; done

offloads() {
	in_space a ethtool -K v$id tso $1 gso $1 gro $1 tx $1 >/dev/null 2>&1
	in_space b ethtool -K v$id tso $1 gso $1 gro $1 tx $1 >/dev/null 2>&1
}
# LINK/VARIANT WHAT HOST-SUFFIX AMOUNT...: the figures of one run, nothing when it failed
run() {
	local who=$1 what=$2 family=$3 amount=$4 host=10.9.0.1 space program
	[ $family = 4 ] || host=fd00:9::1
	case $who in
	tap/ours) space=a program="$t/traffic tap=t$id" ;;
	tap/lwip) space=c program="$t/traffic_lwip tap=t$id" ;;
	tap/relay) space=e program="$t/traffic_kernel -" ;;
	*/veth*) space=b program="$t/traffic_kernel -" host=${host//9/8} ;;
	vde/ours) space=f program="$t/traffic vde=$tmp/switch" ;;
	vde/lwip) space=f program="$t/traffic_lwip vde=$tmp/switch" ;;
	vde/relay) space=g program="$t/traffic_kernel -" ;;
	loss/ours*) space=h program="$t/traffic tap=t$id,$line" ;;
	loss/kernel*) space=j program="$t/traffic_kernel -" ;;
	pair/ours) space=a program="$t/traffic pair" ;;
	pair/lwip) space=a program="$t/traffic_lwip pair" host=${host%1}2 ;;
	esac
	# The address has another MAC address in each run.
	in_space a ip neigh flush dev t$id; in_space c ip neigh flush dev t$id; in_space f ip neigh flush dev x$id
	in_space h ip neigh flush dev t$id
	in_space $space timeout 30 $program $what $host $amount 2>/dev/null | grep -E '^[0-9.]+ ' || :
}

declare -A figure
measure() { # LINK VARIANT NAME WHAT FAMILY AMOUNT
	local got
	got=$(run "$1/$2" $4 $5 $6)
	set -- "$@" $got
	figure[$1/$3 $2]+=" ${7:-}"
	[ "$3" != bulk4 ] || figure[$1/cpu $2]+=" ${9:-}"
}
variants() {
	case $1 in
	tap) echo ours lwip relay veth veth-offload ;;
	vde) echo ours lwip relay ;;
	pair) echo ours lwip veth veth-offload ;;
	esac
}
# The same name for ours and the kernel's: CONTROL empty = what it takes by itself.
lossy() { # CONTROL NAME
	local who
	for who in ours kernel; do
		figure[loss/$2 $who]+=" $(TRAFFIC_CONGESTION=$1 run loss/$who send 4 3s | cut -d' ' -f1)"
	done
}
for ((i = 0; i < rounds; i++)); do
	for link in $links; do
		echo "# round $((i + 1)) of $rounds: $link" >&2
		if [ $link = loss ]; then
			lossy '' bulk4
			for control in cubic bbr; do lossy $control bulk4-$control; done
			continue
		fi
		for v in $(variants $link); do
			case $v in veth) offloads off ;; veth-offload) offloads on ;; esac
			measure $link $v bulk4 send 4 ${each}s
			measure $link $v bulk6 send 6 ${each}s
			measure $link $v bulk4-in receive 4 ${each}s
			measure $link $v bulk6-in receive 6 ${each}s
			for what in rr cps udp many; do measure $link $v $what $what 4 $each; done
			case $v in ours | lwip) measure $link $v idle idle 4 200 ;; esac
		done
	done
done

kernel="Linux $(uname -r)"
lwip="lwip $(dpkg-query -W -f '${Version}' liblwip0)"
: >$out
row() { # NAME VARIANT PEER UNIT DIRECTION
	if [ "$(wc -w <<<"${figure[$1 $2]:-}")" -lt 5 ]; then
		echo "# $1: no figures of $3"
	else
		tests/bench/row.sh $1 "$3" $4 native $5 "${figure[$1 ours]}" "${figure[$1 $2]}" >>$out
	fi
}
for link in $links; do
	if [ $link = loss ]; then
		row loss/bulk4 kernel "kernel-$(in_space j sysctl -n net.ipv4.tcp_congestion_control) $kernel" Gbit/s higher
		for control in cubic bbr; do row loss/bulk4-$control kernel "kernel-$control $kernel" Gbit/s higher; done
		continue
	fi
	for v in $(variants $link); do
		case $v in ours) continue ;; lwip) peer=$lwip ;; *) peer="kernel-$v $kernel" ;; esac
		for name in bulk4 bulk6 bulk4-in bulk6-in; do row $link/$name $v "$peer" Gbit/s higher; done
		for name in rr cps udp many; do row $link/$name $v "$peer" 1/s higher; done
		row $link/cpu $v "$peer" s/GB lower
		[ $v != lwip ] || row $link/idle $v "$peer" bytes lower
	done
done
cat $out
