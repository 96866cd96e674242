/* SPDX-License-Identifier: GPL-2.0-only */
#ifndef KMVIEW_RING_H
#define KMVIEW_RING_H

#include <linux/poll.h>

#include "session.h"

struct kmview_context;

/**
 * kmview_channel_init() - Make the ring of a session that is being initialised.
 * @session: the session
 * @slots: how many, a power of two
 * @slot_size: bytes of each
 *
 * Return: 0, -EINVAL: a number is out of range, or -ENOMEM.
 */
int kmview_channel_init(struct kmview_session *session, u32 slots, u32 slot_size);

/**
 * kmview_channel_free() - Free the ring of a session that nobody waits in.
 * @session: the session; it may have none
 */
void kmview_channel_free(struct kmview_session *session);

/**
 * kmview_channel_mmap() - Map the ring into the manager's memory.
 * @session: the session
 * @vma: where
 *
 * Return: 0, or as mmap(2).
 */
int kmview_channel_mmap(struct kmview_session *session, struct vm_area_struct *vma);

/**
 * kmview_channel_poll() - Is there an event to take?
 * @session: the session
 * @file: its open file
 * @wait: as of poll()
 *
 * Return: EPOLLIN, EPOLLHUP, or 0.
 */
__poll_t kmview_channel_poll(struct kmview_session *session, struct file *file, poll_table *wait);

/**
 * kmview_channel_emptied() - The last task of a session is gone: tell the manager.
 * @session: the session
 *
 * Under the lock of the tasks.
 */
void kmview_channel_emptied(struct kmview_session *session);

/**
 * kmview_channel_close() - The session is dead: wake everybody who waits for it.
 * @session: the session
 */
void kmview_channel_close(struct kmview_session *session);

/**
 * kmview_ask() - Ask the manager about a call and wait for its answer.
 * @session: whose manager
 * @context: the call
 * @rule: a copy of the rule that says so
 * @kind: KMVIEW_KIND_
 * @result: of the call, at exit
 * @answer: out, a checked copy; its verdict fits the kind
 * @gift: out, for KMVIEW_INSTALL, the file, which the caller has to put
 *
 * Return: 0 with an answer, or what the call shall return: -ERESTARTSYS and the like after a signal, -EIO after an
 * answer that makes no sense.
 */
int kmview_ask(struct kmview_session *session, const struct kmview_context *context, const struct kmview_rule *rule,
	       unsigned int kind, long result, struct kmview_answer *answer, struct file **gift);

/**
 * kmview_tell() - Tell the manager about a call, in a session that watches.
 * @session: whose manager
 * @context: the call
 * @rule: a copy of the rule that says so
 * @kind: KMVIEW_KIND_
 * @result: of the call, at exit
 *
 * Waits only for a free slot.
 *
 * Return: 0, or -ERESTARTNOINTR: a signal came before the call, which starts anew. What else goes wrong is left
 * out.
 */
int kmview_tell(struct kmview_session *session, const struct kmview_context *context, const struct kmview_rule *rule,
		unsigned int kind, long result);

/**
 * kmview_announce() - Announce what has no slot, in a session that watches: an entry of the ring, left out when
 * there is no place.
 * @session: the session
 * @what: KMVIEW_ENTRY_
 * @process: its pid, as the manager counts
 * @id: what the entry says
 *
 * Any context in which interrupts may be off.
 */
void kmview_announce(struct kmview_session *session, u32 what, u32 process, u64 id);

/**
 * kmview_exchange() - KMVIEW_EXCHANGE: the manager hands answers over and waits for events.
 * @session: the session
 * @arg: the command's argument, in kernel memory
 *
 * Return: 0, or an error as the protocol has it.
 */
int kmview_exchange(struct kmview_session *session, const struct kmview_exchange *arg);

/**
 * kmview_mem() - KMVIEW_MEM: read or write memory of a blocked task.
 * @session: the session
 * @arg: the command's argument, in kernel memory
 *
 * Return: How many bytes, or an error as the protocol has it.
 */
long kmview_mem(struct kmview_session *session, const struct kmview_mem *arg);

/**
 * kmview_cookie_set() - KMVIEW_COOKIE: a blocked task gets another cookie.
 * @session: the session
 * @arg: the command's argument, in kernel memory
 *
 * Return: 0, -EINVAL, -ESTALE or -EPERM.
 */
int kmview_cookie_set(struct kmview_session *session, const struct kmview_cookie *arg);

/**
 * kmview_give() - KMVIEW_GIVE: lay a file of the manager's beside an event, for the answer KMVIEW_INSTALL.
 * @session: the session
 * @arg: the command's argument, in kernel memory
 *
 * Return: 0, or an error as the protocol has it.
 */
int kmview_give(struct kmview_session *session, const struct kmview_give *arg);

#endif
