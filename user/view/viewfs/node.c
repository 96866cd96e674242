// SPDX-License-Identifier: GPL-2.0-or-later
/*
 * Nodes: the files the kernel knows of.
 *
 * A node is found by the device and inode number of the file it stands for, so that all hard links
 * of a file are one node, with one page cache in the kernel. A directory is found by its name as
 * well: one that is mounted at two places of TARGET must be two nodes. Each node has the list of
 * names the kernel has seen it under; the first one is used to reach it.
 *
 * A node lives as long as the kernel's lookups, nodes below it, or a call hold it. Everything here
 * is under view.table; the first link of a node changes only while view.tree is held for writing.
 */
#include <stdlib.h>
#include <string.h>
#include <unistd.h>

#include "viewfs.h"

static struct node **buckets;
static size_t bucket_count, node_count;

static size_t bucket_of(dev_t dev, ino_t ino)
{
	uint64_t key = (ino ^ (uint64_t)dev << 32) * 0x9e3779b97f4a7c15ULL;

	return (key >> 20) & (bucket_count - 1);
}

int nodes_init(void)
{
	bucket_count = 1 << 12;
	buckets = calloc(bucket_count, sizeof(*buckets));
	return buckets ? 0 : -ENOMEM;
}

static void grow(void)
{
	struct node **old = buckets, **bigger = calloc(bucket_count * 4, sizeof(*buckets));
	size_t old_count = bucket_count;

	if (!bigger)
		return;
	buckets = bigger;
	bucket_count *= 4;
	for (size_t i = 0; i < old_count; i++)
		while (old[i]) {
			struct node *node = old[i];
			size_t bucket = bucket_of(node->dev, node->ino);

			old[i] = node->next;
			node->next = buckets[bucket];
			buckets[bucket] = node;
		}
	free(old);
}

static void insert(struct node *node)
{
	size_t bucket = bucket_of(node->dev, node->ino);

	node->next = buckets[bucket];
	buckets[bucket] = node;
}

static void take_out(struct node *node)
{
	struct node **at = &buckets[bucket_of(node->dev, node->ino)];

	while (*at && *at != node)
		at = &(*at)->next;
	if (*at)
		*at = node->next;
}

struct node *node_of(fuse_ino_t ino)
{
	return ino == FUSE_ROOT_ID ? &view.root : (struct node *)(uintptr_t)ino;
}

static struct link *link_of(const struct node *node, const struct node *parent, const char *name)
{
	struct link *link = node->links;

	while (link && (link->parent != parent || strcmp(link->name, name)))
		link = link->next;
	return link;
}

static struct link *link_new(struct node *parent, const char *name)
{
	size_t size = strlen(name) + 1;
	struct link *link = malloc(sizeof(*link) + size);

	if (!link)
		return NULL;
	link->parent = parent;
	link->next = NULL;
	memcpy(link->name, name, size);
	return link;
}

static void close_all(struct node *node)
{
	for (int layer = 0; layer < LAYERS; layer++)
		if (node->fd[layer] >= 0) {
			close(node->fd[layer]);
			node->fd[layer] = -1;
			__atomic_sub_fetch(&view.open_dirs, 1, __ATOMIC_RELAXED);
		}
}

/* What the node holds open, and a listing that nobody goes on with. */
static void close_data(struct node *node)
{
	opened_drop(node, false);
	if (node->listing)
		listing_close(node->listing);
	node->listing = NULL;
}

static void destroy(struct node *node)
{
	while (node && node != &view.root && !node->lookups && !node->holds && !node->handles) {
		struct node *parent = NULL;

		take_out(node);
		node_count--;
		for (struct link *link = node->links, *next; link; link = next) {
			next = link->next;
			link->parent->holds--;
			if (!parent)
				parent = link->parent;
			else
				destroy(link->parent);
			free(link);
		}
		close_all(node);
		close_data(node);
		free(node->redirect);
		free(node->kept);
		free(node);
		node = parent;
	}
}

static struct node *lookup(const struct found *found, struct node *parent, const char *name)
{
	struct node *node = buckets[bucket_of(found->st.st_dev, found->st.st_ino)];

	for (; node; node = node->next) {
		if (node->ino != found->st.st_ino || node->dev != found->st.st_dev ||
		    node->flags & NODE_GONE || node->type != (found->st.st_mode & S_IFMT) ||
		    !(node->in & IN_SOURCE) != !(found->in & IN_SOURCE))
			continue;
		if (!S_ISDIR(node->type) || link_of(node, parent, name))
			return node;
	}
	return NULL;
}

/* The node a name leads to, held; NULL if the kernel does not know it. */
struct node *node_known(const struct found *found, struct node *parent, const char *name)
{
	struct node *node;

	pthread_mutex_lock(&view.table);
	node = lookup(found, parent, name);
	if (node)
		node->holds++;
	pthread_mutex_unlock(&view.table);
	return node;
}

/* The same for the kernel: counts as a lookup of it, and is made if there is none. */
struct node *node_get(const struct found *found, struct node *parent, const char *name)
{
	struct node *node;
	struct link *link, **end;

