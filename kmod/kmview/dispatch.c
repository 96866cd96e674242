// SPDX-License-Identifier: GPL-2.0-only
/*
 * One call of a task in a session, from the gate to its result.
 *
 *   gate -> kmview_dispatch -> for each session, inner to outer: rule -> filter -> verdict
 *        -> the module's own behaviour at some calls (builtin) -> the original
 *
 * Results travel back the same way: a manager that asked for the result of a call sees what the outer sessions and the
 * kernel made of it. No lock is held here; rules are read as consistent copies, and the session stays while its task
 * runs.
 */
#include <linux/fdtable.h>
#include <linux/ftrace.h>
#include <linux/syscalls.h>
#include <linux/uaccess.h>
#include <asm/syscall.h>

#include "call.h"
#include "compat.h"
#include "dispatch.h"
#include "filter.h"
#include "gate.h"
#include "hook.h"
#include "mount.h"
#include "program.h"
#include "ring.h"
#include "rule.h"
#include "session.h"
#include "symbols.h"
#include "task.h"
#include "user_memory.h"

static long run(struct kmview_context *context, struct kmview_session *session);

static unsigned int builtin_of(const struct kmview_context *context)
{
	return kmview_sites[context->abi][context->nr].builtin;
}

/* After all managers: what the module itself has to say, else the kernel. */
static long finish(struct kmview_context *context)
{
	unsigned int builtin = builtin_of(context);

	if (unlikely(builtin == KMVIEW_BUILTIN_EXIT))
		kmview_task_outside(context->self); /* it does not come back here */
	if (likely(builtin <= KMVIEW_BUILTIN_EXIT))
		return kmview_native(context);
	if (builtin == KMVIEW_BUILTIN_IO_URING)
		return -ENOSYS;
	return kmview_mount_call(context, builtin);
}

/* The call goes on with other arguments. The program's own registers stay: a restart, and its debugger, see them. */
static long run_changed(struct kmview_context *context, struct kmview_session *session, const u64 args[6])
{
	struct kmview_context changed = *context;
	struct pt_regs regs = *context->regs;

	memcpy(changed.args, args, sizeof(changed.args));
	kmview_write_args(&regs, context->abi, args);
	changed.regs = &regs;
	return run(&changed, session);
}

/* The file becomes a descriptor of the current task; no other number shows it meanwhile. */
static long install(struct file *file, const struct kmview_answer *answer)
{
	int flags = answer->flags & KMVIEW_ANSWER_CLOEXEC ? O_CLOEXEC : 0;

	if (answer->value < 0)
		return kmview_receive_fd(file, flags);
	return kmview_receive_fd_replace(answer->value, file, flags);
}

/*
 * The session only watches: the manager is told, before the call or after it, and the call goes on. Where the rule
 * says WAIT the task waits until the manager has looked at its memory.
 */
static long watch(struct kmview_context *context, struct kmview_session *session, const struct kmview_rule *rule)
{
	bool exit = rule->flags & (KMVIEW_RULE_EXIT | KMVIEW_RULE_BOTH), wait = rule->flags & KMVIEW_RULE_WAIT;
	struct kmview_answer answer = { .verdict = KMVIEW_CONTINUE };
	struct file *gift = NULL;
	long result = 0;

	if (!(rule->flags & KMVIEW_RULE_EXIT)) {
		if (wait)
			result = kmview_ask(session, context, rule, KMVIEW_KIND_ENTRY, 0, &answer, &gift);
		else
			result = kmview_tell(session, context, rule, KMVIEW_KIND_ENTRY, 0);
		if (gift)
			fput(gift);
		/* A signal: the call starts anew behind it. */
		if (result == -ERESTARTNOINTR && builtin_of(context) != KMVIEW_BUILTIN_EXIT)
			return result;
		exit |= answer.flags & KMVIEW_ANSWER_EXIT;
	}
	result = run(context, session->parent);
	if (!exit)
		return result;
	gift = NULL;
	if (wait)
		kmview_ask(session, context, rule, KMVIEW_KIND_EXIT, result, &answer, &gift);
	else
		kmview_tell(session, context, rule, KMVIEW_KIND_EXIT, result);
	if (gift)
		fput(gift);
	return result;
}

