/* SPDX-License-Identifier: GPL-2.0-or-later */
/* lwip addr: addresses, shown below their interfaces. */
#include <linux/if_addr.h>
#include "lwipv6/programs/lwip/rtnl.h"

static const struct nl_policy policy[IFA_MAX + 1] = {
	[IFA_ADDRESS] = NL_ADDRESS,   [IFA_LOCAL] = NL_ADDRESS,
	[IFA_FLAGS] = NL_EXACT(4),    [IFA_CACHEINFO] = NL_EXACT(sizeof(struct ifa_cacheinfo)),
	[IFA_BROADCAST] = NL_ADDRESS,
};

static json_t *decode(struct rtnl *r, const struct nlmsghdr *h)
{
	static const struct {
		uint32_t bit;
		const char *name;
	} names[] = {{IFA_F_TENTATIVE, "tentative"},
		     {IFA_F_DEPRECATED, "deprecated"},
		     {IFA_F_DADFAILED, "dadfailed"},
		     {IFA_F_NODAD, "nodad"}};
	const struct ifaddrmsg *i = NLMSG_DATA(h);
	const struct nlattr *a[IFA_MAX + 1], *bad;
	json_t *row = json_object();
	struct ifa_cacheinfo life;
	uint32_t flags;

	nl_parse((const uint8_t *)i + NLMSG_ALIGN(sizeof(*i)),
		 h->nlmsg_len - NLMSG_LENGTH(sizeof(*i)), a, IFA_MAX, policy, false, &bad);
	flags = a[IFA_FLAGS] ? nl_u32(a[IFA_FLAGS]) : i->ifa_flags;
	json_object_set_new(row, "ifindex", json_integer(i->ifa_index));
	json_object_set_new(row, "family",
			    json_string(i->ifa_family == AF_INET ? "inet" : "inet6"));
	if (a[IFA_ADDRESS])
		json_object_set_new(
			row, "local",
			rtnl_address_json(a[IFA_LOCAL] ? a[IFA_LOCAL] : a[IFA_ADDRESS]));
	json_object_set_new(row, "prefixlen", json_integer(i->ifa_prefixlen));
	if (a[IFA_BROADCAST])
		json_object_set_new(row, "broadcast", rtnl_address_json(a[IFA_BROADCAST]));
	json_object_set_new(row, "scope",
			    json_string(i->ifa_scope == RT_SCOPE_HOST	? "host"
					: i->ifa_scope == RT_SCOPE_LINK ? "link"
									: "global"));
	if (!(flags & IFA_F_PERMANENT))
		json_object_set_new(row, "dynamic", json_true());
	for (size_t k = 0; k < sizeof(names) / sizeof(names[0]); k++)
		if (flags & names[k].bit)
			json_object_set_new(row, names[k].name, json_true());
	if (a[IFA_CACHEINFO]) {
		memcpy(&life, nl_data(a[IFA_CACHEINFO]), sizeof(life));
		json_object_set_new(row, "valid_life_time", json_integer(life.ifa_valid));
		json_object_set_new(row, "preferred_life_time", json_integer(life.ifa_prefered));
	}
	return row;
}

static void text(struct session *s, json_t *row)
{
	static const char *const marks[] = {"dynamic", "tentative", "deprecated", "dadfailed",
					    "nodad"};
	json_t *addresses = json_object_get(row, "addr_info"), *a;
	size_t i;

	link_text(s, row);
	json_array_foreach (addresses, i, a) {
		json_int_t valid = json_integer_value(json_object_get(a, "valid_life_time"));

		fprintf(s->out, "    %s %s/%lld scope %s",
			json_string_value(json_object_get(a, "family")),
			json_string_value(json_object_get(a, "local")),
			json_integer_value(json_object_get(a, "prefixlen")),
			json_string_value(json_object_get(a, "scope")));
		for (size_t k = 0; k < sizeof(marks) / sizeof(marks[0]); k++)
			if (json_object_get(a, marks[k]))
				fprintf(s->out, " %s", marks[k]);
		if (valid != UINT32_MAX)
			fprintf(s->out, " valid %lld s", valid);
		fputc('\n', s->out);
	}
}

