/* SPDX-License-Identifier: GPL-2.0-or-later */
/* lwip link: interfaces. */
#include <net/if.h>
#include "lwipv6/programs/lwip/rtnl.h"

#define LOWER_UP (1 << 16)

static const struct nl_policy policy[IFLA_MAX + 1] = {
	[IFLA_IFNAME] = NL_STRING(16), [IFLA_MTU] = NL_EXACT(4),       [IFLA_ADDRESS] = {1, 32},
	[IFLA_QDISC] = NL_STRING(32),  [IFLA_OPERSTATE] = NL_EXACT(1), [IFLA_LINKINFO] = NL_ANY,
	[IFLA_STATS64] = NL_ANY,       [IFLA_BROADCAST] = {1, 32},
};

static json_t *flags_json(unsigned int flags)
{
	static const struct {
		unsigned int bit;
		const char *name;
	} names[] = {{IFF_LOOPBACK, "LOOPBACK"},
		     {IFF_BROADCAST, "BROADCAST"},
		     {IFF_POINTOPOINT, "POINTOPOINT"},
		     {IFF_MULTICAST, "MULTICAST"},
		     {IFF_NOARP, "NOARP"},
		     {IFF_PROMISC, "PROMISC"},
		     {IFF_UP, "UP"},
		     {LOWER_UP, "LOWER_UP"}};
	json_t *all = json_array();

	for (size_t i = 0; i < sizeof(names) / sizeof(names[0]); i++)
		if (flags & names[i].bit)
			json_array_append_new(all, json_string(names[i].name));
	return all;
}

static json_t *hwaddr_json(const struct nlattr *a)
{
	const uint8_t *b = nl_data(a);
	char text[3 * 32 + 1] = "";

	for (size_t i = 0; i < nl_len(a); i++)
		snprintf(text + 3 * i, 4, "%02x:", b[i]);
	text[3 * nl_len(a) - 1] = 0;
	return json_string(text);
}

json_t *link_decode(struct rtnl *r, const struct nlmsghdr *h)
{
	const struct ifinfomsg *i = NLMSG_DATA(h);
	const struct nlattr *a[IFLA_MAX + 1], *bad;
	json_t *row = json_object();
	struct rtnl_link_stats64 s;

	nl_parse((const uint8_t *)i + NLMSG_ALIGN(sizeof(*i)),
		 h->nlmsg_len - NLMSG_LENGTH(sizeof(*i)), a, IFLA_MAX, policy, false, &bad);
	json_object_set_new(row, "ifindex", json_integer(i->ifi_index));
	if (a[IFLA_IFNAME])
		json_object_set_new(row, "ifname", json_string(nl_data(a[IFLA_IFNAME])));
	json_object_set_new(row, "flags", flags_json(i->ifi_flags));
	if (a[IFLA_MTU])
		json_object_set_new(row, "mtu", json_integer(nl_u32(a[IFLA_MTU])));
	json_object_set_new(row, "operstate", json_string(i->ifi_flags & IFF_UP ? "UP" : "DOWN"));
	if (a[IFLA_ADDRESS])
		json_object_set_new(row, "address", hwaddr_json(a[IFLA_ADDRESS]));
	if (a[IFLA_STATS64] &&
	    nl_len(a[IFLA_STATS64]) >= offsetof(struct rtnl_link_stats64, multicast)) {
		memcpy(&s, nl_data(a[IFLA_STATS64]),
		       nl_len(a[IFLA_STATS64]) < sizeof(s) ? nl_len(a[IFLA_STATS64]) : sizeof(s));
		json_object_set_new(row, "stats64",
				    json_pack("{s:{s:I,s:I,s:I,s:I},s:{s:I,s:I,s:I,s:I}}", "rx",
					      "bytes", s.rx_bytes, "packets", s.rx_packets,
					      "errors", s.rx_errors, "dropped", s.rx_dropped, "tx",
					      "bytes", s.tx_bytes, "packets", s.tx_packets,
					      "errors", s.tx_errors, "dropped", s.tx_dropped));
	}
	return row;
}

void link_text(struct session *s, json_t *row)
{
	json_t *flag, *flags = json_object_get(row, "flags"),
		      *address = json_object_get(row, "address");
	size_t i;

	fprintf(s->out, "%lld: %s: <", json_integer_value(json_object_get(row, "ifindex")),
		json_string_value(json_object_get(row, "ifname")));
	json_array_foreach (flags, i, flag)
		fprintf(s->out, "%s%s", i ? "," : "", json_string_value(flag));
	fprintf(s->out, "> mtu %lld state %s\n", json_integer_value(json_object_get(row, "mtu")),
		json_string_value(json_object_get(row, "operstate")));
	if (address)
		fprintf(s->out, "    link %s\n", json_string_value(address));
}

