/* SPDX-License-Identifier: GPL-2.0-only */
/*
 * LD_PRELOAD for Debian's User-Mode Linux 6.1 on processors whose extended state is larger than it
 * knows (AMX): it sets the state of its processes by ptrace with a buffer of its own size, which the
 * kernel refuses (EFAULT) unless it is the whole; reading is cut off without complaint. Here what it
 * does not have is filled in from the process.
 */
#include <elf.h>
#include <errno.h>
#include <stdarg.h>
#include <string.h>
#include <sys/ptrace.h>
#include <sys/syscall.h>
#include <sys/uio.h>
#include <unistd.h>

#define STATE_MAX 65536

long ptrace(enum __ptrace_request request, ...)
{
	static __thread char state[STATE_MAX];
	struct iovec whole = {state, sizeof(state)}, *part;
	void *address, *data, *peeked = NULL;
	va_list args;
	long result;
	int pid;

	va_start(args, request);
	pid = va_arg(args, int);
	address = va_arg(args, void *);
	data = va_arg(args, void *);
	va_end(args);
	part = data;
	if (request == PTRACE_SETREGSET && (long)address == NT_X86_XSTATE &&
	    syscall(SYS_ptrace, PTRACE_GETREGSET, pid, address, &whole) == 0 &&
	    whole.iov_len > part->iov_len) {
		memcpy(state, part->iov_base, part->iov_len);
		return syscall(SYS_ptrace, request, pid, address, &whole);
	}
	/* The C library's function gives the word itself; the system call stores it. */
	if (request >= PTRACE_PEEKTEXT && request <= PTRACE_PEEKUSER) {
		result = syscall(SYS_ptrace, request, pid, address, &peeked);
		if (result < 0)
			return result;
		errno = 0;
		return (long)peeked;
	}
	return syscall(SYS_ptrace, request, pid, address, data);
}
