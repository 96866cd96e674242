#!/bin/bash
# Inside a guest: what a frame costs by kvde, by our user plane, by Debian's vde_switch, and between sockets joined
# directly. Lines "ROW WAY NANOSECONDS".
#
# usage: bench_guest.sh ROUNDS
cd "$(dirname "$0")/../.." || exit 2
cost=build/tests/kvde/cost
dir=$(mktemp -d)
trap 'kill $switch 2>/dev/null; rm -rf "$dir"' EXIT
switch=''
modprobe kvde || exit 1
begin() { # WAY IDLE-PORTS
	rm -rf "$dir/sw"
	case $1 in
	kvde) build/bin/vde_switch --kvde always -n 200 --nostdin -s "$dir/sw" & ;;
	user) build/bin/vde_switch --kvde never -n 200 --nostdin -s "$dir/sw" & ;;
	vde_switch) /usr/bin/vde_switch -n 200 -s "$dir/sw" >/dev/null < <(exec sleep 3000) & ;;
	direct) return ;;
	esac
	switch=$!
	until [ -S "$dir/sw/ctl" ]; do sleep 0.1; done
	[ "$2" -eq 0 ] || { build/tests/vde/traffic idle "$dir/sw" "$dir/sw" "$2" < <(sleep 1000) >/dev/null & idle=$!; }
	until [ "$(grep -c " $dir/sw/" /proc/net/unix)" -gt "$2" ]; do sleep 0.1; done # ctl, and each client's socket
}
end() {
	[ -z "${idle:-}" ] || { kill $idle 2>/dev/null; wait $idle 2>/dev/null; idle=''; }
	[ -z "$switch" ] || { kill $switch; wait $switch 2>/dev/null; switch=''; }
}
one() { # ROW WAY IDLE COMMAND...
	local row=$1 way=$2 idle_ports=$3 figure
	shift 3
	begin "$way" "$idle_ports"
	figure=$($cost "$@") && echo "$row $way $figure"
	end
}
for ((round = 0; round < $1; round++)); do
	for way in kvde user vde_switch direct; do
		a=$dir/sw b=$dir/sw
		[ $way != direct ] || a=direct b=direct
		one frame/64 $way 0 frame "$a" "$b" 64 6400
		one frame/1500 $way 0 frame "$a" "$b" 1500 3200
		one rtt $way 0 rtt "$a" "$b" 64 1000
		[ $way != direct ] || continue
		one flood-8 $way 0 flood "$a" 64 500 "$a" "$a" "$a" "$a" "$a" "$a" "$a" "$a"
	done
	for way in kvde vde_switch; do
		one frame/64/ports=16 $way 14 frame "$dir/sw" "$dir/sw" 64 3200
		one frame/64/ports=128 $way 126 frame "$dir/sw" "$dir/sw" 64 3200
		one frame/64/macs=1000 $way 0 frame "$dir/sw" "$dir/sw" 64 3200 1000
	done
	one frame/64/macs=100000 kvde 0 frame "$dir/sw" "$dir/sw" 64 3200 100000
done
echo "versions $(dpkg-query -W -f '${Version}' vde-switch)"
