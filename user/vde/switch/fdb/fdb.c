/* SPDX-License-Identifier: GPL-2.0-or-later */
/*
 * The MAC table. A bucket is one cache line of four slots; an address lives in one of two buckets
 * that its hash names. A slot is a key word (valid bit, VLAN, MAC) and a value word (port, second
 * last seen), both atomic: readers take no lock, they read key, value and the key again. Writers
 * hold the lock. When both buckets of a new address are full the table is copied into one twice as
 * large and the old one freed under RCU; at the bound the oldest of the eight slots gives way.
 *
 * A table larger than the processor's near caches costs a wait for memory at each look-up, unless
 * what it will read was asked for while the frames before it were worked on: fdb_prefetch().
 */
#include <errno.h>
#include <pthread.h>
#include <stdatomic.h>
#include <stdlib.h>
#include <string.h>
#include <sys/mman.h>
#include <sys/random.h>
#include <urcu.h>

#include "user/vde/switch/fdb/fdb.h"
#include "user/vde/switch/switch.h"

#define SLOTS	     4
#define BUCKETS_MAX  (1u << 18) /* a million addresses, 16 MiB */
#define BUCKETS_MIN  2
#define BUCKETS_NEAR 512 /* 32 KiB: no need to ask for these in advance */
#define HUGE_PAGE    (2u << 20)
#define VALID	     (1ull << 60)

struct slot {
	_Atomic uint64_t key;
	_Atomic uint64_t value;
};

struct bucket {
	struct slot slot[SLOTS];
} __attribute__((aligned(64)));

struct table {
	struct rcu_head rcu;
	uint32_t mask;
	struct bucket *buckets;
};

struct fdb {
	struct table *table; /* RCU */
	uint64_t seed;
	_Atomic uint32_t persistence;
	pthread_mutex_t lock; /* changes of the table, and the fields below */
	_Atomic size_t entries;
	fdb_listener *changed;
	fdb_refusal *refused;
	void *context;
};

#define load(word)	  atomic_load_explicit(&(word), memory_order_relaxed)
#define store(word, what) atomic_store_explicit(&(word), (what), memory_order_relaxed)

static uint64_t key_of(unsigned int vlan, const uint8_t mac[6])
{
	uint64_t key = VALID | (uint64_t)vlan << 48;

	for (int i = 0; i < 6; i++)
		key |= (uint64_t)mac[i] << (40 - 8 * i);
	return key;
}

static uint64_t value_of(unsigned int port, uint32_t seen)
{
	return (uint64_t)port << 32 | seen;
}

static unsigned int port_of(uint64_t value)
{
	return value >> 32;
}

/* The finishing steps of MurmurHash3: every bit of the key reaches every bit of the result. */
static uint64_t hash_of(const struct fdb *fdb, uint64_t key)
{
	uint64_t h = key ^ fdb->seed;

	h = (h ^ h >> 33) * 0xff51afd7ed558ccdull;
	h = (h ^ h >> 33) * 0xc4ceb9fe1a85ec53ull;
	return h ^ h >> 33;
}

static struct fdb_entry entry_of(uint64_t key, uint64_t value, uint32_t now, uint32_t bucket)
{
	/* A worker may have seen it in a second that the caller's clock has not reached. */
	int32_t age = now - (uint32_t)value;
	struct fdb_entry entry = {
		.vlan = key >> 48 & 0xfff,
		.port = port_of(value),
		.age = age > 0 ? age : 0,
		.bucket = bucket,
	};

	for (int i = 0; i < 6; i++)
		entry.mac[i] = key >> (40 - 8 * i);
	return entry;
}

static struct slot *find(const struct table *table, uint64_t hash, uint64_t key)
{
	const uint32_t place[2] = {hash & table->mask, hash >> 32 & table->mask};

	for (int b = 0; b < 2; b++) {
		struct bucket *bucket = &table->buckets[place[b]];

		for (int s = 0; s < SLOTS; s++)
			if (load(bucket->slot[s].key) == key)
				return &bucket->slot[s];
	}
	return NULL;
}

