/* SPDX-License-Identifier: GPL-2.0-or-later */
/* lwip status: counters and name servers; lwip set: settings; lwip trace: frames to a file. */
#include <arpa/inet.h>
#include <errno.h>
#include <fcntl.h>
#include <stdlib.h>
#include <string.h>
#include <unistd.h>
#include "lwipv6/programs/lwip/lwip.h"

static json_t *name_servers(struct session *s)
{
	struct ip_addr servers[16];
	int n = lwip_resolvers(s->stack, servers, 16);
	json_t *all = json_array();
	char text[INET6_ADDRSTRLEN];

	for (int i = 0; i < n && i < 16; i++) {
		if (IP_ADDR_IS_V4(&servers[i]))
			inet_ntop(AF_INET, &servers[i].addr[3], text, sizeof(text));
		else
			inet_ntop(AF_INET6, &servers[i], text, sizeof(text));
		json_array_append_new(all, json_string(text));
	}
	return all;
}

static void print(struct session *s, json_t *all)
{
	json_t *value, *inner;
	const char *key, *name;

	json_object_foreach (all, key, value) {
		if (json_is_integer(value)) {
			if (json_integer_value(value))
				fprintf(s->out, "%-24s %lld\n", key, json_integer_value(value));
		} else if (json_is_array(value)) {
			size_t i;

			json_array_foreach (value, i, inner)
				fprintf(s->out, "%-24s %s\n", key, json_string_value(inner));
		} else if (!strcmp(key, "interfaces")) {
			json_object_foreach (value, name, inner)
				fprintf(s->out,
					"%-24s in %lld packets %lld bytes, out %lld packets %lld "
					"bytes\n",
					name,
					json_integer_value(json_object_get(inner, "rx_packets")),
					json_integer_value(json_object_get(inner, "rx_bytes")),
					json_integer_value(json_object_get(inner, "tx_packets")),
					json_integer_value(json_object_get(inner, "tx_bytes")));
		}
	}
}

int run_status(struct session *s, int argc, char **argv)
{
	char *text = lwip_statistics_json(s->stack);
	json_t *all = text ? json_loads(text, 0, NULL) : NULL;

	free(text);
	if (!all)
		return complain(s, "out of memory");
	json_object_set_new(all, "name_servers", name_servers(s));
	if (s->json) {
		json_dumpf(all, s->out, JSON_COMPACT);
		fputc('\n', s->out);
	} else {
		print(s, all);
	}
	json_decref(all);
	return STATUS_GOOD;
}

static int show_settings(struct session *s, const char *only)
{
	json_t *all = json_object(), *value;
	const char *name, *key;
	char text[40];

	for (int i = 0; (name = lwip_setting_name(i)); i++)
		if ((!only || !strcmp(only, name)) &&
		    !lwip_setting_get(s->stack, name, text, sizeof(text)))
			json_object_set_new(all, name, json_string(text));
	if (s->json) {
		json_dumpf(all, s->out, JSON_COMPACT);
		fputc('\n', s->out);
	} else {
		json_object_foreach (all, key, value)
			fprintf(s->out, "%s=%s\n", key, json_string_value(value));
	}
	json_decref(all);
	return STATUS_GOOD;
}

int run_set(struct session *s, int argc, char **argv)
{
	char error[160], text[40];

	if (argc > 3)
		return misuse(s, "set: give a name and a value");
	if (argc == 3)
		return lwip_setting_set(s->stack, argv[1], argv[2], error, sizeof(error))
			       ? complain(s, "%s", error)
			       : STATUS_GOOD;
	if (argc == 2 && lwip_setting_get(s->stack, argv[1], text, sizeof(text)))
		return complain(s, "%s: there is no such setting; lwip set shows all", argv[1]);
	return show_settings(s, argc == 2 ? argv[1] : NULL);
}

int run_trace(struct session *s, int argc, char **argv)
{
	char path[64];
	struct netif *n;
	int fd, error;

	if (argc != 3)
		return misuse(s, "trace: give an interface and a file, or off");
	n = lwip_netif_find(s->stack, argv[1]);
	if (!n)
		return complain(s, "%s: the stack has no such interface; see lwip link", argv[1]);
	if (!strcmp(argv[2], "off")) {
		lwip_capture_stop(n);
		return STATUS_GOOD;
	}
	/* The file is the client's to name: made in its directory, opened again through /proc. */
	fd = openat(s->directory, argv[2], O_WRONLY | O_CREAT | O_CLOEXEC, 0644);
	if (fd < 0)
		return complain(s, "%s: %s", argv[2], strerror(errno));
	snprintf(path, sizeof(path), "/proc/self/fd/%d", fd);
	error = lwip_capture_start(n, path) < 0 ? errno : 0;
	close(fd);
	return error ? complain(s, "%s: %s", argv[2], strerror(error)) : STATUS_GOOD;
}
