/* SPDX-License-Identifier: GPL-2.0-only */
#ifndef KMVIEW_RING_H
#define KMVIEW_RING_H

#include <linux/poll.h>

#include "session.h"

struct kmview_context;

int kmview_channel_init(struct kmview_session *session, u32 slots, u32 slot_size);
void kmview_channel_free(struct kmview_session *session);
int kmview_channel_mmap(struct kmview_session *session, struct vm_area_struct *vma);
__poll_t kmview_channel_poll(struct kmview_session *session, struct file *file, poll_table *wait);

/* The last task is gone: tell the manager. */
void kmview_channel_emptied(struct kmview_session *session);

/* The session is dead: wake everybody who waits for it. */
void kmview_channel_close(struct kmview_session *session);

/*
 * Ask the manager about a call and wait for its answer.
 * @kind: KMVIEW_KIND_; @result: of the call, at exit
 * @answer: a copy, checked; its verdict fits the kind
 * @gift: for KMVIEW_INSTALL, the file, which the caller has to put
 * Returns 0 with an answer, or what the call shall return: -ERESTARTSYS and the like after a signal, -EIO after an
 * answer that makes no sense.
 */
int kmview_ask(struct kmview_session *session, const struct kmview_context *context, const struct kmview_rule *rule,
	       unsigned int kind, long result, struct kmview_answer *answer, struct file **gift);

/*
 * Tell the manager about a call, in a session that watches. Arguments as of kmview_ask(). Waits only for a free slot.
 * Returns 0, or -ERESTARTNOINTR: a signal came before the call, which starts anew. What else goes wrong is left out.
 */
int kmview_tell(struct kmview_session *session, const struct kmview_context *context, const struct kmview_rule *rule,
		unsigned int kind, long result);

/*
 * Announce what has no slot, in a session that watches: an entry of the ring, left out when there is no place. Any
 * context in which interrupts may be off.
 */
void kmview_announce(struct kmview_session *session, u32 what, u32 process, u64 id);

int kmview_exchange(struct kmview_session *session, const struct kmview_exchange *arg);
long kmview_mem(struct kmview_session *session, const struct kmview_mem *arg);
/* KMVIEW_COOKIE: 0, -EINVAL, -ESTALE, -EPERM. */
int kmview_cookie_set(struct kmview_session *session, const struct kmview_cookie *arg);
int kmview_give(struct kmview_session *session, const struct kmview_give *arg);

#endif
