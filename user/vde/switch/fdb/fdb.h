/* SPDX-License-Identifier: GPL-2.0-or-later */
/*
 * The MAC table (filtering database): which port an address of a VLAN was last seen on.
 *
 * One table for all planes. Look-ups take no lock and read two cache lines at most, however many
 * addresses there are; changes take the table's lock. The table doubles when it fills, up to a
 * bound; beyond it the address unused for longest in the same place gives way.
 * Look-ups, prefetches and fdb_learn() may come from any thread that holds rcu_read_lock().
 */
#ifndef VDE_SWITCH_FDB_H
#define VDE_SWITCH_FDB_H

#include <stdbool.h>
#include <stddef.h>
#include <stdint.h>

struct fdb;

struct fdb_entry {
	uint16_t vlan;
	uint16_t port;
	uint8_t mac[6];
	uint32_t age;	 /* seconds since the address was last seen */
	uint32_t bucket; /* place in the table, for listings */
};

enum fdb_change { FDB_ADDED, FDB_MOVED, FDB_REMOVED };

/* Defaults of the settings. */
#define FDB_BUCKETS	128
#define FDB_GC_INTERVAL 2   /* seconds between two sweeps */
#define FDB_EXPIRE	100 /* seconds without a frame until an address is forgotten */
#define FDB_PERSISTENCE 3   /* seconds an address keeps its port against another one */
#define FDB_NOWHERE	(-1)

struct fdb *fdb_new(unsigned int buckets);
void fdb_free(struct fdb *fdb);

/*
 * Who is told of changes: called under the table's lock from the thread that caused it, so it must
 * only take a note. refused: an address was seen on entry->port but keeps its old one.
 */
typedef void fdb_listener(void *context, const struct fdb_entry *entry, enum fdb_change change);
typedef void fdb_refusal(void *context, const struct fdb_entry *entry, unsigned int kept_port);
void fdb_listen(struct fdb *fdb, fdb_listener *changed, fdb_refusal *refused, void *context);

/* The port of an address, or FDB_NOWHERE. */
int fdb_lookup(const struct fdb *fdb, unsigned int vlan, const uint8_t mac[6]);

/* Is the table larger than the processor's near caches? Else there is nothing to prefetch. */
bool fdb_is_large(const struct fdb *fdb);

/* The address will be looked up soon: have the processor fetch what that reads. */
void fdb_prefetch(const struct fdb *fdb, unsigned int vlan, const uint8_t mac[6]);

/* The address was seen as a source on a port; now is in seconds of a steady clock. Multicast
 * addresses are the caller's to refuse. */
void fdb_learn(struct fdb *fdb, unsigned int vlan, const uint8_t mac[6], unsigned int port,
	       uint32_t now);

/* Forget. FDB_ANY stands for every VLAN or every port. The number forgotten is returned. */
#define FDB_ANY 0xffffu
size_t fdb_flush(struct fdb *fdb, unsigned int vlan, unsigned int port);
bool fdb_forget(struct fdb *fdb, unsigned int vlan, const uint8_t mac[6]);

/*
 * Forget what was not seen for `expire` seconds. idle() may know better than the table (a plane
 * that forwards by itself): seconds since last seen, or UINT32_MAX; it may be NULL.
 */
typedef uint32_t fdb_idle_time(void *context, const struct fdb_entry *entry);
size_t fdb_age(struct fdb *fdb, uint32_t now, uint32_t expire, fdb_idle_time *idle, void *context);

/* Every entry, in no order; each() must not change the table. Stops when each() returns false. */
typedef bool fdb_visit(void *context, const struct fdb_entry *entry);
void fdb_each(struct fdb *fdb, uint32_t now, fdb_visit *each, void *context);
bool fdb_find(struct fdb *fdb, unsigned int vlan, const uint8_t mac[6], uint32_t now,
	      struct fdb_entry *entry);

size_t fdb_entries(const struct fdb *fdb);
unsigned int fdb_buckets(struct fdb *fdb);
/* Empties the table and gives it (the next power of two of) this many buckets. 0 or -ENOMEM. */
int fdb_resize(struct fdb *fdb, unsigned int buckets);
void fdb_set_persistence(struct fdb *fdb, uint32_t seconds);
uint32_t fdb_persistence(const struct fdb *fdb);

#endif
