// SPDX-License-Identifier: GPL-2.0-or-later
/*
 * Sets of system calls, as the command line writes them: names, classes and regular expressions,
 * with the words of strace(1).
 *
 * A set holds families: all forms of a call go by the name of one (stat64 by stat). A class that
 * can be told from the types of arguments (%file, %desc) is told from them, so that a new call in
 * calls.txt is in its classes by itself; the others are lists.
 */
#include <regex.h>
#include <stdlib.h>
#include <string.h>

#include "kmtrace.h"

unsigned int call_index(const struct kmview_syscall *call)
{
	if (strcmp(call->name, call->family))
		call = kmview_syscall(call->family);
	return call - kmview_syscall_next(NULL);
}

static bool has_argument(const struct kmview_syscall *call, enum kmview_type type)
{
	for (unsigned int i = 0; i < call->argc; i++)
		if (call->args[i] == type)
			return true;
	return false;
}

/* Names between blanks. */
static const struct {
	const char *class, *calls;
} lists[] = {
	{"process", " fork vfork clone clone3 execve execveat exit exit_group wait4 waitid kill "
		    "tkill tgkill pidfd_send_signal pidfd_open unshare setns rt_sigqueueinfo "
		    "rt_tgsigqueueinfo "},
	{"network", " socket socketpair bind connect listen accept accept4 sendto recvfrom sendmsg "
		    "recvmsg sendmmsg recvmmsg shutdown getsockname getpeername setsockopt "
		    "getsockopt "},
	{"signal", " rt_sigaction rt_sigprocmask rt_sigreturn rt_sigpending rt_sigtimedwait "
		   "rt_sigqueueinfo rt_tgsigqueueinfo rt_sigsuspend sigaltstack kill tkill tgkill "
		   "pause signalfd signalfd4 pidfd_send_signal sgetmask ssetmask "},
	{"memory", " mmap munmap mprotect mremap msync mincore madvise brk mlock mlock2 munlock "
		   "mlockall munlockall mbind get_mempolicy set_mempolicy migrate_pages move_pages "
		   "shmat shmdt pkey_mprotect process_madvise remap_file_pages "
		   "set_mempolicy_home_node mseal "},
	{"ipc", " msgctl msgget msgrcv msgsnd semctl semget semop semtimedop shmat shmctl shmdt "
		"shmget ipc "},
	{"creds", " getuid geteuid getgid getegid setuid setgid setreuid setregid setresuid "
		  "getresuid setresgid getresgid setfsuid setfsgid getgroups setgroups capget "
		  "capset prctl "},
	{"clock", " clock_gettime clock_settime clock_getres clock_adjtime adjtimex gettimeofday "
		  "settimeofday time stime "},
	{"stat", " stat oldstat "},
	{"lstat", " lstat "},
	{"fstat", " fstat newfstatat "},
	{"statfs", " statfs fstatfs ustat "},
	{"pure", " getpid getppid gettid getuid geteuid getgid getegid getpgrp "},
};

/* Another name of a class; strace has these. */
static const char *class_of(const char *word)
{
	if (*word == '%')
		word++;
	return !strcmp(word, "net") ? "network" : !strcmp(word, "mem") ? "memory" : word;
}

static const char *list_of(const char *class)
{
	for (size_t i = 0; i < sizeof(lists) / sizeof(lists[0]); i++)
		if (!strcmp(class, lists[i].class))
			return lists[i].calls;
	return NULL;
}

static bool in_list(const char *list, const char *name)
{
	size_t length = strlen(name);

	for (const char *at = list; (at = strstr(at, name)); at++)
		if (at[-1] == ' ' && at[length] == ' ')
			return true;
	return false;
}

static bool in_class(const struct kmview_syscall *call, const char *class)
{
	const char *list = list_of(class);

	if (!strcmp(class, "all"))
		return true;
	if (!strcmp(class, "file"))
		return has_argument(call, KMVIEW_T_PATH);
	if (!strcmp(class, "desc"))
		return has_argument(call, KMVIEW_T_FD) || has_argument(call, KMVIEW_T_DIRFD);
	return list && in_list(list, call->family);
}

/* Is the word a class? "%stat" is one, "stat" is the call. */
static bool is_class(const char *word)
{
	const char *class = class_of(word);

	if (*word != '%' && kmview_syscall(word))
		return false;
	return !strcmp(class, "all") || !strcmp(class, "file") || !strcmp(class, "desc") ||
	       list_of(class);
}

static bool add_matching(struct call_set *set, const char *expression)
{
	const struct kmview_syscall *call = NULL;
	bool any = false;
	regex_t regex;

	if (regcomp(&regex, expression, REG_EXTENDED | REG_NOSUB))
		return false;
	while ((call = kmview_syscall_next(call)))
		if (!regexec(&regex, call->name, 0, NULL, 0)) {
			set->has[call_index(call)] = 1;
			any = true;
		}
	regfree(&regex);
	return any;
}

static bool add_word(struct call_set *set, const char *word)
{
	const struct kmview_syscall *call = NULL;

	if (!strcmp(word, "none"))
		return true;
	if (*word == '/')
		return add_matching(set, word + 1);
	if (is_class(word)) {
		while ((call = kmview_syscall_next(call)))
			if (in_class(call, class_of(word)))
				set->has[call_index(call)] = 1;
		return true;
	}
	call = kmview_syscall(*word == '?' ? word + 1 : word);
	if (call)
		set->has[call_index(call)] = 1;
	return call || *word == '?';
}

int call_set_add(struct call_set *set, const char *list, char **unknown)
{
	bool without = *list == '!';
	struct call_set named = {};
	char *copy = strdup(list + without), *rest = copy, *word;

	while ((word = strsep(&rest, ","))) {
		if (add_word(&named, word))
			continue;
		*unknown = strdup(word);
		free(copy);
		return -1;
	}
	free(copy);
	for (unsigned int i = 0; i < CALLS_MAX; i++)
		set->has[i] |= without ? !named.has[i] : named.has[i];
	return 0;
}
