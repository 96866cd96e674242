// SPDX-License-Identifier: GPL-2.0-only
/*
 * Rules: what a session wants to happen at a call.
 *
 * A session has one entry for each call that it ever had a rule for, made once and overwritten in place (under
 * session->setup and the entry's sequence counter), so that the path of a call takes no lock. An entry holds a hook; a
 * rule PASS lets go of it.
 */
#include <linux/mm.h>
#include <linux/ptrace.h>
#include <linux/slab.h>
#include <linux/uaccess.h>

#include "hook.h"
#include "limits.h"
#include "rule.h"
#include "rule_valid.h"
#include "session.h"

/* Rules that one ioctl may set. */
#define RULES_MAX (KMVIEW_ABIS * KMVIEW_CALLS)

/* Where the arguments of a call are, KMVIEW_ABI_X64. */
static const u8 argument_offsets[6] = {
	offsetof(struct pt_regs, di),  offsetof(struct pt_regs, si), offsetof(struct pt_regs, dx),
	offsetof(struct pt_regs, r10), offsetof(struct pt_regs, r8), offsetof(struct pt_regs, r9),
};
static_assert(offsetof(struct pt_regs, r10) >= KMVIEW_QUICK_FD && offsetof(struct pt_regs, di) <= U8_MAX);

static u8 quick_of(const struct kmview_session *session, const struct kmview_rule *rule)
{
	u32 filters = rule->flags & (KMVIEW_RULE_FD | KMVIEW_RULE_PATH);

	if (session->parent || kmview_sites[KMVIEW_ABI_X64][rule->nr].builtin != KMVIEW_BUILTIN_NONE)
		return KMVIEW_QUICK_NONE;
	if (rule->action == KMVIEW_PASS)
		return KMVIEW_QUICK_PASS;
	if (filters == KMVIEW_RULE_FD)
		return argument_offsets[rule->fd_arg];
	if (rule->action == KMVIEW_BPF && !filters)
		return KMVIEW_QUICK_BPF + rule->prog;
	return KMVIEW_QUICK_NONE;
}

void kmview_rules_init(struct kmview_session *session)
{
	struct kmview_rule none = { .action = KMVIEW_PASS };

	for (; none.nr < KMVIEW_CALLS; none.nr++)
		session->rules.quick[none.nr] = quick_of(session, &none);
}

static struct kmview_rule_entry *make_entry(struct kmview_session *session, const struct kmview_rule *rule)
{
	struct kmview_rule_entry ***calls = &session->rules.abi[rule->abi], **table, *entry;

	if (!*calls) {
		table = kvcalloc(KMVIEW_CALLS, sizeof(*table), GFP_KERNEL_ACCOUNT);
		if (!table)
			return NULL;
		smp_store_release(calls, table); /* empty; kmview_rule_find() depends on the pointer */
		session->bytes += KMVIEW_CALLS * sizeof(*table);
	}
	entry = (*calls)[rule->nr];
	if (entry)
		return entry;
	entry = kzalloc(sizeof(*entry), GFP_KERNEL_ACCOUNT);
	if (!entry)
		return NULL;
	seqcount_init(&entry->seq);
	entry->rule.abi = rule->abi;
	entry->rule.nr = rule->nr;
	smp_store_release(&(*calls)[rule->nr], entry); /* as above, a rule that passes */
	session->bytes += sizeof(*entry);
	return entry;
}

static void write_rule(struct kmview_session *session, const struct kmview_rule *rule)
{
	struct kmview_rule_entry *entry = kmview_rule_find(&session->rules, rule->abi, rule->nr);

	/* A reader on this CPU must not wait for a writer that it preempted. */
	preempt_disable();
	write_seqcount_begin(&entry->seq);
	entry->rule = *rule;
	write_seqcount_end(&entry->seq);
	preempt_enable();
	if (rule->abi == KMVIEW_ABI_X64)
		WRITE_ONCE(session->rules.quick[rule->nr], quick_of(session, rule));
}

/*
 * Which calls gain a hook by these rules, and which lose one. The rules have their entries. Of several rules for one
 * call the last counts, and the others must not be counted.
 */
