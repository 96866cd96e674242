/* SPDX-License-Identifier: LGPL-2.1-or-later */
/*
 * Reading rules: a cursor gives words, each statement has a function, and the first mistake ends
 * the reading with the line, what was found and what was wanted.
 */
#include "lwipv6/filter/rules.h"
#include <ctype.h>
#include <stdio.h>
#include <stdlib.h>
#include "lwipv6/config/mistake.h"

#define refuse(r, ...) mistake(&(r)->mistake, __VA_ARGS__)

#define WORD_SIZE   64
#define SECONDS_MAX 864000

struct reader {
	const char *begin, *at;
	char word[WORD_SIZE]; /* the one looked at; "" at the end of a statement */
	struct mistake mistake;
	struct rules *rules;
};

static const char *shown(const struct reader *r)
{
	return *r->word ? r->word : "the end of the line";
}

static bool wanted(struct reader *r, const char *what)
{
	return refuse(r, "%s where %s is wanted", shown(r), what);
}

/* Look at the next word of the statement. */
static void advance(struct reader *r)
{
	size_t n = 0;

	while (*r->at == ' ' || *r->at == '\t' || *r->at == '\r')
		r->at++;
	while (*r->at && !isspace((unsigned char)*r->at) && !strchr(";#", *r->at)) {
		if (n + 1 == WORD_SIZE) {
			r->word[n] = 0;
			refuse(r, "%s...: no word is that long", r->word);
			return;
		}
		r->word[n++] = *r->at++;
	}
	r->word[n] = 0;
}

/* Go to the first word of the next statement; false at the end of the text. */
static bool next_statement(struct reader *r)
{
	for (;; r->at++) {
		if (*r->at == '#')
			r->at += strcspn(r->at, "\n");
		if (!*r->at)
			return false;
		if (*r->at == '\n')
			r->mistake.line++;
		else if (*r->at != ';' && !isspace((unsigned char)*r->at))
			break;
	}
	advance(r);
	return true;
}

static bool is(const struct reader *r, const char *word)
{
	return !strcmp(r->word, word);
}

/* Take the word when it is @word. */
static bool accept_word(struct reader *r, const char *word)
{
	if (!is(r, word))
		return false;
	advance(r);
	return true;
}

/* Index of the word in @names, taken; -1. */
static int choice(struct reader *r, const char *const *names, int n)
{
	for (int i = 0; i < n; i++)
		if (accept_word(r, names[i]))
			return i;
	return -1;
}

static bool number(struct reader *r, const char *what, uint32_t low, uint32_t high, uint32_t *out)
{
	char *end;
	unsigned long v = strtoul(r->word, &end, 10);

	if (!isdigit((unsigned char)r->word[0]) || *end || v < low || v > high)
		return refuse(r, "%s where %s from %u to %u is wanted", shown(r), what, low, high);
	*out = v;
	advance(r);
	return true;
}

static bool interface(struct reader *r, char name[IFNAMSIZ])
{
	if (!*r->word || strlen(r->word) >= IFNAMSIZ)
		return wanted(r, "the name of an interface");
	for (const char *c = r->word; *c; c++)
		if (*c < '!' || *c > '~')
			return refuse(r, "names of interfaces are plain ASCII");
	strcpy(name, r->word);
	advance(r);
	return true;
}

static bool port_range(struct reader *r, uint16_t *low, uint16_t *high)
{
	char *dash = strchr(r->word, '-'), *end;
	unsigned long a = strtoul(r->word, &end, 10), b = a;

	if (!isdigit((unsigned char)r->word[0]) || *end != (dash ? '-' : 0))
		return wanted(r, "a port or a range of ports, as in 80 or 8000-8100");
	if (dash) {
		b = strtoul(dash + 1, &end, 10);
		if (!isdigit((unsigned char)dash[1]) || *end)
			return wanted(r, "a range of ports, as in 8000-8100");
	}
	if (!a || b > 65535 || a > b)
		return refuse(r, "%s: ports go from 1 to 65535, the lower first", r->word);
	*low = a;
	*high = b;
	advance(r);
	return true;
}

static bool net(struct reader *r, struct net_match *m)
{
	unsigned int plen;

	m->negated = accept_word(r, "not");
	if (accept_word(r, "any"))
		return m->negated ? refuse(r, "not any matches nothing") : true;
	if (!ip_prefix_from_text(r->word, &m->addr, &plen))
		return wanted(r, "an address, a net as in 10.0.0.0/24, or any");
	m->plen = plen;
	/* All of one family is a match too. */
	if (!m->plen)
		return refuse(r, "%s: write inet6 for all of IPv6", r->word);
	advance(r);
	return true;
}

static bool protocol(struct reader *r, int16_t *out)
{
	static const struct {
		const char *name;
		int16_t number;
	} known[] = {{"tcp", IPPROTO_TCP},
		     {"udp", IPPROTO_UDP},
		     {"icmp", IPPROTO_ICMP},
		     {"icmp6", IPPROTO_ICMPV6}};
	uint32_t n;

	for (size_t i = 0; i < sizeof(known) / sizeof(known[0]); i++)
		if (accept_word(r, known[i].name)) {
			*out = known[i].number;
			return true;
		}
	if (!number(r, "tcp, udp, icmp, icmp6 or a number", 0, 255, &n))
		return false;
	*out = n;
	return true;
}

