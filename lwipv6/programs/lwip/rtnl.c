/* SPDX-License-Identifier: GPL-2.0-or-later */
/* Netlink requests and answers for the commands. */
#include "lwipv6/programs/lwip/rtnl.h"
#include <arpa/inet.h>
#include <errno.h>
#include <net/if.h>
#include <stdlib.h>
#include <sys/ioctl.h>

bool rtnl_open(struct rtnl *r, struct session *s)
{
	int one = 1;

	*r = (struct rtnl){.session = s};
	r->fd = lwip_msocket(s->stack, AF_NETLINK, SOCK_RAW | SOCK_NONBLOCK, NETLINK_ROUTE);
	if (r->fd < 0) {
		complain(s, "netlink: %s", strerror(errno));
		return false;
	}
	lwip_setsockopt(r->fd, SOL_NETLINK, NETLINK_EXT_ACK, &one, sizeof(one));
	lwip_setsockopt(r->fd, SOL_NETLINK, NETLINK_GET_STRICT_CHK, &one, sizeof(one));
	return true;
}

void rtnl_close(struct rtnl *r)
{
	nl_free(&r->request);
	lwip_close(r->fd);
}

void *rtnl_begin(struct rtnl *r, int type, int flags, size_t size)
{
	nl_free(&r->request);
	return nl_begin(&r->request, type, NLM_F_REQUEST | flags, 1, 0, size);
}

/* The stack's own sentence when it gave one. */
static int told(struct rtnl *r, const struct nlmsghdr *h)
{
	static const struct nl_policy policy[NLMSGERR_ATTR_MAX + 1] = {
		[NLMSGERR_ATTR_MSG] = NL_ANY, [NLMSGERR_ATTR_OFFS] = NL_EXACT(4)};
	const struct nlmsgerr *e = NLMSG_DATA(h);
	const struct nlattr *a[NLMSGERR_ATTR_MAX + 1] = {0}, *bad;
	size_t at =
		NLMSG_HDRLEN + sizeof(*e) +
		(h->nlmsg_flags & NLM_F_CAPPED ? 0 : NLMSG_ALIGN(e->msg.nlmsg_len) - NLMSG_HDRLEN);
	char text[256];

	if (!e->error)
		return STATUS_GOOD;
	if (h->nlmsg_flags & NLM_F_ACK_TLVS && at < h->nlmsg_len)
		nl_parse((const uint8_t *)h + at, h->nlmsg_len - at, a, NLMSGERR_ATTR_MAX, policy,
			 false, &bad);
	if (a[NLMSGERR_ATTR_MSG] && nl_string(a[NLMSGERR_ATTR_MSG], text, sizeof(text)))
		return complain(r->session, "%s (%s)", text, strerror(-e->error));
	return complain(r->session, "%s", strerror(-e->error));
}

int rtnl_ask(struct rtnl *r, json_t *(*decode)(struct rtnl *r, const struct nlmsghdr *h),
	     json_t *table)
{
	struct nlmsghdr *request = (struct nlmsghdr *)r->request.bytes;
	static const size_t size = 32768;
	char *answer = malloc(size);
	int status = -1;

	nl_end(&r->request);
	if (r->request.failed || !answer) {
		free(answer);
		return complain(r->session, "out of memory");
	}
	if (lwip_send(r->fd, request, r->request.len, 0) < 0)
		status = complain(r->session, "netlink: %s", strerror(errno));
	while (status < 0) {
		int n = lwip_recv(r->fd, answer, size, MSG_DONTWAIT);

		if (n < 0) {
			/* The stack answers while it takes the request: nothing more will come. */
			status = errno == EAGAIN
					 ? STATUS_GOOD
					 : complain(r->session, "netlink: %s", strerror(errno));
			break;
		}
		for (struct nlmsghdr *h = (struct nlmsghdr *)answer; status < 0 && NLMSG_OK(h, n);
		     h = NLMSG_NEXT(h, n)) {
			if (h->nlmsg_type == NLMSG_DONE)
				status = STATUS_GOOD;
			else if (h->nlmsg_type == NLMSG_ERROR)
				status = told(r, h);
			else if (decode)
				json_array_append_new(table, decode(r, h));
		}
	}
	free(answer);
	return status;
}

int rtnl_index(struct rtnl *r, const char *name)
{
	struct netif *n = lwip_netif_find(r->session->stack, is_word(name, "lo") ? "lo0" : name);

	if (n)
		return lwip_netif_index(n);
	complain(r->session, "%s: the stack has no such interface; see lwip link", name);
	return 0;
}

