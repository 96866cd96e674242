/* SPDX-License-Identifier: LGPL-2.1-or-later */
/*
 * Netlink messages: building them into a buffer that grows, and taking attributes apart. Nothing
 * received is trusted: every length is checked before its bytes are looked at.
 */
#ifndef LWIPV6_NETLINK_MESSAGE_H
#define LWIPV6_NETLINK_MESSAGE_H

#include <linux/netlink.h>
#include <stddef.h>
#include "lwipv6/core/address.h"

struct nl_builder {
	uint8_t *bytes;
	size_t len, size;
	size_t message; /* where the message being built starts */
	bool failed;	/* memory ran short: what is there must not be sent */
};

/* Start a message; the zeroed family header of @size bytes. NULL when memory is short. */
void *nl_begin(struct nl_builder *b, int type, int flags, uint32_t sequence, uint32_t port,
	       size_t size);
void nl_end(struct nl_builder *b);
void *nl_put(struct nl_builder *b, int type, const void *data, size_t len);
void nl_put_u8(struct nl_builder *b, int type, uint8_t value);
void nl_put_u32(struct nl_builder *b, int type, uint32_t value);
void nl_put_string(struct nl_builder *b, int type, const char *text);
/* 4 or 16 bytes, as the address is. */
void nl_put_address(struct nl_builder *b, int type, const struct ip_addr *addr);
/* Attributes put until nl_nest_end(start) stand inside this one. */
size_t nl_nest(struct nl_builder *b, int type);
void nl_nest_end(struct nl_builder *b, size_t start);
void nl_free(struct nl_builder *b);

/* What an attribute's payload may measure; max 0 = the attribute is not known. */
struct nl_policy {
	uint16_t min, max;
};

#define NL_STRING(n)                                                                               \
	{                                                                                          \
		1, (n)                                                                             \
	}
#define NL_EXACT(n)                                                                                \
	{                                                                                          \
		(n), (n)                                                                           \
	}
#define NL_ADDRESS                                                                                 \
	{                                                                                          \
		4, 16                                                                              \
	}
#define NL_ANY                                                                                     \
	{                                                                                          \
		0, UINT16_MAX                                                                      \
	}

/*
 * Fill @table[0..max] with the attributes of @bytes. -EINVAL for one whose length its policy does
 * not allow, then *bad points at it. With @strict so are unknown ones and what follows the last.
 */
int nl_parse(const void *bytes, size_t len, const struct nlattr **table, int max,
	     const struct nl_policy *policy, bool strict, const struct nlattr **bad);

static inline const void *nl_data(const struct nlattr *a)
{
	return (const uint8_t *)a + NLA_HDRLEN;
}

static inline size_t nl_len(const struct nlattr *a)
{
	return a->nla_len - NLA_HDRLEN;
}

uint32_t nl_u32(const struct nlattr *a);
/* An address of @family; false when its size is another's. */
bool nl_address(const struct nlattr *a, int family, struct ip_addr *out);
/* A name that ends within its attribute. */
bool nl_string(const struct nlattr *a, char *out, size_t size);

#endif