static bool states(struct reader *r, uint8_t *out)
{
	static const char *const names[] = {"new", "established", "related", "invalid"};
	char words[WORD_SIZE], *rest = words, *name;

	strcpy(words, r->word);
	while ((name = strsep(&rest, ","))) {
		int i = 0;

		while (i < 4 && strcmp(name, names[i]))
			i++;
		if (i == 4)
			return wanted(r,
				      "new, established, related or invalid, separated by commas,");
		*out |= 1 << i;
	}
	r->rules->stateful = true;
	advance(r);
	return true;
}

/* ---- statements */

static const char *const chains[] = {"input", "forward", "output"};

static bool chain(struct reader *r, uint8_t *out)
{
	int c = choice(r, chains, CHAINS);

	if (c < 0)
		return wanted(r, "input, forward or output");
	*out = c;
	return true;
}

/* One more element of an array that grows; NULL when there are too many. */
static void *append(struct reader *r, void **array, unsigned int *n, size_t size)
{
	void *more;

	if (*n == RULES_MAX) {
		refuse(r, "more than %d rules of a kind", RULES_MAX);
		return NULL;
	}
	more = realloc(*array, (*n + 1) * size);
	if (!more) {
		refuse(r, "no memory");
		return NULL;
	}
	*array = more;
	memset((char *)more + *n * size, 0, size);
	return (char *)more + (*n)++ * size;
}

static bool filter_condition(struct reader *r, struct filter_rule *f, struct net_match **side)
{
	uint32_t n;

	if (accept_word(r, "in"))
		return interface(r, f->in);
	if (accept_word(r, "out"))
		return interface(r, f->out);
	if (accept_word(r, "inet"))
		f->family = AF_INET;
	else if (accept_word(r, "inet6"))
		f->family = AF_INET6;
	else if (accept_word(r, "proto"))
		return protocol(r, &f->protocol);
	else if (accept_word(r, "from"))
		return net(r, *side = &f->from);
	else if (accept_word(r, "to"))
		return net(r, *side = &f->to);
	else if (accept_word(r, "port"))
		return *side ? port_range(r, &(*side)->port_low, &(*side)->port_high)
			     : refuse(r, "port: write from or to before it, as in: to any port 80");
	else if (accept_word(r, "state"))
		return states(r, &f->states);
	else if (accept_word(r, "type")) {
		if (!number(r, "an ICMP type", 0, 255, &n))
			return false;
		f->type = n;
	} else
		return wanted(r, "in, out, inet, inet6, proto, from, to, port, type or state");
	return true;
}

static bool filter_statement(struct reader *r, enum action action)
{
	struct rules *rules = r->rules;
	struct filter_rule *f = append(r, (void **)&rules->filter, &rules->nfilter, sizeof(*f));
	struct net_match *side = NULL;
	bool ports;

	if (!f)
		return false;
	f->action = action;
	f->protocol = f->type = -1;
	if (!chain(r, &f->chain))
		return false;
	while (*r->word)
		if (!filter_condition(r, f, &side))
			return false;
	ports = f->from.port_high || f->to.port_high;
	if (ports && f->protocol != IPPROTO_TCP && f->protocol != IPPROTO_UDP)
		return refuse(r, "a port needs proto tcp or proto udp");
	if (f->type >= 0 && f->protocol != IPPROTO_ICMP && f->protocol != IPPROTO_ICMPV6)
		return refuse(r, "a type needs proto icmp or proto icmp6");
	if (*f->in && f->chain == CHAIN_OUTPUT)
		return refuse(r, "packets of output come from no interface: write out");
	if (*f->out && f->chain == CHAIN_INPUT)
		return refuse(r, "packets of input go to no interface: write in");
	return true;
}

static bool policy_statement(struct reader *r)
{
	static const char *const names[] = {"accept", "drop"};
	uint8_t c = 0;
	int a;

	if (!chain(r, &c))
		return false;
	a = choice(r, names, 2);
	if (a < 0)
		return wanted(r, "accept or drop");
	r->rules->policy[c] = a ? ACTION_DROP : ACTION_ACCEPT;
	return true;
}

static bool on_interface(struct reader *r, char name[IFNAMSIZ])
{
	return accept_word(r, "on") ? interface(r, name) : wanted(r, "on INTERFACE");
}

static bool address(struct reader *r, struct ip_addr *out)
{
	if (!ip_from_text(r->word, out) || ip_is_any(out) || ip_is_multicast(out))
		return wanted(r, "the address of a host");
	advance(r);
	return true;
}

static bool nat_statement(struct reader *r)
{
	struct rules *rules = r->rules;
	struct nat_rule *n = append(r, (void **)&rules->nat, &rules->nnat, sizeof(*n));

	if (!n || !on_interface(r, n->on))
		return false;
	if (accept_word(r, "from") && !net(r, &n->from))
		return false;
	if (accept_word(r, "to") && !address(r, &n->to))
		return false;
	return true;
}

