/* SPDX-License-Identifier: GPL-2.0-only */
/* Included by calls.c: names of lines that may differ, and why; docs/lwipv6.md has the same table. */
{"new/epoll", "a socket pair cannot show HUP and take it back"},
	{"bound/epoll", "a socket pair cannot show HUP and take it back"},
	{"refused/epoll", "a socket pair cannot show HUP and take it back"},
	{"*/SIOCOUTQ", "counts data, not SYN and FIN"},
	{"*/SO_RCVLOWAT/after -*", "no limit by the host's settings"},
	{"*/SO_RCVBUF/*", "no limit by the host's settings"},
	{"*/SO_SNDBUF/*", "starts at 128 KiB, no limit by the host's settings"},
	{"*/SO_PRIORITY/*", "above 6 the kernel asks for CAP_NET_ADMIN, a stack its own rights"},
	{"tcp?/TCP_QUICKACK/at first", "says what was set"},
	{"tcp?/TCP_WINDOW_CLAMP/*", "not there"}, {"???6/IPV6_MTU/*", "not to be set"},
