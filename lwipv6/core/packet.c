/* SPDX-License-Identifier: LGPL-2.1-or-later */
/* Packets and the buffers they share. See packet.h for the layout. */
#include "lwipv6/core/packet.h"
#include <pthread.h>
#include <stdlib.h>
#include <string.h>
#include "lwipv6/core/checksum.h"

/*
 * Large buffers are kept for the next that wants one: malloc() would give their pages back to the
 * kernel, which clears them anew, and that costs more than the copy into them. The pool is of the
 * process and holds nothing but free memory. Under a sanitizer there is none: it shall see the
 * frees.
 */
#define POOL_LEAST 32768
#define POOL_SIZE  65600 /* of each buffer: a tap's largest frame */
#if defined(__SANITIZE_ADDRESS__) || defined(LWIPV6_FUZZ)
#define POOL_MAX 0
#else
#define POOL_MAX 64
#endif

static struct {
	pthread_mutex_t lock;
	struct buffer *first; /* chained by release_arg */
	int count;
} pool = {.lock = PTHREAD_MUTEX_INITIALIZER};

static bool poolable(uint32_t size)
{
	return POOL_MAX && size > POOL_LEAST && size <= POOL_SIZE;
}

static struct buffer *from_pool(void)
{
	struct buffer *b;

	pthread_mutex_lock(&pool.lock);
	b = pool.first;
	if (b) {
		pool.first = b->release_arg;
		pool.count--;
	}
	pthread_mutex_unlock(&pool.lock);
	return b ? b : malloc(sizeof(*b) + POOL_SIZE);
}

static bool into_pool(struct buffer *b)
{
	bool room;

	pthread_mutex_lock(&pool.lock);
	room = pool.count < POOL_MAX;
	if (room) {
		b->release_arg = pool.first;
		pool.first = b;
		pool.count++;
	}
	pthread_mutex_unlock(&pool.lock);
	return room;
}

struct buffer *buffer_new(uint32_t size)
{
	struct buffer *b = poolable(size) ? from_pool() : malloc(sizeof(*b) + size);

	if (b)
		*b = (struct buffer){.refs = 1, .size = size, .base = (uint8_t *)(b + 1)};
	return b;
}

struct buffer *buffer_wrap(void *base, uint32_t size, void (*release)(void *, void *), void *arg)
{
	struct buffer *b = malloc(sizeof(*b));

	if (b)
		*b = (struct buffer){.refs = 1,
				     .size = size,
				     .release = release,
				     .release_arg = arg,
				     .base = base};
	return b;
}

struct buffer *buffer_get(struct buffer *b)
{
	__atomic_add_fetch(&b->refs, 1, __ATOMIC_RELAXED);
	return b;
}

void buffer_put(struct buffer *b)
{
	if (!b || __atomic_sub_fetch(&b->refs, 1, __ATOMIC_ACQ_REL))
		return;
	if (b->release)
		b->release(b->base, b->release_arg);
	else if (poolable(b->size) && into_pool(b))
		return;
	free(b);
}

struct packet *packet_new(uint32_t headroom, uint32_t size)
{
	uint32_t room = headroom + size;
	struct packet *p = malloc(sizeof(*p) + room);

	if (!p)
		return NULL;
	memset(p, 0, offsetof(struct packet, frags));
	list_init(&p->node);
	p->room = room;
	p->data = p->room_bytes + headroom;
	p->link = p->network = p->transport = -1;
	return p;
}

void packet_free(struct packet *p)
{
	if (!p)
		return;
	for (int i = 0; i < p->nfrags; i++)
		buffer_put(p->frags[i].buffer);
	free(p);
}

void packet_list_free(struct list *packets)
{
	while (!list_empty(packets)) {
		struct packet *p = list_first(packets, struct packet, node);

		list_remove(&p->node);
		packet_free(p);
	}
}

/* Everything but where the bytes are. */
static void copy_description(struct packet *to, const struct packet *from)
{
	struct packet was = *to;

	memcpy(to, from, offsetof(struct packet, frags));
	to->node = was.node;
	to->data = was.data;
	to->len = was.len;
	to->linear = was.linear;
	to->room = was.room;
	to->nfrags = was.nfrags;
	list_init(&to->node);
	int16_t shift = packet_headroom(to) - packet_headroom(from);

	if (to->link >= 0)
		to->link += shift;
	if (to->network >= 0)
		to->network += shift;
	if (to->transport >= 0)
		to->transport += shift;
}

