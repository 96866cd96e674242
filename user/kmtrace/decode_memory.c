// SPDX-License-Identifier: GPL-2.0-or-later
/*
 * Strings, buffers and vectors of them, from the memory of the traced task.
 *
 * A file's name is shown whole. Of other strings and of buffers the first bytes are shown, as many
 * as decode_style() says; "..." follows what was cut.
 */
#include <ctype.h>
#include <string.h>
#include <sys/uio.h>

#include "decode.h"

#define ARGV_SHOWN  16
#define IOV_SHOWN   16
#define STRING_SIZE 4097

void print_pointer(FILE *out, uint64_t address)
{
	if (address)
		fprintf(out, "%#llx", (unsigned long long)address);
	else
		fputs("NULL", out);
}

bool read_whole(struct traced *traced, uint64_t address, void *buffer, size_t size)
{
	return address && traced->engine->read(traced, address, buffer, size) == (ssize_t)size;
}

void print_string_arg(FILE *out, struct traced *traced, unsigned int arg, bool is_path)
{
	char text[STRING_SIZE];
	ssize_t length = -1;
	bool cut;

	if (traced->args[arg])
		length = traced->engine->string(traced, arg, text, sizeof(text));
	if (length < 0) {
		print_pointer(out, traced->args[arg]);
		return;
	}
	cut = !is_path && (size_t)length > style.string_limit;
	string_print(out, text, cut ? style.string_limit : (size_t)length, cut);
}

void print_bytes(FILE *out, struct traced *traced, uint64_t address, uint64_t length)
{
	char bytes[STRING_LIMIT_MAX];
	size_t shown = length < style.string_limit ? length : style.string_limit;
	ssize_t got = 0;

	if (address && shown)
		got = traced->engine->read(traced, address, bytes, shown);
	if (!address || got < 0)
		print_pointer(out, address);
	else
		string_print(out, bytes, got, length > (size_t)got);
}

/* A string at an address that is no argument. */
static void print_string_at(FILE *out, struct traced *traced, uint64_t address)
{
	char bytes[STRING_LIMIT_MAX];
	size_t limit = style.string_limit < 64 ? 64 : style.string_limit, length;
	ssize_t got = traced->engine->read(traced, address, bytes, limit);

	if (got <= 0) {
		print_pointer(out, address);
		return;
	}
	length = strnlen(bytes, got);
	string_print(out, bytes, length, length == limit);
}

void print_argv(FILE *out, struct traced *traced, uint64_t address)
{
	unsigned int word = word_size(traced), i;

	if (!address) {
		fputs("NULL", out);
		return;
	}
	fputc('[', out);
	for (i = 0; i < ARGV_SHOWN; i++) {
		uint64_t pointer = 0;

		if (!read_whole(traced, address + i * word, &pointer, word) || !pointer)
			break;
		fputs(i ? ", " : "", out);
		print_string_at(out, traced, pointer);
	}
	fputs(i == ARGV_SHOWN ? ", ...]" : "]", out);
}

void print_iovecs(FILE *out, struct traced *traced, uint64_t address, uint64_t count,
		  uint64_t bytes)
{
	struct iovec vector[IOV_SHOWN];
	unsigned int shown = count < IOV_SHOWN ? count : IOV_SHOWN;

	if (!shown || word_size(traced) != 8 ||
	    !read_whole(traced, address, vector, shown * sizeof(vector[0]))) {
		print_pointer(out, address);
		return;
	}
	for (unsigned int i = 0; i < shown; i++) {
		uint64_t used = vector[i].iov_len < bytes ? vector[i].iov_len : bytes;

		fputs(i ? ", {iov_base=" : "[{iov_base=", out);
		if (used || !bytes)
			print_bytes(out, traced, (uintptr_t)vector[i].iov_base, used);
		else
			fputs("\"\"", out);
		fprintf(out, ", iov_len=%zu}", vector[i].iov_len);
		bytes -= used;
	}
	fputs(count > shown ? ", ...]" : "]", out);
}
