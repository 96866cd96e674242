/* SPDX-License-Identifier: GPL-2.0-or-later */
/* lwip filter: rules of filter and translation; lwip dhcp: leases. */
#include <arpa/inet.h>
#include <errno.h>
#include <fcntl.h>
#include <stdlib.h>
#include <string.h>
#include <unistd.h>
#include "lwipv6/programs/lwip/lwip.h"

#define RULES_MAX (1 << 20)

static int show_rules(struct session *s)
{
	char *text = lwip_filter_json(s->stack);
	json_t *all = text ? json_loads(text, 0, NULL) : NULL;

	free(text);
	if (!all)
		return complain(s, "out of memory");
	json_dumpf(all, s->out, s->json ? JSON_COMPACT : JSON_INDENT(2));
	fputc('\n', s->out);
	json_decref(all);
	return STATUS_GOOD;
}

/* A file's text, or NULL told. */
static char *read_file(struct session *s, const char *path)
{
	int fd = openat(s->directory, path, O_RDONLY | O_CLOEXEC);
	char *text = fd >= 0 ? malloc(RULES_MAX + 1) : NULL;
	size_t len = 0;
	ssize_t n = 0;

	while (text && len < RULES_MAX && (n = read(fd, text + len, RULES_MAX - len)) > 0)
		len += n;
	if (!text || n < 0 || len == RULES_MAX) {
		complain(s, "%s: %s", path,
			 len == RULES_MAX ? "too long for rules" : strerror(errno));
		free(text);
		text = NULL;
	} else {
		text[len] = 0;
	}
	if (fd >= 0)
		close(fd);
	return text;
}

int run_filter(struct session *s, int argc, char **argv)
{
	char error[256], *text = NULL;
	int status;

	if (argc == 1 || (argc == 2 && !strcmp(argv[1], "show")))
		return show_rules(s);
	if (argc == 2 && !strcmp(argv[1], "off")) {
		status = lwip_filter_load(s->stack, NULL, error, sizeof(error));
	} else if (argc == 3 && !strcmp(argv[1], "load")) {
		text = read_file(s, argv[2]);
		if (!text)
			return STATUS_FAILED;
		status = lwip_filter_load(s->stack, text, error, sizeof(error));
		free(text);
	} else {
		return misuse(s, "filter: write show, load FILE or off");
	}
	return status < 0 ? complain(s, "%s", error) : STATUS_GOOD;
}

/* ---- DHCP */

static const char *state_name(int state)
{
	static const char *const names[] = {"off",	 "init",      "selecting", "requesting",
					    "rebooting", "probing",   "bound",	   "renewing",
					    "rebinding", "informing", "informed",  "declining"};

	return state >= 0 && (size_t)state < sizeof(names) / sizeof(names[0]) ? names[state]
									      : "unknown";
}

static json_t *lease(struct netif *n, int family)
{
	struct lwip_dhcp_status d;
	char text[INET6_ADDRSTRLEN];
	json_t *row;

	if (lwip_dhcp_status(n, family, &d, sizeof(d)) < 0)
		return NULL;
	row = json_pack("{s:s, s:s}", "family", family == AF_INET ? "inet" : "inet6", "state",
			state_name(d.state));
	if (d.address.addr[0] || d.address.addr[3]) {
		inet_ntop(family,
			  family == AF_INET ? (void *)&d.address.addr[3] : (void *)&d.address, text,
			  sizeof(text));
		json_object_set_new(row, "address", json_string(text));
		json_object_set_new(row, "expires", json_integer(d.expire));
	}
	return row;
}

static int show_leases(struct session *s, struct netif *n)
{
	static const int families[] = {AF_INET, AF_INET6};
	json_t *all = json_array(), *row;
	size_t i;

	for (int f = 0; f < 2; f++)
		if ((!s->family || s->family == families[f]) && (row = lease(n, families[f])))
			json_array_append_new(all, row);
	if (s->json) {
		json_dumpf(all, s->out, JSON_COMPACT);
		fputc('\n', s->out);
	} else {
		json_array_foreach (all, i, row) {
			const char *address = json_string_value(json_object_get(row, "address"));

			fprintf(s->out, "%s %s", json_string_value(json_object_get(row, "family")),
				json_string_value(json_object_get(row, "state")));
			if (address)
				fprintf(s->out, " %s for %lld s", address,
					json_integer_value(json_object_get(row, "expires")));
			fputc('\n', s->out);
		}
	}
	json_decref(all);
	return STATUS_GOOD;
}

int run_dhcp(struct session *s, int argc, char **argv)
{
	struct netif *n;
	int flags = s->family == AF_INET6  ? NETIF_FLAG_DHCP6
		    : s->family == AF_INET ? NETIF_FLAG_DHCP
					   : NETIF_IFUP_FLAGS;

	if (argc < 2 || argc > 3 ||
	    (argc == 3 && strcmp(argv[2], "start") && strcmp(argv[2], "show")))
		return misuse(s, "dhcp: give an interface, and start or show");
	n = lwip_netif_find(s->stack, argv[1]);
	if (!n)
		return complain(s, "%s: the stack has no such interface; see lwip link", argv[1]);
	if (argc == 2 || !strcmp(argv[2], "show"))
		return show_leases(s, n);
	if (lwip_ifup_flags(n, flags) < 0)
		return complain(s, "%s: %s", argv[1], strerror(errno));
	return STATUS_GOOD;
}
