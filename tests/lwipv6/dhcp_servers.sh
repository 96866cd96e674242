# SPDX-License-Identifier: GPL-2.0-only
# Sourced by dhcp4.sh and dhcp6.sh: one link with a stack's tap and two Debian servers. shellcheck shell=bash
#
#   stack (station) -- tap t0 -- bridge -- dnsmasq in $masq: 10.9.0.1, fd00:9::1
#                                       \- ISC dhcpd in $isc: 10.9.0.2, fd00:9::2
. tests/lwipv6/link.sh
link ${1:?a name for the link}
tap t0
host ${1}a 10.9.0.1/24 fd00:9::1/64
masq=$host
host ${1}b 10.9.0.2/24 fd00:9::2/64
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
given_back() { # ROW -4|-6 dhcp|dhcp6 ADDRESS-AS-SHOWN: lwip gives its lease back when it ends
	local before
	export XDG_RUNTIME_DIR=$tmp
	releases() { grep -c DHCPRELEASE "$tmp/masq.log"; }
	more_releases() { [ "$(releases)" -gt "$1" ]; }
	leased() { timeout 5 build/lwip "$1" addr show tp0 | grep -q "$2"; }
	before=$(releases)
	ok "row $1: lwip has a lease" at "$link" timeout 30 build/lwip start "tp0=t0,$3=tp0"
	until_true 20 leased "$2" "$4"
	ok "row $1: lwip stop" timeout 20 build/lwip stop
	ok "row $1: gives it back" until_true 10 more_releases "$before"
}
