/* SPDX-License-Identifier: GPL-2.0-only */
#ifndef KMVIEW_RULE_H
#define KMVIEW_RULE_H

#include <linux/seqlock.h>
#include <linux/types.h>

#include "uapi/kmview.h"

struct kmview_session;

/* A rule in force. It stays where it is until the session ends and is overwritten in place, so readers need no lock. */
struct kmview_rule_entry {
	seqcount_t seq;
	struct kmview_rule rule;
};

struct kmview_rule_table {
	struct kmview_rule_entry **abi[KMVIEW_ABIS]; /* KMVIEW_CALLS each, made when first needed */
};

int kmview_rules_set(struct kmview_session *session, struct kmview_rules __user *arg);
void kmview_rules_free(struct kmview_session *session);

/* Does it copy any memory? */
static inline bool kmview_rule_copies(const struct kmview_rule *rule)
{
	return rule->copy[0] | rule->copy[1] | rule->copy[2] | rule->copy[3] | rule->copy[4] | rule->copy[5];
}

/* The entry of a call, or NULL. */
static inline struct kmview_rule_entry *kmview_rule_find(const struct kmview_rule_table *table, unsigned int abi,
							 unsigned int nr)
{
	struct kmview_rule_entry **calls = READ_ONCE(table->abi[abi]);

	return calls ? READ_ONCE(calls[nr]) : NULL;
}

/* Is it a program, without filters? Then its place. */
static inline bool kmview_rule_is_bpf(struct kmview_rule_entry *entry, u32 *place)
{
	unsigned int seq;
	bool is;

	do {
		seq = read_seqcount_begin(&entry->seq);
		is = entry->rule.action == KMVIEW_BPF && !(entry->rule.flags & (KMVIEW_RULE_FD | KMVIEW_RULE_PATH));
		*place = entry->rule.prog;
	} while (read_seqcount_retry(&entry->seq, seq));
	return is;
}

/* Is it one for marked descriptors only? Then the number of the argument. */
static inline bool kmview_rule_is_fd(struct kmview_rule_entry *entry, u8 *argument)
{
	unsigned int seq;
	bool is;

	do {
		seq = read_seqcount_begin(&entry->seq);
		is = (entry->rule.flags & (KMVIEW_RULE_FD | KMVIEW_RULE_PATH)) == KMVIEW_RULE_FD;
		*argument = entry->rule.fd_arg;
	} while (read_seqcount_retry(&entry->seq, seq));
	return is;
}

/* A consistent copy. */
static inline void kmview_rule_read(struct kmview_rule_entry *entry, struct kmview_rule *rule)
{
	unsigned int seq;

	do {
		seq = read_seqcount_begin(&entry->seq);
		*rule = entry->rule;
	} while (read_seqcount_retry(&entry->seq, seq));
}

#endif