static struct table *table_new(uint32_t buckets)
{
	struct table *table = calloc(1, sizeof(*table));
	size_t size = buckets * sizeof(struct bucket);

	if (!table)
		return NULL;
	table->mask = buckets - 1;
	table->buckets = aligned_alloc(size < HUGE_PAGE ? sizeof(struct bucket) : HUGE_PAGE, size);
	if (!table->buckets) {
		free(table);
		return NULL;
	}
	/* Else look-ups wait for page tables, too. */
	if (size >= HUGE_PAGE)
		madvise(table->buckets, size, MADV_HUGEPAGE);
	memset(table->buckets, 0, size);
	return table;
}

static void table_free(struct rcu_head *head)
{
	struct table *table = caa_container_of(head, struct table, rcu);

	free(table->buckets);
	free(table);
}

static uint32_t round_buckets(unsigned int buckets)
{
	uint32_t n = BUCKETS_MIN;

	while (n < buckets && n < BUCKETS_MAX)
		n *= 2;
	return n;
}

struct fdb *fdb_new(unsigned int buckets)
{
	struct fdb *fdb = calloc(1, sizeof(*fdb));

	if (!fdb)
		return NULL;
	pthread_mutex_init(&fdb->lock, NULL);
	fdb->persistence = FDB_PERSISTENCE;
	fdb->table = table_new(round_buckets(buckets));
	if (!fdb->table || getrandom(&fdb->seed, sizeof(fdb->seed), 0) != sizeof(fdb->seed)) {
		fdb_free(fdb);
		return NULL;
	}
	return fdb;
}

void fdb_free(struct fdb *fdb)
{
	if (!fdb)
		return;
	if (fdb->table)
		table_free(&fdb->table->rcu);
	pthread_mutex_destroy(&fdb->lock);
	free(fdb);
}

void fdb_listen(struct fdb *fdb, fdb_listener *changed, fdb_refusal *refused, void *context)
{
	fdb->changed = changed;
	fdb->refused = refused;
	fdb->context = context;
}

static void tell(struct fdb *fdb, uint64_t key, uint64_t value, enum fdb_change change)
{
	struct fdb_entry entry = entry_of(key, value, (uint32_t)value, 0);

	if (fdb->changed)
		fdb->changed(fdb->context, &entry, change);
}

void fdb_prefetch(const struct fdb *fdb, unsigned int vlan, const uint8_t mac[6])
{
	const struct table *table = rcu_dereference(fdb->table);

	/* The first place: the second is for what finds that one full. */
	__builtin_prefetch(&table->buckets[hash_of(fdb, key_of(vlan, mac)) & table->mask]);
}

bool fdb_is_large(const struct fdb *fdb)
{
	return rcu_dereference(fdb->table)->mask >= BUCKETS_NEAR;
}

int fdb_lookup(const struct fdb *fdb, unsigned int vlan, const uint8_t mac[6])
{
	const struct table *table = rcu_dereference(fdb->table);
	uint64_t key = key_of(vlan, mac);
	struct slot *slot = find(table, hash_of(fdb, key), key);
	uint64_t value;

	if (!slot)
		return FDB_NOWHERE;
	value = atomic_load_explicit(&slot->value, memory_order_acquire);
	return load(slot->key) == key ? (int)port_of(value) : FDB_NOWHERE;
}

/* The first free slot of the key's two buckets; with the lock. */
static struct slot *free_slot(const struct table *table, uint64_t hash)
{
	return find(table, hash, 0);
}

static void fill(struct slot *slot, uint64_t key, uint64_t value)
{
	store(slot->value, value);
	atomic_store_explicit(&slot->key, key, memory_order_release);
}