static int show(struct rtnl *r, const char *dev)
{
	json_t *table = json_array();
	struct ifinfomsg *i;
	int status, index = dev ? rtnl_index(r, dev) : 0;

	if (dev && !index)
		return STATUS_FAILED;
	i = rtnl_begin(r, RTM_GETLINK, dev ? 0 : NLM_F_DUMP, sizeof(*i));
	if (i)
		i->ifi_index = index;
	status = rtnl_ask(r, link_decode, table);
	rtnl_print(r->session, table, link_text);
	return status;
}

static bool on_off(struct words *w, const char *keyword, bool *on)
{
	const char *value = words_value(w, keyword);

	*on = is_word(value, "on");
	if (*on || is_word(value, "off"))
		return true;
	if (value)
		misuse(w->session, "%s %s: write on or off", keyword, value);
	return false;
}

static int set(struct rtnl *r, struct words *w)
{
	const char *dev = words_value(w, "link set"), *word, *name = NULL;
	unsigned int flags = 0, change = 0;
	uint8_t mac[6];
	bool has_mac = false, on;
	long mtu = 0;
	struct ifinfomsg *i;
	int index;

	if (is_word(dev, "dev"))
		dev = words_value(w, "dev");
	if (!dev)
		return STATUS_USAGE;
	index = rtnl_index(r, dev);
	if (!index)
		return STATUS_FAILED;
	while ((word = words_next(w))) {
		if (is_word(word, "up") || is_word(word, "down")) {
			change |= IFF_UP;
			flags = is_word(word, "up") ? flags | IFF_UP : flags & ~IFF_UP;
		} else if (is_word(word, "promisc")) {
			if (!on_off(w, word, &on))
				return STATUS_USAGE;
			change |= IFF_PROMISC;
			flags = on ? flags | IFF_PROMISC : flags & ~IFF_PROMISC;
		} else if (is_word(word, "mtu")) {
			if (!read_number(r->session, word, words_next(w), 0, UINT32_MAX, &mtu))
				return STATUS_USAGE;
		} else if (is_word(word, "address")) {
			const char *text = words_value(w, word);

			has_mac = text && sscanf(text, "%hhx:%hhx:%hhx:%hhx:%hhx:%hhx", &mac[0],
						 &mac[1], &mac[2], &mac[3], &mac[4], &mac[5]) == 6;
			if (!has_mac)
				return misuse(r->session,
					      "address: not six bytes as in 02:00:00:00:00:01");
		} else if (is_word(word, "name")) {
			name = words_value(w, word);
			if (!name)
				return STATUS_USAGE;
		} else {
			return misuse(r->session,
				      "link set: %s: write up, down, mtu N, address MAC, name NAME "
				      "or promisc on|off",
				      word);
		}
	}
	i = rtnl_begin(r, RTM_NEWLINK, NLM_F_ACK, sizeof(*i));
	if (i)
		*i = (struct ifinfomsg){
			.ifi_index = index, .ifi_flags = flags, .ifi_change = change};
	if (mtu)
		nl_put_u32(&r->request, IFLA_MTU, mtu);
	if (has_mac)
		nl_put(&r->request, IFLA_ADDRESS, mac, 6);
	if (name)
		nl_put_string(&r->request, IFLA_IFNAME, name);
	return rtnl_ask(r, NULL, NULL);
}

static int delete (struct rtnl *r, const char *dev)
{
	struct ifinfomsg *i;
	int index = dev ? rtnl_index(r, dev) : 0;

	if (!index)
		return dev ? STATUS_FAILED : misuse(r->session, "link del: name an interface");
	i = rtnl_begin(r, RTM_DELLINK, NLM_F_ACK, sizeof(*i));
	if (i)
		i->ifi_index = index;
	return rtnl_ask(r, NULL, NULL);
}

int run_link(struct session *s, int argc, char **argv)
{
	struct words w = {s, argc - 1, argv + 1};
	const char *what = words_next(&w), *dev;
	struct rtnl r;
	int status;

	if (!rtnl_open(&r, s))
		return STATUS_FAILED;
	if (!what || is_word(what, "show")) {
		status = words_device(&w, &dev);
		if (!status)
			status = show(&r, dev);
	} else if (is_word(what, "set"))
		status = set(&r, &w);
	else if (is_word(what, "del"))
		status = delete (&r, words_next(&w));
	else
		status = misuse(s, "link %s: write show, set or del", what);
	rtnl_close(&r);
	return status;
}
