/* SPDX-License-Identifier: LGPL-2.1-or-later */
/*
 * An option may come in several pieces and in three places (options, then file and sname when option
 * 52 says so); the pieces are joined before they are read (RFC 3396).
 */
#include "lwipv6/config/dhcp4_message.h"
#include <arpa/inet.h>
#include <string.h>

#define HEADER	     236
#define OPTIONS	     240 /* behind the magic cookie */
#define SNAME	     44
#define FILE_NAME    108
#define BOOTP_LENGTH 300 /* some relays drop what is shorter, RFC 1542 2.1 */
#define COOKIE	     "\x63\x82\x53\x63"

enum {
	OPT_PAD = 0, OPT_MASK = 1, OPT_ROUTER = 3, OPT_DNS = 6, OPT_DOMAIN = 15, OPT_MTU = 26,
	OPT_BROADCAST = 28, OPT_REQUESTED = 50, OPT_LEASE = 51, OPT_OVERLOAD = 52, OPT_TYPE = 53,
	OPT_SERVER = 54, OPT_PARAMETERS = 55, OPT_MAX_MESSAGE = 57, OPT_T1 = 58, OPT_T2 = 59,
	OPT_CLIENT_ID = 61, OPT_SEARCH = 119, OPT_ROUTES = 121, OPT_END = 255
};

struct field {
	const uint8_t *data;
	size_t len;
};

/* Append the pieces of option @code in a field; false when the field is malformed. */
static bool collect(struct field f, uint8_t code, uint8_t *out, size_t max, size_t *len)
{
	size_t i = 0;

	while (i < f.len && f.data[i] != OPT_END) {
		if (f.data[i] == OPT_PAD) {
			i++;
			continue;
		}
		if (i + 2 > f.len || i + 2 + f.data[i + 1] > f.len)
			return false;
		size_t n = f.data[i + 1];

		if (f.data[i] == code) {
			if (*len + n > max)
				return false;
			memcpy(out + *len, f.data + i + 2, n);
			*len += n;
		}
		i += 2 + n;
	}
	return true;
}

/* Option @code of a whole message, joined; its length, 0 when absent, -1 when malformed. */
static int option(const uint8_t *m, size_t mlen, uint8_t code, uint8_t *out, size_t max)
{
	struct field options = {m + OPTIONS, mlen - OPTIONS}, file = {m + FILE_NAME, 128},
		     sname = {m + SNAME, 64};
	uint8_t overload[2] = {0};
	size_t len = 0, n = 0;

	if (!collect(options, OPT_OVERLOAD, overload, sizeof(overload), &n) ||
	    !collect(options, code, out, max, &len))
		return -1;
	if (overload[0] & 1 && !collect(file, code, out, max, &len))
		return -1;
	if (overload[0] & 2 && !collect(sname, code, out, max, &len))
		return -1;
	return len;
}

/* A 32-bit option in network order; 0 when absent or of another length. */
static uint32_t word(const uint8_t *m, size_t len, uint8_t code)
{
	uint8_t data[1024];
	uint32_t value = 0;

	if (option(m, len, code, data, sizeof(data)) >= 4)
		memcpy(&value, data, 4);
	return value;
}

/* RFC 3442: width, significant bytes of the destination, router. */
static void routes(const uint8_t *o, int len, struct dhcp4_reply *r)
{
	int i = 0;

	while (i < len && r->nroutes < DHCP4_ROUTES) {
		unsigned int plen = o[i], bytes = (plen + 7) / 8;
		uint32_t dst = 0, router;

		if (plen > 32 || i + 1 + (int)bytes + 4 > len)
			return;
		memcpy(&dst, o + i + 1, bytes);
		memcpy(&router, o + i + 1 + bytes, 4);
		r->routes[r->nroutes].dst = dst;
		r->routes[r->nroutes].plen = plen;
		r->routes[r->nroutes++].router = router;
		i += 5 + bytes;
	}
}

