/* SPDX-License-Identifier: GPL-2.0-only */
/* Frames of both directions wait in one list, sorted by the time they are due. */
#include "tests/lwipv6/impair.h"
#include <pthread.h>
#include <stdbool.h>
#include <stdint.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include "tests/lwipv6/traffic.h"

#define REORDER_MS 3 /* how much later a frame comes that others overtake */
#define FRAME	   2048

struct held {
	struct held *next;
	double due;
	int side;
	size_t len;
	uint8_t frame[];
};

struct impairment {
	double loss, duplicate, reorder, delay_ms;
	void (*out)(void *arg, int side, const void *frame, size_t len);
	void *arg;
	pthread_mutex_t lock;
	struct held *first, *last;
	unsigned int seed;
};

static void hold(struct impairment *im, int side, const void *frame, size_t len, double delay_ms)
{
	struct held *h = malloc(sizeof(*h) + len), **at = &im->first;

	if (!h)
		return;
	*h = (struct held){.due = now() + delay_ms / 1000, .side = side, .len = len};
	memcpy(h->frame, frame, len);
	/* Most go to the end; a long line is not walked for them. */
	if (im->last && im->last->due <= h->due)
		at = &im->last->next;
	while (*at && (*at)->due <= h->due)
		at = &(*at)->next;
	h->next = *at;
	*at = h;
	if (!h->next)
		im->last = h;
}

static bool chance(struct impairment *im, double percent)
{
	return rand_r(&im->seed) % 10000 < percent * 100;
}

struct impairment *impair_new(const char *how,
			      void (*out)(void *arg, int side, const void *frame, size_t len),
			      void *arg)
{
	struct impairment *im = calloc(1, sizeof(*im));

	if (!im)
		return NULL;
	im->out = out;
	im->arg = arg;
	im->seed = 1;
	pthread_mutex_init(&im->lock, NULL);
	sscanf(how, "%lf,%lf,%lf,%lf", &im->loss, &im->duplicate, &im->reorder, &im->delay_ms);
	return im;
}

void impair_put(struct impairment *im, int side, const void *frame, size_t len)
{
	double delay = im->delay_ms;

	if (len > FRAME)
		return;
	pthread_mutex_lock(&im->lock);
	if (!chance(im, im->loss)) {
		if (chance(im, im->reorder))
			delay += REORDER_MS;
		hold(im, !side, frame, len, delay);
		if (chance(im, im->duplicate))
			hold(im, !side, frame, len, delay);
	}
	pthread_mutex_unlock(&im->lock);
}

void impair_due(struct impairment *im)
{
	for (;;) {
		struct held *h;

		pthread_mutex_lock(&im->lock);
		h = im->first;
		if (h && h->due <= now()) {
			im->first = h->next;
			if (!h->next)
				im->last = NULL;
		} else {
			h = NULL;
		}
		pthread_mutex_unlock(&im->lock);
		if (!h)
			return;
		im->out(im->arg, h->side, h->frame, h->len);
		free(h);
	}
}
