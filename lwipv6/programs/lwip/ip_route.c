/* SPDX-License-Identifier: GPL-2.0-or-later */
/* lwip route and lwip rule. */
#include <linux/fib_rules.h>
#include "lwipv6/programs/lwip/rtnl.h"

static const struct nl_policy policy[RTA_MAX + 1] = {
	[RTA_DST] = NL_ADDRESS,	    [RTA_GATEWAY] = NL_ADDRESS,	  [RTA_OIF] = NL_EXACT(4),
	[RTA_PREFSRC] = NL_ADDRESS, [RTA_PRIORITY] = NL_EXACT(4), [RTA_TABLE] = NL_EXACT(4),
	[RTA_PREF] = NL_EXACT(1),   [RTA_VIA] = NL_ANY,
};

static json_t *destination_json(const struct rtmsg *m, const struct nlattr *dst)
{
	bool whole = m->rtm_dst_len == (m->rtm_family == AF_INET ? 32 : 128);
	json_t *text, *all;

	if (!dst)
		return json_string("default");
	text = rtnl_address_json(dst);
	if (whole)
		return text;
	all = json_sprintf("%s/%d", json_string_value(text), m->rtm_dst_len);
	json_decref(text);
	return all;
}

static const char *protocol_name(int protocol)
{
	switch (protocol) {
	case RTPROT_REDIRECT:
		return "redirect";
	case RTPROT_KERNEL:
		return "kernel";
	case RTPROT_STATIC:
		return "static";
	case RTPROT_RA:
		return "ra";
	case RTPROT_DHCP:
		return "dhcp";
	}
	return NULL;
}

static json_t *decode(struct rtnl *r, const struct nlmsghdr *h)
{
	const struct rtmsg *m = NLMSG_DATA(h);
	const struct nlattr *a[RTA_MAX + 1], *bad;
	json_t *row = json_object();
	char name[16];

	nl_parse((const uint8_t *)m + NLMSG_ALIGN(sizeof(*m)),
		 h->nlmsg_len - NLMSG_LENGTH(sizeof(*m)), a, RTA_MAX, policy, false, &bad);
	if (m->rtm_type != RTN_UNICAST)
		json_object_set_new(row, "type",
				    json_string(m->rtm_type == RTN_LOCAL	 ? "local"
						: m->rtm_type == RTN_UNREACHABLE ? "unreachable"
						: m->rtm_type == RTN_MULTICAST	 ? "multicast"
						: m->rtm_type == RTN_BROADCAST	 ? "broadcast"
										 : "other"));
	json_object_set_new(row, "dst", destination_json(m, a[RTA_DST]));
	if (a[RTA_GATEWAY])
		json_object_set_new(row, "gateway", rtnl_address_json(a[RTA_GATEWAY]));
	if (a[RTA_OIF])
		json_object_set_new(row, "dev",
				    json_string(rtnl_name(r, nl_u32(a[RTA_OIF]), name)));
	if (protocol_name(m->rtm_protocol))
		json_object_set_new(row, "protocol", json_string(protocol_name(m->rtm_protocol)));
	if (a[RTA_PREFSRC])
		json_object_set_new(row, "prefsrc", rtnl_address_json(a[RTA_PREFSRC]));
	if (a[RTA_PRIORITY])
		json_object_set_new(row, "metric", json_integer(nl_u32(a[RTA_PRIORITY])));
	if (m->rtm_flags & RTNH_F_LINKDOWN)
		json_object_set_new(row, "linkdown", json_true());
	return row;
}

static void text(struct session *s, json_t *row)
{
	static const char *const keys[][2] = {
		{"gateway", "via"}, {"dev", "dev"}, {"protocol", "proto"}, {"prefsrc", "src"}};
	json_t *metric = json_object_get(row, "metric"), *type = json_object_get(row, "type");

	if (type)
		fprintf(s->out, "%s ", json_string_value(type));
	fputs(json_string_value(json_object_get(row, "dst")), s->out);
	for (size_t i = 0; i < sizeof(keys) / sizeof(keys[0]); i++) {
		const char *value = json_string_value(json_object_get(row, keys[i][0]));

		if (value)
			fprintf(s->out, " %s %s", keys[i][1], value);
	}
	if (metric)
		fprintf(s->out, " metric %lld", json_integer_value(metric));
	fputs(json_object_get(row, "linkdown") ? " linkdown\n" : "\n", s->out);
}

static int show(struct rtnl *r, const char *dev)
{
	json_t *table = json_array();
	struct rtmsg *m = rtnl_begin(r, RTM_GETROUTE, NLM_F_DUMP, sizeof(*m));
	int status;

	if (m)
		*m = (struct rtmsg){.rtm_family = r->session->family, .rtm_table = RT_TABLE_MAIN};
	status = rtnl_ask(r, decode, table);
	if (!status)
		status = rtnl_of_device(r, dev, table);
	if (!status)
		rtnl_print(r->session, table, text);
	else
		json_decref(table);
	return status;
}

static int get(struct rtnl *r, struct words *w)
{
	const char *to = words_value(w, "route get");
	json_t *table = json_array();
	struct ip_addr addr;
	struct rtmsg *m;
	int plen, status;

	if (!to || !rtnl_prefix(r->session, to, &addr, &plen)) {
		json_decref(table);
		return STATUS_USAGE;
	}
	m = rtnl_begin(r, RTM_GETROUTE, 0, sizeof(*m));
	if (m)
		*m = (struct rtmsg){.rtm_family = rtnl_family(&addr), .rtm_dst_len = plen};
	nl_put_address(&r->request, RTA_DST, &addr);
	status = rtnl_ask(r, decode, table);
	rtnl_print(r->session, table, text);
	return status;
}

