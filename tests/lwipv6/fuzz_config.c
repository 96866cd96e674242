/* SPDX-License-Identifier: GPL-2.0-only */
/*
 * libFuzzer on what configures a stack and what filter and NAT look at. The first byte of an input
 * says what the rest is:
 *
 *   'a' DHCPv4 messages, 'b' DHCPv6 messages: each [length, 2 bytes][flags][message] of a server; with
 *       flag 1 the fields that make it ours are set. Between them time passes.
 *   'c' a file of router advertisements; what is then sent is received by a host.
 *   'd' rules of filter and NAT, loaded and shown.
 *   'e' packets through filter and NAT: each [length, 2 bytes][flags][IP packet]; flag 1 = from outside,
 *       flag 2 = its header checksum is made good, flag 4 = time passes.
 *
 * Stacks are on a virtual clock with a fixed seed; each input has its own.
 */
#include <arpa/inet.h>
#include <errno.h>
#include <stdbool.h>
#include <stdlib.h>
#include <string.h>
#include "lwipv6/config/dhcp4_message.h"
#include "lwipv6/config/dhcp6_message.h"
#include "lwipv6/core/checksum.h"
#include "lwipv6/lwipv6.h"

#define SECOND 1000000000ull

static const uint8_t mac[6] = {2, 0, 0, 0, 0, 1}, peer[6] = {2, 0, 0, 0, 0, 2};
static uint8_t last_request[1500]; /* the DHCP message that the client sent last */
static size_t last_len;
static uint8_t client_address[16];
static uint8_t advertisement[2048];
static size_t advertisement_len;

static void output(void *arg, const void *frame, size_t len)
{
	const uint8_t *f = frame;

	if (len > 14 + 28 + 240 && f[12] == 8 && !f[13] && f[23] == IPPROTO_UDP && f[37] == 67) {
		last_len = len - 42;
		memcpy(last_request, f + 42, last_len);
	} else if (len > 62 + 4 && f[12] == 0x86 && f[20] == IPPROTO_UDP && f[56] == 2 && f[57] == 0x23) {
		last_len = len - 62;
		memcpy(last_request, f + 62, last_len);
		memcpy(client_address, f + 22, 16);
	} else if (len > 54 && len <= sizeof(advertisement) && f[12] == 0x86 && f[20] == IPPROTO_ICMPV6 && f[54] == 134) {
		advertisement_len = len;
		memcpy(advertisement, f, len);
	}
}

static uint16_t sum(uint32_t start, const void *data, size_t len)
{
	return checksum_fold(checksum_add(start, data, len));
}

static void udp4(struct netif *n, const uint8_t *data, size_t len)
{
	uint8_t f[14 + 28 + 1500] = {255, 255, 255, 255, 255, 255}, *ip = f + 14;
	uint16_t check;

	memcpy(f + 6, peer, 6);
	f[12] = 8;
	memcpy(ip, (uint8_t[]){0x45, 0, (28 + len) >> 8, 28 + len, 0, 0, 0, 0, 64, 17, 0, 0, 10, 0, 0, 2, 255, 255, 255, 255}, 20);
	check = sum(0, ip, 20);
	memcpy(ip + 10, &check, 2);
	memcpy(ip + 20, (uint8_t[]){0, 67, 0, 68, (8 + len) >> 8, 8 + len, 0, 0}, 8);
	memcpy(ip + 28, data, len);
	lwip_frame_input(n, f, 42 + len);
}

static void udp6(struct netif *n, const uint8_t *data, size_t len)
{
	uint8_t f[14 + 48 + 1500] = {0}, *ip = f + 14;
	struct ip_addr src, dst;
	uint32_t pseudo;
	uint16_t check;

	memcpy(f, mac, 6);
	memcpy(f + 6, peer, 6);
	f[12] = 0x86;
	f[13] = 0xdd;
	memcpy(ip, (uint8_t[]){0x60, 0, 0, 0, (8 + len) >> 8, 8 + len, 17, 64, 0xfe, 0x80}, 10);
	ip[23] = 9;
	memcpy(ip + 24, client_address, 16);
	memcpy(ip + 40, (uint8_t[]){2, 0x23, 2, 0x22, (8 + len) >> 8, 8 + len, 0, 0}, 8);
	memcpy(ip + 48, data, len);
	memcpy(&src, ip + 8, 16);
	memcpy(&dst, ip + 24, 16);
	pseudo = checksum_pseudo(&src, &dst, 17, 8 + len);
	check = sum(pseudo, ip + 40, 8 + len);
	memcpy(ip + 46, &check, 2);
	lwip_frame_input(n, f, 62 + len);
}

