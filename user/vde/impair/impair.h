/* SPDX-License-Identifier: GPL-2.0-or-later */
/*
 * Impairments of a line: loss, bursts of loss, delay, jitter, duplication, reordering, corruption,
 * rate, queue length. The model is that of the classic wirefilter.
 *
 * A model is a set of values for two directions (left to right, right to left) and for each node of
 * a Markov chain, whose current node says which values hold. A channel is one direction of one line
 * and holds the frames that are on their way:
 *
 *   impair_send() -> mtu -> loss -> duplication -> channel buffer -> bandwidth -> delay
 *       -> held until due -> noise -> deliver()
 *
 * Sizes are those of the stream framing: two bytes more than the frame. Times are nanoseconds of
 * any steady clock. Nothing here locks, sleeps or prints: a model and its channels belong to one
 * thread, or to whoever holds the caller's lock.
 */
#ifndef VDE_IMPAIR_H
#define VDE_IMPAIR_H

#include <stdbool.h>
#include <stddef.h>
#include <stdint.h>

enum impair_kind {
	IMPAIR_DELAY,	    /* milliseconds */
	IMPAIR_LOSS,	    /* percent */
	IMPAIR_LOST_BURST,  /* mean length of bursts of loss, frames; 0 = losses are independent */
	IMPAIR_DUP,	    /* percent */
	IMPAIR_BANDWIDTH,   /* bytes per second; 0 = no limit */
	IMPAIR_SPEED,	    /* bytes per second that are taken from the sender; 0 = no limit */
	IMPAIR_CHANBUFSIZE, /* bytes that may be on their way; 0 = no limit */
	IMPAIR_NOISE,	    /* flipped bits per MiB */
	IMPAIR_MTU,	    /* longest frame, 0 = any */
	IMPAIR_KINDS
};

enum impair_way { IMPAIR_LR, IMPAIR_RL, IMPAIR_WAYS };

/* value +- spread: evenly within, or Gaussian with spread = 3 sigma. */
struct impair_value {
	double value, spread;
	bool gaussian;
};

#define IMPAIR_NODES_MAX 64
#define IMPAIR_NAME_SIZE 32

struct impair_model;
struct impair_channel;

/* Never impairs until told; one node. The same seed gives the same dice; 0 = a random one. */
struct impair_model *impair_model_new(uint64_t seed);
void impair_model_free(struct impair_model *model);

/* "delay", "loss", ...: the names of the classic commands, "band" and "capacity" too; -1 = none. */
int impair_kind_named(const char *name);
const char *impair_kind_name(enum impair_kind kind);

/*
 * Set values from text "[LR|RL]VALUE[+SPREAD][K|M|G][U|N][[NODE]]": both ways unless one is named;
 * of the node under edit (impair_edit_node()) unless one is named. K, M, G are powers of 1024.
 * 0, -EINVAL: not of this form or out of the kind's range, -ENOENT: no such node.
 */
int impair_set(struct impair_model *model, enum impair_kind kind, const char *text);
struct impair_value impair_get(const struct impair_model *model, unsigned int node,
			       enum impair_way way, enum impair_kind kind);

/* Keep frames in order although their delays differ (the default), or let them overtake. */
void impair_set_fifo(struct impair_model *model, bool fifo);
bool impair_fifo(const struct impair_model *model);

/* ---- Markov chain. Numbers count from 0; -EINVAL for those that are not there. */
int impair_set_nodes(struct impair_model *model, unsigned int count);
unsigned int impair_nodes(const struct impair_model *model);
int impair_edit_node(struct impair_model *model, unsigned int node);
unsigned int impair_edited_node(const struct impair_model *model);
int impair_set_name(struct impair_model *model, unsigned int node, const char *name);
const char *impair_name(const struct impair_model *model, unsigned int node);
/* Percent per step of going from one to another; what is left of 100 is staying (-EINVAL: > 100).
 */
int impair_set_edge(struct impair_model *model, unsigned int from, unsigned int to, double percent);
double impair_edge(const struct impair_model *model, unsigned int from, unsigned int to);
int impair_set_step(struct impair_model *model, unsigned int milliseconds);
unsigned int impair_step_time(const struct impair_model *model);
int impair_set_current(struct impair_model *model, unsigned int node);
unsigned int impair_current(const struct impair_model *model);

/*
 * Take the steps that are due; true when the current node is another one than before. *next is the
 * time of the next step, UINT64_MAX when there is but one node.
 */
bool impair_step(struct impair_model *model, uint64_t now, uint64_t *next);

/* ---- Channels */
struct impair_channel *impair_channel_new(struct impair_model *model, enum impair_way way);
/* Frames on their way are lost. */
void impair_channel_free(struct impair_channel *channel);

/* Send a frame: it is copied. tag comes back at delivery. */
void impair_send(struct impair_channel *channel, uint64_t now, const void *frame, size_t len,
		 uintptr_t tag);

/* When the next frame is due; UINT64_MAX = none is on its way. */
uint64_t impair_due(const struct impair_channel *channel);

/* Deliver every frame that is due; the buffer is the receiver's to change during the call and has
 * room for IMPAIR_ROOM bytes even if the frame is shorter. */
#define IMPAIR_ROOM 64
typedef void impair_deliver(void *context, uint8_t *frame, size_t len, uintptr_t tag);
void impair_flow(struct impair_channel *channel, uint64_t now, impair_deliver *deliver,
		 void *context);

/* Deliver the earliest frame of those on their way, of which there must be one, due or not. */
void impair_flow_one(struct impair_channel *channel, impair_deliver *deliver, void *context);

/* Until when the sender must wait because of IMPAIR_SPEED; 0 = it need not. */
uint64_t impair_ready(const struct impair_channel *channel, uint64_t now);

struct impair_counters {
	uint64_t sent, delivered;	   /* frames into the channel, copies out of it */
	uint64_t too_long, lost, overflow; /* frames dropped by mtu, loss, channel buffer */
	uint64_t duplicates, corrupted;
	uint64_t queued_bytes;
};
struct impair_counters impair_count(const struct impair_channel *channel);

#endif
