#!/bin/bash
# SPDX-License-Identifier: GPL-2.0-only
# timeout: 180
# The DHCP clients (rows 64, 65) against two Debian servers on one link:
#
#   stack (station) -- tap -- bridge -- dnsmasq 10.9.0.1, fd00:9::1
#                                    \- ISC dhcpd 10.9.0.2, fd00:9::2
set -u
cd "$(dirname "$0")/../.." || exit 2
. tests/lwipv6/link.sh
link lk
tap t0
host da 10.9.0.1/24 fd00:9::1/64
masq=$host
host db 10.9.0.2/24 fd00:9::2/64
isc=$host

start_dnsmasq() { # OPTIONS...: $dnsmasq is its pid
	: >"$tmp/masq.log"
	start "$masq" dnsmasq -k --conf-file=/dev/null --interface=eth0 --bind-interfaces --except-interface=lo --leasefile-ro \
		--log-dhcp --log-facility="$tmp/masq.log" --pid-file= --user=root --port=0 "$@" 2>"$tmp/masq.err"
	dnsmasq=$started
	until_true 10 grep -q "DHCP" "$tmp/masq.log" || cat "$tmp/masq.err"
}
start_dhcpd() { # -4|-6, configuration on input
	cat >"$tmp/dhcpd.conf"
	: >"$tmp/dhcpd.leases"
	chmod 755 "$tmp"
	start "$isc" dhcpd "$1" -f -d -cf "$tmp/dhcpd.conf" -lf "$tmp/dhcpd.leases" -pf "$tmp/dhcpd.pid" --no-pid eth0 >"$tmp/isc.log" 2>&1
	dhcpd=$started
	until_true 10 grep -Eq "Server starting|Sending on" "$tmp/isc.log" || cat "$tmp/isc.log"
}

# ---- IPv4, dnsmasq alone: everything that it tells
start_dnsmasq --dhcp-range=10.9.0.100,10.9.0.149,255.255.255.0,1h --dhcp-option=option:dns-server,10.9.0.53 \
	--dhcp-option=option:domain-search,lab.example,example.org --dhcp-option=option:mtu,1400 \
	--dhcp-option=121,172.20.0.0/16,10.9.0.1,0.0.0.0/0,10.9.0.1
at "$masq" ip addr add 172.20.5.5/32 dev lo
start "$masq" socat TCP-LISTEN:8000,fork,reuseaddr SYSTEM:"echo over the route"
station one.log tp0=t0,dhcp=tp0
ok "row 64: dnsmasq leases an address" until_true 20 said "lease4 bound 10\.9\.0\.1[0-4][0-9] 10\.9\.0\.1$"
like "row 64: its DNS server" "$(cat "$log")" "resolver 10\.9\.0\.53"
like "row 64: its search domains" "$(cat "$log")" "domains lab\.example example\.org"
address=$(sed -n 's/^lease4 bound \([0-9.]*\).*/\1/p' "$log" | head -n1)
ok "row 64: the kernel reaches the leased address" at "$masq" ping -c1 -W2 "$address"
tell fetch 172.20.5.5 8000
ok "row 64: a host behind the classless route is reached" until_true 10 said "fetched: over the route"
tell down tp0
ok "row 64: dnsmasq hears the release" until_true 10 grep -q "DHCPRELEASE" "$tmp/masq.log"
leave

# ---- both; what the first holds is not the second's
start_dhcpd -4 <<-END
	authoritative; ping-check off;
	default-lease-time 8; max-lease-time 8; min-lease-time 8;
	subnet 10.9.0.0 netmask 255.255.255.0 { range 10.9.0.150 10.9.0.199; option domain-name-servers 10.9.0.54; }
END
station two.log tp0=t0,dhcp=tp0
ok "row 64: two servers compete, one lease comes of it" until_true 20 said "lease4 bound 10\.9\.0\.1"
if said "bound .* 10\.9\.0\.1$"; then
	ok "row 64: from the range of the one chosen" said "bound 10\.9\.0\.1[0-4][0-9] 10\.9\.0\.1$"
else
	ok "row 64: from the range of the one chosen" said "bound 10\.9\.0\.1[5-9][0-9] 10\.9\.0\.2$"