/* Cut the next record off an input. */
static bool record(const uint8_t **at, size_t *left, uint8_t *flags, uint8_t *data, size_t *len)
{
	if (*left < 3)
		return false;
	*len = (*at)[0] << 8 | (*at)[1];
	*flags = (*at)[2];
	*at += 3;
	*left -= 3;
	if (*len > *left)
		*len = *left;
	if (*len > 1400)
		*len = 1400;
	memcpy(data, *at, *len);
	*at += *len;
	*left -= *len;
	return true;
}

static void dhcp(const uint8_t *at, size_t left, bool v6)
{
	struct stack *stack = lwip_stack_new_seeded(LWIP_STACK_FLAG_VIRTUAL_CLOCK, 7);
	struct netif *n = lwip_add_frameif(stack, output, NULL, NETIF_FLAG_AUTOCONF);
	uint8_t m[1500], flags;
	struct ip_addr servers[16];
	char domains[600];
	size_t len;

	lwip_set_hwaddr(n, mac);
	last_len = 0;
	lwip_ifup_flags(n, v6 ? NETIF_FLAG_DHCP6 : NETIF_FLAG_DHCP);
	lwip_stack_advance(stack, 4 * SECOND);
	while (record(&at, &left, &flags, m, &len)) {
		if (flags & 1 && v6 && len >= 4) {
			/* The transaction, our identity and a server's come first. */
			static const uint8_t ids[] = {0, 1, 0, 10, 0, 3, 0, 1, 2, 0, 0, 0, 0, 1, 0, 2, 0, 4, 0, 3, 0, 1};

			memmove(m + 4 + sizeof(ids), m + 4, len - 4);
			memcpy(m + 4, ids, sizeof(ids));
			len += sizeof(ids);
			if (last_len > 4)
				memcpy(m + 1, last_request + 1, 3);
		} else if (flags & 1 && !v6 && len >= 240) {
			memcpy(m, (uint8_t[]){2, 1, 6, 0}, 4);
			memcpy(m + 28, mac, 6);
			memcpy(m + 236, "\x63\x82\x53\x63", 4);
			if (last_len > 8)
				memcpy(m + 4, last_request + 4, 4);
		}
		if (v6)
			udp6(n, m, len);
		else
			udp4(n, m, len);
		lwip_stack_advance(stack, flags & 2 ? 8 * SECOND : SECOND / 100);
		if (flags & 4)
			lwip_stack_advance(stack, 3600 * SECOND);
		struct dhcp4_reply r4;
		struct dhcp6_reply r6;

		dhcp4_parse(m, len, mac, &r4);
		dhcp6_parse(m, len, (const uint8_t *)"\0\3\0\1\2\0\0\0\0\1", 10, 0, &r6);
	}
	lwip_resolvers(stack, servers, 16);
	lwip_search_domains(stack, domains, sizeof(domains));
	lwip_stack_free(stack);
}

static void radv(const char *text, size_t len)
{
	struct stack *router = lwip_stack_new_seeded(LWIP_STACK_FLAG_VIRTUAL_CLOCK | LWIP_STACK_FLAG_FORWARDING, 7);
	struct stack *host = lwip_stack_new_seeded(LWIP_STACK_FLAG_VIRTUAL_CLOCK, 8);
	struct netif *n = lwip_add_frameif(router, output, NULL, NETIF_FLAG_RADV);
	struct netif *h = lwip_add_frameif(host, output, NULL, NETIF_FLAG_AUTOCONF);
	FILE *in = fmemopen((void *)text, len, "r");
	char error[100];

	lwip_ifup(h);
	if (in) {
		if (lwip_radv_load(router, in, error, sizeof(error)) && !*error)
			abort(); /* refused without a word */
		fclose(in);
	}
	advertisement_len = 0;
	lwip_ifup(n);
	lwip_stack_advance(router, 20 * SECOND);
	lwip_stack_advance(host, 5 * SECOND);
	if (advertisement_len)
		lwip_frame_input(h, advertisement, advertisement_len);
	lwip_stack_advance(host, 5 * SECOND);
	lwip_stack_free(router);
	lwip_stack_free(host);
}

