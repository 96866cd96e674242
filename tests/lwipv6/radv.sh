#!/bin/bash
# SPDX-License-Identifier: GPL-2.0-only
# timeout: 120
# Router advertisements (rows 52, 55, 56), both ways:
#
#   the stack as router  -- switch --  the Linux kernel as host, rdisc6, radvdump
#   the stack as host    -- switch --  Debian's radvd
set -u
cd "$(dirname "$0")/../.." || exit 2
. tests/lwipv6/link.sh
link rl
tap t0
host ra
kernel=$host
host rb 2001:db8:9::1/64
router=$host
at "$kernel" sysctl -qw net.ipv6.conf.eth0.accept_ra=2 net.ipv6.conf.eth0.accept_ra_rt_info_max_plen=64 \
	net.ipv6.conf.eth0.router_solicitation_interval=1 net.ipv6.conf.eth0.router_solicitations=20

cat >"$tmp/radv.conf" <<-'END'
	# what the stack advertises
	[tp0]
	AdvSendAdvert = on
	MinRtrAdvInterval = 3
	MaxRtrAdvInterval = 5
	AdvLinkMTU = 1400
	AdvOtherConfigFlag = on
	AdvDefaultPreference = high
	AddPrefix = 2001:db8:5::/64, AdvValidLifetime = 600, AdvPreferredLifetime = 300
	AddRoute = 2001:db8:77::/48, AdvRouteLifetime = 400
	AddRDNSS = 2001:db8:5::53
	AddDNSSL = lab.example
END
station router.log "tp0=t0,ip=tp0:2001:db8:5::1/64,forward,ra=$tmp/radv.conf" echo 7
routes() { at "$kernel" ip -6 route show; }
route() { routes | grep -Eq "$1"; }
address() { at "$1" ip -6 addr show dev eth0 | grep -Eq "$2"; }
ok "row 52: the kernel configures an address" until_true 15 address "$kernel" "inet6 2001:db8:5:.*dynamic"
ok "row 52: a default route of high preference" until_true 5 route "^default via fe80:.* pref high"
ok "row 55: and the route of the route information option" route "^2001:db8:77::/48 via fe80:.*"
is "row 52: the kernel takes the MTU" "$(at "$kernel" cat /proc/sys/net/ipv6/conf/eth0/mtu)" 1400
ok "row 52: the router is reached by global addresses" until_true 5 at "$kernel" ping -c1 -W1 2001:db8:5::1
found=$(at "$kernel" rdisc6 -1 -r 3 -w 2000 eth0 2>&1)
like "row 52: rdisc6 reads the answer to its solicitation" "$found" "Router lifetime *: *15 "
like "row 52: the prefix and its lifetimes" "$found" "Prefix *: 2001:db8:5::/64"
like "row 52: the flag for other configuration" "$found" "Stateful other conf\. *: *Yes"
like "row 56: the DNS server" "$found" "Recursive DNS server *: 2001:db8:5::53"
like "row 56: the search list" "$found" "DNS search list *: lab\.example"
start "$kernel" radvdump >"$tmp/dump" 2>/dev/null
ok "row 52: radvdump agrees" until_true 15 grep -q "prefix 2001:db8:5::/64" "$tmp/dump"
like "row 55: also on the route" "$(cat "$tmp/dump")" "route 2001:db8:77::/48"
at "$kernel" tcpdump -c 1 -w "$tmp/ra.pcap" 'icmp6 and ip6[40] == 134' >/dev/null 2>&1
bad=$(tshark -r "$tmp/ra.pcap" -Y '_ws.malformed || icmpv6.checksum.status == 0 || _ws.expert.severity >= 6291456' 2>/dev/null | wc -l)
is "row 52: tshark finds nothing wrong in an advertisement" "$bad" 0
tell down tp0
no_default() { ! route "^default via fe80:"; }
ok "row 52: when the interface goes down the kernel's default route goes at once" until_true 5 no_default
leave

# ---- Debian's radvd is the router
cat >"$tmp/radvd.conf" <<-'END'
	interface eth0 {
		AdvSendAdvert on; MinRtrAdvInterval 3; MaxRtrAdvInterval 5;
		prefix 2001:db8:9::/64 { AdvValidLifetime 600; AdvPreferredLifetime 300; };
		route 2001:db8:88::/48 { AdvRouteLifetime 300; };
		RDNSS 2001:db8:9::53 2001:db8:9::54 { AdvRDNSSLifetime 60; };
		DNSSL radvd.example sub.radvd.example { AdvDNSSLLifetime 60; };
	};
END
at "$router" sysctl -qw net.ipv6.conf.all.forwarding=1
at "$router" ip addr add 2001:db8:88::1/128 dev lo
start "$router" socat TCP6-LISTEN:8000,fork,reuseaddr SYSTEM:"echo routed"
start "$router" radvd -n -m stderr -C "$tmp/radvd.conf" -p "$tmp/radvd.pid" 2>"$tmp/radvd.log"
radvd=$started
station host.log tp0=t0,auto=tp0
ok "row 56: the DNS servers of radvd" until_true 15 said "resolver 2001:db8:9::53"
ok "row 56: both of them" said "resolver 2001:db8:9::54"
ok "row 56: and its search list" until_true 5 said "domains radvd\.example sub\.radvd\.example"
ask() { tell fetch 2001:db8:88::1 8000; until_true 2 said "fetched: routed"; }
ok "row 55: a host behind its route is reached from a configured address" until_true 10 ask
stop "$radvd"
gone() { ! tail -n 8 "$log" | grep -q resolver; }
ok "row 56: when radvd ends its servers go" until_true 10 gone
leave
done_testing
