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

static long run_sessions(struct kmview_context *context, struct kmview_session *session);

static unsigned int builtin_of(const struct kmview_context *context)
{
	return kmview_sites[context->abi][context->nr].builtin;
}

/* After all managers: what the module itself has to say, else the kernel. */
static long finish_call(struct kmview_context *context)
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
	return run_sessions(&changed, session);
}

/* The file becomes a descriptor of the current task; no other number shows it meanwhile. */
static long install_file(struct file *file, const struct kmview_answer *answer)
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
static long watch_call(struct kmview_context *context, struct kmview_session *session, const struct kmview_rule *rule)
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
	result = run_sessions(context, session->parent);
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
static long notify_manager(struct kmview_context *context, struct kmview_session *session,
			   const struct kmview_rule *rule)
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
		result = install_file(gift, &answer);
		break;
	case KMVIEW_CHANGE:
		result = run_changed(context, session->parent, answer.args);
		break;
	default:
		result = run_sessions(context, session->parent);
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
		result = install_file(gift, &answer);
	if (gift)
		fput(gift);
	return result;
}

/* What a program says about a call. */
enum said { SAID_PASS, SAID_RESULT, SAID_ASK, SAID_CHANGE };

/*
 * Run a program on the record of the task, which has the arguments, and those of SAID_CHANGE afterwards.
 * *result: of SAID_RESULT.
 */
static __always_inline enum said run_program(struct kmview_task *self, struct kmview_session *session,
					     unsigned int place, u32 abi, u32 nr, long *result)
{
	struct kmview_call *call = &self->call;
	struct bpf_prog *prog;

	call->session = session->id;
	call->abi = abi;
	call->nr = nr;
	call->pid = self->task->tgid;
	call->tid = self->task->pid;
	call->cookie = self->cookie;
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

	if (call->verdict == KMVIEW_BPF_NOTIFY)
		return SAID_ASK;
	if (session->flags & KMVIEW_INIT_WATCH || kmview_sites[abi][nr].builtin == KMVIEW_BUILTIN_EXIT)
		return SAID_PASS;
	if (call->verdict == KMVIEW_BPF_CHANGE) {
		*result = -EIO; /* as of the manager of such a session, see kmview_ask() */
		return kmview_session_has_seccomp(session) ? SAID_RESULT : SAID_CHANGE;
	}
	if (call->verdict != KMVIEW_BPF_ANSWER)
		return SAID_PASS;
	*result = call->value;
	if (call->out_length &&
	    (call->out_length > KMVIEW_BPF_BYTES || !kmview_copy_out(call->out_address, call->out, call->out_length)))
		*result = -EFAULT;
	return SAID_RESULT;
}

static enum said run_program_of(struct kmview_context *context, struct kmview_session *session, unsigned int place,
				long *result)
{
	memcpy(context->self->call.args, context->args, sizeof(context->args));
	return run_program(context->self, session, place, context->abi, context->nr, result);
}

static long tell_or_ask(struct kmview_context *context, struct kmview_session *session, const struct kmview_rule *rule)
{
	return session->flags & KMVIEW_INIT_WATCH ? watch_call(context, session, rule)
						  : notify_manager(context, session, rule);
}

