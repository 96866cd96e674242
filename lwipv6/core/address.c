/* SPDX-License-Identifier: LGPL-2.1-or-later */
/* Prefix arithmetic, scopes and text of addresses. */
#include "lwipv6/core/address.h"
#include <stdio.h>
#include <stdlib.h>

const struct ip_addr ip_addr_any = {{0, 0, 0, 0}};
const struct ip_addr ip_v4_any = {{0, 0, IP64_PREFIX, 0}};
const struct ip_addr ip_v4_broadcast = {{0, 0, IP64_PREFIX, 0xffffffff}};
const struct ip_addr ip_all_nodes = {{LWIP_HTONL_(0xff020000), 0, 0, LWIP_HTONL_(1)}};
const struct ip_addr ip_all_routers = {{LWIP_HTONL_(0xff020000), 0, 0, LWIP_HTONL_(2)}};

unsigned int ip_common_prefix(const struct ip_addr *a, const struct ip_addr *b)
{
	for (unsigned int i = 0; i < 4; i++) {
		uint32_t diff = ntohl(a->addr[i] ^ b->addr[i]);

		if (diff)
			return 32 * i + __builtin_clz(diff);
	}
	return 128;
}

bool ip_prefix_equal(const struct ip_addr *a, const struct ip_addr *b, unsigned int plen)
{
	return ip_common_prefix(a, b) >= plen;
}

struct ip_addr ip_plen_to_mask(unsigned int plen)
{
	struct ip_addr m;

	for (unsigned int i = 0; i < 4; i++) {
		unsigned int bits = plen > 32 * i ? plen - 32 * i : 0;

		m.addr[i] = bits >= 32 ? 0xffffffff : bits ? htonl(0xffffffffu << (32 - bits)) : 0;
	}
	return m;
}

int ip_mask_to_plen(const struct ip_addr *mask)
{
	static const struct ip_addr ones = {{0xffffffff, 0xffffffff, 0xffffffff, 0xffffffff}};
	unsigned int plen = ip_common_prefix(mask, &ones);
	struct ip_addr wanted = ip_plen_to_mask(plen);

	return ip_equal(mask, &wanted) ? (int)plen : -1;
}

struct ip_addr ip_prefix(const struct ip_addr *a, unsigned int plen)
{
	struct ip_addr m = ip_plen_to_mask(plen);

	for (int i = 0; i < 4; i++)
		m.addr[i] &= a->addr[i];
	return m;
}

struct ip_addr ip_prefix_last(const struct ip_addr *a, unsigned int plen)
{
	struct ip_addr m = ip_plen_to_mask(plen);

	for (int i = 0; i < 4; i++)
		m.addr[i] = a->addr[i] | ~m.addr[i];
	return m;
}

struct ip_addr ip_solicited_node(const struct ip_addr *a)
{
	return (struct ip_addr){{htonl(0xff020000), 0, htonl(1),
				 htonl(0xff000000 | (ntohl(a->addr[3]) & 0xffffff))}};
}

int ip_scope(const struct ip_addr *a)
{
	if (ip_is_v4(a)) {
		if (ip_is_multicast(a))
			return (ntohl(a->addr[3]) >> 8) == 0xe00000 ? 2 : 14;
		return ip_is_linklocal(a) || ip_is_loopback(a) ? 2 : 14;
	}
	if (ip_is_multicast(a))
		return ntohl(a->addr[0]) >> 16 & 0xf;
	if (ip_is_linklocal(a) || ip_is_loopback(a))
		return 2;
	if ((ntohl(a->addr[0]) >> 22) == 0xfec0 >> 6)
		return 5;
	return 14;
}

uint32_t ip_hash(const struct ip_addr *a, uint32_t seed)
{
	uint64_t h = seed + 0x9e3779b97f4a7c15ULL;

	for (int i = 0; i < 4; i++) {
		h ^= a->addr[i];
		h *= 0xff51afd7ed558ccdULL;
		h ^= h >> 32;
	}
	return h;
}

const char *ip_to_text(const struct ip_addr *a, char *text)
{
	if (ip_is_v4(a))
		return inet_ntop(AF_INET, &a->addr[3], text, IP_TEXT_SIZE);
	return inet_ntop(AF_INET6, a, text, IP_TEXT_SIZE);
}

bool ip_from_text(const char *text, struct ip_addr *a)
{
	uint32_t v4;

	if (inet_pton(AF_INET, text, &v4) == 1) {
		*a = ip_from_v4(v4);
		return true;
	}
	return inet_pton(AF_INET6, text, a) == 1;
}

bool ip_prefix_from_text(const char *text, struct ip_addr *a, unsigned int *plen)
{
	char addr[IP_TEXT_SIZE];
	const char *slash = strchrnul(text, '/');
	struct ip_addr got;
	unsigned int max;

	if ((size_t)(slash - text) >= sizeof(addr))
		return false;
	memcpy(addr, text, slash - text);
	addr[slash - text] = 0;
	if (!ip_from_text(addr, &got))
		return false;
	max = ip_is_v4(&got) && !strchr(addr, ':') ? 32 : 128;
	unsigned long len = max;

	if (*slash) {
		char *end;

		if (slash[1] < '0' || slash[1] > '9')
			return false;
		len = strtoul(slash + 1, &end, 10);
		if (*end || len > max)
			return false;
	}
	*a = got;
	*plen = len + 128 - max;
	return true;
}
