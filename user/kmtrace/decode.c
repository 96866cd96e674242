// SPDX-License-Identifier: GPL-2.0-or-later
/*
 * Arguments and results as text. What an argument is says the library's table; what it points to is
 * read from the memory of the task, which is blocked meanwhile. Buffers that the call fills are
 * shown once it is over.
 */
#include <arpa/inet.h>
#include <ctype.h>
#include <fcntl.h>
#include <linux/netlink.h>
#include <netinet/in.h>
#include <signal.h>
#include <string.h>
#include <sys/socket.h>
#include <sys/un.h>

#include "kmtrace.h"

#define SHOWN	    32 /* bytes of a buffer */
#define ARGV_SHOWN  16
#define STRING_SIZE 4097

static unsigned int word_size(const struct traced *traced)
{
	return traced->abi == KMVIEW_ABI_X64 ? 8 : 4;
}

void string_print(FILE *out, const char *bytes, size_t length, bool cut)
{
	fputc('"', out);
	for (size_t i = 0; i < length; i++) {
		unsigned char c = bytes[i];
		static const char *const plain = "\n\t\r\"\\", *const escaped = "ntr\"\\";
		const char *at = c ? strchr(plain, c) : NULL;

		if (at)
			fprintf(out, "\\%c", escaped[at - plain]);
		else if (isprint(c))
			fputc(c, out);
		else
			fprintf(out,
				i + 1 < length && isdigit((unsigned char)bytes[i + 1]) ? "\\%03o"
										       : "\\%o",
				c);
	}
	fputs(cut ? "\"..." : "\"", out);
}

static void print_pointer(FILE *out, uint64_t address)
{
	if (address)
		fprintf(out, "%#llx", (unsigned long long)address);
	else
		fputs("NULL", out);
}

static void print_string_arg(FILE *out, struct traced *traced, unsigned int arg)
{
	char text[STRING_SIZE];
	ssize_t length = -1;

	if (traced->args[arg])
		length = traced->engine->string(traced, arg, text, sizeof(text));
	if (length < 0)
		print_pointer(out, traced->args[arg]);
	else
		string_print(out, text, length, false);
}

static void print_bytes(FILE *out, struct traced *traced, uint64_t address, uint64_t length)
{
	char bytes[SHOWN];
	size_t shown = length < SHOWN ? length : SHOWN;
	ssize_t got = 0;

	if (address && shown)
		got = traced->engine->read(traced, address, bytes, shown);
	if (!address || got < 0)
		print_pointer(out, address);
	else
		string_print(out, bytes, got, length > (size_t)got);
}

/* A string at an address that is no argument: up to SHOWN * 2 bytes of it. */
static void print_string_at(FILE *out, struct traced *traced, uint64_t address)
{
	char bytes[SHOWN * 2];
	ssize_t got = traced->engine->read(traced, address, bytes, sizeof(bytes));
	size_t length;

	if (got <= 0) {
		print_pointer(out, address);
		return;
	}
	length = strnlen(bytes, got);
	string_print(out, bytes, length, length == sizeof(bytes));
}

static void print_argv(FILE *out, struct traced *traced, uint64_t address)
{
	unsigned int word = word_size(traced), i;

	if (!address) {
		fputs("NULL", out);
		return;
	}
	fputc('[', out);
	for (i = 0; i < ARGV_SHOWN; i++) {
		uint64_t pointer = 0;

		if (traced->engine->read(traced, address + i * word, &pointer, word) != word ||
		    !pointer)
			break;
		fputs(i ? ", " : "", out);
		print_string_at(out, traced, pointer);
	}
	fputs(i == ARGV_SHOWN ? ", ...]" : "]", out);
}

