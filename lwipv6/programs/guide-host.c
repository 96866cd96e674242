/* SPDX-License-Identifier: GPL-2.0-or-later */
/*
 * The simulated host of LWIPv6's examples, with the old calls only: a tap interface with a fixed
 * address, then a thread each for TCP echo (port 7), UDP echo (port 7), a tiny HTTP server (port
 * 80), a line shell (port 23) and, when a peer is named, ping on a raw socket. With a second tap it
 * routes.
 *
 * usage: guide-host TAP ADDRESS [PEER | TAP2 ADDRESS2]       (addresses a.b.c.d, net mask
 * 255.255.255.0)
 */
#include <arpa/inet.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <unistd.h>
#include <netinet/ip_icmp.h>
#include <lwipv6.h>

static struct stack *stack;
static struct ip_addr peer;

static int listener(int port)
{
	struct sockaddr_in addr;
	int fd = lwip_msocket(stack, PF_INET, SOCK_STREAM, 0);

	memset(&addr, 0, sizeof(addr));
	addr.sin_family = AF_INET;
	addr.sin_port = htons(port);
	addr.sin_addr.s_addr = INADDR_ANY;
	if (lwip_bind(fd, (struct sockaddr *)&addr, sizeof(addr)) < 0 || lwip_listen(fd, 5) < 0) {
		perror("listen");
		exit(1);
	}
	return fd;
}

static void tcp_echo(void *arg)
{
	int l = listener(7), fd, n;
	char buf[1024];

	while ((fd = lwip_accept(l, NULL, NULL)) >= 0) {
		while ((n = lwip_read(fd, buf, sizeof(buf))) > 0)
			lwip_write(fd, buf, n);
		lwip_close(fd);
	}
}

static void udp_echo(void *arg)
{
	struct sockaddr_in addr;
	socklen_t len = sizeof(addr);
	char buf[2048];
	int fd = lwip_msocket(stack, PF_INET, SOCK_DGRAM, 0), n;

	memset(&addr, 0, sizeof(addr));
	addr.sin_family = AF_INET;
	addr.sin_port = htons(7);
	lwip_bind(fd, (struct sockaddr *)&addr, sizeof(addr));
	while ((n = lwip_recvfrom(fd, buf, sizeof(buf), 0, (struct sockaddr *)&addr, &len)) >= 0)
		lwip_sendto(fd, buf, n, 0, (struct sockaddr *)&addr, len);
}

static void http(void *arg)
{
	static const char page[] =
		"HTTP/1.0 200 OK\r\nContent-type: text/html\r\n\r\n<html>a stack speaks</html>\r\n";
	int l = listener(80), fd;
	char buf[1024];

	while ((fd = lwip_accept(l, NULL, NULL)) >= 0) {
		if (lwip_recv(fd, buf, sizeof(buf), 0) >= 5 && !strncmp(buf, "GET /", 5))
			lwip_send(fd, page, sizeof(page) - 1, 0);
		lwip_close(fd);
	}
}

static void shell(void *arg)
{
	int l = listener(23), fd, n;
	char line[128], answer[256];

	while ((fd = lwip_accept(l, NULL, NULL)) >= 0) {
		lwip_write(fd, "> ", 2);
		while ((n = lwip_read(fd, line, sizeof(line) - 1)) > 0) {
			line[n] = 0;
			line[strcspn(line, "\r\n")] = 0;
			if (!strcmp(line, "quit"))
				break;
			n = snprintf(answer, sizeof(answer), "version %ld, you said %s\n> ",
				     lwip_version(), line);
			lwip_write(fd, answer, n);
		}
		lwip_close(fd);
	}
}

static unsigned short checksum(void *data, int len)
{
	unsigned short *p = data;
	unsigned int sum = 0;

	for (; len > 1; len -= 2)
		sum += *p++;
	sum = (sum >> 16) + (sum & 0xffff);
	return ~(sum + (sum >> 16));
}

static void ping(void *arg)
{
	int fd = lwip_msocket(stack, PF_INET, SOCK_RAW, IPPROTO_ICMP), n;
	struct icmphdr echo;
	struct sockaddr_in to;
	char buf[256];

	memset(&to, 0, sizeof(to));
	to.sin_family = AF_INET;
	to.sin_addr.s_addr = peer.addr[3];
	for (n = 1;; n++) {
		memset(&echo, 0, sizeof(echo));
		echo.type = ICMP_ECHO;
		echo.un.echo.sequence = htons(n);
		echo.checksum = checksum(&echo, sizeof(echo));
		lwip_sendto(fd, &echo, sizeof(echo), 0, (struct sockaddr *)&to, sizeof(to));
		if (lwip_recv(fd, buf, sizeof(buf), 0) > 0) {
			printf("answer %d\n", n);
			fflush(stdout);
		}
		sleep(1);
	}
}

static struct netif *interface(char *tap, char *address)
{
	struct netif *nif = lwip_tapif_add(stack, tap);
	struct ip_addr addr, mask;
	unsigned int b[4];

	if (nif == NULL || sscanf(address, "%u.%u.%u.%u", &b[0], &b[1], &b[2], &b[3]) != 4) {
		perror(tap);
		exit(1);
	}
	IP64_ADDR(&addr, b[0], b[1], b[2], b[3]);
	IP64_MASKADDR(&mask, 255, 255, 255, 0);
	lwip_add_addr(nif, &addr, &mask);
	lwip_ifup(nif);
	return nif;
}

int main(int argc, char *argv[])
{
	fd_set none;

	if (argc < 3 || argc > 5) {
		fprintf(stderr, "usage: %s TAP ADDRESS [PEER | TAP2 ADDRESS2]\n", argv[0]);
		return 2;
	}
	stack = argc == 5 ? lwip_add_stack(LWIP_STACK_FLAG_FORWARDING) : lwip_stack_new();
	interface(argv[1], argv[2]);
	if (argc == 5)
		interface(argv[3], argv[4]);
	lwip_thread_new(tcp_echo, NULL);
	lwip_thread_new(udp_echo, NULL);
	lwip_thread_new(http, NULL);
	lwip_thread_new(shell, NULL);
	if (argc == 4) {
		unsigned int b[4];

		sscanf(argv[3], "%u.%u.%u.%u", &b[0], &b[1], &b[2], &b[3]);
		IP64_ADDR(&peer, b[0], b[1], b[2], b[3]);
		lwip_thread_new(ping, NULL);
	}
	FD_ZERO(&none);
	lwip_select(0, &none, NULL, NULL, NULL);
	return 0;
}
