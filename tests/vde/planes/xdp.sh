# The xdp plane on taps and on veths, and the Linux bridge on the same; for veths, a pair without
# anything between its ends is the ceiling. The switch has a network namespace of its own, and so have
# the two veths' other ends, as a container would (those of idle veths share a third); the traffic is
# that of `vde bench`, which can also send on network devices. shellcheck shell=bash
planes+=' xdp-tap xdp-veth'
peers[xdp-tap]='bridge-tap' ceilings[xdp-tap]=''
peers[xdp-veth]='bridge-veth' ceilings[xdp-veth]='direct-veth'

net=vdebench$$
switch_traffic=$traffic

# `vde bench` in the namespace, in the words of the traffic tool.
netdev_traffic() { # measure|rtt A B ARGUMENTS...
	local verb=$1 a=$2 b=$3 test key
	shift 3
	case $verb in
	measure) test=overload,lossfree key='fps=\(.lossfree) arrived_fps=\(.overload)
			loss_percent=\(.overload_loss_percent) cpu_ns=\(.cpu_ns_per_frame)' ;;
	rtt) test=rtt key='median_us=\(.rtt) p99_us=\(.rtt_p99)' ;;
	esac
	[ "$verb" = rtt ] && set -- 64 1 "$1"
	ip netns exec "$net" build/bin/vde bench --json -d 0.4 -t "$test" -s "$1" -n "${2:-1}" \
		-r "${3:-5000}" "$a" "$b" | jq -r "\"$key\"" | tr -s '\n\t ' ' '
}

# A namespace that ends with the test at the latest.
namespace() { # NAME
	ip netns add "$1" || return
	at_exit "ip netns del $1 2>/dev/null"
	ip netns exec "$1" sysctl -qw net.ipv6.conf.default.disable_ipv6=1
}

other_end() { echo "$net.$(($1 < 2 ? $1 : 2))"; } # NUMBER: the namespace of vi0, vi1 ...

# Taps vt0, vt1 ... or veths vo0, vo1 ... with their other ends vi0, vi1 ...
netdevs_up() { # tap|veth
	local i mtu=1500
	[ "$size" -le 1514 ] || mtu=9216
	namespace "$net" || return
	netdevs=()
	{ for ((i = 0; i < 2 + idle; i++)); do
		if [ "$1" = tap ]; then
			ip -n "$net" tuntap add "vt$i" mode tap
			echo "link set vt$i mtu $mtu txqueuelen 10000 up"
			netdevs+=("vt$i")
		else
			[ "$i" -gt 2 ] || namespace "$net.$i" || return
			echo "link add vo$i mtu $mtu type veth peer name vi$i mtu $mtu netns $(other_end "$i")"
			echo "link set vo$i up"
			netdevs+=("vo$i")
		fi
	done; } >"$dir/links"
	ip -n "$net" -batch "$dir/links" || return
	[ "$1" = tap ] ||
		for ((i = 0; i < 2 + idle; i++)); do ip -n "$(other_end "$i")" link set "vi$i" up; done
	if [ "$1" = tap ]; then A=tap://vt0 B=tap://vt1; else A=dev:$net.0/vi0 B=dev:$net.1/vi1; fi
	traffic=netdev_traffic
}
netdevs_down() {
	local i
	for i in 0 1 2; do ip netns del "$net.$i" 2>/dev/null; done
	ip netns del "$net"
	traffic=$switch_traffic
}

xdp_up() {
	local netdev options=()
	netdevs_up "$1" || return
	for netdev in "${netdevs[@]}"; do options+=(--xdp "$netdev"); done
	ip netns exec "$net" build/bin/vde_switch -n 200 -s "$dir/sw" -M "$dir/mgmt" -p "$dir/pid" -d \
		"${options[@]}" 2>"$dir/log" || { cat "$dir/log" >&2; return 1; }
}
xdp_down() {
	kill "$(cat "$dir/pid")"
	until_true 10 test ! -e "$dir/pid"
	rm -rf "$dir/sw"
	netdevs_down
}
bridge_up() {
	local netdev
	netdevs_up "$1" || return
	ip -n "$net" link add br0 type bridge
	for netdev in "${netdevs[@]}"; do ip -n "$net" link set "$netdev" master br0; done
	ip -n "$net" link set br0 up
}

direct-veth_up() {
	local i
	namespace "$net" || return
	for i in 0 1; do namespace "$net.$i"; done
	ip -n "$net.0" link add vi0 mtu 9216 type veth peer name vi1 mtu 9216 netns "$net.1"
	for i in 0 1; do ip -n "$net.$i" link set "vi$i" up; done
	netdevs=(vo0 vo1) A=dev:$net.0/vi0 B=dev:$net.1/vi1
	traffic=netdev_traffic
}
direct-veth_down() { netdevs_down; }

xdp-tap_up() { xdp_up tap; }
xdp-tap_down() { xdp_down; }
xdp-veth_up() { xdp_up veth; }
xdp-veth_down() { xdp_down; }
bridge-tap_up() { bridge_up tap; }
bridge-tap_down() { netdevs_down; }
bridge-veth_up() { bridge_up veth; }
bridge-veth_down() { netdevs_down; }