static bool redirect_statement(struct reader *r)
{
	struct rules *rules = r->rules;
	struct redirect_rule *d =
		append(r, (void **)&rules->redirect, &rules->nredirect, sizeof(*d));
	int16_t proto;
	uint32_t n;

	if (!d || !on_interface(r, d->on))
		return false;
	if (!accept_word(r, "proto"))
		return wanted(r, "proto tcp or proto udp");
	if (!protocol(r, &proto))
		return false;
	if (proto != IPPROTO_TCP && proto != IPPROTO_UDP)
		return refuse(r, "only tcp and udp have ports to redirect");
	d->protocol = proto;
	if (!accept_word(r, "port"))
		return wanted(r, "port N or port N-M");
	if (!port_range(r, &d->port_low, &d->port_high))
		return false;
	if (!accept_word(r, "to"))
		return wanted(r, "to ADDRESS");
	if (!address(r, &d->to))
		return false;
	d->to_port = d->port_low;
	if (accept_word(r, "port")) {
		if (!number(r, "a port", 1, 65535 - (d->port_high - d->port_low), &n))
			return false;
		d->to_port = n;
	}
	return true;
}

static bool set_statement(struct reader *r)
{
	static const char *const filterings[] = {"endpoint", "address", "port"};
	static const char *const timeouts[] = {"tcp", "closing", "udp", "icmp"};
	/* RFC 5382 REQ-5, 4787 REQ-5, 5508 REQ-2: what must not be shorter. */
	static const uint32_t least[] = {7440, 240, 120, 60};
	struct rules *rules = r->rules;
	int i;

	if (accept_word(r, "filtering")) {
		i = choice(r, filterings, 3);
		rules->filtering = i;
		return i >= 0 || wanted(r, "endpoint, address or port");
	}
	if (accept_word(r, "timeout")) {
		i = choice(r, timeouts, TIMEOUTS);
		return i >= 0 ? number(r, "seconds", least[i], SECONDS_MAX, &rules->timeouts[i])
			      : wanted(r, "tcp, closing, udp or icmp");
	}
	if (accept_word(r, "mappings"))
		return number(r, "a number", 16, 1000000, &rules->max_mappings);
	if (accept_word(r, "flows"))
		return number(r, "a number", 16, 1000000, &rules->max_flows);
	return wanted(r, "filtering, timeout, mappings or flows");
}

/* The text of the rule that the statement from @start on has made. */
static struct rule_text text_of(const struct reader *r, const char *start)
{
	struct rule_text t = {start - r->begin, r->at - start, r->mistake.line};

	while (t.len && isspace((unsigned char)start[t.len - 1]))
		t.len--;
	return t;
}

static bool statement(struct reader *r)
{
	static const char *const names[] = {"accept", "drop",	  "reject", "policy",
					    "nat",    "redirect", "set"};
	const char *start = r->at - strlen(r->word);
	struct rules *rules = r->rules;
	int i = choice(r, names, 7);
	bool good;

	switch (i) {
	case 0 ... 2:
		good = filter_statement(r, i);
		break;
	case 3:
		good = policy_statement(r);
		break;
	case 4:
		good = nat_statement(r);
		break;
	case 5:
		good = redirect_statement(r);
		break;
	case 6:
		good = set_statement(r);
		break;
	default:
		return wanted(r, "accept, drop, reject, policy, nat, redirect or set");
	}
	if (good && *r->word)
		return refuse(r, "%s: the statement should end before it", r->word);
	if (!good || r->mistake.made)
		return false;
	if (i <= ACTION_REJECT)
		rules->filter[rules->nfilter - 1].text = text_of(r, start);
	else if (i == 4)
		rules->nat[rules->nnat - 1].text = text_of(r, start);
	else if (i == 5)
		rules->redirect[rules->nredirect - 1].text = text_of(r, start);
	return true;
}

struct rules *rules_read(const char *text, char *error, size_t size)
{
	struct reader r = {
		.begin = text, .at = text, .mistake = {.error = error, .size = size, .line = 1}};

	r.rules = calloc(1, sizeof(*r.rules));
	if (r.rules)
		r.rules->text = strdup(text);
	if (!r.rules || !r.rules->text) {
		refuse(&r, "no memory");
		free(r.rules);
		return NULL;
	}
	r.rules->timeouts[TIMEOUT_TCP] = 7440;
	r.rules->timeouts[TIMEOUT_CLOSING] = 240;
	r.rules->timeouts[TIMEOUT_UDP] = 300;
	r.rules->timeouts[TIMEOUT_ICMP] = 60;
	r.rules->max_mappings = 16384;
	r.rules->max_flows = 65536;
	while (next_statement(&r))
		if (!statement(&r)) {
			rules_free(r.rules);
			return NULL;
		}
	return r.rules;
}

void rules_free(struct rules *r)
{
	if (!r)
		return;
	free(r->filter);
	free(r->nat);
	free(r->redirect);
	free(r->text);
	free(r);
}