const char *rtnl_name(struct rtnl *r, int index, char name[16])
{
	struct ifreq ifr = {.ifr_ifindex = index};

	if (lwip_ioctl(r->fd, SIOCGIFNAME, &ifr) < 0)
		snprintf(name, 16, "if%d", index);
	else
		snprintf(name, 16, "%s", ifr.ifr_name);
	return name;
}

void rtnl_print(struct session *s, json_t *table, void (*text)(struct session *s, json_t *row))
{
	json_t *row;
	size_t i;

	if (s->json) {
		json_dumpf(table, s->out, JSON_COMPACT);
		fputc('\n', s->out);
	} else {
		json_array_foreach (table, i, row)
			text(s, row);
	}
	json_decref(table);
}

int rtnl_family(const struct ip_addr *a)
{
	return ip_is_v4(a) ? AF_INET : AF_INET6;
}

bool rtnl_prefix(struct session *s, const char *text, struct ip_addr *addr, int *plen)
{
	char copy[INET6_ADDRSTRLEN + 8], *slash, *end = NULL;
	struct in_addr v4;
	struct in6_addr v6;
	int max;

	if (!strcmp(text, "default")) {
		*addr = s->family == AF_INET6 ? (struct ip_addr){{0}} : ip_from_v4(0);
		*plen = 0;
		return true;
	}
	snprintf(copy, sizeof(copy), "%s", text);
	slash = strchr(copy, '/');
	if (slash)
		*slash++ = 0;
	if (inet_pton(AF_INET, copy, &v4) == 1)
		*addr = ip_from_v4(v4.s_addr);
	else if (inet_pton(AF_INET6, copy, &v6) == 1)
		*addr = ip_from_in6(&v6);
	else
		goto wrong;
	max = ip_is_v4(addr) ? 32 : 128;
	*plen = slash ? strtol(slash, &end, 10) : max;
	if (!slash || (*slash && !*end && *plen >= 0 && *plen <= max))
		return true;
wrong:
	misuse(s, "%s: not an address with a prefix length, as in 10.0.0.1/24 or fd00::1/64", text);
	return false;
}

json_t *rtnl_address_json(const struct nlattr *a)
{
	char text[INET6_ADDRSTRLEN];

	inet_ntop(nl_len(a) == 4 ? AF_INET : AF_INET6, nl_data(a), text, sizeof(text));
	return json_string(text);
}

const char *words_next(struct words *w)
{
	if (!w->argc)
		return NULL;
	w->argc--;
	return *w->argv++;
}

const char *words_value(struct words *w, const char *keyword)
{
	const char *value = words_next(w);

	if (!value)
		misuse(w->session, "%s: a value is missing", keyword);
	return value;
}

int words_device(struct words *w, const char **dev)
{
	const char *word = words_next(w);

	*dev = word && is_word(word, "dev") ? words_value(w, "dev") : word;
	if (word && !*dev)
		return STATUS_USAGE;
	word = words_next(w);
	return word ? misuse(w->session, "show: %s: only one interface can be named", word) : 0;
}

int rtnl_of_device(struct rtnl *r, const char *dev, json_t *table)
{
	if (!dev)
		return 0;
	if (!rtnl_index(r, dev))
		return STATUS_FAILED;
	for (size_t i = json_array_size(table); i--;) {
		const char *of =
			json_string_value(json_object_get(json_array_get(table, i), "dev"));

		if (!of || strcmp(of, dev))
			json_array_remove(table, i);
	}
	return 0;
}

int rtnl_command(struct session *s, int argc, char **argv, const struct rtnl_object *o)
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
			status = o->show(&r, dev);
	} else if (is_word(what, "add"))
		status = o->change(&r, o->new_type, NLM_F_CREATE | NLM_F_EXCL, &w);
	else if (is_word(what, "replace"))
		status = o->change(&r, o->new_type, NLM_F_CREATE | NLM_F_REPLACE, &w);
	else if (is_word(what, "del"))
		status = o->change(&r, o->new_type + 1, 0, &w);
	else if (o->get && is_word(what, "get"))
		status = o->get(&r, &w);
	else
		status = misuse(s, "%s %s: write show, add, replace%s or del", argv[0], what,
				o->get ? ", get" : "");
	rtnl_close(&r);
	return status;
}
