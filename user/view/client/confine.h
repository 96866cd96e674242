/* SPDX-License-Identifier: LGPL-2.1-or-later */
/*
 * Seccomp filters that a process of ours puts on itself: for programs of this architecture, a list of
 * calls that get one action, and another action for all the rest.
 *
 *	struct sock_filter code[] = {
 *		CONFINE_BEGIN(SECCOMP_RET_KILL_PROCESS),
 *		CONFINE_CALL(SYS_read, SECCOMP_RET_ALLOW),
 *		CONFINE_END(SECCOMP_RET_ERRNO | ENOSYS),
 *	};
 *	error = confine(code, sizeof(code) / sizeof(*code));
 *
 * The engine's filter, which asks the manager, is another (engine/filter.c): it has tables of three ABIs.
 */
#ifndef VIEW_CONFINE_H
#define VIEW_CONFINE_H

#include <errno.h>
#include <linux/audit.h>
#include <linux/filter.h>
#include <linux/seccomp.h>
#include <stddef.h>
#include <sys/prctl.h>

/* Must be first. Calls of another architecture, whose numbers mean something else, get this action. */
#define CONFINE_BEGIN(other)                                                                       \
	BPF_STMT(BPF_LD | BPF_W | BPF_ABS, offsetof(struct seccomp_data, arch)),                   \
		BPF_JUMP(BPF_JMP | BPF_JEQ | BPF_K, AUDIT_ARCH_X86_64, 1, 0),                      \
		BPF_STMT(BPF_RET | BPF_K, other),                                                  \
		BPF_STMT(BPF_LD | BPF_W | BPF_ABS, offsetof(struct seccomp_data, nr))

/* One call, by its number of x86-64, and its action. */
#define CONFINE_CALL(nr, action)                                                                   \
	BPF_JUMP(BPF_JMP | BPF_JEQ | BPF_K, nr, 0, 1), BPF_STMT(BPF_RET | BPF_K, action)

/* Must be last: the action for all other calls, those of x32 among them. */
#define CONFINE_END(rest) BPF_STMT(BPF_RET | BPF_K, rest)

/*
 * Put the filter on the calling thread and its descendants, for good; no_new_privs goes with it.
 * 0 or a negative errno. It makes no other call, so it can be used between fork(2) and execve(2).
 */
static inline int confine(struct sock_filter *code, unsigned short length)
{
	struct sock_fprog program = {length, code};

	return prctl(PR_SET_NO_NEW_PRIVS, 1, 0, 0, 0) ||
			       prctl(PR_SET_SECCOMP, SECCOMP_MODE_FILTER, &program)
		       ? -errno
		       : 0;
}

#endif