/* The session has a rule for the call, and it is not to pass. Returns true if the call has its result. */
static bool apply_rule(struct kmview_context *context, struct kmview_session *session, struct kmview_rule_entry *entry,
		       long *result)
{
	enum said said = SAID_PASS;
	struct kmview_rule rule;
	int match;

	kmview_rule_read(entry, &rule);
	match = kmview_filter_match(session, &rule, context);
	if (match <= 0) {
		*result = match;
		return match && builtin_of(context) != KMVIEW_BUILTIN_EXIT;
	}
	if (rule.action == KMVIEW_BPF)
		said = run_program_of(context, session, rule.prog, result);
	if (said == SAID_RESULT)
		return true;
	if (said == SAID_CHANGE) {
		*result = run_changed(context, session->parent, context->self->call.args);
		return true;
	}
	if (said == SAID_ASK || rule.action == KMVIEW_NOTIFY) {
		*result = tell_or_ask(context, session, &rule);
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

/* From a session on that has a rule for the call, whose entry this is; NULL: there is none. */
static long run_from(struct kmview_context *context, struct kmview_session *session, struct kmview_rule_entry *entry)
{
	long result;

	while (session) {
		if (apply_rule(context, session, entry, &result))
			return result;
		session = first_concerned(session->parent, context->abi, context->nr, &entry);
	}
	return finish_call(context);
}

static long run_sessions(struct kmview_context *context, struct kmview_session *session)
{
	struct kmview_rule_entry *entry;

	session = first_concerned(session, context->abi, context->nr, &entry);
	return run_from(context, session, entry);
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

/* What is of the call itself; then the arguments are to be read. Written as a value, so that it is written once. */
#define CONTEXT_OF(task, registers, address, table, number)                                                            \
	{                                                                                                              \
		.self = (task), .regs = (registers), .body = (address), .abi = (table), .nr = (number)                 \
	}

/* A call that a session of the task has a rule for, whose entry this is, or that the module serves itself. */
static noinline long serve_concerned(struct pt_regs *regs, unsigned long body, struct kmview_task *self, u32 abi,
				     u32 nr, struct kmview_session *session, struct kmview_rule_entry *entry)
{
	struct kmview_context context = CONTEXT_OF(self, regs, body, abi, nr);
	long result;

	kmview_read_args(regs, abi, context.args);
	kmview_task_inside(self);
	result = run_from(&context, session, entry);
	if (builtin_of(&context) != KMVIEW_BUILTIN_EXIT)
		kmview_task_outside(self);
	return result;
}

/* A call that may concern a session of the task, or the module itself. */
static noinline long serve_call(struct pt_regs *regs, unsigned long body, struct kmview_task *self)
{
	struct kmview_rule_entry *entry;
	struct kmview_session *session;
	u32 abi, nr;

	if (unlikely(self->native || !which_call(regs, &abi, &nr)))
		return kmview_original(regs, body);
	session = first_concerned(self->session, abi, nr, &entry);
	if (!session && kmview_sites[abi][nr].builtin <= KMVIEW_BUILTIN_EXIT)
		return kmview_original(regs, body);
	return serve_concerned(regs, body, self, abi, nr, session, entry);
}

/* The program wants the manager to be asked. */
static noinline long ask_for_program(struct pt_regs *regs, unsigned long body, struct kmview_task *self,
				     struct kmview_session *session, u32 nr)
{
	struct kmview_context context = CONTEXT_OF(self, regs, body, KMVIEW_ABI_X64, nr);
	struct kmview_rule rule;

	kmview_read_args(regs, KMVIEW_ABI_X64, context.args);
	kmview_rule_read(kmview_rule_find(&session->rules, KMVIEW_ABI_X64, nr), &rule);
	return tell_or_ask(&context, session, &rule);
}

/* The program wants the call to go on with the arguments in its record. */
static noinline long change_for_program(struct pt_regs *regs, unsigned long body, struct kmview_task *self, u32 nr)
{
	struct kmview_context context = CONTEXT_OF(self, regs, body, KMVIEW_ABI_X64, nr);

	return run_changed(&context, NULL, self->call.args);
}

/* KMVIEW_QUICK_BPF: the session is the only one of the task, and the module itself does nothing at this call. */
static noinline long serve_by_program(struct pt_regs *regs, unsigned long body, struct kmview_task *self,
				      unsigned int place)
{
	struct kmview_session *session = self->session;
	u32 nr = regs->orig_ax;
	enum said said;
	long result;

	if (unlikely(self->native))
		return kmview_original(regs, body);
	kmview_task_inside(self);
	kmview_read_args(regs, KMVIEW_ABI_X64, self->call.args);
	said = run_program(self, session, place, KMVIEW_ABI_X64, nr, &result);
	if (said == SAID_ASK)
		result = ask_for_program(regs, body, self, session, nr);
	else if (said == SAID_CHANGE)
		result = change_for_program(regs, body, self, nr);
	else if (said == SAID_PASS)
		result = kmview_original(regs, body);
	kmview_task_outside(self);
	return result;
}

/*
 * Where the gate jumps to, in place of the hooked function.
 * @regs: the argument of the function; @body: where the function goes on; @self: what the table has for our pid
 *
 * Hooked for others, or for descriptors that this is none of: no more work than to see that. This much has no frame of
 * its own on the stack.
 */
asmlinkage long kmview_dispatch(struct pt_regs *regs, unsigned long body, struct kmview_task *self)
{
	struct kmview_session *session;
	u32 nr = regs->orig_ax;
	unsigned int quick;

	/* The entry may be of a former task with our pid, for the instant until its exit is through. */
	if (unlikely(self->task != current))
		return kmview_original(regs, body);
	/* Numbers of X32 are out of range. */
	if (unlikely(in_ia32_syscall() || nr >= KMVIEW_CALLS))
		return serve_call(regs, body, self);
	session = self->session;
	quick = READ_ONCE(session->rules.quick[nr]);
	if (quick >= KMVIEW_QUICK_FD) {
		if (likely(kmview_fd_unmarked(&session->marks, *(u32 *)((char *)regs + quick))))
			return kmview_original(regs, body);
		return serve_call(regs, body, self);
	}
	if (quick >= KMVIEW_QUICK_BPF)
		return serve_by_program(regs, body, self, quick - KMVIEW_QUICK_BPF);
	return quick == KMVIEW_QUICK_PASS ? kmview_original(regs, body) : serve_call(regs, body, self);
}

asmlinkage long kmview_dispatch_shared(struct pt_regs *regs)
{
	unsigned long body = kmview_call_address(regs) + MCOUNT_INSN_SIZE;
	struct kmview_task *self = kmview_current();

	return self ? kmview_dispatch(regs, body, self) : kmview_original(regs, body);
}
