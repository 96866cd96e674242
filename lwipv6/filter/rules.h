/* SPDX-License-Identifier: LGPL-2.1-or-later */
/*
 * The rule language of filter and NAT, lwip_filter(3), and what it is read into. Statements end at
 * a line's end or ';', '#' begins a comment.
 *
 *   policy CHAIN accept|drop
 *   accept|drop|reject CHAIN [in IF] [out IF] [inet|inet6] [proto P] [from [not] NET|any]
 *           [port N[-M]] [to [not] NET|any] [port N[-M]] [type N] [state S[,S...]]
 *   nat on IF [from NET] [to ADDRESS]
 *   redirect on IF proto tcp|udp port N[-M] to ADDRESS [port N]
 *   set filtering endpoint|address|port
 *   set timeout tcp|closing|udp|icmp SECONDS
 *   set mappings|flows N
 *
 * CHAIN is input, forward or output. The first rule that matches decides, then the chain's policy.
 */
#ifndef LWIPV6_FILTER_RULES_H
#define LWIPV6_FILTER_RULES_H

#include <net/if.h>
#include "lwipv6/core/address.h"

#define RULES_MAX 1024

enum chain { CHAIN_INPUT, CHAIN_FORWARD, CHAIN_OUTPUT, CHAINS };
enum action { ACTION_ACCEPT, ACTION_DROP, ACTION_REJECT };
enum flow_state { FLOW_NEW = 1, FLOW_ESTABLISHED = 2, FLOW_RELATED = 4, FLOW_INVALID = 8 };
enum nat_filtering { FILTERING_ENDPOINT, FILTERING_ADDRESS, FILTERING_PORT };
enum nat_timeout { TIMEOUT_TCP, TIMEOUT_CLOSING, TIMEOUT_UDP, TIMEOUT_ICMP, TIMEOUTS };

struct net_match {
	struct ip_addr addr;
	uint8_t plen; /* of 128; 0 = any */
	bool negated;
	uint16_t port_low, port_high; /* 0, 0 = any */
};

/* Where a statement stands in rules->text. */
struct rule_text {
	uint32_t at, len;
	unsigned int line;
};

struct filter_rule {
	struct rule_text text;
	uint8_t chain, action;
	uint8_t family;			  /* 0, AF_INET, AF_INET6 */
	int16_t protocol;		  /* -1 = any */
	int16_t type;			  /* of ICMP, -1 = any */
	uint8_t states;			  /* enum flow_state, 0 = any */
	char in[IFNAMSIZ], out[IFNAMSIZ]; /* "" = any */
	struct net_match from, to;
	uint64_t packets, bytes;
};

struct nat_rule {
	struct rule_text text;
	char on[IFNAMSIZ];
	struct net_match from;
	struct ip_addr to; /* unspecified = the interface's own */
};

struct redirect_rule {
	struct rule_text text;
	char on[IFNAMSIZ];
	uint8_t protocol;
	uint16_t port_low, port_high;
	struct ip_addr to;
	uint16_t to_port; /* of port_low */
};

struct rules {
	uint8_t policy[CHAINS]; /* enum action */
	uint8_t filtering;
	uint32_t timeouts[TIMEOUTS]; /* seconds */
	uint32_t max_mappings, max_flows;
	unsigned int nfilter, nnat, nredirect;
	struct filter_rule *filter; /* in order */
	struct nat_rule *nat;
	struct redirect_rule *redirect;
	bool stateful; /* some rule asks for a state */
	char *text;    /* what was read, to show */
};

/* NULL with one sentence in @error when something is wrong. */
struct rules *rules_read(const char *text, char *error, size_t size);
void rules_free(struct rules *r);

#endif
