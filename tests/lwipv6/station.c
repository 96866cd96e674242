/* SPDX-License-Identifier: GPL-2.0-only */
/*
 * A stack made from a string, for the tests against real servers and clients:
 *
 *   station CONFIG [echo PORT]
 *
 * Prints a line whenever what it knows has changed:
 *   lease4 STATE ADDRESS SERVER | lease6 STATE ADDRESS | resolver ADDRESS | domain NAME
 * and obeys lines from its input: "down NAME", "up NAME FLAGS", "fetch ADDRESS PORT" (connects, prints
 * what comes as "fetched: LINE"), "filter" (prints the JSON). Ends at end of file, freeing the stack.
 */
#include <arpa/inet.h>
#include <errno.h>
#include <poll.h>
#include <stdbool.h>
#include <stdlib.h>
#include <string.h>
#include <unistd.h>
#include "lwipv6/lwipv6.h"

static const char *const states[] = {"off", "init", "selecting", "requesting", "rebooting", "probing", "bound",
				     "renewing", "rebinding", "informing", "informed", "declining"};

static const char *text(const struct ip_addr *a, char *out)
{
	if (IP_ADDR_IS_V4(a))
		return inet_ntop(AF_INET, &a->addr[3], out, INET6_ADDRSTRLEN);
	return inet_ntop(AF_INET6, a, out, INET6_ADDRSTRLEN);
}

/* Everything that is known, as lines. */
static void describe(struct stack *stack, char *out, size_t size)
{
	FILE *f = fmemopen(out, size, "w");
	char a[INET6_ADDRSTRLEN], b[INET6_ADDRSTRLEN], domains[512];
	struct ip_addr servers[16];
	struct netif *n = NULL;

	for (int i = 0; i < 2 && !n; i++)
		n = lwip_netif_find(stack, i ? "vd0" : "tp0");
	for (int i = 0; i < 2 && n; i++) {
		struct lwip_dhcp_status s;

		lwip_dhcp_status(n, i ? AF_INET6 : AF_INET, &s, sizeof(s));
		fprintf(f, "lease%d %s %s %s\n", i ? 6 : 4, states[s.state], text(&s.address, a), i ? "" : text(&s.server, b));
	}
	int count = lwip_resolvers(stack, servers, 16);

	for (int i = 0; i < count && i < 16; i++)
		fprintf(f, "resolver %s\n", text(&servers[i], a));
	if (lwip_search_domains(stack, domains, sizeof(domains)))
		fprintf(f, "domains %s\n", domains);
	fclose(f);
}

static void fetch(struct stack *stack, const char *host, int port)
{
	struct sockaddr_in6 v6 = {.sin6_family = AF_INET6, .sin6_port = htons(port)};
	struct sockaddr_in v4 = {.sin_family = AF_INET, .sin_port = htons(port)};
	bool is6 = inet_pton(AF_INET6, host, &v6.sin6_addr) == 1;
	int fd = lwip_msocket(stack, is6 ? AF_INET6 : AF_INET, SOCK_STREAM, 0);
	char buf[2000];
	ssize_t n;

	inet_pton(AF_INET, host, &v4.sin_addr);
	if (lwip_connect(fd, is6 ? (void *)&v6 : (void *)&v4, is6 ? sizeof(v6) : sizeof(v4)) < 0) {
		printf("fetch: %s\n", strerror(errno));
	} else {
		n = lwip_recv(fd, buf, sizeof(buf) - 1, 0);
		buf[n > 0 ? n : 0] = 0;
		printf("fetched: %s\n", buf);
	}
	lwip_close(fd);
}

static struct stack *the_stack;

static void serve(void *arg)
{
	struct sockaddr_in6 any = {.sin6_family = AF_INET6, .sin6_port = htons(atoi(arg))};
	int l = lwip_msocket(the_stack, AF_INET6, SOCK_STREAM, 0), fd, on = 1;

	lwip_setsockopt(l, SOL_SOCKET, SO_REUSEADDR, &on, sizeof(on));
	lwip_bind(l, (void *)&any, sizeof(any));
	lwip_listen(l, 16);
	while ((fd = lwip_accept(l, NULL, NULL)) >= 0) {
		lwip_send(fd, "hello\n", 6, 0);
		lwip_close(fd);
	}
}

static void command(struct stack *stack, char *line)
{
	char *word = strsep(&line, " \n"), *one = strsep(&line, " \n"), *two = strsep(&line, " \n");
	struct netif *n;

	if (!strcmp(word, "fetch") && two) {
		fetch(stack, one, atoi(two));
	} else if (!strcmp(word, "filter")) {
		char *json = lwip_filter_json(stack);

		printf("filter: %s\n", json);
		free(json);
	} else if ((n = lwip_netif_find(stack, one ? one : ""))) {
		if (!strcmp(word, "down"))
			lwip_ifdown(n);
		else
			lwip_ifup_flags(n, two ? strtol(two, NULL, 0) : 0);
	}
	printf("done %s\n", word);
}

int main(int argc, char **argv)
{
	char error[300], before[4000] = "", now[4000], line[200];
	struct pollfd input = {.fd = 0, .events = POLLIN};

	setvbuf(stdout, NULL, _IOLBF, 0);
	setvbuf(stdin, NULL, _IONBF, 0);
	if (argc < 2)
		return 2;
	the_stack = lwip_stack_create(argv[1], error, sizeof(error));
	if (!the_stack) {
		printf("error: %s\n", error);
		return 1;
	}
	if (argc > 3)
		lwip_thread_new(serve, argv[3]);
	for (;;) {
		describe(the_stack, now, sizeof(now));
		if (strcmp(before, now))
			printf("%s--\n", strcpy(before, now));
		if (poll(&input, 1, 50) > 0) {
			if (!fgets(line, sizeof(line), stdin))
				break;
			command(the_stack, line);
		}
	}
	lwip_stack_free(the_stack);
	return 0;
}
