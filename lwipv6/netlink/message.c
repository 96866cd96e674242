/* SPDX-License-Identifier: LGPL-2.1-or-later */
/* Building and parsing netlink messages. */
#include "lwipv6/netlink/message.h"
#include <errno.h>
#include <stdlib.h>

/* Room for @n more bytes, zeroed, aligned as netlink wants. */
static void *extend(struct nl_builder *b, size_t n)
{
	size_t aligned = NLMSG_ALIGN(n);
	void *at;

	if (b->failed)
		return NULL;
	if (b->len + aligned > b->size) {
		size_t size = b->size ? b->size : 1024;
		uint8_t *bytes;

		while (size < b->len + aligned)
			size *= 2;
		bytes = realloc(b->bytes, size);
		if (!bytes) {
			b->failed = true;
			return NULL;
		}
		b->bytes = bytes;
		b->size = size;
	}
	at = b->bytes + b->len;
	memset(at, 0, aligned);
	b->len += aligned;
	return at;
}

void *nl_begin(struct nl_builder *b, int type, int flags, uint32_t sequence, uint32_t port,
	       size_t size)
{
	struct nlmsghdr *h = extend(b, NLMSG_HDRLEN + size);

	if (!h)
		return NULL;
	b->message = (uint8_t *)h - b->bytes;
	h->nlmsg_type = type;
	h->nlmsg_flags = flags;
	h->nlmsg_seq = sequence;
	h->nlmsg_pid = port;
	return NLMSG_DATA(h);
}

void nl_end(struct nl_builder *b)
{
	if (!b->failed)
		((struct nlmsghdr *)(b->bytes + b->message))->nlmsg_len = b->len - b->message;
}

void *nl_put(struct nl_builder *b, int type, const void *data, size_t len)
{
	struct nlattr *a = extend(b, NLA_HDRLEN + len);

	if (!a)
		return NULL;
	a->nla_type = type;
	a->nla_len = NLA_HDRLEN + len;
	if (data)
		memcpy((uint8_t *)a + NLA_HDRLEN, data, len);
	return (uint8_t *)a + NLA_HDRLEN;
}

void nl_put_u8(struct nl_builder *b, int type, uint8_t value)
{
	nl_put(b, type, &value, sizeof(value));
}

void nl_put_u32(struct nl_builder *b, int type, uint32_t value)
{
	nl_put(b, type, &value, sizeof(value));
}

void nl_put_string(struct nl_builder *b, int type, const char *text)
{
	nl_put(b, type, text, strlen(text) + 1);
}

void nl_put_address(struct nl_builder *b, int type, const struct ip_addr *addr)
{
	if (ip_is_v4(addr))
		nl_put(b, type, &addr->addr[3], 4);
	else
		nl_put(b, type, addr, 16);
}

size_t nl_nest(struct nl_builder *b, int type)
{
	size_t start = b->len;

	nl_put(b, type, NULL, 0);
	return start;
}

void nl_nest_end(struct nl_builder *b, size_t start)
{
	if (!b->failed)
		((struct nlattr *)(b->bytes + start))->nla_len = b->len - start;
}

void nl_free(struct nl_builder *b)
{
	free(b->bytes);
	*b = (struct nl_builder){0};
}

int nl_parse(const void *bytes, size_t len, const struct nlattr **table, int max,
	     const struct nl_policy *policy, bool strict, const struct nlattr **bad)
{
	const uint8_t *at = bytes;

	memset(table, 0, (max + 1) * sizeof(*table));
	while (len >= NLA_HDRLEN) {
		const struct nlattr *a = (const struct nlattr *)at;
		int type = a->nla_type & NLA_TYPE_MASK;
		size_t step = NLA_ALIGN(a->nla_len);

		if (a->nla_len < NLA_HDRLEN || a->nla_len > len)
			break;
		if (type <= max && policy[type].max) {
			if (nl_len(a) < policy[type].min || nl_len(a) > policy[type].max) {
				*bad = a;
				return -EINVAL;
			}
			table[type] = a;
		} else if (strict) {
			*bad = a;
			return -EINVAL;
		}
		at += step < len ? step : len;
		len -= step < len ? step : len;
	}
	return strict && len ? -EINVAL : 0;
}

uint32_t nl_u32(const struct nlattr *a)
{
	uint32_t value;

	memcpy(&value, nl_data(a), sizeof(value));
	return value;
}

bool nl_address(const struct nlattr *a, int family, struct ip_addr *out)
{
	uint32_t v4;

	if (nl_len(a) != (family == AF_INET ? 4 : 16))
		return false;
	if (family == AF_INET) {
		memcpy(&v4, nl_data(a), 4);
		*out = ip_from_v4(v4);
	} else {
		*out = ip_from_in6(nl_data(a));
	}
	return true;
}

bool nl_string(const struct nlattr *a, char *out, size_t size)
{
	size_t len = strnlen(nl_data(a), nl_len(a));

	if (!len || len >= size)
		return false;
	memcpy(out, nl_data(a), len);
	out[len] = 0;
	return true;
}
