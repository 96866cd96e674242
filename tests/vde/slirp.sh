#!/bin/bash
# vde slirp: a host of a virtual network gets an address, a name server and the way out; all in
# network namespaces, so the world outside is the namespace of the gateway.
cd "$(dirname "$0")/../.." || exit 2
. tests/lib/tap.sh

V=$PWD/build/bin/vde
dir=$(mktemp -d)
net=vdeslirp$$
at_exit 'rm -rf "$dir"'
at_exit 'for file in "$dir"/*.pid; do kill "$(cat "$file")" 2>/dev/null; done'
for ns in out in; do
	ip netns add $net.$ns || exit 1
	at_exit "ip netns del $net.$ns 2>/dev/null"
	ip -n $net.$ns link set lo up
done
outside() { ip netns exec $net.out "$@"; }
inside() { ip netns exec $net.in "$@"; }
listening() { outside ss -Hltn "sport = :$1" | grep -q .; }

# Outside: an address that is nobody's loopback, and two servers.
ip -n $net.out link add world type veth peer name far
ip -n $net.out addr add 192.0.2.1/24 dev world
ip -n $net.out link set world up
ip -n $net.out link set far up
serve() { # ADDRESS PORT TEXT
	ip netns exec $net.out socat "TCP-LISTEN:$2,bind=$1,reuseaddr,fork" "SYSTEM:echo $3" \
		>/dev/null 2>&1 &
	at_exit "kill $! 2>/dev/null"
	until_true 10 listening "$2"
}
serve 192.0.2.1 8001 world
serve 127.0.0.1 8002 loopback
head -c 20000000 /dev/urandom >"$dir/large"
ip netns exec $net.out socat -u "FILE:$dir/large" TCP-LISTEN:8003,bind=192.0.2.1,reuseaddr \
	>/dev/null 2>&1 &
at_exit "kill $! 2>/dev/null"

build/bin/vde_switch -d -s "$dir/sw" -p "$dir/sw.pid"
inside "$V" tap -d -P "$dir/tap.pid" --up -s "$dir/sw" vt0
ok 'a gateway' outside "$V" slirp -d -P "$dir/slirp.pid" --tcp 127.0.0.1:9001:10.0.2.15:7 \
	--udp 9002:10.0.2.15:7 --hostname student "$dir/sw"

printf '#!/bin/sh\n[ "$1" = bound ] && env >"%s/lease"\nexit 0\n' "$dir" >"$dir/script"
chmod +x "$dir/script"
inside busybox udhcpc -i vt0 -n -q -f -s "$dir/script" >"$dir/dhcp" 2>&1
like 'DHCP leases the first address' "$(cat "$dir/lease")" '^ip=10\.0\.2\.15$'
like 'and names the gateway' "$(cat "$dir/lease")" '^router=10\.0\.2\.2$'
like 'the name server' "$(cat "$dir/lease")" '^dns=10\.0\.2\.3$'
inside ip addr add 10.0.2.15/24 dev vt0
inside ip route add default via 10.0.2.2
ok 'the gateway answers pings' inside ping -q -n -c 2 -i 0.1 -W 2 10.0.2.2
is 'a server outside' "$(inside socat -t 5 - TCP:192.0.2.1:8001 </dev/null)" world
is "the gateway's own loopback is its address" \
	"$(inside socat -t 5 - TCP:10.0.2.2:8002 </dev/null)" loopback
inside socat -u TCP:192.0.2.1:8003 "CREATE:$dir/copy"
ok '20 MB arrive as they were sent' cmp "$dir/large" "$dir/copy"

# Forwarded ports.
for listen in TCP-LISTEN UDP-LISTEN; do
	ip netns exec $net.in socat -T 3 $listen:7,fork EXEC:cat >/dev/null 2>&1 &
	at_exit "kill $! 2>/dev/null"
done
until_true 10 eval 'inside ss -Hltun | grep -c ":7 " | grep -q 2'
is 'a forwarded TCP port' "$(echo hello | outside socat -t 3 - TCP:127.0.0.1:9001)" hello
is 'a forwarded UDP port' "$(echo hello | outside socat -t 3 - UDP:127.0.0.1:9002)" hello

# IPv6: the router advertises its prefix.
ok 'IPv6 addresses come by themselves' until_true 20 eval \
	'inside ip -6 addr show dev vt0 scope global | grep -q "fd00:"'
ok 'and the gateway answers' until_true 10 inside ping -q -n -c 1 -W 1 fd00::2

kill "$(cat "$dir/slirp.pid")"
ok 'it ends cleanly' until_true 10 test ! -e "$dir/slirp.pid"
ok 'another network' outside "$V" slirp -d -P "$dir/slirp.pid" --host 172.30.0.1/24 --no-dhcp --no-ipv6 \
	--no-host-loopback "$dir/sw"
inside ip addr add 172.30.0.9/24 dev vt0
inside ip route replace default via 172.30.0.1
is 'with the same world' "$(inside socat -t 5 - TCP:192.0.2.1:8001 </dev/null)" world
is 'but not its loopback' "$(inside timeout 3 socat -t 2 - TCP:172.30.0.1:8002 </dev/null 2>/dev/null)" ''
rm -f "$dir/lease"
inside busybox udhcpc -i vt0 -n -q -f -t 2 -T 1 -s "$dir/script" >/dev/null 2>&1
ok 'nor leases' test ! -e "$dir/lease"

for bad in '--host 10.0.2.2/33' '--host x' '--tcp 80:x:80' '--tcp 10.0.2.15:80' '--mtu 3' '--ipv6 fd00::/20' \
	'--dns name'; do
	# shellcheck disable=SC2086
	"$V" slirp $bad "$dir/sw" >/dev/null 2>"$dir/error"
	is "refused: $bad" $? 64
done
like 'a port in use is said' "$(outside "$V" slirp --tcp 127.0.0.1:8002:10.0.2.15:7 "$dir/sw" 2>&1)" \
	'cannot forward 127.0.0.1:8002:10.0.2.15:7: Address already in use'
done_testing
