# SPDX-License-Identifier: GPL-2.0-only
# Sourced by the tests against real servers and clients. shellcheck shell=bash
#
#   link NAME                 a namespace $link with a bridge; station's taps are there
#   host NAME ADDRESS...      a namespace NAME (made unique) on the bridge, its name in $host
#   tap NAME                  a tap on the bridge
#   second_lan NAME...        these taps and hosts go to a second bridge
#   at HOST COMMAND...        run there
#   start HOST COMMAND...     in the background until the script ends; its pid is $started
#   stop PID                  end it earlier
#   station LOG CONFIG...     a stack in the link's namespace; obeys `tell LINE`, is ended by `leave`
. "$(dirname "${BASH_SOURCE[0]}")/../lib/tap.sh"
tmp=$(mktemp -d) unclean=
at_exit "rm -rf $tmp"

at() { local ns=$1; shift; ip netns exec "$ns" "$@"; }

start() {
	exec ip netns exec "$@" &
	started=$!
	at_exit "kill $started 2>/dev/null"
}
stop() { kill "$1" && wait "$1" 2>/dev/null; }

namespace() { # NAME
	ip netns add "$1" || exit 1
	at_exit "ip netns del $1"
	at "$1" ip link set lo up
	at "$1" sysctl -qw net.ipv6.conf.all.accept_dad=0 net.ipv6.conf.default.accept_dad=0
}

link() {
	link=$1$$
	namespace "$link"
	at "$link" ip link add name lan type bridge
	at "$link" ip link set lan up
}

tap() {
	at "$link" ip tuntap add "$1" mode tap
	at "$link" ip link set "$1" master lan up
}

second_lan() {
	at "$link" ip link add name lan2 type bridge
	at "$link" ip link set lan2 up
	for device; do at "$link" ip link set "$device" master lan2; done
}

host() {
	host=$1$$
	namespace "$host"
	ip link add eth0 netns "$host" type veth peer name "$1" netns "$link"
	at "$link" ip link set "$1" master lan up
	at "$host" ip link set eth0 up
	for address in "${@:2}"; do at "$host" ip addr add "$address" dev eth0; done
}

station() {
	log=$tmp/$1
	: >"$log"
	coproc STATION { exec ip netns exec "$link" build/tests/lwipv6/station "${@:2}" >"$log" 2>&1; }
	station=$STATION_PID to_station=${STATION[1]}
}
tell() { echo "$*" >&"$to_station"; }
leave() { # what the sanitizers found is in $unclean
	local fd=$to_station
	exec {fd}>&-
	wait "$station" || unclean+="$(cat "$log")"
}
said() { grep -Eq -- "$1" "$log"; }
