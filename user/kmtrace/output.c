// SPDX-License-Identifier: GPL-2.0-or-later
/*
 * What is printed: a line for each call, as text or JSON, or a table of counts at the end.
 */
#include <errno.h>
#include <jansson.h>
#include <stdarg.h>
#include <stdlib.h>
#include <string.h>

#include "kmtrace.h"

static FILE *out;

static struct count {
	uint64_t calls, errors, ns;
} counts[CALLS_MAX];

void complain(const char *format, ...)
{
	va_list args;

	va_start(args, format);
	fprintf(stderr, PROGRAM ": ");
	vfprintf(stderr, format, args);
	fputc('\n', stderr);
	va_end(args);
}

int output_open(const struct options *options)
{
	out = options->output ? fopen(options->output, "we") : stderr;
	if (!out) {
		complain("cannot write %s: %s", options->output, strerror(errno));
		return -1;
	}
	setvbuf(out, NULL, options->output ? _IOFBF : _IOLBF, 1 << 16);
	return 0;
}

void output_say(const struct options *options, const char *format, ...)
{
	va_list args;

	if (options->quiet)
		return;
	va_start(args, format);
	fprintf(stderr, PROGRAM ": ");
	vfprintf(stderr, format, args);
	fputc('\n', stderr);
	va_end(args);
}

static const char *abi_name(unsigned int abi)
{
	static const char *const names[KMVIEW_ABIS] = {"x86_64", "i386", "x32"};

	return abi < KMVIEW_ABIS ? names[abi] : "?";
}

static void call_name(const struct traced *traced, char *name, size_t size)
{
	if (traced->call)
		snprintf(name, size, "%s", traced->call->name);
	else
		snprintf(name, size, "syscall_%u", traced->nr);
}

static void text_call(struct traced *traced, bool known, bool ours)
{
	char name[64];

	call_name(traced, name, sizeof(name));
	fprintf(out, "%d ", traced->tid);
	if (traced->abi != KMVIEW_ABI_X64)
		fprintf(out, "[%s] ", abi_name(traced->abi));
	fprintf(out, "%s(", name);
	decode_args(out, traced);
	fputs(") = ", out);
	if (known)
		decode_result(out, traced);
	else
		fputc('?', out);
	fputs(ours ? " (by rule)\n" : "\n", out);
}

static json_t *json_args(struct traced *traced)
{
	json_t *list = json_array();
	unsigned int count = traced->call ? traced->call->argc : 6;

	for (unsigned int i = 0; i < count; i++) {
		size_t size;
		char *text;
		FILE *stream = open_memstream(&text, &size);

		if (!stream)
			break;
		decode_arg(stream, traced, i);
		fclose(stream);
		json_array_append_new(list, json_stringn(text, size));
		free(text);
	}
	return list;
}

static void json_call(struct traced *traced, bool known, bool ours)
{
	json_t *object = json_object();
	char name[64];

	call_name(traced, name, sizeof(name));
	json_object_set_new(object, "pid", json_integer(traced->pid));
	json_object_set_new(object, "tid", json_integer(traced->tid));
	json_object_set_new(object, "abi", json_string(abi_name(traced->abi)));
	json_object_set_new(object, "call", json_string(name));
	json_object_set_new(object, "args", json_args(traced));
	if (known) {
		json_object_set_new(object, "result", json_integer(traced->result));
		if (traced->result < 0 && traced->result >= -4095 &&
		    strerrorname_np(-traced->result))
			json_object_set_new(object, "error",
					    json_string(strerrorname_np(-traced->result)));
	}
	if (ours)
		json_object_set_new(object, "rule", json_true());
	json_dumpf(object, out, JSON_COMPACT);
	fputc('\n', out);
	json_decref(object);
}

void output_call(const struct options *options, struct traced *traced, bool known, bool ours)
{
	if (options->json)
		json_call(traced, known, ours);
	else
		text_call(traced, known, ours);
}

void output_count(const struct traced *traced, bool failed, uint64_t ns)
{
	struct count *count = &counts[traced->call ? call_index(traced->call) : CALLS_MAX - 1];

	count->calls++;
	count->errors += failed;
	count->ns += ns;
}

void output_count_add(const struct kmview_syscall *call, uint64_t calls, uint64_t ns)
{
	struct count *count = &counts[call ? call_index(call) : CALLS_MAX - 1];

	count->calls += calls;
	count->ns += ns;
}

static int by_time_then_calls(const void *a, const void *b)
{
	const struct count *x = &counts[*(const unsigned int *)a],
			   *y = &counts[*(const unsigned int *)b];

	if (x->ns != y->ns)
		return x->ns < y->ns ? 1 : -1;
	return x->calls < y->calls ? 1 : x->calls > y->calls ? -1 : 0;
}

static const char *count_name(unsigned int index)
{
	return index == CALLS_MAX - 1 ? "unknown" : (kmview_syscall_next(NULL) + index)->name;
}

static void json_counts(const unsigned int *order, unsigned int n, bool results)
{
	json_t *list = json_array();

	for (unsigned int i = 0; i < n; i++) {
		const struct count *count = &counts[order[i]];
		json_t *row = json_pack("{s:s, s:I}", "call", count_name(order[i]), "calls",
					(json_int_t)count->calls);

		if (results) {
			json_object_set_new(row, "errors", json_integer(count->errors));
			json_object_set_new(row, "seconds", json_real(count->ns / 1e9));
		}
		json_array_append_new(list, row);
	}
	json_dumpf(list, out, JSON_INDENT(1));
	fputc('\n', out);
	json_decref(list);
}

static void text_counts(const unsigned int *order, unsigned int n, bool results)
{
	uint64_t calls = 0, errors = 0, ns = 0;

	fprintf(out, results ? "    seconds  us/call     calls    errors  call\n"
			     : "     calls  call\n");
	for (unsigned int i = 0; i < n; i++) {
		const struct count *count = &counts[order[i]];

		calls += count->calls;
		errors += count->errors;
		ns += count->ns;
		if (results)
			fprintf(out, "%11.6f %8.1f %9llu %9llu  %s\n", count->ns / 1e9,
				count->ns / 1e3 / count->calls, (unsigned long long)count->calls,
				(unsigned long long)count->errors, count_name(order[i]));
		else
			fprintf(out, "%10llu  %s\n", (unsigned long long)count->calls,
				count_name(order[i]));
	}
	if (results)
		fprintf(out, "%11.6f %8s %9llu %9llu  total\n", ns / 1e9, "",
			(unsigned long long)calls, (unsigned long long)errors);
	else
		fprintf(out, "%10llu  total\n", (unsigned long long)calls);
}

int output_close(const struct options *options, const struct engine *engine)
{
	unsigned int order[CALLS_MAX] = {0}, n = 0;
	bool failed;

	for (unsigned int i = 0; i < CALLS_MAX; i++)
		if (counts[i].calls)
			order[n++] = i;
	qsort(order, n, sizeof(order[0]), by_time_then_calls);
	if ((options->count || options->bpf_count) && options->json)
		json_counts(order, n, engine->results);
	else if (options->count || options->bpf_count)
		text_counts(order, n, engine->results);
	failed = ferror(out);
	if ((out == stderr ? fflush(out) : fclose(out)) || failed) {
		complain("could not write all of the trace to %s: %s",
			 options->output ? options->output : "standard error", strerror(errno));
		return -1;
	}
	return 0;
}
