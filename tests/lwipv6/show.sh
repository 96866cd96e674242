#!/bin/bash
# SPDX-License-Identifier: GPL-2.0-only
# timeout: 300
# Stacks, a kernel and real servers on virtual switches:
#
#   lwip "one" ---+                                       +--- lwip "outside" 203.0.113.2
#   lwip "two" ---+-- switch 1 -- lwip "router" -- switch 2
#   User-Mode Linux                10.44.0.1 fd00:44::1     NAT, router advertisements
#   dnsmasq (DHCP) in a namespace, by the switch's tap
#
# Addresses by SLAAC (from the router) and DHCP (from dnsmasq), ping of both families, 100 MB each way.
# SWITCH is the program of both switches.
set -u
. "$(dirname "$0")/../lib/tap.sh"
cd "$(dirname "$0")/../.." || exit 2
tmp=$(mktemp -d) ns=lwshow$$ switch=${SWITCH:-build/bin/vde_switch}
export XDG_RUNTIME_DIR=$tmp
at_exit "rm -rf $tmp"
lwip() { timeout 90 build/lwip "$@"; }
background() { # LOG COMMAND
	local log=$1
	shift
	"$@" >"$log" 2>&1 </dev/null &
	at_exit "kill $! 2>/dev/null"
}
ip netns add $ns || exit 1
at_exit "ip netns del $ns"
ip -n $ns link set lo up
# As a daemon: Debian's would end with its standard input.
at_exit "kill \$(cat $tmp/s1.pid $tmp/s2.pid)"
ip netns exec $ns $switch -s $tmp/s1 -t lan -d -p $tmp/s1.pid
$switch -s $tmp/s2 -d -p $tmp/s2.pid
until_true 10 test -S $tmp/s1/ctl -a -S $tmp/s2/ctl -a -s $tmp/s1.pid -a -s $tmp/s2.pid
until_true 10 ip -n $ns link set lan up
ip -n $ns addr add 10.44.0.2/24 dev lan
background $tmp/dnsmasq.log ip netns exec $ns dnsmasq -k -p 0 -i lan --bind-interfaces -F 10.44.0.50,10.44.0.99,1h \
	-O option:router,10.44.0.1 -l $tmp/leases --dhcp-authoritative -u root --log-dhcp
cat >$tmp/radv <<-END
	[vd0]
	AdvSendAdvert = on
	MaxRtrAdvInterval = 4
	MinRtrAdvInterval = 3
	AddPrefix = fd00:44::/64
END
mkdir $tmp/www
head -c 100000000 /dev/urandom >$tmp/www/file
sum=$(md5sum <$tmp/www/file | cut -c1-32)

start() { # NAME CONFIG
	ok "$1 comes up" lwip -n $1 start "$2"
	at_exit "timeout 10 build/lwip -n $1 stop 2>/dev/null"
}
start router "vd0=$tmp/s1,vd1=$tmp/s2,ip=vd0:10.44.0.1/24,ip=vd0:fd00:44::1/64,ip=vd1:203.0.113.1/24,forward,ra=$tmp/radv,nat=vd1"
start outside "vd0=$tmp/s2,ip=vd0:203.0.113.2/24"
for name in one two; do
	start $name "vd0=$tmp/s1,auto=vd0,dhcp=vd0"
done
address() { lwip -n $1 -j $2 addr show vd0 | jq -re ".[0].addr_info | map(select(.scope == \"global\" and (.tentative | not)))[0].local"; }
got() { address "$@" >$tmp/address && [ -s $tmp/address ]; }
for name in one two; do
	ok "$name has an address by SLAAC" until_true 20 got $name -6
	like "... of the router's prefix" "$(address $name -6)" "^fd00:44:"
	ok "$name has one by DHCP" until_true 20 got $name -4
	like "... of dnsmasq's range" "$(address $name -4)" "^10\.44\.0\.(5|6|7|8|9)[0-9]$"
	is "... and the leased router" "$(lwip -n $name -4 route | grep -c "default via 10.44.0.1 dev vd0 proto dhcp")" 1
	background $tmp/$name.log build/lwip -n $name serve echo http=$tmp/www
done
background $tmp/outside.log build/lwip -n outside serve echo http=$tmp/www
for name in one two outside; do until_true 10 grep -q serving $tmp/$name.log; done

