/* SPDX-License-Identifier: LGPL-2.1-or-later */
/* Options are walked with one cursor that never passes its end; nested ones with a cursor of theirs. */
#include "lwipv6/config/dhcp6_message.h"
#include <string.h>

enum {
	OPT_CLIENT_ID = 1, OPT_SERVER_ID = 2, OPT_IA_NA = 3, OPT_ADDRESS = 5, OPT_REQUESTED = 6,
	OPT_PREFERENCE = 7, OPT_ELAPSED = 8, OPT_STATUS = 13, OPT_RAPID_COMMIT = 14, OPT_DNS = 23,
	OPT_SEARCH = 24, OPT_REFRESH = 32, OPT_SOL_MAX_RT = 82, OPT_INF_MAX_RT = 83
};

struct cursor {
	const uint8_t *at, *end;
};

struct option {
	uint16_t code, len;
	const uint8_t *data;
};

static uint16_t get16(const uint8_t *p)
{
	return p[0] << 8 | p[1];
}

static uint32_t get32(const uint8_t *p)
{
	return (uint32_t)get16(p) << 16 | get16(p + 2);
}

/* The next option; false at the end. *good becomes false when the rest is no option. */
static bool next(struct cursor *c, struct option *o, bool *good)
{
	if (c->at == c->end)
		return false;
	if (c->end - c->at < 4 || c->end - c->at - 4 < get16(c->at + 2)) {
		*good = false;
		return false;
	}
	o->code = get16(c->at);
	o->len = get16(c->at + 2);
	o->data = c->at + 4;
	c->at += 4 + o->len;
	return true;
}

/* The status code among some options; success when there is none. */
static bool status_of(struct cursor c, uint16_t *status)
{
	struct option o;
	bool good = true;

	*status = DHCP6_SUCCESS;
	while (next(&c, &o, &good))
		if (o.code == OPT_STATUS && o.len >= 2)
			*status = get16(o.data);
	return good;
}

static bool address(const struct option *o, struct dhcp6_reply *r)
{
	struct dhcp6_address *a = &r->addresses[r->naddresses];
	uint16_t status;

	if (o->len < 24 || !status_of((struct cursor){o->data + 24, o->data + o->len}, &status))
		return false;
	if (r->naddresses == DHCP6_ADDRESSES)
		return true;
	a->addr = ip_from_in6(o->data);
	a->preferred = get32(o->data + 16);
	a->valid = get32(o->data + 20);
	/* What cannot be meant: ignored (RFC 8415 18.2.10.1). */
	if (a->preferred > a->valid || ip_is_v4(&a->addr) || ip_is_any(&a->addr) ||
	    ip_is_multicast(&a->addr) || ip_is_loopback(&a->addr) || ip_is_linklocal(&a->addr))
		return true;
	if (status != DHCP6_SUCCESS)
		a->preferred = a->valid = 0;
	r->naddresses++;
	return true;
}

static bool association(const struct option *o, uint32_t iaid, struct dhcp6_reply *r)
{
	struct cursor c = {o->data + 12, o->data + o->len};
	struct option inner;
	bool good = true;

	if (o->len < 12)
		return false;
	if (memcmp(o->data, &iaid, 4))
		return true; /* not ours */
	r->has_ia = true;
	r->t1 = get32(o->data + 4);
	r->t2 = get32(o->data + 8);
	if (!status_of(c, &r->ia_status))
		return false;
	while (next(&c, &inner, &good))
		if (inner.code == OPT_ADDRESS && !address(&inner, r))
			return false;
	return good && !(r->t1 && r->t2 && r->t1 > r->t2);
}

/* RFC 8415 21.24, 21.25: from a minute to a day. */
static uint32_t max_rt(const struct option *o)
{
	uint32_t seconds = o->len == 4 ? get32(o->data) : 0;

	return seconds >= 60 && seconds <= 86400 ? seconds : 0;
}

bool dhcp6_parse(const uint8_t *m, size_t len, const uint8_t *duid, uint8_t duid_len, uint32_t iaid,
		 struct dhcp6_reply *r)
{
	struct cursor c = {m + 4, m + len};
	bool good = true, ours = false;
	struct option o;
	uint32_t at;