struct packet *packet_clone(const struct packet *p)
{
	struct packet *c = packet_new(packet_headroom(p), p->room - packet_headroom(p));

	if (!c)
		return NULL;
	copy_description(c, p);
	/* Headers already pulled stay readable through link, network and transport. */
	memcpy(c->room_bytes, p->room_bytes, packet_headroom(p) + p->linear);
	c->linear = p->linear;
	c->len = p->len;
	c->nfrags = p->nfrags;
	for (int i = 0; i < p->nfrags; i++) {
		c->frags[i] = p->frags[i];
		buffer_get(c->frags[i].buffer);
	}
	return c;
}

struct packet *packet_flatten(const struct packet *p, uint32_t headroom)
{
	struct packet *c = packet_new(headroom, p->len);

	if (!c)
		return NULL;
	copy_description(c, p);
	packet_copy(p, 0, packet_put(c, p->len), p->len);
	return c;
}

void packet_pull(struct packet *p, uint32_t n)
{
	uint32_t head = n < p->linear ? n : p->linear;
	int used = 0;

	p->data += head;
	p->linear -= head;
	p->len -= head;
	n -= head;
	while (n && used < p->nfrags) {
		struct frag *f = &p->frags[used];
		uint32_t take = n < f->len ? n : f->len;

		f->offset += take;
		f->len -= take;
		p->len -= take;
		n -= take;
		if (f->len)
			break;
		buffer_put(f->buffer);
		used++;
	}
	if (used) {
		p->nfrags -= used;
		memmove(p->frags, p->frags + used, p->nfrags * sizeof(p->frags[0]));
	}
}

void packet_trim(struct packet *p, uint32_t len)
{
	if (len >= p->len)
		return;
	while (p->nfrags) {
		struct frag *f = &p->frags[p->nfrags - 1];
		uint32_t before = p->len - f->len;

		if (len > before) {
			f->len = len - before;
			p->len = len;
			return;
		}
		buffer_put(f->buffer);
		p->nfrags--;
		p->len = before;
		if (p->len == len)
			return;
	}
	p->linear = p->len = len;
}

bool packet_add_frag(struct packet *p, struct buffer *b, uint32_t offset, uint32_t len)
{
	if (p->nfrags == PACKET_FRAGS)
		return false;
	p->frags[p->nfrags++] = (struct frag){buffer_get(b), offset, len};
	p->len += len;
	return true;
}

void packet_copy(const struct packet *p, uint32_t offset, void *to, uint32_t len)
{
	uint8_t *out = to;

	if (offset < p->linear) {
		uint32_t n = p->linear - offset < len ? p->linear - offset : len;

		memcpy(out, p->data + offset, n);
		out += n;
		len -= n;
		offset = 0;
	} else {
		offset -= p->linear;
	}
	for (int i = 0; i < p->nfrags && len; i++) {
		const struct frag *f = &p->frags[i];

		if (offset >= f->len) {
			offset -= f->len;
			continue;
		}
		uint32_t n = f->len - offset < len ? f->len - offset : len;

		memcpy(out, f->buffer->base + f->offset + offset, n);
		out += n;
		len -= n;
		offset = 0;
	}
}

int packet_iovec(const struct packet *p, struct iovec *iov)
{
	int n = 0;

	if (p->linear)
		iov[n++] = (struct iovec){p->data, p->linear};
	for (int i = 0; i < p->nfrags; i++)
		iov[n++] = (struct iovec){p->frags[i].buffer->base + p->frags[i].offset,
					  p->frags[i].len};
	return n;
}

uint32_t packet_truesize(const struct packet *p)
{
	uint32_t size = sizeof(*p) + p->room;

	for (int i = 0; i < p->nfrags; i++)
		size += p->frags[i].buffer->size;
	return size;
}

uint32_t packet_sum(const struct packet *p, uint32_t offset)
{
	struct iovec iov[PACKET_FRAGS + 1];
	int n = packet_iovec(p, iov);
	uint32_t sum = 0;
	bool odd = false;

	for (int i = 0; i < n; i++) {
		if (offset >= iov[i].iov_len) {
			offset -= iov[i].iov_len;
			continue;
		}
		const uint8_t *base = (const uint8_t *)iov[i].iov_base + offset;
		size_t len = iov[i].iov_len - offset;

		sum = odd ? checksum_add_odd(sum, base, len) : checksum_add(sum, base, len);
		odd ^= len & 1;
		offset = 0;
	}
	return sum;
}
