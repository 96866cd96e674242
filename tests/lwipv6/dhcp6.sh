#!/bin/bash
# SPDX-License-Identifier: GPL-2.0-only
# timeout: 180
# The DHCPv6 client (row 65) against dnsmasq and ISC dhcpd, with addresses and for information only.
set -u
cd "$(dirname "$0")/../.." || exit 2
. tests/lwipv6/dhcp_servers.sh d6

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

# ---- the command gives its lease back when it ends
given_back 65 -6 dhcp6 "inet6 fd00:9::1[0-9a-f]*/"
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
is "every stack ended clean, for the sanitizers too" "$unclean" ""
done_testing