answered() { lwip -n $1 ping -c 2 -i 0.1 -W 2 "$2" | grep -q " 0% lost"; }
fetch() { rm -f $tmp/got; lwip -n $1 get -o $tmp/got "$2" && cmp $tmp/got $tmp/www/file; }
bracket() { case $1 in *:*) echo "[$1]" ;; *) echo "$1" ;; esac; }
for pair in "one two" "two one"; do
	read -r from to <<<"$pair"
	for family in -4 -6; do
		there=$(address $to $family)
		ok "$from pings $to ($there)" until_true 5 answered $from $there
		ok "100 MB from $to to $from over IPv${family#-}, unchanged" fetch $from "http://$(bracket $there)/file"
	done
done
ok "one pings outside through the translation" until_true 5 answered one 203.0.113.2
ok "100 MB from outside through the router, unchanged" fetch one http://203.0.113.2/file
is "the router translated" "$(lwip -n router -j status | jq '.nat_translated > 1000')" true
ok "outside cannot begin" bash -c "! timeout 20 build/lwip -n outside ping -c 1 -W 1 $(address one -4)"

# ---- User-Mode Linux on the same switch
mkdir -p $tmp/root/bin $tmp/root/proc $tmp/root/dev $tmp/root/tmp
cp /bin/busybox $tmp/root/bin/
cp /usr/lib/uml/modules/*/kernel/net/ipv6/ipv6.ko /usr/lib/uml/modules/*/kernel/lib/crc-ccitt.ko $tmp/root/
cat >$tmp/root/lease <<'END'
#!/bin/busybox sh
[ "$1" = bound ] || exit 0
/bin/busybox ip addr add $ip/24 dev eth0
/bin/busybox ip route add default via $router
END
cat >$tmp/root/init <<END
#!/bin/busybox sh
PATH=/bin
/bin/busybox --install -s /bin
mount -t proc none /proc
mount -t devtmpfs none /dev
mount -t tmpfs none /tmp
insmod /crc-ccitt.ko
insmod /ipv6.ko
ip link set lo up
ip link set eth0 up
udhcpc -n -q -i eth0 -s /lease && echo "RESULT lease \$(ip -4 addr show eth0 | grep -o '10\.44\.0\.[0-9]*/' | tr -d /)"
until ip -6 addr show eth0 | grep -q fd00:44; do sleep 1; done
echo "RESULT slaac yes"
ping -c 2 -W 2 $(address one -4) >/dev/null && echo "RESULT ping4 answered"
ping6 -c 2 -W 2 $(address one -6) >/dev/null && echo "RESULT ping6 answered"
echo "RESULT sum4 \$(wget -q -O - http://$(address one -4)/file | md5sum | cut -c1-32)"
echo "RESULT sum6 \$(wget -q -O - 'http://[$(address two -6)]/file' | md5sum | cut -c1-32)"
echo "RESULT nat \$(wget -q -O - http://203.0.113.2/file | md5sum | cut -c1-32)"
head -c 1000000 /dev/urandom >/tmp/part
for i in \$(seq 100); do cat /tmp/part; done >/tmp/file
echo "RESULT own \$(md5sum </tmp/file | cut -c1-32)"
httpd -h /tmp
echo "RESULT serves yes"
until wget -q -O /dev/null http://$(address one -4)/stop; do sleep 1; done
poweroff -f
END
chmod +x $tmp/root/init $tmp/root/lease
(cd $tmp/root && find . | cpio -o -H newc --quiet | gzip -1) >$tmp/initrd
HOME=$tmp TMPDIR=$tmp background $tmp/uml.log tests/lib/uml mem=300M initrd=$tmp/initrd "eth0=vde,$tmp/s1" con=null con0=null,fd:1 quiet
uml=$!
said() { grep -aq "RESULT $1 " $tmp/uml.log; }
result() { grep -a "RESULT $1 " $tmp/uml.log | tr -d '\r' | cut -d' ' -f3; }
ok "User-Mode Linux has a lease and a prefix" until_true 60 said slaac
ok "... and serves" until_true 120 said serves
is "it pings one over IPv4 and IPv6" "$(result ping4) $(result ping6)" "answered answered"
is "100 MB from one to Linux over IPv4, unchanged" "$(result sum4)" $sum
is "100 MB from two to Linux over IPv6, unchanged" "$(result sum6)" $sum
is "100 MB from outside to Linux through the router, unchanged" "$(result nat)" $sum
is "100 MB from Linux to two, unchanged" "$(lwip -n two get http://$(result lease)/file | md5sum | cut -c1-32)" "$(result own)"
touch $tmp/www/stop
ok "it powers off" until_true 20 bash -c "! kill -0 $uml"
[ $tap_failed -eq 0 ] || tail -n 30 $tmp/uml.log | sed 's/^/# /'
for name in one two outside router; do
	ok "$name ends in order" lwip -n $name stop
done
done_testing