static int show(struct rtnl *r, const char *dev)
{
	json_t *links = json_array(), *addresses = json_array(), *link, *a, *table = json_array();
	struct ifinfomsg *i = rtnl_begin(r, RTM_GETLINK, NLM_F_DUMP, sizeof(*i));
	int status = rtnl_ask(r, link_decode, links), index = 0;
	struct ifaddrmsg *m;
	size_t k, n;

	if (dev)
		index = rtnl_index(r, dev);
	if (dev && !index)
		status = STATUS_FAILED;
	m = rtnl_begin(r, RTM_GETADDR, NLM_F_DUMP, sizeof(*m));
	if (m)
		m->ifa_family = r->session->family;
	if (!status)
		status = rtnl_ask(r, decode, addresses);
	json_array_foreach (links, k, link) {
		json_int_t of = json_integer_value(json_object_get(link, "ifindex"));
		json_t *mine = json_array();

		json_object_del(link, "stats64");
		json_array_foreach (addresses, n, a)
			if (json_integer_value(json_object_get(a, "ifindex")) == of)
				json_array_append(mine, a);
		json_object_set_new(link, "addr_info", mine);
		if (!index || of == index)
			json_array_append(table, link);
	}
	json_array_foreach (addresses, n, a)
		json_object_del(a, "ifindex");
	if (!status)
		rtnl_print(r->session, table, text);
	else
		json_decref(table);
	json_decref(links);
	json_decref(addresses);
	return status;
}

static int change(struct rtnl *r, int type, int flags, struct words *w)
{
	struct session *s = r->session;
	const char *prefix = words_value(w, "addr"), *word, *dev = NULL;
	long valid = UINT32_MAX, preferred = UINT32_MAX;
	uint32_t marks = 0;
	struct ip_addr addr;
	struct ifaddrmsg *m;
	int plen, index;

	if (!prefix || !rtnl_prefix(s, prefix, &addr, &plen))
		return STATUS_USAGE;
	while ((word = words_next(w))) {
		if (is_word(word, "dev")) {
			dev = words_value(w, word);
		} else if (is_word(word, "nodad")) {
			marks |= IFA_F_NODAD;
		} else if (is_word(word, "noprefixroute")) {
			marks |= IFA_F_NOPREFIXROUTE;
		} else if (is_word(word, "valid_lft") || is_word(word, "preferred_lft")) {
			if (!read_number(s, word, words_next(w), 0, UINT32_MAX,
					 is_word(word, "valid_lft") ? &valid : &preferred))
				return STATUS_USAGE;
		} else {
			return misuse(s,
				      "addr: %s: write dev DEV, nodad, noprefixroute, valid_lft or "
				      "preferred_lft SECONDS",
				      word);
		}
	}
	if (!dev)
		return misuse(s, "addr: name the interface: dev DEV");
	index = rtnl_index(r, dev);
	if (!index)
		return STATUS_FAILED;
	if (preferred > valid)
		preferred = valid;
	m = rtnl_begin(r, type, flags | NLM_F_ACK, sizeof(*m));
	if (m)
		*m = (struct ifaddrmsg){.ifa_family = rtnl_family(&addr),
					.ifa_prefixlen = plen,
					.ifa_index = index};
	nl_put_address(&r->request, IFA_LOCAL, &addr);
	nl_put_u32(&r->request, IFA_FLAGS, marks);
	if (valid != UINT32_MAX || preferred != UINT32_MAX) {
		struct ifa_cacheinfo life = {.ifa_prefered = preferred, .ifa_valid = valid};

		nl_put(&r->request, IFA_CACHEINFO, &life, sizeof(life));
	}
	return rtnl_ask(r, NULL, NULL);
}

int run_addr(struct session *s, int argc, char **argv)
{
	static const struct rtnl_object addresses = {RTM_NEWADDR, show, change, NULL};

	return rtnl_command(s, argc, argv, &addresses);
}