fi
leave
stop $dnsmasq
station three.log tp0=t0,dhcp=tp0
ok "row 64: ISC dhcpd leases an address for 8 s" until_true 20 said "lease4 bound 10\.9\.0\.1[5-9][0-9] 10\.9\.0\.2$"
acks() { [ "$(grep -c DHCPACK "$tmp/isc.log")" -ge "$1" ]; }
have=$(grep -c DHCPACK "$tmp/isc.log")
ok "row 64: it is renewed" until_true 15 acks $((have + 2))
ok "row 64: without the address going" test "$(grep -c "lease4 bound" "$log")" -ge 1 -a "$(grep -c "lease4 init" "$log")" -le 1
start_dnsmasq --dhcp-range=10.9.0.100,10.9.0.149,255.255.255.0,1h
stop $dhcpd
ok "row 64: when its server dies the stack goes to the other" until_true 30 said "lease4 bound 10\.9\.0\.1[0-4][0-9] 10\.9\.0\.1$"
leave
stop $dnsmasq

# ---- an address that somebody has
at "$masq" ip addr add 10.9.0.150/24 dev eth0
start_dhcpd -4 <<-END
	authoritative; ping-check off; default-lease-time 600;
	subnet 10.9.0.0 netmask 255.255.255.0 { range 10.9.0.150 10.9.0.150; }
END
station four.log tp0=t0,dhcp=tp0
ok "row 64: an address in use elsewhere is declined" until_true 15 grep -q "DHCPDECLINE .* 10.9.0.150\|DHCPDECLINE of 10.9.0.150" "$tmp/isc.log"
ok "row 64: and never used" test "$(grep -c "bound 10.9.0.150" "$log")" = 0
leave
stop $dhcpd

# ---- IPv6
start_dnsmasq --dhcp-range=fd00:9::100,fd00:9::1ff,64,1h --enable-ra --ra-param=eth0,10 \
	--dhcp-option=option6:dns-server,[fd00:9::53] --dhcp-option=option6:domain-search,six.example
station six.log tp0=t0,auto=tp0
ok "row 65: the M flag of dnsmasq's advertisement: a lease" until_true 20 said "lease6 bound fd00:9::1[0-9a-f]+"
ok "row 65, row 56: its DNS server" until_true 5 said "resolver fd00:9::53"
ok "row 65: its search domain" until_true 5 said "domains .*six\.example"
address=$(sed -n 's/^lease6 bound \([0-9a-f:]*\).*/\1/p' "$log" | head -n1)
ok "row 65: the kernel reaches the leased address" until_true 10 at "$masq" ping -c1 -W1 "$address"
tell down tp0
ok "row 65: dnsmasq hears the release" until_true 10 grep -q "DHCPRELEASE" "$tmp/masq.log"
leave
stop $dnsmasq
start_dnsmasq --dhcp-range=fd00:9::,ra-stateless,64,1h --enable-ra --ra-param=eth0,10 \
	--dhcp-option=option6:dns-server,[fd00:9::54] --dhcp-option=option6:domain-search,stateless.example
station info.log tp0=t0,auto=tp0
ok "row 65: the O flag: information only" until_true 20 said "lease6 informed ::"
ok "row 65, row 56: with a DNS server" until_true 5 said "resolver fd00:9::54"
leave
stop $dnsmasq
start_dhcpd -6 <<-END
	default-lease-time 600; preferred-lifetime 10; option dhcp-renewal-time 4; option dhcp-rebinding-time 7;
	subnet6 fd00:9::/64 { range6 fd00:9::200 fd00:9::2ff; option dhcp6.name-servers fd00:9::55; }
END
station isc6.log tp0=t0,dhcp6=tp0
ok "row 65: ISC dhcpd leases an address" until_true 20 said "lease6 bound fd00:9::2[0-9a-f]+"
like "row 65: and tells its DNS server" "$(cat "$log")" "resolver fd00:9::55"
ok "row 65: it is renewed" until_true 15 grep -q "Renew message" "$tmp/isc.log"
leave
ok "row 65: and hears the release" until_true 10 grep -q "Release message" "$tmp/isc.log"
like "the string that makes a stack says what is wrong" "$(build/tests/lwipv6/station dhcp=tp0)" "dhcp=tp0: there is no such interface"
done_testing