	pthread_mutex_lock(&view.table);
	node = lookup(found, parent, name);
	if (node && link_of(node, parent, name)) {
		node->lookups++;
		pthread_mutex_unlock(&view.table);
		return node;
	}
	link = link_new(parent, name);
	if (!node && link) {
		node = calloc(1, sizeof(*node));
		if (node) {
			node->dev = found->st.st_dev;
			node->ino = found->st.st_ino;
			node->number = number_of(found);
			node->type = found->st.st_mode & S_IFMT;
			node->in = found->in;
			node->flags = found->flags;
			node->exceptions = found->exceptions;
			node->redirect = found->redirect ? strdup(found->redirect) : NULL;
			for (int layer = 0; layer < LAYERS; layer++)
				node->fd[layer] = -1;
			if (++node_count > bucket_count)
				grow();
			insert(node);
		}
	}
	if (!node || !link) {
		free(link);
		pthread_mutex_unlock(&view.table);
		return NULL;
	}
	for (end = &node->links; *end; end = &(*end)->next)
		;
	*end = link;
	parent->holds++;
	node->lookups++;
	pthread_mutex_unlock(&view.table);
	return node;
}

/* The number a file shows, if the kernel knows the file; or the one it would show. */
uint64_t node_number(dev_t dev, ino_t ino)
{
	uint64_t number = number_for(dev, ino);

	pthread_mutex_lock(&view.table);
	for (struct node *node = buckets[bucket_of(dev, ino)]; node; node = node->next)
		if (node->ino == ino && node->dev == dev && !(node->flags & NODE_GONE))
			number = node->number;
	pthread_mutex_unlock(&view.table);
	return number;
}

void node_put(struct node *node)
{
	pthread_mutex_lock(&view.table);
	node->holds--;
	destroy(node);
	pthread_mutex_unlock(&view.table);
}

void node_forget(struct node *node, uint64_t lookups)
{
	pthread_mutex_lock(&view.table);
	node->lookups -= lookups < node->lookups ? lookups : node->lookups;
	destroy(node);
	pthread_mutex_unlock(&view.table);
}

/* The file was copied to SOURCE. */
void node_rekey(struct node *node, const struct stat *st)
{
	pthread_mutex_lock(&view.table);
	if (node != &view.root)
		take_out(node);
	node->dev = st->st_dev;
	node->ino = st->st_ino;
	if (node != &view.root)
		insert(node);
	pthread_mutex_unlock(&view.table);
}

/*
 * A name is gone, perhaps the last one the file had: then the node is found no more. view.tree is
 * held for writing.
 */
void node_unlink(struct node *node, struct node *parent, const char *name, bool last)
{
	struct link **at = &node->links;

	pthread_mutex_lock(&view.table);
	while (*at && ((*at)->parent != parent || strcmp((*at)->name, name)))
		at = &(*at)->next;
	if (*at) {
		struct link *link = *at;

		*at = link->next;
		free(link);
		parent->holds--;
	}
	if (!node->links && last)
		node->flags |= NODE_GONE;
	pthread_mutex_unlock(&view.table);
}

/* A name has become another. */
int node_relink(struct node *node, struct node *parent, const char *name, struct node *new_parent,
		const char *new_name)
{
	struct link *link = link_new(new_parent, new_name), **at = &node->links;

	if (!link)
		return -ENOMEM;
	pthread_mutex_lock(&view.table);
	new_parent->holds++;
	while (*at && ((*at)->parent != parent || strcmp((*at)->name, name)))
		at = &(*at)->next;
	if (*at) {
		struct link *old = *at;

		link->next = old->next;
		free(old);
		parent->holds--;
	}
	*at = link;
	pthread_mutex_unlock(&view.table);
	return 0;
}

/*
 * Close what directories have open and have not used since the last sweep. view.tree is held for
 * writing: nobody uses a descriptor now.
 */
static void sweep(void)
{
	pthread_mutex_lock(&view.table);
	for (size_t i = 0; i < bucket_count; i++)
		for (struct node *node = buckets[i]; node; node = node->next) {
			if (!node->links)
				continue;
			if (!(node->flags & NODE_USED)) {
				close_all(node);
				opened_drop(node, true);
			}
			node->flags &= ~NODE_USED;
		}
	pthread_mutex_unlock(&view.table);
}

void tree_read(void)
{
	pthread_rwlock_rdlock(&view.tree);
}

void tree_write(void)
{
	pthread_rwlock_wrlock(&view.tree);
}

void tree_unlock(void)
{
	bool full = __atomic_load_n(&view.open_dirs, __ATOMIC_RELAXED) > view.open_limit;

	pthread_rwlock_unlock(&view.tree);
	if (!full)
		return;
	tree_write();
	/* The first sweep may find everything in use. */
	for (int i = 0; i < 2 && view.open_dirs > view.open_limit; i++)
		sweep();
	pthread_rwlock_unlock(&view.tree);
}

void nodes_free(void)
{
	for (size_t i = 0; i < bucket_count; i++)
		for (struct node *node = buckets[i], *next; node; node = next) {
			next = node->next;
			for (struct link *link = node->links, *after; link; link = after) {
				after = link->next;
				free(link);
			}
			close_all(node);
			close_data(node);
			free(node->redirect);
			free(node->kept);
			free(node);
		}
	free(buckets);
	buckets = NULL;
	bucket_count = 0;
}