static int change(struct rtnl *r, int type, int flags, struct words *w)
{
	struct session *s = r->session;
	const char *prefix = words_value(w, "route"), *word, *dev = NULL;
	struct ip_addr dst, gateway, source;
	bool has_gateway = false, has_source = false, onlink = false, refuses = false;
	long metric = -1;
	struct rtmsg *m;
	int plen, ignored, index = 0;

	if (is_word(prefix, "unreachable")) {
		refuses = true;
		prefix = words_value(w, prefix);
	}
	if (!prefix || !rtnl_prefix(s, prefix, &dst, &plen))
		return STATUS_USAGE;
	while ((word = words_next(w))) {
		const char *value = is_word(word, "onlink") ? "" : words_value(w, word);

		if (!value)
			return STATUS_USAGE;
		if (is_word(word, "onlink")) {
			onlink = true;
		} else if (is_word(word, "dev")) {
			dev = value;
		} else if (is_word(word, "via")) {
			has_gateway = rtnl_prefix(s, value, &gateway, &ignored);
			if (!has_gateway)
				return STATUS_USAGE;
		} else if (is_word(word, "src")) {
			has_source = rtnl_prefix(s, value, &source, &ignored);
			if (!has_source)
				return STATUS_USAGE;
		} else if (is_word(word, "metric")) {
			if (!read_number(s, word, value, 0, UINT32_MAX, &metric))
				return STATUS_USAGE;
		} else {
			return misuse(s,
				      "route: %s: write via ADDRESS, dev DEV, src ADDRESS, metric "
				      "N or onlink",
				      word);
		}
	}
	/* "default" has the family of its gateway. */
	if (!plen && has_gateway && is_word(prefix, "default"))
		dst = ip_is_v4(&gateway) ? ip_from_v4(0) : (struct ip_addr){{0}};
	if (dev && !(index = rtnl_index(r, dev)))
		return STATUS_FAILED;
	m = rtnl_begin(r, type, flags | NLM_F_ACK, sizeof(*m));
	if (m)
		*m = (struct rtmsg){.rtm_family = rtnl_family(&dst),
				    .rtm_dst_len = plen,
				    .rtm_table = RT_TABLE_MAIN,
				    .rtm_protocol = type == RTM_NEWROUTE ? RTPROT_STATIC : 0,
				    .rtm_type = refuses		       ? RTN_UNREACHABLE
						: type == RTM_NEWROUTE ? RTN_UNICAST
								       : 0,
				    .rtm_flags = onlink ? RTNH_F_ONLINK : 0};
	if (plen)
		nl_put_address(&r->request, RTA_DST, &dst);
	if (has_gateway)
		nl_put_address(&r->request, RTA_GATEWAY, &gateway);
	if (has_source)
		nl_put_address(&r->request, RTA_PREFSRC, &source);
	if (index)
		nl_put_u32(&r->request, RTA_OIF, index);
	if (metric >= 0)
		nl_put_u32(&r->request, RTA_PRIORITY, metric);
	return rtnl_ask(r, NULL, NULL);
}

int run_route(struct session *s, int argc, char **argv)
{
	static const struct rtnl_object routes = {RTM_NEWROUTE, show, change, get};

	return rtnl_command(s, argc, argv, &routes);
}

/* ---- rules */

static json_t *rule_decode(struct rtnl *r, const struct nlmsghdr *h)
{
	static const struct nl_policy rule_policy[FRA_MAX + 1] = {
		[FRA_PRIORITY] = NL_EXACT(4), [FRA_TABLE] = NL_EXACT(4)};
	const struct fib_rule_hdr *m = NLMSG_DATA(h);
	const struct nlattr *a[FRA_MAX + 1], *bad;

	nl_parse((const uint8_t *)m + NLMSG_ALIGN(sizeof(*m)),
		 h->nlmsg_len - NLMSG_LENGTH(sizeof(*m)), a, FRA_MAX, rule_policy, false, &bad);
	return json_pack("{s:I, s:s, s:s}", "priority",
			 (json_int_t)(a[FRA_PRIORITY] ? nl_u32(a[FRA_PRIORITY]) : 0), "src", "all",
			 "table",
			 m->table == RT_TABLE_LOCAL  ? "local"
			 : m->table == RT_TABLE_MAIN ? "main"
						     : "default");
}

static void rule_text(struct session *s, json_t *row)
{
	fprintf(s->out, "%lld: from all lookup %s\n",
		json_integer_value(json_object_get(row, "priority")),
		json_string_value(json_object_get(row, "table")));
}

int run_rule(struct session *s, int argc, char **argv)
{
	json_t *table = json_array();
	struct fib_rule_hdr *m;
	struct rtnl r;
	int status;

	if (argc > 1 && strcmp(argv[1], "show")) {
		json_decref(table);
		return misuse(s, "rule %s: rules are only shown", argv[1]);
	}
	if (!rtnl_open(&r, s)) {
		json_decref(table);
		return STATUS_FAILED;
	}
	m = rtnl_begin(&r, RTM_GETRULE, NLM_F_DUMP, sizeof(*m));
	if (m)
		m->family = s->family ? s->family : AF_INET;
	status = rtnl_ask(&r, rule_decode, table);
	rtnl_print(s, table, rule_text);
	rtnl_close(&r);
	return status;
}
