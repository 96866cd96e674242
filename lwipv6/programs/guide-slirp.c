/* SPDX-License-Identifier: GPL-2.0-or-later */
/*
 * The gateway of LWIPv6's slirp examples, with the old calls only: what arrives on a tap interface
 * leaves by the host's own sockets, and ports of the host lead to a machine behind the tap.
 *
 * usage: guide-slirp TAP ADDRESS MACHINE TCPPORT UDPPORT SOCKET
 *        ports of 127.0.0.1 lead to the same port of MACHINE, the UNIX socket to its TCPPORT
 */
#include <stdio.h>
#include <stdlib.h>
#include <unistd.h>
#include <lwipv6.h>

static void read_address(char *text, struct ip_addr *addr)
{
	unsigned int b[4];

	if (sscanf(text, "%u.%u.%u.%u", &b[0], &b[1], &b[2], &b[3]) != 4)
		exit(2);
	IP64_ADDR(addr, b[0], b[1], b[2], b[3]);
}

int main(int argc, char *argv[])
{
	struct stack *stack;
	struct netif *tap, *slirp;
	struct ip_addr addr, mask, dest, host;
	int tcp, udp;
	char buf[16];

	if (argc != 7) {
		fprintf(stderr, "usage: %s TAP ADDRESS MACHINE TCPPORT UDPPORT SOCKET\n", argv[0]);
		return 2;
	}
	tcp = atoi(argv[4]);
	udp = atoi(argv[5]);
	stack = lwip_add_stack(LWIP_STACK_FLAG_FORWARDING);
	tap = lwip_tapif_add(stack, argv[1]);
	slirp = lwip_slirpif_add(stack, NULL);
	if (tap == NULL || slirp == NULL) {
		perror(argv[1]);
		return 1;
	}
	read_address(argv[2], &addr);
	read_address(argv[3], &dest);
	IP64_ADDR(&host, 127, 0, 0, 1);
	IP64_MASKADDR(&mask, 255, 255, 255, 0);
	lwip_add_addr(tap, &addr, &mask);
	lwip_ifup(tap);
	lwip_ifup(slirp);
	lwip_add_route(stack, IP_ADDR_ANY, IP_ADDR_ANY, IP_ADDR_ANY, slirp, 0);
	if (lwip_slirp_listen_add(slirp, &dest, tcp, &host, tcp, SLIRP_LISTEN_TCP) ||
	    lwip_slirp_listen_add(slirp, &dest, udp, &host, udp, SLIRP_LISTEN_UDP) ||
	    lwip_slirp_listen_add(slirp, &dest, tcp, argv[6], 0,
				  SLIRP_LISTEN_UNIXSTREAM | SLIRP_LISTEN_ONCE)) {
		fprintf(stderr, "a port is taken\n");
		return 1;
	}
	printf("ready\n");
	fflush(stdout);
	while (read(STDIN_FILENO, buf, sizeof(buf)) > 0)
		;
	lwip_stack_free(stack);
	return 0;
}
