/* SPDX-License-Identifier: GPL-2.0-or-later */
/* lwip neigh: neighbours. */
#include <linux/neighbour.h>
#include "lwipv6/programs/lwip/rtnl.h"

static const struct nl_policy policy[NDA_MAX + 1] = {
	[NDA_DST] = NL_ADDRESS, [NDA_LLADDR] = {6, 32}};

static const char *state_name(int state)
{
	switch (state) {
	case NUD_INCOMPLETE:
		return "INCOMPLETE";
	case NUD_REACHABLE:
		return "REACHABLE";
	case NUD_STALE:
		return "STALE";
	case NUD_DELAY:
		return "DELAY";
	case NUD_PROBE:
		return "PROBE";
	case NUD_FAILED:
		return "FAILED";
	case NUD_PERMANENT:
		return "PERMANENT";
	}
	return "NONE";
}

static json_t *decode(struct rtnl *r, const struct nlmsghdr *h)
{
	const struct ndmsg *m = NLMSG_DATA(h);
	const struct nlattr *a[NDA_MAX + 1], *bad;
	json_t *row = json_object();
	char name[16];

	nl_parse((const uint8_t *)m + NLMSG_ALIGN(sizeof(*m)),
		 h->nlmsg_len - NLMSG_LENGTH(sizeof(*m)), a, NDA_MAX, policy, false, &bad);
	if (a[NDA_DST])
		json_object_set_new(row, "dst", rtnl_address_json(a[NDA_DST]));
	json_object_set_new(row, "dev", json_string(rtnl_name(r, m->ndm_ifindex, name)));
	if (a[NDA_LLADDR]) {
		const uint8_t *b = nl_data(a[NDA_LLADDR]);

		json_object_set_new(row, "lladdr",
				    json_sprintf("%02x:%02x:%02x:%02x:%02x:%02x", b[0], b[1], b[2],
						 b[3], b[4], b[5]));
	}
	if (m->ndm_flags & NTF_ROUTER)
		json_object_set_new(row, "router", json_true());
	json_object_set_new(row, "state", json_pack("[s]", state_name(m->ndm_state)));
	return row;
}

static void text(struct session *s, json_t *row)
{
	const char *hwaddr = json_string_value(json_object_get(row, "lladdr"));

	fprintf(s->out, "%s dev %s", json_string_value(json_object_get(row, "dst")),
		json_string_value(json_object_get(row, "dev")));
	if (hwaddr)
		fprintf(s->out, " lladdr %s", hwaddr);
	fprintf(s->out, "%s %s\n", json_object_get(row, "router") ? " router" : "",
		json_string_value(json_array_get(json_object_get(row, "state"), 0)));
}

static int show(struct rtnl *r, const char *dev)
{
	json_t *table = json_array();
	struct ndmsg *m = rtnl_begin(r, RTM_GETNEIGH, NLM_F_DUMP, sizeof(*m));
	int status;

	if (m)
		m->ndm_family = r->session->family;
	status = rtnl_ask(r, decode, table);
	if (!status)
		status = rtnl_of_device(r, dev, table);
	if (!status)
		rtnl_print(r->session, table, text);
	else
		json_decref(table);
	return status;
}

static int change(struct rtnl *r, int type, int flags, struct words *w)
{
	struct session *s = r->session;
	const char *to = words_value(w, "neigh"), *word, *dev = NULL;
	bool has_mac = false;
	uint8_t mac[6];
	struct ip_addr addr;
	struct ndmsg *m;
	int plen, index;

	if (!to || !rtnl_prefix(s, to, &addr, &plen))
		return STATUS_USAGE;
	while ((word = words_next(w))) {
		const char *value = words_value(w, word);

		if (!value)
			return STATUS_USAGE;
		if (is_word(word, "dev")) {
			dev = value;
		} else if (is_word(word, "lladdr")) {
			has_mac = sscanf(value, "%hhx:%hhx:%hhx:%hhx:%hhx:%hhx", &mac[0], &mac[1],
					 &mac[2], &mac[3], &mac[4], &mac[5]) == 6;
			if (!has_mac)
				return misuse(s, "lladdr %s: not six bytes as in 02:00:00:00:00:01",
					      value);
		} else {
			return misuse(s, "neigh: %s: write lladdr MAC and dev DEV", word);
		}
	}
	if (!dev)
		return misuse(s, "neigh: name the interface: dev DEV");
	index = rtnl_index(r, dev);
	if (!index)
		return STATUS_FAILED;
	m = rtnl_begin(r, type, flags | NLM_F_ACK, sizeof(*m));
	if (m)
		*m = (struct ndmsg){.ndm_family = rtnl_family(&addr),
				    .ndm_ifindex = index,
				    .ndm_state = NUD_PERMANENT};
	nl_put_address(&r->request, NDA_DST, &addr);
	if (has_mac)
		nl_put(&r->request, NDA_LLADDR, mac, 6);
	return rtnl_ask(r, NULL, NULL);
}

int run_neigh(struct session *s, int argc, char **argv)
{
	static const struct rtnl_object neighbours = {RTM_NEWNEIGH, show, change, NULL};

	return rtnl_command(s, argc, argv, &neighbours);
}
