# The xdp plane on taps and on veths, and the Linux bridge on the same. All in a network namespace of
# their own; the traffic is that of `vde bench`, which can also send on network devices.
# shellcheck shell=bash
planes+=' xdp-tap xdp-veth'
peers[xdp-tap]='bridge-tap'
peers[xdp-veth]='bridge-veth'

net=vdebench$$
switch_traffic=$traffic

# `vde bench` in the namespace, in the words of the traffic tool.
netdev_traffic() { # search|rate|rtt A B ARGUMENTS...
	local verb=$1 a=$2 b=$3 test key
	shift 3
	case $verb in
	search) test=lossfree key='fps=\(.lossfree)' ;;
	rate) test=overload key='arrived_fps=\(.overload) loss_percent=\(.overload_loss_percent)
			cpu_ns=\(.cpu_ns_per_frame)' ;;
	rtt) test=rtt key='median_us=\(.rtt) p99_us=\(.rtt_p99)' ;;
	esac
	[ "$verb" = rtt ] && set -- 64 1 "$1"
	[ "$verb" = rate ] && set -- "$1" 1
	ip netns exec "$net" build/bin/vde bench --json -d 0.5 -t "$test" -s "$1" -n "${2:-1}" \
		-r "${3:-5000}" "$a" "$b" | jq -r "\"$key\"" | tr -s '\n\t ' ' '
}

# Taps vt0, vt1 ... or veths vo0, vo1 ... with their other ends vi0, vi1 ...
netdevs_up() { # tap|veth
	local i ip="ip -n $net" mtu=1500
	[ "${size:-64}" -le 1514 ] || mtu=9216
	ip netns add "$net" || return
	at_exit "ip netns del $net 2>/dev/null"
	ip netns exec "$net" sysctl -qw net.ipv6.conf.default.disable_ipv6=1
	netdevs=()
	for ((i = 0; i < 2 + idle; i++)); do
		if [ "$1" = tap ]; then
			$ip tuntap add "vt$i" mode tap
			$ip link set "vt$i" mtu $mtu txqueuelen 10000 up
			netdevs+=("vt$i")
		else
			$ip link add "vo$i" mtu $mtu type veth peer name "vi$i" mtu $mtu
			$ip link set "vo$i" up
			$ip link set "vi$i" up
			# What frames of XDP need at a receiving veth; it does the bridge no harm.
			ip netns exec "$net" ethtool -K "vi$i" gro on tso off gso off tx off txvlan off >/dev/null
			netdevs+=("vo$i")
		fi
	done
	if [ "$1" = tap ]; then A=tap://vt0 B=tap://vt1; else A=dev:vi0 B=dev:vi1; fi
	traffic=netdev_traffic
}
netdevs_down() {
	ip netns del "$net"
	traffic=$switch_traffic
}

xdp_up() {
	local netdev options=()
	netdevs_up "$1" || return
	for netdev in "${netdevs[@]}"; do options+=(--xdp "$netdev"); done
	ip netns exec "$net" build/bin/vde_switch -n 200 -s "$dir/sw" -M "$dir/mgmt" -p "$dir/pid" -d \
		"${options[@]}"
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

xdp-tap_up() { xdp_up tap; }
xdp-tap_down() { xdp_down; }
xdp-veth_up() { xdp_up veth; }
xdp-veth_down() { xdp_down; }
bridge-tap_up() { bridge_up tap; }
bridge-tap_down() { netdevs_down; }
bridge-veth_up() { bridge_up veth; }
bridge-veth_down() { netdevs_down; }
