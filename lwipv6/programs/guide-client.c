/* SPDX-License-Identifier: GPL-2.0-or-later */
/*
 * The client in the manner of LWIPv6's programming guide, with the old calls only: a new stack, a
 * VDE interface, one IPv4 address, a connection, lwip_select() on standard input and the socket.
 *
 * usage: guide-client SWITCH ADDRESS HOST PORT      (an address a.b.c.d, net mask 255.255.255.0)
 */
#include <arpa/inet.h>
#include <stdio.h>
#include <stdlib.h>
#include <unistd.h>
#include <lwipv6.h>

int main(int argc, char *argv[])
{
	struct sockaddr_in server = {.sin_family = AF_INET};
	struct ip_addr addr, mask;
	struct stack *stack;
	struct netif *nif;
	unsigned int b[4];
	char buf[1024];
	int fd, n;

	if (argc != 5 || sscanf(argv[2], "%u.%u.%u.%u", &b[0], &b[1], &b[2], &b[3]) != 4) {
		fprintf(stderr, "usage: %s SWITCH ADDRESS HOST PORT\n", argv[0]);
		return 2;
	}
	stack = lwip_stack_new();
	nif = lwip_vdeif_add(stack, argv[1]);
	if (nif == NULL) {
		perror(argv[1]);
		return 1;
	}
	IP64_ADDR(&addr, b[0], b[1], b[2], b[3]);
	IP64_MASKADDR(&mask, 255, 255, 255, 0);
	lwip_add_addr(nif, &addr, &mask);
	lwip_ifup(nif);
	fd = lwip_msocket(stack, PF_INET, SOCK_STREAM, 0);
	server.sin_port = htons(atoi(argv[4]));
	server.sin_addr.s_addr = inet_addr(argv[3]);
	if (lwip_connect(fd, (struct sockaddr *)&server, sizeof(server)) < 0) {
		perror(argv[3]);
		return 1;
	}
	for (;;) {
		fd_set rds;

		FD_ZERO(&rds);
		FD_SET(STDIN_FILENO, &rds);
		FD_SET(fd, &rds);
		lwip_select(fd + 1, &rds, NULL, NULL, NULL);
		if (FD_ISSET(fd, &rds)) {
			if ((n = lwip_read(fd, buf, sizeof(buf))) <= 0 ||
			    write(STDOUT_FILENO, buf, n) != n)
				break;
		}
		if (FD_ISSET(STDIN_FILENO, &rds)) {
			if ((n = read(STDIN_FILENO, buf, sizeof(buf))) <= 0 ||
			    lwip_write(fd, buf, n) != n)
				break;
		}
	}
	lwip_close(fd);
	lwip_stack_free(stack);
	return 0;
}