static int compare_hooks(struct kmview_session *session, const struct kmview_rule *rules, unsigned int count,
			 struct kmview_name *gain, unsigned int *gains, struct kmview_name *lose, unsigned int *losses)
{
	unsigned long *seen = bitmap_zalloc(RULES_MAX, GFP_KERNEL);
	unsigned int i = count;

	if (!seen)
		return -ENOMEM;
	*gains = *losses = 0;
	while (i--) {
		const struct kmview_rule *rule = &rules[i];
		struct kmview_rule_entry *entry = kmview_rule_find(&session->rules, rule->abi, rule->nr);
		struct kmview_name name = { .abi = rule->abi, .nr = rule->nr };
		bool had = entry->rule.action != KMVIEW_PASS, has = rule->action != KMVIEW_PASS;

		if (__test_and_set_bit(rule->abi * KMVIEW_CALLS + rule->nr, seen))
			continue;
		if (!had && has)
			gain[(*gains)++] = name;
		else if (had && !has)
			lose[(*losses)++] = name;
	}
	bitmap_free(seen);
	return 0;
}

static bool may_hook(const struct kmview_rule *rule)
{
	const char *name = strstr(kmview_sites[rule->abi][rule->nr].symbol, "sys_");

	return !name || kmview_limits_call(name + strlen("sys_"));
}

static int write_rules(struct kmview_session *session, struct kmview_rule *rules, u32 count, u32 *done)
{
	struct kmview_name *names = kvcalloc(2 * count, sizeof(*names), GFP_KERNEL);
	unsigned int gains, losses, failed, i;
	int err = 0;

	if (!names)
		return -ENOMEM;
	for (*done = 0; *done < count; ++*done) {
		const struct kmview_rule *rule = &rules[*done];

		if (!kmview_rule_valid(rule))
			err = -EINVAL;
		else if (rule->action == KMVIEW_VALUE && session->flags & KMVIEW_INIT_WATCH)
			err = -EINVAL; /* who only watches answers nothing */
		else if (rule->action != KMVIEW_PASS && !kmview_sites[rule->abi][rule->nr].symbol)
			err = -ENOENT;
		else if (rule->action != KMVIEW_PASS && !may_hook(rule))
			err = -EACCES;
		else if (!make_entry(session, rule))
			err = -ENOMEM;
		if (err)
			goto out;
	}
	err = compare_hooks(session, rules, count, names, &gains, names + count, &losses);
	if (err)
		goto out;
	err = gains ? kmview_hooks_get(names, gains, &failed) : 0;
	if (err) {
		for (i = 0; i < count; i++)
			if (rules[i].abi == names[failed].abi && rules[i].nr == names[failed].nr)
				*done = i;
		goto out;
	}
	for (i = 0; i < count; i++)
		write_rule(session, &rules[i]);
	if (losses)
		kmview_hooks_put(names + count, losses);
out:
	kvfree(names);
	return err;
}

int kmview_rules_set(struct kmview_session *session, struct kmview_rules __user *arg)
{
	struct kmview_rule *rules;
	struct kmview_rules head;
	int err;

	if (copy_from_user(&head, arg, sizeof(head)))
		return -EFAULT;
	if (!head.count)
		return 0;
	if (head.count > RULES_MAX)
		return -EINVAL;
	rules = vmemdup_user(u64_to_user_ptr(head.rules), head.count * sizeof(*rules));
	if (IS_ERR(rules))
		return PTR_ERR(rules);
	err = write_rules(session, rules, head.count, &head.done);
	kvfree(rules);
	if (put_user(head.done, &arg->done))
		err = -EFAULT;
	return err;
}

void kmview_rules_free(struct kmview_session *session)
{
	struct kmview_name *names = kvcalloc(RULES_MAX, sizeof(*names), GFP_KERNEL | __GFP_NOFAIL);
	unsigned int abi, nr, n = 0;

	for (abi = 0; abi < KMVIEW_ABIS; abi++) {
		struct kmview_rule_entry **calls = session->rules.abi[abi];

		for (nr = 0; calls && nr < KMVIEW_CALLS; nr++) {
			if (calls[nr] && calls[nr]->rule.action != KMVIEW_PASS)
				names[n++] = (struct kmview_name){ .abi = abi, .nr = nr };
			kfree(calls[nr]);
		}
		kvfree(calls);
	}
	if (n)
		kmview_hooks_put(names, n);
	kvfree(names);
}