/* A table of twice the size with the same addresses, or NULL; with the lock. */
static struct table *grown(const struct fdb *fdb, const struct table *old)
{
	for (uint32_t buckets = 2 * (old->mask + 1); buckets <= BUCKETS_MAX; buckets *= 2) {
		struct table *table = table_new(buckets);
		bool fits = true;

		if (!table)
			return NULL;
		for (uint32_t b = 0; b <= old->mask && fits; b++)
			for (int s = 0; s < SLOTS && fits; s++) {
				uint64_t key = load(old->buckets[b].slot[s].key);
				struct slot *slot;

				if (!key)
					continue;
				slot = free_slot(table, hash_of(fdb, key));
				fits = slot != NULL;
				if (fits)
					fill(slot, key, load(old->buckets[b].slot[s].value));
			}
		if (fits)
			return table;
		table_free(&table->rcu);
	}
	return NULL;
}

/* A slot for a new address; grows the table or evicts. With the lock. */
static struct slot *make_room(struct fdb *fdb, uint64_t hash, uint32_t now)
{
	struct table *old = fdb->table, *new;
	struct slot *slot = free_slot(old, hash), *oldest = NULL;
	uint32_t place[2] = {hash & old->mask, hash >> 32 & old->mask};

	if (slot)
		return slot;
	new = grown(fdb, old);
	if (new) {
		rcu_assign_pointer(fdb->table, new);
		call_rcu(&old->rcu, table_free);
		slot = free_slot(new, hash);
		if (slot)
			return slot;
		old = new;
		place[0] = hash & old->mask;
		place[1] = hash >> 32 & old->mask;
	}
	for (int b = 0; b < 2; b++)
		for (int s = 0; s < SLOTS; s++) {
			slot = &old->buckets[place[b]].slot[s];
			if (!oldest ||
			    now - (uint32_t)load(slot->value) > now - (uint32_t)load(oldest->value))
				oldest = slot;
		}
	tell(fdb, load(oldest->key), load(oldest->value), FDB_REMOVED);
	fdb->entries--;
	return oldest;
}

static void learn_locked(struct fdb *fdb, uint64_t key, uint64_t hash, unsigned int port,
			 uint32_t now)
{
	struct slot *slot = find(fdb->table, hash, key);
	uint64_t value;

	if (!slot) {
		fill(make_room(fdb, hash, now), key, value_of(port, now));
		fdb->entries++;
		tell(fdb, key, value_of(port, now), FDB_ADDED);
		return;
	}
	value = load(slot->value);
	if (port_of(value) == port || !fdb->persistence ||
	    now - (uint32_t)value > fdb->persistence) {
		store(slot->value, value_of(port, now));
		if (port_of(value) != port)
			tell(fdb, key, value_of(port, now), FDB_MOVED);
	} else if (fdb->refused) {
		struct fdb_entry entry = entry_of(key, value_of(port, now), now, 0);

		fdb->refused(fdb->context, &entry, port_of(value));
	}
}

void fdb_learn(struct fdb *fdb, unsigned int vlan, const uint8_t mac[6], unsigned int port,
	       uint32_t now)
{
	uint64_t key = key_of(vlan, mac), hash = hash_of(fdb, key);
	struct slot *slot = find(rcu_dereference(fdb->table), hash, key);
	uint64_t value = slot ? load(slot->value) : 0;

	if (slot && port_of(value) == port) {
		/* The second changes rarely: most frames write nothing. */
		if ((uint32_t)value != now)
			atomic_compare_exchange_strong_explicit(
				&slot->value, &value, value_of(port, now), memory_order_relaxed,
				memory_order_relaxed);
		return;
	}
	pthread_mutex_lock(&fdb->lock);
	learn_locked(fdb, key, hash, port, now);
	pthread_mutex_unlock(&fdb->lock);
}

/* Empties a slot; with the lock. */
static void drop(struct fdb *fdb, struct slot *slot)
{
	uint64_t key = load(slot->key);

	store(slot->key, 0);
	fdb->entries--;
	tell(fdb, key, load(slot->value), FDB_REMOVED);
}

/* For every used slot in a locked walk: SLOT and its place BUCKET are set in the body. */
#define for_each_slot(fdb, b, at)                                                                  \
	for (uint32_t b = 0; b <= (fdb)->table->mask; b++)                                         \
		for (struct slot *at = (fdb)->table->buckets[b].slot;                              \
		     at < (fdb)->table->buckets[b].slot + SLOTS; at++)                             \
			if (load(at->key))