static struct stack *router_new(struct netif *out[2])
{
	static const char *const nets[] = {"10.0.0.1", "203.0.113.1", "fd00::1", "2001:db8::1"};
	struct stack *stack = lwip_stack_new_seeded(LWIP_STACK_FLAG_VIRTUAL_CLOCK | LWIP_STACK_FLAG_FORWARDING, 7);

	for (int i = 0; i < 2; i++) {
		struct ip_addr a = {{0, 0, IP64_PREFIX, inet_addr(nets[i])}}, mask;

		out[i] = lwip_add_frameif(stack, output, NULL, 0);
		lwip_set_hwaddr(out[i], mac);
		IP64_MASKADDR(&mask, 255, 255, 255, 0);
		lwip_add_addr(out[i], &a, &mask);
		inet_pton(AF_INET6, nets[i + 2], &a);
		IP6_ADDR(&mask, 0xffff, 0xffff, 0xffff, 0xffff, 0, 0, 0, 0);
		lwip_add_addr(out[i], &a, &mask);
		lwip_ifup(out[i]);
	}
	return stack;
}

static void rules(const char *text, size_t len)
{
	struct netif *n[2];
	struct stack *stack = router_new(n);
	char *copy = strndup(text, len), error[100] = "";

	if (lwip_filter_load(stack, copy, error, sizeof(error)) && !*error)
		abort();
	free(lwip_filter_json(stack));
	free(copy);
	lwip_stack_free(stack);
}

static void packets(const uint8_t *at, size_t left)
{
	static const char rules[] = "nat on fr1\nset filtering address; set mappings 32; set flows 32\n"
				    "redirect on fr1 proto tcp port 80-90 to 10.0.0.2 port 8080\nredirect on fr1 proto tcp port 80 to fd00::2\n"
				    "policy forward drop; drop forward state invalid; accept forward state established,related\n"
				    "reject forward proto udp to any port 9; accept forward state new";
	struct netif *n[2];
	struct stack *stack = router_new(n);
	uint8_t f[14 + 1500], flags;
	size_t len;

	lwip_filter_load(stack, rules, NULL, 0);
	while (record(&at, &left, &flags, f + 14, &len)) {
		memcpy(f, mac, 6);
		memcpy(f + 6, peer, 6);
		f[12] = len && f[14] >> 4 == 6 ? 0x86 : 8;
		f[13] = f[12] == 8 ? 0 : 0xdd;
		if (flags & 2 && f[12] == 8 && len >= 20) {
			uint16_t check, header = (f[14] & 15) * 4;

			f[14 + 2] = len >> 8;
			f[14 + 3] = len;
			memset(f + 24, 0, 2);
			check = sum(0, f + 14, header <= len ? header : 20);
			memcpy(f + 24, &check, 2);
			/* An ICMP error is looked into only when its sum is right. */
			if (f[14 + 9] == IPPROTO_ICMP && header >= 20 && header + 8u <= len) {
				memset(f + 14 + header + 2, 0, 2);
				check = sum(0, f + 14 + header, len - header);
				memcpy(f + 14 + header + 2, &check, 2);
			}
		}
		lwip_frame_input(n[flags & 1], f, 14 + len);
		if (flags & 4)
			lwip_stack_advance(stack, 30 * SECOND);
	}
	free(lwip_filter_json(stack));
	lwip_stack_free(stack);
}

int LLVMFuzzerTestOneInput(const uint8_t *data, size_t size)
{
	if (!size)
		return 0;
	switch (data[0]) {
	case 'a':
	case 'b':
		dhcp(data + 1, size - 1, data[0] == 'b');
		break;
	case 'c':
		radv((const char *)data + 1, size - 1);
		break;
	case 'd':
		rules((const char *)data + 1, size - 1);
		break;
	case 'e':
		packets(data + 1, size - 1);
		break;
	}
	return 0;
}
