#!/bin/bash
# SPDX-License-Identifier: GPL-2.0-only
# timeout: 180
# The DHCPv4 client (row 64) against dnsmasq and ISC dhcpd: leases, competition, renewal, conflict.
set -u
cd "$(dirname "$0")/../.." || exit 2
. tests/lwipv6/dhcp_servers.sh d4

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

# ---- the command gives its lease back when it ends
given_back 64 -4 dhcp "inet 10\.9\.0\.1"

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
is "every stack ended clean, for the sanitizers too" "$unclean" ""
done_testing