size_t fdb_flush(struct fdb *fdb, unsigned int vlan, unsigned int port)
{
	size_t flushed = 0;

	pthread_mutex_lock(&fdb->lock);
	for_each_slot(fdb, b, slot)
	{
		if ((vlan == FDB_ANY || (load(slot->key) >> 48 & 0xfff) == vlan) &&
		    (port == FDB_ANY || port_of(load(slot->value)) == port)) {
			drop(fdb, slot);
			flushed++;
		}
	}
	pthread_mutex_unlock(&fdb->lock);
	return flushed;
}

bool fdb_forget(struct fdb *fdb, unsigned int vlan, const uint8_t mac[6])
{
	uint64_t key = key_of(vlan, mac);
	struct slot *slot;

	pthread_mutex_lock(&fdb->lock);
	slot = find(fdb->table, hash_of(fdb, key), key);
	if (slot)
		drop(fdb, slot);
	pthread_mutex_unlock(&fdb->lock);
	return slot != NULL;
}

size_t fdb_age(struct fdb *fdb, uint32_t now, uint32_t expire, fdb_idle_time *idle, void *context)
{
	size_t expired = 0;

	pthread_mutex_lock(&fdb->lock);
	for_each_slot(fdb, b, slot)
	{
		uint64_t value = load(slot->value);
		struct fdb_entry entry = entry_of(load(slot->key), value, now, b);

		if (entry.age <= expire)
			continue;
		if (idle) {
			uint32_t seconds = idle(context, &entry);

			if (seconds <= expire) {
				store(slot->value, value_of(entry.port, now - seconds));
				continue;
			}
		}
		drop(fdb, slot);
		expired++;
	}
	pthread_mutex_unlock(&fdb->lock);
	return expired;
}

void fdb_each(struct fdb *fdb, uint32_t now, fdb_visit *each, void *context)
{
	bool more = true;

	pthread_mutex_lock(&fdb->lock);
	for_each_slot(fdb, b, slot)
	{
		struct fdb_entry entry = entry_of(load(slot->key), load(slot->value), now, b);

		more = more && each(context, &entry);
	}
	pthread_mutex_unlock(&fdb->lock);
}

bool fdb_find(struct fdb *fdb, unsigned int vlan, const uint8_t mac[6], uint32_t now,
	      struct fdb_entry *entry)
{
	uint64_t key = key_of(vlan, mac), hash = hash_of(fdb, key);
	struct slot *slot;

	pthread_mutex_lock(&fdb->lock);
	slot = find(fdb->table, hash, key);
	if (slot)
		*entry = entry_of(key, load(slot->value), now,
				  ((char *)slot - (char *)fdb->table->buckets) /
					  sizeof(struct bucket));
	pthread_mutex_unlock(&fdb->lock);
	return slot != NULL;
}

size_t fdb_entries(const struct fdb *fdb)
{
	return fdb->entries;
}

unsigned int fdb_buckets(struct fdb *fdb)
{
	unsigned int buckets;

	pthread_mutex_lock(&fdb->lock);
	buckets = fdb->table->mask + 1;
	pthread_mutex_unlock(&fdb->lock);
	return buckets;
}

int fdb_resize(struct fdb *fdb, unsigned int buckets)
{
	struct table *new = table_new(round_buckets(buckets)), *old;

	if (!new)
		return -ENOMEM;
	fdb_flush(fdb, FDB_ANY, FDB_ANY);
	pthread_mutex_lock(&fdb->lock);
	old = fdb->table;
	fdb->entries = 0;
	rcu_assign_pointer(fdb->table, new);
	pthread_mutex_unlock(&fdb->lock);
	call_rcu(&old->rcu, table_free);
	return 0;
}

void fdb_set_persistence(struct fdb *fdb, uint32_t seconds)
{
	fdb->persistence = seconds;
}

uint32_t fdb_persistence(const struct fdb *fdb)
{
	return fdb->persistence;
}
