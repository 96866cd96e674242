// SPDX-License-Identifier: GPL-2.0-only
/* The library's tables of system calls, and the rules made from them. Runs natively, needs no
 * module. */
#include <errno.h>
#include <fcntl.h>
#include <string.h>
#include <sys/syscall.h>

#include "tests/lib/tap.h"
#include "user/libkmview/libkmview.h"

static bool numbers_are_unique(void)
{
	const struct kmview_syscall *call = NULL;

	while ((call = kmview_syscall_next(call)))
		for (unsigned int abi = 0; abi < KMVIEW_ABIS; abi++)
			if (call->nr[abi] >= 0 &&
			    kmview_syscall_by_number(abi, call->nr[abi]) != call)
				return false;
	return true;
}

static bool families_exist(void)
{
	const struct kmview_syscall *call = NULL;

	while ((call = kmview_syscall_next(call)))
		if (!kmview_syscall(call->family) || kmview_syscall(call->name) != call)
			return false;
	return true;
}

/* A length follows where the table's users look for one. */
static bool lengths_follow(void)
{
	const struct kmview_syscall *call = NULL;

	while ((call = kmview_syscall_next(call)))
		for (unsigned int i = 0; i < call->argc; i++)
			if ((call->args[i] == KMVIEW_T_IN || call->args[i] == KMVIEW_T_OUT ||
			     call->args[i] == KMVIEW_T_SOCKADDR) &&
			    (i + 1 >= call->argc || call->args[i + 1] != KMVIEW_T_SIZE))
				return false;
	return true;
}

static bool count_abi(unsigned int abi, unsigned int at_least)
{
	const struct kmview_syscall *call = NULL;
	unsigned int count = 0;

	while ((call = kmview_syscall_next(call)))
		count += call->nr[abi] >= 0;
	return count >= at_least;
}

int main(void)
{
	struct kmview_hook marked = {.action = KMVIEW_NOTIFY, .fd_marks = 2, .path_marks = 4};
	struct kmview_rule rule;

	ok(kmview_syscall("openat") && kmview_syscall("openat")->nr[KMVIEW_ABI_X64] == SYS_openat &&
		   kmview_syscall("openat")->nr[KMVIEW_ABI_IA32] == 295,
	   "numbers are those of the headers");
	ok(kmview_syscall("mseal")->nr[KMVIEW_ABI_IA32] == 462, "newer calls have numbers too");
	ok(numbers_are_unique(), "no two calls share a number");
	ok(families_exist(), "every form of a call has its call");
	ok(lengths_follow(), "buffers are followed by their lengths");
	ok(count_abi(KMVIEW_ABI_X64, 350) && count_abi(KMVIEW_ABI_IA32, 420) &&
		   count_abi(KMVIEW_ABI_X32, 340),
	   "the tables are complete");
	ok(!kmview_syscall("nosuch") && !kmview_syscall_by_number(0, 559) &&
		   !kmview_syscall_by_number(7, 0) && !kmview_syscall_by_number(0, 100000),
	   "unknown calls are not there");
	ok(!strcmp(kmview_syscall("oldolduname")->family, "uname"), "the oldest uname is a uname");

	ok(kmview_rule_init(&rule, KMVIEW_ABI_X64, SYS_openat, &marked) == 0 &&
		   rule.flags == (KMVIEW_RULE_PATH | KMVIEW_RULE_FD | KMVIEW_RULE_INTERRUPTIBLE) &&
		   rule.path_arg == 1 && rule.dirfd_arg == 0 && rule.fd_arg == 0 &&
		   rule.nofollow_arg == 2 && rule.nofollow_mask == O_NOFOLLOW &&
		   rule.copy[1] == KMVIEW_COPY_STRING,
	   "openat: its path, directory and flags");
	ok(kmview_rule_init(&rule, KMVIEW_ABI_X64, SYS_renameat2, &marked) == 0 &&
		   rule.flags & KMVIEW_RULE_PATH2 && rule.flags & KMVIEW_RULE_NOFOLLOW &&
		   rule.path_arg == 1 && rule.path2_arg == 3 && rule.dirfd_arg == 0 &&
		   rule.dirfd2_arg == 2,
	   "renameat2: both paths with their directories");
	ok(kmview_rule_init(&rule, KMVIEW_ABI_X64, SYS_connect, &marked) == 0 &&
		   rule.copy[1] == KMVIEW_COPY_SOCKADDR && rule.flags & KMVIEW_RULE_FD &&
		   !(rule.flags & KMVIEW_RULE_PATH),
	   "connect: its descriptor and address");
	ok(kmview_rule_init(&rule, KMVIEW_ABI_X64, SYS_getpid, &marked) == 0 && rule.flags == 0,
	   "getpid: nothing to narrow by");
	ok(kmview_rule_init(&rule, KMVIEW_ABI_X64, SYS_getpid, NULL) == 0 &&
		   rule.action == KMVIEW_NOTIFY,
	   "no hook means to notify");
	ok(kmview_rule_init(&rule, KMVIEW_ABIS, 0, NULL) == -EINVAL &&
		   kmview_rule_init(&rule, 0, KMVIEW_CALLS, NULL) == -EINVAL,
	   "numbers out of range are refused");
	return done_testing();
}