/* Ask the manager, before the call or after it, and do what it says. */
static long notify(struct kmview_context *context, struct kmview_session *session, const struct kmview_rule *rule)
{
	bool exit = rule->flags & (KMVIEW_RULE_EXIT | KMVIEW_RULE_BOTH);
	bool stays = builtin_of(context) == KMVIEW_BUILTIN_EXIT;
	struct kmview_answer answer = { .verdict = KMVIEW_CONTINUE };
	struct file *gift = NULL;
	long result;

	if (!(rule->flags & KMVIEW_RULE_EXIT)) {
		result = kmview_ask(session, context, rule, KMVIEW_KIND_ENTRY, 0, &answer, &gift);
		if (stays)
			answer.verdict = KMVIEW_CONTINUE;
		else if (result)
			return result;
		if (answer.flags & KMVIEW_ANSWER_EXIT)
			exit = true;
	}
	switch (answer.verdict) {
	case KMVIEW_RETURN:
		result = answer.value;
		break;
	case KMVIEW_INSTALL:
		result = install(gift, &answer);
		break;
	case KMVIEW_CHANGE:
		result = run_changed(context, session->parent, answer.args);
		break;
	default:
		result = run(context, session->parent);
	}
	if (gift)
		fput(gift);
	if (!exit || answer.verdict == KMVIEW_RETURN || answer.verdict == KMVIEW_INSTALL)
		return result;

	gift = NULL;
	if (kmview_ask(session, context, rule, KMVIEW_KIND_EXIT, result, &answer, &gift))
		return result;
	if (answer.verdict == KMVIEW_RETURN)
		result = answer.value;
	else if (answer.verdict == KMVIEW_INSTALL)
		result = install(gift, &answer);
	if (gift)
		fput(gift);
	return result;
}

/* The rule is BPF: run the program, and do what it says. Returns true if the call has its result. */
static bool run_program(struct kmview_context *context, struct kmview_session *session, unsigned int place,
			long *result, bool *ask)
{
	struct kmview_task *self = context->self;
	struct kmview_call *call = &self->call;
	struct bpf_prog *prog;

	call->session = session->id;
	call->abi = context->abi;
	call->nr = context->nr;
	call->pid = self->task->tgid;
	call->tid = self->task->pid;
	call->cookie = self->cookie;
	memcpy(call->args, context->args, sizeof(call->args));
	call->verdict = KMVIEW_BPF_PASS;
	call->out_length = 0;

	rcu_read_lock(); /* of the program, which is freed after a grace period, and of its maps */
	prog = rcu_dereference(session->progs[place]);
	if (prog && unlikely(prog != self->writer)) {
		memset(call->out, 0, sizeof(call->out)); /* by another program */
		self->writer = prog;
	}
	if (prog)
		kmview_program_run(prog, call);
	rcu_read_unlock();

	if (call->verdict == KMVIEW_BPF_NOTIFY) {
		*ask = true;
		return false;
	}
	if (call->verdict != KMVIEW_BPF_ANSWER || builtin_of(context) == KMVIEW_BUILTIN_EXIT ||
	    session->flags & KMVIEW_INIT_WATCH)
		return false;
	*result = call->value;
	if (call->out_length &&
	    (call->out_length > KMVIEW_BPF_BYTES || !kmview_copy_out(call->out_address, call->out, call->out_length)))
		*result = -EFAULT;
	return true;
}

/* The session has a rule for the call, and it is not to pass. Returns true if the call has its result. */
static bool apply(struct kmview_context *context, struct kmview_session *session, struct kmview_rule_entry *entry,
		  long *result)
{
	struct kmview_rule rule;
	bool ask = false;
	int match;
	u32 place;

	/* The common case of a program without filters needs no copy of the rule. */
	if (kmview_rule_is_bpf(entry, &place)) {
		if (run_program(context, session, place, result, &ask))
			return true;
		if (!ask)
			return false;
	}
	kmview_rule_read(entry, &rule);
	context->mark_cookie = 0;
	match = ask ? 1 : kmview_filter_match(session, &rule, context);
	if (match <= 0) {
		*result = match;
		return match && builtin_of(context) != KMVIEW_BUILTIN_EXIT;
	}
	if (!ask && rule.action == KMVIEW_BPF && run_program(context, session, rule.prog, result, &ask))
		return true;
	if (ask || rule.action == KMVIEW_NOTIFY) {
		*result = session->flags & KMVIEW_INIT_WATCH ? watch(context, session, &rule)
							     : notify(context, session, &rule);
		return true;
	}
	*result = rule.value;
	return rule.action == KMVIEW_VALUE && builtin_of(context) != KMVIEW_BUILTIN_EXIT;
}