	memset(r, 0, sizeof(*r));
	if (len < 4)
		return false;
	r->type = m[0];
	r->xid = get32(m) & 0xffffff;
	while (next(&c, &o, &good)) {
		switch (o.code) {
		case OPT_CLIENT_ID:
			ours = o.len == duid_len && !memcmp(o.data, duid, duid_len);
			break;
		case OPT_SERVER_ID:
			if (!o.len || o.len > DHCP6_DUID)
				return false;
			memcpy(r->server_id, o.data, o.len);
			r->server_id_len = o.len;
			break;
		case OPT_IA_NA:
			if (!association(&o, iaid, r))
				return false;
			break;
		case OPT_PREFERENCE:
			r->preference = o.len ? o.data[0] : 0;
			break;
		case OPT_STATUS:
			r->status = o.len >= 2 ? get16(o.data) : 0;
			break;
		case OPT_RAPID_COMMIT:
			r->rapid_commit = true;
			break;
		case OPT_DNS:
			for (at = 0; at + 16 <= o.len && r->nservers < DHCP6_SERVERS; at += 16)
				r->servers[r->nservers++] = ip_from_in6(o.data + at);
			break;
		case OPT_SEARCH:
			at = 0;
			while (r->ndomains < DHCP6_DOMAINS &&
			       domain_next(o.data, o.len, &at, false, r->domains[r->ndomains]))
				r->ndomains++;
			break;
		case OPT_REFRESH:
			r->refresh = o.len == 4 ? get32(o.data) : 0;
			break;
		case OPT_SOL_MAX_RT:
			r->sol_max_rt = max_rt(&o);
			break;
		case OPT_INF_MAX_RT:
			r->inf_max_rt = max_rt(&o);
			break;
		}
	}
	return good && ours && r->server_id_len;
}

static uint8_t *put16(uint8_t *at, uint16_t v)
{
	at[0] = v >> 8;
	at[1] = v;
	return at + 2;
}

static uint8_t *put32(uint8_t *at, uint32_t v)
{
	return put16(put16(at, v >> 16), v);
}

static uint8_t *put(uint8_t *at, uint16_t code, const void *data, uint16_t len)
{
	at = put16(put16(at, code), len);
	if (len)
		memcpy(at, data, len);
	return at + len;
}

size_t dhcp6_build(const struct dhcp6_request *r, uint8_t *m)
{
	bool stateless = r->type == DHCP6_INFORMATION_REQUEST;
	uint8_t *at = put32(m, (uint32_t)r->type << 24 | (r->xid & 0xffffff));

	at = put(at, OPT_CLIENT_ID, r->duid, r->duid_len);
	if (r->server_id_len)
		at = put(at, OPT_SERVER_ID, r->server_id, r->server_id_len);
	at = put16(put16(at, OPT_ELAPSED), 2);
	at = put16(at, r->elapsed);
	if (r->type == DHCP6_SOLICIT)
		at = put(at, OPT_RAPID_COMMIT, NULL, 0);
	if (r->type != DHCP6_RELEASE && r->type != DHCP6_DECLINE) {
		at = put16(put16(at, OPT_REQUESTED), stateless ? 8 : 6);
		at = put16(put16(at, OPT_DNS), OPT_SEARCH);
		at = put16(at, stateless ? OPT_INF_MAX_RT : OPT_SOL_MAX_RT);
		if (stateless)
			at = put16(at, OPT_REFRESH);
	}
	if (!stateless) {
		at = put16(put16(at, OPT_IA_NA), 12 + 28 * r->naddresses);
		memcpy(at, &r->iaid, 4);
		at = put32(put32(at + 4, 0), 0); /* the server chooses T1 and T2 */
		for (int i = 0; i < r->naddresses; i++) {
			at = put16(put16(at, OPT_ADDRESS), 24);
			memcpy(at, &r->addresses[i].addr, 16);
			at = put32(put32(at + 16, 0), 0);
		}
	}
	return at - m;
}
