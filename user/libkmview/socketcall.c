// SPDX-License-Identifier: LGPL-2.1-or-later
/*
 * socketcall(2): 32-bit programs may make every call on sockets through it, as a number and a
 * pointer to the arguments. Requests of it are turned into requests of the call meant, so that a
 * manager that hooked connect(2) sees them all. Numbers: linux/net.h; how many arguments:
 * net/socket.c's table, as the man page socketcall(2) tells it.
 */
#include <errno.h>
#include <linux/net.h>
#include <string.h>

#include "session.h"

static const struct {
	const char *name;
	uint8_t argc;
} subcalls[SOCKETCALLS] = {
	[SYS_SOCKET] = {"socket", 3},
	[SYS_BIND] = {"bind", 3},
	[SYS_CONNECT] = {"connect", 3},
	[SYS_LISTEN] = {"listen", 2},
	[SYS_ACCEPT] = {"accept", 3},
	[SYS_GETSOCKNAME] = {"getsockname", 3},
	[SYS_GETPEERNAME] = {"getpeername", 3},
	[SYS_SOCKETPAIR] = {"socketpair", 4},
	[SYS_SEND] = {"sendto", 4},
	[SYS_RECV] = {"recvfrom", 4},
	[SYS_SENDTO] = {"sendto", 6},
	[SYS_RECVFROM] = {"recvfrom", 6},
	[SYS_SHUTDOWN] = {"shutdown", 2},
	[SYS_SETSOCKOPT] = {"setsockopt", 5},
	[SYS_GETSOCKOPT] = {"getsockopt", 5},
	[SYS_SENDMSG] = {"sendmsg", 3},
	[SYS_RECVMSG] = {"recvmsg", 3},
	[SYS_ACCEPT4] = {"accept4", 4},
	[SYS_RECVMMSG] = {"recvmmsg", 5},
	[SYS_SENDMMSG] = {"sendmmsg", 4},
};

unsigned int socketcall_number(const struct kmview_syscall *call)
{
	for (unsigned int i = 1; i < SOCKETCALLS; i++)
		if (!strcmp(subcalls[i].name, call->name))
			return i;
	return 0;
}

void socketcall_hook(struct kmview *session, unsigned int number, const struct kmview_hook *hook,
		     struct kmview_rule *rule)
{
	const struct kmview_syscall *call = kmview_syscall("socketcall");
	struct kmview_hook own = {.action = KMVIEW_PASS};

	pthread_mutex_lock(&session->socketcall_lock);
	session->socketcall_used = true;
	for (unsigned int i = 1; i < SOCKETCALLS; i++) {
		if (!strcmp(subcalls[i].name, subcalls[number].name))
			session->socketcall[i] = *hook;
		if (session->socketcall[i].action == KMVIEW_PASS)
			continue;
		/* A BPF program cannot see through; it gets the socketcall as it is. */
		if (session->socketcall[i].action == KMVIEW_BPF && own.action != KMVIEW_NOTIFY)
			own = session->socketcall[i];
		else
			own.action = KMVIEW_NOTIFY;
	}
	/* Entries only: which exits are told is said in the answer, as each subcall may differ. */
	kmview_rule_init(rule, KMVIEW_ABI_IA32, call->nr[KMVIEW_ABI_IA32], &own);
	pthread_mutex_unlock(&session->socketcall_lock);
	if (own.action == KMVIEW_NOTIFY) {
		rule->copy[1] = KMVIEW_COPY_BYTES;
		rule->copy_bytes[1] = 6 * sizeof(uint32_t);
	}
}

bool socketcall_is(const struct kmview_request *request)
{
	return request->event.abi == KMVIEW_ABI_IA32 && request->session->socketcall_used &&
	       request->call && !strcmp(request->call->name, "socketcall");
}

static bool socketcall_answer(struct kmview_request *request, const struct kmview_hook *hook)
{
	if (hook->action == KMVIEW_VALUE)
		kmview_return(request, hook->value);
	else if (hook->action == KMVIEW_NOTIFY && (hook->flags & KMVIEW_RULE_EXIT))
		kmview_continue_tell(request);
	else if (hook->action == KMVIEW_NOTIFY)
		return false;
	else
		kmview_continue(request);
	return true;
}

bool socketcall_decode(struct kmview_request *request)
{
	struct kmview *session = request->session;
	struct kmview_event *event = &request->event;
	uint32_t number = event->args[0], args[6] = {0};
	struct kmview_hook hook = {.action = KMVIEW_PASS};

	if (number < SOCKETCALLS && subcalls[number].argc) {
		pthread_mutex_lock(&session->socketcall_lock);
		hook = session->socketcall[number];
		pthread_mutex_unlock(&session->socketcall_lock);
		if (kmview_bytes(request, 1, args, subcalls[number].argc * sizeof(args[0])) !=
		    (ssize_t)(subcalls[number].argc * sizeof(args[0])))
			hook.action = KMVIEW_PASS; /* the kernel will say EFAULT */
	}
	if (event->kind == KMVIEW_KIND_ENTRY && socketcall_answer(request, &hook))
		return true;
	if (hook.action == KMVIEW_PASS)
		return false;
	request->socketcall = true;
	request->tell = hook.flags & KMVIEW_RULE_BOTH;
	request->call = kmview_syscall(subcalls[number].name);
	if (request->call->nr[KMVIEW_ABI_IA32] >= 0)
		event->nr = request->call->nr[KMVIEW_ABI_IA32];
	for (unsigned int i = 0; i < 6; i++) {
		event->args[i] = args[i];
		event->copied[i] = (struct kmview_copied){0};
	}
	return false;
}

int socketcall_change(struct kmview_request *request, const uint64_t args[6])
{
	const struct kmview_event *event = &session_slot(request->session, request->slot)->event;
	uint32_t number = event->args[0], words[6];
	size_t length = subcalls[number % SOCKETCALLS].argc * sizeof(words[0]);
	ssize_t moved;

	for (unsigned int i = 0; i < 6; i++)
		words[i] = args[i];
	moved = kmview_write(request, event->args[1], words, length);
	if (moved < 0)
		return moved;
	return (size_t)moved == length ? 0 : -EFAULT;
}