/* The first of these sessions with something to say about the call, and its rule. */
static struct kmview_session *first_concerned(struct kmview_session *session, u32 abi, u32 nr,
					      struct kmview_rule_entry **entry)
{
	for (; session; session = session->parent) {
		*entry = kmview_rule_find(&session->rules, abi, nr);
		if (*entry && READ_ONCE((*entry)->rule.action) != KMVIEW_PASS)
			break;
	}
	return session;
}

static long run(struct kmview_context *context, struct kmview_session *session)
{
	struct kmview_rule_entry *entry;
	long result;

	while ((session = first_concerned(session, context->abi, context->nr, &entry))) {
		if (apply(context, session, entry, &result))
			return result;
		session = session->parent;
	}
	return finish(context);
}

/* The table and the number of a call, as its registers say. False: no call of the tables. */
static __always_inline bool which_call(const struct pt_regs *regs, u32 *abi, u32 *nr)
{
	*nr = regs->orig_ax;
	*abi = KMVIEW_ABI_X64;
	if (in_ia32_syscall()) {
		*abi = KMVIEW_ABI_IA32;
	} else if (*nr & __X32_SYSCALL_BIT) {
		*abi = KMVIEW_ABI_X32;
		*nr &= ~__X32_SYSCALL_BIT;
	}
	return *nr < KMVIEW_CALLS;
}

unsigned long notrace kmview_call_address(const struct pt_regs *regs)
{
	u32 abi, nr;

	return which_call(regs, &abi, &nr) ? READ_ONCE(kmview_sites[abi][nr].address) : 0;
}

/*
 * Where the gate jumps to, in place of the hooked function.
 * @regs: the argument of the function; @body: where the function goes on; @self: what the table has for our pid
 */
asmlinkage long kmview_dispatch(struct pt_regs *regs, unsigned long body, struct kmview_task *self)
{
	struct kmview_rule_entry *entry;
	struct kmview_session *session;
	struct kmview_context context;
	u32 abi, nr;
	long result;
	u8 argument;

	/* The entry may be of a former task with our pid, for the instant until its exit is through. */
	if (unlikely(self->task != current || self->native))
		return kmview_original(regs, body);

	if (unlikely(!which_call(regs, &abi, &nr)))
		return kmview_original(regs, body);
	/* Hooked for others, or for descriptors that this is none of: no more work than to see that. */
	session = first_concerned(self->session, abi, nr, &entry);
	if (kmview_sites[abi][nr].builtin <= KMVIEW_BUILTIN_EXIT) {
		if (!session)
			return kmview_original(regs, body);
		if (!session->parent && kmview_rule_is_fd(entry, &argument) &&
		    kmview_fd_unmarked(session, kmview_read_arg(regs, abi, argument)))
			return kmview_original(regs, body);
	}

	context.self = self;
	context.regs = regs;
	context.body = body;
	context.abi = abi;
	context.nr = nr;
	kmview_read_args(regs, abi, context.args);
	kmview_task_inside(self);
	result = run(&context, self->session);
	if (kmview_sites[abi][nr].builtin != KMVIEW_BUILTIN_EXIT)
		kmview_task_outside(self);
	return result;
}

asmlinkage long kmview_dispatch_shared(struct pt_regs *regs)
{
	unsigned long body = kmview_call_address(regs) + MCOUNT_INSN_SIZE;
	struct kmview_task *self = kmview_current();

	return self ? kmview_dispatch(regs, body, self) : kmview_original(regs, body);
}
