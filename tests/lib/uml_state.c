// SPDX-License-Identifier: GPL-2.0-or-later
/*
 * Lets User-Mode Linux before 6.13 run on processors whose state is larger than it knows (AMX).
 *
 * It keeps 2.7 KiB of a process's extended state and sets it with PTRACE_SETREGSET; the host
 * refuses a set that is not as long as its own. This library, preloaded by tests/lib/uml, completes
 * such a set with what the process has beyond.
 */
#include <dlfcn.h>
#include <elf.h>
#include <stdarg.h>
#include <stdint.h>
#include <string.h>
#include <sys/ptrace.h>
#include <sys/uio.h>

static long set_whole(long (*real)(int, ...), long pid, struct iovec *part)
{
	static uint8_t state[1 << 16];
	struct iovec whole = {state, sizeof(state)};

	if (real(PTRACE_GETREGSET, pid, NT_X86_XSTATE, &whole) < 0 || whole.iov_len < part->iov_len)
		return -1;
	memcpy(state, part->iov_base, part->iov_len);
	return real(PTRACE_SETREGSET, pid, NT_X86_XSTATE, &whole);
}

long ptrace(enum __ptrace_request request, ...)
{
	static long (*real)(int, ...);
	long pid, address, data, result;
	va_list args;

	va_start(args, request);
	pid = va_arg(args, long);
	address = va_arg(args, long);
	data = va_arg(args, long);
	va_end(args);
	if (!real)
		real = (long (*)(int, ...))dlsym(RTLD_NEXT, "ptrace");
	result = real(request, pid, address, data);
	if (result < 0 && request == PTRACE_SETREGSET && address == NT_X86_XSTATE)
		result = set_whole(real, pid, (struct iovec *)data);
	return result;
}
