/* SPDX-License-Identifier: LGPL-2.1-or-later */
/*
 * The register cache of one block: see registers.h.
 */
#include "umps/translator/registers.h"

const uint8_t cached_host[N_CACHED] = {RSI, RDI, R8, R9, R10, R11, RBP, R15};

void registers_start(struct registers *r, struct emitter *e)
{
	*r = (struct registers){.e = e};
	for (int i = 0; i < N_CACHED; i++)
		r->cached[i].guest = NO_GUEST;
}

static int find(struct registers *r, int guest)
{
	for (int i = 0; i < N_CACHED; i++)
		if (r->cached[i].guest == guest) {
			r->cached[i].used = ++r->clock;
			return i;
		}
	return -1;
}

/* A free place, if need be that of the register not used for longest. */
static int make_room(struct registers *r)
{
	int oldest = 0;

	for (int i = 0; i < N_CACHED; i++) {
		if (r->cached[i].guest == NO_GUEST) {
			oldest = i;
			break;
		}
		if (r->cached[i].used < r->cached[oldest].used)
			oldest = i;
	}
	if (r->cached[oldest].guest != NO_GUEST && r->cached[oldest].dirty)
		emit_memory(r->e, false, STORE32, cached_host[oldest], CPU,
			    4 * r->cached[oldest].guest);
	r->cached[oldest] = (struct cached){.guest = NO_GUEST, .used = ++r->clock};
	return oldest;
}

static int index_of(int host)
{
	for (int i = 0; i < N_CACHED; i++)
		if (cached_host[i] == host)
			return i;
	return -1;
}

int register_use(struct registers *r, int guest)
{
	int at = find(r, guest);

	if (at < 0) {
		at = make_room(r);
		r->cached[at].guest = (int8_t)guest;
		emit_memory(r->e, false, LOAD32, cached_host[at], CPU, 4 * guest);
	}
	return cached_host[at];
}

int register_claim(struct registers *r, int guest)
{
	int at = find(r, guest);

	return cached_host[at < 0 ? make_room(r) : at];
}

void register_defined(struct registers *r, int guest, int host)
{
	int at = index_of(host);

	r->cached[at].guest = (int8_t)guest;
	r->cached[at].dirty = true;
}

int register_define(struct registers *r, int guest)
{
	int host;

	if (guest == 0)
		return RAX;
	host = register_claim(r, guest);
	register_defined(r, guest, host);
	return host;
}

void registers_store(struct emitter *e, const struct cached *cached)
{
	for (int i = 0; i < N_CACHED; i++)
		if (cached[i].guest != NO_GUEST && cached[i].dirty)
			emit_memory(e, false, STORE32, cached_host[i], CPU, 4 * cached[i].guest);
}

void registers_load(struct emitter *e, const struct cached *cached, int except)
{
	for (int i = 0; i < N_CACHED; i++)
		if (cached[i].guest != NO_GUEST && cached_host[i] != except)
			emit_memory(e, false, LOAD32, cached_host[i], CPU, 4 * cached[i].guest);
}
