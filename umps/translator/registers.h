/* SPDX-License-Identifier: LGPL-2.1-or-later */
/*
 * Guest registers in host registers, while one block is translated.
 *
 * Host registers have fixed roles: RBX the struct cpu, R12 ticks left behind this block, R14 the
 * fast pages, R13 where a branch goes while its slot runs, RAX RCX RDX scratch. The others hold
 * guest registers, loaded when first used and stored when evicted or at the end. HI and LO are
 * guest registers 32 and 33.
 */
#ifndef UMPS_TRANSLATOR_REGISTERS_H
#define UMPS_TRANSLATOR_REGISTERS_H

#include "umps/translator/emit.h"

#define CPU	 RBX
#define TICKS	 R12
#define FAST	 R14
#define BRANCH	 R13
#define GUEST_HI 32
#define GUEST_LO 33
#define N_CACHED 8
#define NO_GUEST -1

struct cached {
	int8_t guest; /* NO_GUEST: free */
	bool dirty;
	uint16_t used;
};

struct registers {
	struct emitter *e;
	struct cached cached[N_CACHED];
	uint16_t clock;
};

extern const uint8_t cached_host[N_CACHED];

void registers_start(struct registers *r, struct emitter *e);
/* The host register that holds GUEST's value. Good until two more instructions' worth of calls. */
int register_use(struct registers *r, int guest);
/* A host register for a new value of GUEST; what it holds until then is GUEST's old value, or
 * nothing. */
int register_claim(struct registers *r, int guest);
/* GUEST's new value is (going to be) in HOST, which was claimed. */
void register_defined(struct registers *r, int guest, int host);
/* Both at once; GUEST 0 gives RAX, which nobody reads. */
int register_define(struct registers *r, int guest);
/* Code that brings memory up to date with a state of the cache, and the cache up to date with
 * memory. */
void registers_store(struct emitter *e, const struct cached *cached);
void registers_load(struct emitter *e, const struct cached *cached, int except);

#endif