static void print_sockaddr(FILE *out, struct traced *traced, unsigned int arg)
{
	union {
		struct sockaddr any;
		struct sockaddr_un un;
		struct sockaddr_in in;
		struct sockaddr_in6 in6;
		struct sockaddr_nl nl;
		char bytes[128];
	} address = {0};
	uint64_t length = traced->args[arg + 1];
	char text[INET6_ADDRSTRLEN];
	ssize_t got;

	if (length > sizeof(address))
		length = sizeof(address);
	got = traced->args[arg] ? traced->engine->read(traced, traced->args[arg], &address, length)
				: -1;
	if (got < (ssize_t)sizeof(address.any.sa_family)) {
		print_pointer(out, traced->args[arg]);
		return;
	}
	fputs("{sa_family=", out);
	name_print(out, KMVIEW_T_DOMAIN, address.any.sa_family);
	if (address.any.sa_family == AF_UNIX) {
		size_t room = got - offsetof(struct sockaddr_un, sun_path);
		size_t used = address.un.sun_path[0] ? strnlen(address.un.sun_path, room) : room;

		fputs(", sun_path=", out);
		string_print(out, address.un.sun_path, used, false);
	} else if (address.any.sa_family == AF_INET && got >= (ssize_t)sizeof(address.in)) {
		fprintf(out, ", sin_port=%u, sin_addr=%s", ntohs(address.in.sin_port),
			inet_ntop(AF_INET, &address.in.sin_addr, text, sizeof(text)));
	} else if (address.any.sa_family == AF_INET6 && got >= (ssize_t)sizeof(address.in6)) {
		fprintf(out, ", sin6_port=%u, sin6_addr=%s", ntohs(address.in6.sin6_port),
			inet_ntop(AF_INET6, &address.in6.sin6_addr, text, sizeof(text)));
	} else if (address.any.sa_family == AF_NETLINK && got >= (ssize_t)sizeof(address.nl)) {
		fprintf(out, ", nl_pid=%u, nl_groups=%#x", address.nl.nl_pid, address.nl.nl_groups);
	}
	fputc('}', out);
}

static void print_fd_pair(FILE *out, struct traced *traced, uint64_t address)
{
	int fds[2];

	if (traced->exit && traced->result == 0 &&
	    traced->engine->read(traced, address, fds, sizeof(fds)) == sizeof(fds))
		fprintf(out, "[%d, %d]", fds[0], fds[1]);
	else
		print_pointer(out, address);
}

static void print_uname(FILE *out, struct traced *traced, uint64_t address)
{
	char fields[3][65];

	if (!traced->exit || traced->result != 0 ||
	    traced->engine->read(traced, address, fields, sizeof(fields)) != sizeof(fields)) {
		print_pointer(out, address);
		return;
	}
	for (int i = 0; i < 3; i++) {
		fprintf(out, "%s%s=", i ? ", " : "{", uts_field_names[i]);
		string_print(out, fields[i], strnlen(fields[i], 65), false);
	}
	fputs(", ...}", out);
}

static void print_timespec(FILE *out, struct traced *traced, uint64_t address)
{
	int64_t wide[2];
	int32_t narrow[2];
	bool is_narrow = traced->abi == KMVIEW_ABI_IA32;
	size_t size = is_narrow ? sizeof(narrow) : sizeof(wide);

	if (!address || traced->engine->read(traced, address, is_narrow ? (void *)narrow : wide,
					     size) != (ssize_t)size) {
		print_pointer(out, address);
		return;
	}
	fprintf(out, "{tv_sec=%lld, tv_nsec=%lld}", is_narrow ? narrow[0] : (long long)wide[0],
		is_narrow ? narrow[1] : (long long)wide[1]);
}

static void print_sigset(FILE *out, struct traced *traced, uint64_t address)
{
	const char *separator = "";
	uint64_t set;

	if (!address || traced->engine->read(traced, address, &set, sizeof(set)) != sizeof(set)) {
		print_pointer(out, address);
		return;
	}
	/* Nearly full sets are shown by what they lack, as "~[...]". */
	if (__builtin_popcountll(set) > 32) {
		fputc('~', out);
		set = ~set;
	}
	fputc('[', out);
	for (int i = 0; i < 64; i++) {
		if (!(set >> i & 1))
			continue;
		fputs(separator, out);
		separator = " ";
		if (sigabbrev_np(i + 1))
			fputs(sigabbrev_np(i + 1), out);
		else
			fprintf(out, "%d", i + 1);
	}
	fputc(']', out);
}

static uint64_t out_length(const struct traced *traced, unsigned int arg)
{
	uint64_t room = traced->args[arg + 1];

	if (!traced->exit || traced->result <= 0)
		return 0;
	return (uint64_t)traced->result < room ? (uint64_t)traced->result : room;
}

