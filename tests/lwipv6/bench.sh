#!/bin/bash
# SPDX-License-Identifier: GPL-2.0-only
# liblwipv6 over tap against the kernel, beside kernel to kernel over veth in the same rounds:
#
#   ours   traffic (10.9.0.2) -- tap with 64 KiB frames -- kernel (10.9.0.1)
#   veth   kernel (10.8.0.2)  -- veth, offloads off or on -- kernel (10.8.0.1)
#
# usage: tests/lwipv6/bench.sh    ROUNDS=5 SECONDS_EACH=1
set -eu
cd "$(dirname "$0")/../.."
rounds=${ROUNDS:-5} each=${SECONDS_EACH:-1} build=build/tests/lwipv6
a=lwb$$a b=lwb$$b tap=lwb$$ out=build/bench/lwipv6.jsonl
mkdir -p build/bench
cleanup() { kill -9 $server $server2 2>/dev/null || :; ip netns del $a 2>/dev/null || :; ip netns del $b 2>/dev/null || :; }
server= server2=
trap cleanup EXIT
ip netns add $a; ip netns add $b
ip netns exec $a ip tuntap add $tap mode tap vnet_hdr
ip -n $a addr add 10.9.0.1/24 dev $tap; ip -n $a addr add fd00:9::1/64 dev $tap nodad; ip -n $a link set $tap up
ip -n $a link add v$$ type veth peer name v$$ netns $b
ip -n $a addr add 10.8.0.1/24 dev v$$; ip -n $a addr add fd00:8::1/64 dev v$$ nodad; ip -n $a link set v$$ up
ip -n $b addr add 10.8.0.2/24 dev v$$; ip -n $b addr add fd00:8::2/64 dev v$$ nodad; ip -n $b link set v$$ up
ip netns exec $a $build/traffic_kernel - serve >/dev/null 2>&1 & server=$!
until ip netns exec $a ss -tln | grep -q ':5004 '; do read -r -t 0.05 <> <(:) || :; done

offloads() {
	ip netns exec $a ethtool -K v$$ tso $1 gso $1 gro $1 tx $1 >/dev/null 2>&1
	ip netns exec $b ethtool -K v$$ tso $1 gso $1 gro $1 tx $1 >/dev/null 2>&1
}
ours() { ip netns exec $a timeout 30 $build/traffic tap=$tap "$@" | awk '{ print $1 }'; }
veth() { ip netns exec $b timeout 30 $build/traffic_kernel - "$@" | awk '{ print $1 }'; }

declare -A o v f
for ((i = 0; i < rounds; i++)); do
	for dir in send receive; do
		o[$dir 4]+=" $(ours $dir 10.9.0.1 ${each}s)"; o[$dir 6]+=" $(ours $dir fd00:9::1 ${each}s)"
		offloads off
		v[$dir 4]+=" $(veth $dir 10.8.0.1 ${each}s)"; v[$dir 6]+=" $(veth $dir fd00:8::1 ${each}s)"
		offloads on
		f[$dir 4]+=" $(veth $dir 10.8.0.1 ${each}s)"; f[$dir 6]+=" $(veth $dir fd00:8::1 ${each}s)"
	done
	for what in rr cps; do
		o[$what]+=" $(ours $what 10.9.0.1 $each)"
		offloads off
		v[$what]+=" $(veth $what 10.8.0.1 $each)"
		offloads on
		f[$what]+=" $(veth $what 10.8.0.1 $each)"
	done
done
peer="Linux $(uname -r)"
: >$out
for dir in send receive; do
	for family in 4 6; do
		name="tap/bulk$family $dir"
		tests/bench/row.sh "$name" "kernel-veth $peer" Gbit/s native higher "${o[$dir $family]}" "${v[$dir $family]}" >>$out
		tests/bench/row.sh "$name" "kernel-veth-offload $peer" Gbit/s native higher "${o[$dir $family]}" "${f[$dir $family]}" >>$out
	done
done
for what in rr cps; do
	tests/bench/row.sh "tap/$what" "kernel-veth $peer" 1/s native higher "${o[$what]}" "${v[$what]}" >>$out
	tests/bench/row.sh "tap/$what" "kernel-veth-offload $peer" 1/s native higher "${o[$what]}" "${f[$what]}" >>$out
done
cat $out
