// SPDX-License-Identifier: GPL-2.0-or-later
/*
 * The seccomp filter of a view: ask about some calls, allow the rest.
 *
 * For calls that are not asked about, the kernel knows from the filter's first instructions (number
 * and architecture only) that it always allows them, and does not run it (Linux 5.11). A call whose
 * sixth argument, unused by all calls that we ask about as a rule, is the token is the keeper's
 * own.
 */
#include <linux/audit.h>
#include <linux/seccomp.h>
#include <stddef.h>
#include <stdlib.h>
#include <string.h>

#include "engine.h"

#define X32_BIT 0x40000000u

static void emit(struct sock_fprog *filter, uint16_t code, uint32_t k, uint8_t jt, uint8_t jf)
{
	if (filter->len < BPF_MAXINSNS)
		filter->filter[filter->len++] = (struct sock_filter){code, jt, jf, k};
}

static bool hooked(const char *const *hooks, const char *name)
{
	for (; *hooks; hooks++)
		if (!strcmp(*hooks, name))
			return true;
	return false;
}

/* Each asks with four instructions more than a comparison, so the jumps stay short. */
static void emit_call(struct sock_fprog *filter, uint32_t nr, uint64_t token)
{
	size_t sixth = offsetof(struct seccomp_data, args[5]);

	emit(filter, BPF_JMP | BPF_JEQ | BPF_K, nr, 0, 6);
	emit(filter, BPF_LD | BPF_W | BPF_ABS, sixth, 0, 0);
	emit(filter, BPF_JMP | BPF_JEQ | BPF_K, (uint32_t)token, 0, 3);
	emit(filter, BPF_LD | BPF_W | BPF_ABS, sixth + 4, 0, 0);
	emit(filter, BPF_JMP | BPF_JEQ | BPF_K, token >> 32, 0, 1);
	emit(filter, BPF_RET | BPF_K, SECCOMP_RET_ALLOW, 0, 0);
	emit(filter, BPF_RET | BPF_K, SECCOMP_RET_USER_NOTIF, 0, 0);
}

static void emit_table(struct sock_fprog *filter, const char *const *hooks, unsigned int abi,
		       uint32_t bit, uint64_t token)
{
	const struct kmview_syscall *call = NULL;

	while ((call = kmview_syscall_next(call)))
		if (call->nr[abi] >= 0 &&
		    (hooked(hooks, call->name) || hooked(hooks, call->family)))
			emit_call(filter, call->nr[abi] | bit, token);
	emit(filter, BPF_RET | BPF_K, SECCOMP_RET_ALLOW, 0, 0);
}

struct sock_fprog *seccomp_filter_new(const char *const *hooks, uint64_t token)
{
	struct sock_fprog *filter = calloc(1, sizeof(*filter));
	unsigned short to_native;

	if (!filter)
		return NULL;
	filter->filter = calloc(BPF_MAXINSNS, sizeof(*filter->filter));
	if (!filter->filter) {
		free(filter);
		return NULL;
	}
	emit(filter, BPF_LD | BPF_W | BPF_ABS, offsetof(struct seccomp_data, arch), 0, 0);
	emit(filter, BPF_JMP | BPF_JEQ | BPF_K, AUDIT_ARCH_I386, 1, 0);
	to_native = filter->len;
	emit(filter, BPF_JMP | BPF_JA, 0, 0, 0);
	emit(filter, BPF_LD | BPF_W | BPF_ABS, offsetof(struct seccomp_data, nr), 0, 0);
	emit_table(filter, hooks, KMVIEW_ABI_IA32, 0, token);
	filter->filter[to_native].k = filter->len - to_native - 1;
	emit(filter, BPF_LD | BPF_W | BPF_ABS, offsetof(struct seccomp_data, nr), 0, 0);
	emit(filter, BPF_JMP | BPF_JGE | BPF_K, X32_BIT, 1, 0);
	to_native = filter->len;
	emit(filter, BPF_JMP | BPF_JA, 0, 0, 0);
	emit_table(filter, hooks, KMVIEW_ABI_X32, X32_BIT, token);
	filter->filter[to_native].k = filter->len - to_native - 1;
	emit_table(filter, hooks, KMVIEW_ABI_X64, 0, token);
	return filter;
}

void seccomp_filter_free(struct sock_fprog *filter)
{
	if (filter)
		free(filter->filter);
	free(filter);
}
