// SPDX-License-Identifier: GPL-2.0-or-later
/*
 * Arguments and results as text. What an argument is says the library's table; what it points to is
 * read from the memory of the task, which is blocked meanwhile. What the call writes is shown once
 * it is over.
 */
#include <fcntl.h>
#include <limits.h>
#include <string.h>
#include <unistd.h>

#include "decode.h"

struct decode_style style = {.string_limit = 32};

void decode_style(size_t string_limit, bool fd_paths)
{
	style.string_limit = string_limit < STRING_LIMIT_MAX ? string_limit : STRING_LIMIT_MAX;
	style.fd_paths = fd_paths;
}

/* A descriptor, with what it is open on if that was asked for. */
static void print_fd(FILE *out, const struct traced *traced, int fd)
{
	char link[64], path[PATH_MAX];
	ssize_t length;

	print_number(out, fd);
	if (!style.fd_paths || fd < 0)
		return;
	snprintf(link, sizeof(link), "/proc/%d/fd/%d", traced->tid, fd);
	length = readlink(link, path, sizeof(path));
	if (length > 0)
		fprintf(out, "<%.*s>", (int)length, path);
}

static void print_fd_pair(FILE *out, struct traced *traced, uint64_t address)
{
	int fds[2];

	if (!succeeded(traced) || !read_whole(traced, address, fds, sizeof(fds))) {
		print_pointer(out, address);
		return;
	}
	fputc('[', out);
	print_fd(out, traced, fds[0]);
	fputs(", ", out);
	print_fd(out, traced, fds[1]);
	fputc(']', out);
}

static void print_uname(FILE *out, struct traced *traced, uint64_t address)
{
	char fields[3][65];

	if (!traced->exit || traced->result != 0 ||
	    !read_whole(traced, address, fields, sizeof(fields))) {
		print_pointer(out, address);
		return;
	}
	for (int i = 0; i < 3; i++) {
		fprintf(out, "%s%s=", i ? ", " : "{", uts_field_names[i]);
		string_print(out, fields[i], strnlen(fields[i], 65), false);
	}
	fputs(", ...}", out);
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
		print_number(out, (int)value);
		break;
	case KMVIEW_T_FD:
		print_fd(out, traced, value);
		break;
	case KMVIEW_T_DIRFD:
		if ((int)value == AT_FDCWD)
			fputs("AT_FDCWD", out);
		else
			print_fd(out, traced, value);
		break;
	case KMVIEW_T_UINT:
		fprintf(out, "%u", (unsigned int)value);
		break;
	case KMVIEW_T_LONG:
	case KMVIEW_T_OFF:
		print_number(out, narrow ? (int32_t)value : (long long)value);
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
		print_string_arg(out, traced, arg, type == KMVIEW_T_PATH);
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
		print_sockaddr(out, traced, value, traced->args[arg + 1]);
		break;
	case KMVIEW_T_SOCKADDR_OUT:
		print_sockaddr_out(out, traced, arg);
		break;
	case KMVIEW_T_SOCKOPT:
		print_socket_option(out, traced, arg);
		break;
	case KMVIEW_T_SOCKVAL:
	case KMVIEW_T_SOCKVAL_OUT:
		print_socket_value(out, traced, arg);
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
	case KMVIEW_T_MODE:
		fprintf(out, "%#o", (unsigned int)value);
		break;
	default:
		if (is_struct(type))
			print_struct(out, traced, arg);
		else
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

void decode_args(FILE *out, struct traced *traced, unsigned int from)
{
	unsigned int count = args_shown(traced);

	for (unsigned int i = from; i < count; i++) {
		fputs(i > from ? ", " : "", out);
		decode_arg(out, traced, i);
	}
}

unsigned int decode_args_known(FILE *out, struct traced *traced)
{
	unsigned int count = args_shown(traced), i;

	for (i = 0; i < count && !(traced->call && is_written(traced->call->args[i])); i++) {
		fputs(i ? ", " : "", out);
		decode_arg(out, traced, i);
	}
	if (i && i < count)
		fputs(", ", out);
	return i;
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
	} else if (traced->call && traced->call->result == KMVIEW_T_FD) {
		print_fd(out, traced, result);
	} else {
		print_number(out, result);
	}
}