static void domains(const uint8_t *m, size_t mlen, struct dhcp4_reply *r)
{
	uint8_t data[1024];
	int len = option(m, mlen, OPT_SEARCH, data, sizeof(data));
	uint32_t at = 0;

	while (len > 0 && r->ndomains < DHCP4_DOMAINS &&
	       domain_next(data, len, &at, true, r->domains[r->ndomains]))
		r->ndomains++;
	if (r->ndomains)
		return;
	len = option(m, mlen, OPT_DOMAIN, data, DOMAIN_SIZE - 1);
	if (len <= 0)
		return;
	data[len] = 0;
	while (len && (!data[len - 1] || data[len - 1] == '.')) /* some servers send the end as well */
		data[--len] = 0;
	if (domain_good((char *)data)) {
		memcpy(r->domains[0], data, len + 1);
		r->ndomains = 1;
	}
}

bool dhcp4_parse(const uint8_t *m, size_t len, const uint8_t hwaddr[6], struct dhcp4_reply *r)
{
	uint8_t data[1024];
	int n;

	memset(r, 0, sizeof(*r));
	if (len < OPTIONS || m[0] != 2 || m[1] != 1 || m[2] != 6 || memcmp(m + 28, hwaddr, 6) ||
	    memcmp(m + HEADER, COOKIE, 4))
		return false;
	memcpy(&r->xid, m + 4, 4);
	memcpy(&r->address, m + 16, 4);
	if (option(m, len, OPT_TYPE, data, sizeof(data)) != 1)
		return false;
	r->type = data[0];
	r->server = word(m, len, OPT_SERVER);
	r->mask = word(m, len, OPT_MASK);
	r->router = word(m, len, OPT_ROUTER);
	r->lease = ntohl(word(m, len, OPT_LEASE));
	r->t1 = ntohl(word(m, len, OPT_T1));
	r->t2 = ntohl(word(m, len, OPT_T2));
	if (option(m, len, OPT_MTU, data, sizeof(data)) == 2)
		r->mtu = data[0] << 8 | data[1];
	n = option(m, len, OPT_DNS, data, sizeof(data));
	for (int i = 0; i + 4 <= n && r->nservers < DHCP4_SERVERS; i += 4)
		memcpy(&r->servers[r->nservers++], data + i, 4);
	n = option(m, len, OPT_ROUTES, data, sizeof(data));
	r->classless = n > 0;
	routes(data, n, r);
	domains(m, len, r);
	return true;
}

static uint8_t *put(uint8_t *at, uint8_t code, const void *data, uint8_t len)
{
	*at++ = code;
	*at++ = len;
	memcpy(at, data, len);
	return at + len;
}

size_t dhcp4_build(const struct dhcp4_request *r, uint8_t *m)
{
	/* Classless routes before the router option: RFC 3442. */
	static const uint8_t wanted[] = {OPT_MASK, OPT_ROUTES, OPT_ROUTER, OPT_DNS, OPT_DOMAIN, OPT_MTU,
					 OPT_BROADCAST, OPT_LEASE, OPT_T1, OPT_T2, OPT_SEARCH};
	bool asks = r->type == DHCP4_DISCOVER || r->type == DHCP4_REQUEST;
	uint16_t max = htons(r->max_message), seconds = htons(r->seconds);
	uint8_t *at = m + OPTIONS, type = r->type;

	memset(m, 0, DHCP4_MESSAGE);
	m[0] = 1; /* BOOTREQUEST */
	m[1] = 1; /* Ethernet */
	m[2] = 6;
	memcpy(m + 4, &r->xid, 4);
	memcpy(m + 8, &seconds, 2);
	m[10] = r->broadcast ? 0x80 : 0;
	memcpy(m + 12, &r->client, 4);
	memcpy(m + 28, r->hwaddr, 6);
	memcpy(m + HEADER, COOKIE, 4);
	at = put(at, OPT_TYPE, &type, 1);
	at = put(at, OPT_CLIENT_ID, r->client_id, r->client_id_len);
	if (r->requested)
		at = put(at, OPT_REQUESTED, &r->requested, 4);
	if (r->server)
		at = put(at, OPT_SERVER, &r->server, 4);
	if (asks) {
		at = put(at, OPT_MAX_MESSAGE, &max, 2);
		at = put(at, OPT_PARAMETERS, wanted, sizeof(wanted));
	}
	*at++ = OPT_END;
	return at - m < BOOTP_LENGTH ? BOOTP_LENGTH : at - m;
}