void decode_arg(FILE *out, struct traced *traced, unsigned int arg)
{
	uint64_t value = traced->args[arg];
	enum kmview_type type = traced->call ? traced->call->args[arg] : KMVIEW_T_HEX;
	bool narrow = word_size(traced) == 4;
	const char *before = trace_seen_arg(traced, arg);

	if (before) {
		fputs(before, out);
		return;
	}
	switch (type) {
	case KMVIEW_T_INT:
	case KMVIEW_T_PID:
	case KMVIEW_T_ID:
	case KMVIEW_T_FD:
		fprintf(out, "%d", (int)value);
		break;
	case KMVIEW_T_DIRFD:
		if ((int)value == AT_FDCWD)
			fputs("AT_FDCWD", out);
		else
			fprintf(out, "%d", (int)value);
		break;
	case KMVIEW_T_UINT:
		fprintf(out, "%u", (unsigned int)value);
		break;
	case KMVIEW_T_LONG:
	case KMVIEW_T_OFF:
		fprintf(out, "%lld", narrow ? (int32_t)value : (long long)value);
		break;
	case KMVIEW_T_SIZE:
		fprintf(out, "%llu", (unsigned long long)value);
		break;
	case KMVIEW_T_HEX:
		fprintf(out, value ? "%#llx" : "%llu", (unsigned long long)value);
		break;
	case KMVIEW_T_PTR:
		print_pointer(out, value);
		break;
	case KMVIEW_T_PATH:
	case KMVIEW_T_STR:
		print_string_arg(out, traced, arg);
		break;
	case KMVIEW_T_IN:
		print_bytes(out, traced, value, traced->args[arg + 1]);
		break;
	case KMVIEW_T_OUT:
		if (out_length(traced, arg) || (traced->exit && traced->result == 0))
			print_bytes(out, traced, value, out_length(traced, arg));
		else
			print_pointer(out, value);
		break;
	case KMVIEW_T_SOCKADDR:
		print_sockaddr(out, traced, arg);
		break;
	case KMVIEW_T_ARGV:
		print_argv(out, traced, value);
		break;
	case KMVIEW_T_FDPAIR:
		print_fd_pair(out, traced, value);
		break;
	case KMVIEW_T_UTSNAME:
		print_uname(out, traced, value);
		break;
	case KMVIEW_T_TIMESPEC:
		print_timespec(out, traced, value);
		break;
	case KMVIEW_T_SIGSET:
		print_sigset(out, traced, value);
		break;
	case KMVIEW_T_MODE:
		fprintf(out, "%#o", (unsigned int)value);
		break;
	default:
		name_print(out, type, value);
		break;
	}
}

/* open(2) and openat(2) have a mode only when they make a file. */
static unsigned int args_shown(const struct traced *traced)
{
	const struct kmview_syscall *call = traced->call;

	if (!call)
		return 6;
	for (unsigned int i = 0; i + 1 < call->argc; i++)
		if (call->args[i] == KMVIEW_T_OPEN && call->args[i + 1] == KMVIEW_T_MODE &&
		    !(traced->args[i] & (O_CREAT | (O_TMPFILE & ~O_DIRECTORY))))
			return i + 1;
	return call->argc;
}

void decode_args(FILE *out, struct traced *traced)
{
	unsigned int count = args_shown(traced);

	for (unsigned int i = 0; i < count; i++) {
		fputs(i ? ", " : "", out);
		decode_arg(out, traced, i);
	}
}

void decode_result(FILE *out, const struct traced *traced)
{
	int64_t result = traced->result;

	if (result < 0 && result >= -4095) {
		const char *name = strerrorname_np(-result);

		if (name)
			fprintf(out, "-1 %s (%s)", name, strerrordesc_np(-result));
		else if (result == -512 || result == -513 || result == -514 || result == -516)
			fputs("? (to be restarted after a signal)", out);
		else
			fprintf(out, "-1 %lld", (long long)-result);
	} else if (traced->call && traced->call->result == KMVIEW_T_HEX) {
		fprintf(out, "%#llx", (unsigned long long)result);
	} else {
		fprintf(out, "%lld", (long long)result);
	}
}
