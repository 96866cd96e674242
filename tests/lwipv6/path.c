/* SPDX-License-Identifier: GPL-2.0-only */
#include "tests/lwipv6/path.h"

struct held {
	struct held *next;
	uint64_t due; /* ns */
	size_t len;
	uint8_t frame[];
};

static void hold(struct way *w, const void *frame, size_t len, uint64_t due)
{
	struct held *h = malloc(sizeof(*h) + len);

	h->next = NULL;
	h->due = due;
	h->len = len;
	memcpy(h->frame, frame, len);
	if (w->end)
		w->end->next = h;
	else
		w->first = h;
	w->end = h;
}

static void output(void *arg, const void *frame, size_t len)
{
	struct way *w = arg;
	struct path *p = w->path;
	uint64_t start = w->free_at > p->now ? w->free_at : p->now;
	size_t queued = (start - p->now) * w->rate / 1e9;

	w->frames++;
	w->last = p->now;
	if (queued > w->queue_max)
		w->queue_max = queued;
	if (w->queue_limit && queued > w->queue_limit)
		return;
	if ((w->all || len > 100) && (unsigned int)rand_r(&p->seed) % 1000 < w->loss)
		return;
	w->free_at = start + (w->rate ? len / w->rate * 1e9 : 0);
	hold(w, frame, len, w->free_at + w->delay);
}

void path_open(struct path *p, unsigned int mtu)
{
	for (int i = 0; i < 2; i++) {
		struct ip_addr addr, mask;

		p->way[i].path = p;
		p->way[i].from = i;
		p->stack[i] = lwip_add_stack(LWIP_STACK_FLAG_VIRTUAL_CLOCK);
		p->netif[i] = lwip_add_frameif(p->stack[i], output, &p->way[i], 0);
		IP64_ADDR(&addr, 10, 0, 0, i + 1);
		IP64_MASKADDR(&mask, 255, 255, 255, 0);
		lwip_add_addr(p->netif[i], &addr, &mask);
		IP6_ADDR(&addr, 0xfd00, 0, 0, 0, 0, 0, 0, i + 1);
		IP6_ADDR(&mask, 0xffff, 0xffff, 0xffff, 0xffff, 0, 0, 0, 0);
		lwip_add_addr(p->netif[i], &addr, &mask);
		if (mtu)
			lwip_set_mtu(p->netif[i], mtu);
		lwip_ifup(p->netif[i]);
	}
}

void path_close(struct path *p)
{
	for (int i = 0; i < 2; i++) {
		struct way *w = &p->way[i];

		lwip_stack_free(p->stack[i]);
		while (w->first) {
			struct held *h = w->first;

			w->first = h->next;
			free(h);
		}
	}
}

bool path_deliver(struct path *p)
{
	bool any = false;

	for (int i = 0; i < 2; i++) {
		struct way *w = &p->way[i];

		while (w->first && w->first->due <= p->now) {
			struct held *h = w->first;

			w->first = h->next;
			if (!h->next)
				w->end = NULL;
			lwip_frame_input(p->netif[!i], h->frame, h->len);
			free(h);
			any = true;
		}
	}
	return any;
}

void path_step(struct path *p, bool (*work)(void *arg), void *arg)
{
	bool more = true;

	p->now += MS;
	for (int i = 0; i < 2; i++)
		lwip_stack_advance(p->stack[i], MS);
	/* Bounded: two stacks that never stop to answer each other are found by who calls. */
	for (int i = 0; i < 100000 && more; i++) {
		more = path_deliver(p);
		more |= work && work(arg);
	}
}

bool path_connect(struct path *p, int fds[2], void (*set)(int side, int fd, void *arg), void *arg)
{
	struct sockaddr_in to = name4("10.0.0.2", 80), any = name4("0.0.0.0", 80);
	int l = lwip_msocket(p->stack[1], AF_INET, SOCK_STREAM | SOCK_NONBLOCK, 0);

	fds[0] = lwip_msocket(p->stack[0], AF_INET, SOCK_STREAM | SOCK_NONBLOCK, 0);
	if (set) {
		set(1, l, arg);
		set(0, fds[0], arg);
	}
	lwip_bind(l, (void *)&any, sizeof(any));
	lwip_listen(l, 5);
	lwip_connect(fds[0], (void *)&to, sizeof(to));
	fds[1] = -1;
	for (int i = 0; i < 60000 && fds[1] < 0; i++) {
		path_step(p, NULL, NULL);
		fds[1] = lwip_accept4(l, NULL, NULL, SOCK_NONBLOCK);
	}
	lwip_close(l);
	return fds[1] >= 0;
}
