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

/*
 * What is to be done at a call of KMVIEW_ABI_X64, in one byte, so that calls that do not concern the session are through
 * with a few instructions. Kept beside the rules, written after them. In a nested session all are KMVIEW_QUICK_NONE.
 */
enum kmview_quick {
	KMVIEW_QUICK_NONE, /* what the rules say, of this session and the outer ones, or the module itself */
	KMVIEW_QUICK_PASS, /* there is no rule */
	KMVIEW_QUICK_BPF,  /* the program in place 0, without filters; the next numbers are those of the next places */
	KMVIEW_QUICK_FD = KMVIEW_QUICK_BPF + KMVIEW_PROGS,
	/* From here on: concerns only marked descriptors, and this is the offset of the argument in struct pt_regs. */
};

struct kmview_rule_table {
	struct kmview_rule_entry **abi[KMVIEW_ABIS]; /* KMVIEW_CALLS each, made when first needed */
	u8 quick[KMVIEW_CALLS];			     /* enum kmview_quick */
};

/**
 * kmview_rules_init() - A session that begins has no rules.
 * @session: one that is being initialised
 */
void kmview_rules_init(struct kmview_session *session);

/**
 * kmview_rules_set() - KMVIEW_RULES: set rules, and hook what they are for.
 * @session: the session, under its setup
 * @arg: the command's argument
 *
 * Return: 0, or an error as the protocol has it.
 */
int kmview_rules_set(struct kmview_session *session, struct kmview_rules __user *arg);

/**
 * kmview_rules_free() - Free the rules of a session that nothing refers to any more, and let go of its hooks.
 * @session: that session
 */
void kmview_rules_free(struct kmview_session *session);

/**
 * kmview_rule_copies() - Does a rule copy any memory of the task?
 * @rule: a copy of it
 *
 * Return: True if it does.
 */
static inline bool kmview_rule_copies(const struct kmview_rule *rule)
{
	return rule->copy[0] | rule->copy[1] | rule->copy[2] | rule->copy[3] | rule->copy[4] | rule->copy[5];
}

/**
 * kmview_rule_find() - Find the entry of a call.
 * @table: of the session
 * @abi: KMVIEW_ABI_
 * @nr: below KMVIEW_CALLS
 *
 * Return: The entry, which stays until the session ends, or NULL.
 */
static inline struct kmview_rule_entry *kmview_rule_find(const struct kmview_rule_table *table, unsigned int abi,
							 unsigned int nr)
{
	struct kmview_rule_entry **calls = READ_ONCE(table->abi[abi]);

	return calls ? READ_ONCE(calls[nr]) : NULL;
}

/**
 * kmview_rule_read() - Take a consistent copy of a rule in force.
 * @entry: where it is
 * @rule: out, the copy
 */
static inline void kmview_rule_read(struct kmview_rule_entry *entry, struct kmview_rule *rule)
{
	unsigned int seq;

	do {
		seq = read_seqcount_begin(&entry->seq);
		*rule = entry->rule;
	} while (read_seqcount_retry(&entry->seq, seq));
}

#endif
