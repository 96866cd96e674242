// SPDX-License-Identifier: GPL-2.0-or-later
/*
 * What is printed: a line for each call, as text or JSON, or a table of counts at the end.
 *
 * What is printed is written out whenever the engine has nothing more to show at once, so that the
 * end of a file is what happened last. With -ff each thread has a file of its own; of these up to
 * FILES_OPEN are open at a time.
 */
#include <errno.h>
#include <jansson.h>
#include <signal.h>
#include <stdarg.h>
#include <stdio_ext.h>
#include <stdlib.h>
#include <string.h>
#include <sys/wait.h>
#include <time.h>

#include "kmtrace.h"

#define FILES_OPEN 128

static FILE *out;
static bool is_command; /* out is a pipe to a program */
static bool write_failed;

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
	const char *name = options->output;

	if (options->separate)
		return 0;
	is_command = name && *name == '|';
	out = is_command ? popen(name + 1, "we") : name ? fopen(name, "we") : stderr;
	if (!out) {
		complain("cannot write %s: %s", name, strerror(errno));
		return -1;
	}
	setvbuf(out, NULL, _IOFBF, 1 << 16);
	__fsetlocking(out, FSETLOCKING_BYCALLER); /* there is one thread */
	return 0;
}

/* ---- a file for each thread */

static struct thread_file {
	pid_t tid;
	FILE *file;
} thread_files[FILES_OPEN];

static bool close_file(FILE *file)
{
	bool failed = ferror(file);

	return (fclose(file) == 0) & !failed;
}

void output_flush(void)
{
	if (out)
		fflush(out);
	for (unsigned int i = 0; i < FILES_OPEN; i++)
		if (thread_files[i].file)
			fflush(thread_files[i].file);
}

/* Point out at the thread's file. A file that was closed to make room is continued. */
static void choose_file(const struct options *options, pid_t tid)
{
	struct thread_file *place = &thread_files[tid % FILES_OPEN];
	static unsigned char *begun; /* a bit for each thread whose file exists */
	static size_t begun_size;
	char name[4096];
	size_t at = tid / 8;

	if (!options->separate)
		return;
	if (place->file && place->tid == tid) {
		out = place->file;
		return;
	}
	if (place->file && !close_file(place->file))
		write_failed = true;
	if (at >= begun_size) {
		unsigned char *larger = realloc(begun, at + 4096);

		if (larger) {
			memset(larger + begun_size, 0, at + 4096 - begun_size);
			begun = larger;
			begun_size = at + 4096;
		}
	}
	snprintf(name, sizeof(name), "%s.%d", options->output, tid);
	place->tid = tid;
	place->file = fopen(name, at < begun_size && begun[at] >> tid % 8 & 1 ? "ae" : "we");
	if (!place->file) {
		if (!write_failed)
			complain("cannot write %s: %s", name, strerror(errno));
		write_failed = true;
		place->file = fopen("/dev/null", "we");
	} else if (at < begun_size) {
		begun[at] |= 1 << tid % 8;
	}
	if (place->file) {
		setvbuf(place->file, NULL, _IOFBF, 1 << 12);
		__fsetlocking(place->file, FSETLOCKING_BYCALLER);
	}
	out = place->file ? place->file : stderr;
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

/* ---- as text */

static uint64_t realtime_ns(void)
{
	struct timespec now;

	clock_gettime(CLOCK_REALTIME, &now);
	return now.tv_sec * 1000000000ULL + now.tv_nsec;
}

static void print_stamp(const struct options *options, uint64_t ns)
{
	time_t seconds = ns / 1000000000;
	unsigned int microseconds = ns % 1000000000 / 1000;
	struct tm local;
	char text[16];

	if (options->stamp == STAMP_EPOCH) {
		fprintf(out, "%lld.%06u ", (long long)seconds, microseconds);
		return;
	}
	localtime_r(&seconds, &local);
	strftime(text, sizeof(text), "%H:%M:%S", &local);
	if (options->stamp == STAMP_MICROSECONDS)
		fprintf(out, "%s.%06u ", text, microseconds);
	else
		fprintf(out, "%s ", text);
}

/* The thread, and when the line's subject happened. */
static void begin_line(const struct options *options, pid_t tid, uint64_t ns)
{
	static uint64_t before;

	choose_file(options, tid);
	if (!options->separate)
		print_number(out, tid), fputc(' ', out);
	if (!options->stamp && !options->relative)
		return;
	if (!ns)
		ns = realtime_ns();
	if (options->stamp)
		print_stamp(options, ns);
	if (options->relative)
		fprintf(out, "%10.6f ", before && ns > before ? (ns - before) / 1e9 : 0.0);
	before = ns;
}

static void print_name(const struct traced *traced)
{
	char room[64];
	const char *name = traced->call ? traced->call->name : room;

	if (!traced->call)
		call_name(traced, room, sizeof(room));
	if (traced->abi != KMVIEW_ABI_X64)
		fprintf(out, "[%s] ", abi_name(traced->abi));
	fputs(name, out);
}

static void end_line(const struct options *options, const struct traced *traced, bool known,
		     bool ours)
{
	fputs(") = ", out);
	if (known)
		decode_result(out, traced);
	else
		fputc('?', out);
	if (ours)
		fputs(" (by rule)", out);
	if (options->spent && known && traced->spent_ns)
		fprintf(out, " <%.6f>", traced->spent_ns / 1e9);
	fputc('\n', out);
}

static void text_call(const struct options *options, struct traced *traced, bool known, bool ours)
{
	begin_line(options, traced->tid, traced->began_ns);
	print_name(traced);
	fputc('(', out);
	decode_args(out, traced, 0);
	end_line(options, traced, known, ours);
}

/* ---- as JSON */

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

static json_t *json_event(const struct options *options, struct traced *traced)
{
	json_t *object = json_object();
	uint64_t ns = traced->began_ns ? traced->began_ns : realtime_ns();
	char name[64];

	choose_file(options, traced->tid);
	call_name(traced, name, sizeof(name));
	json_object_set_new(object, "pid", json_integer(traced->pid));
	json_object_set_new(object, "tid", json_integer(traced->tid));
	if (options->stamp || options->relative)
		json_object_set_new(object, "time", json_real(ns / 1e9));
	json_object_set_new(object, "abi", json_string(abi_name(traced->abi)));
	json_object_set_new(object, "call", json_string(name));
	return object;
}

static void json_line(json_t *object)
{
	json_dumpf(object, out, JSON_COMPACT);
	fputc('\n', out);
	json_decref(object);
}

static void json_call(const struct options *options, struct traced *traced, bool known, bool ours,
		      bool resumed)
{
	json_t *object = json_event(options, traced);

	if (known || !resumed)
		json_object_set_new(object, "args", json_args(traced));
	if (known) {
		json_object_set_new(object, "result", json_integer(traced->result));
		if (traced->result < 0 && traced->result >= -4095 &&
		    strerrorname_np(-traced->result))
			json_object_set_new(object, "error",
					    json_string(strerrorname_np(-traced->result)));
	}
	if (options->spent && known && traced->spent_ns)
		json_object_set_new(object, "seconds", json_real(traced->spent_ns / 1e9));
	if (ours)
		json_object_set_new(object, "rule", json_true());
	if (resumed)
		json_object_set_new(object, "resumed", json_true());
	json_line(object);
}

/* ---- one call */

void output_call(const struct options *options, struct traced *traced, bool known, bool ours)
{
	if (options->json)
		json_call(options, traced, known, ours, false);
	else
		text_call(options, traced, known, ours);
}

unsigned int output_unfinished(const struct options *options, struct traced *traced)
{
	unsigned int from = 0;

	if (options->count)
		return 0;
	if (options->json) {
		json_t *object = json_event(options, traced);

		json_object_set_new(object, "args", json_args(traced));
		json_object_set_new(object, "unfinished", json_true());
		json_line(object);
		return 0;
	}
	begin_line(options, traced->tid, traced->began_ns);
	print_name(traced);
	fputc('(', out);
	from = decode_args_known(out, traced);
	fputs(" <unfinished ...>\n", out);
	return from;
}

void output_resumed(const struct options *options, struct traced *traced, unsigned int from,
		    bool known, bool ours)
{
	if (options->count)
		return;
	if (options->json) {
		json_call(options, traced, known, ours, true);
		return;
	}
	begin_line(options, traced->tid, 0);
	fputs("<... ", out);
	print_name(traced);
	fputs(" resumed>", out);
	if (known)
		decode_args(out, traced, from);
	end_line(options, traced, known, ours);
}

/* ---- what is no call */

static const char *signal_name(int number, char room[16])
{
	const char *name = sigabbrev_np(number);

	if (name)
		snprintf(room, 16, "SIG%s", name);
	else if (number >= SIGRTMIN && number <= SIGRTMAX)
		snprintf(room, 16, "SIGRT_%d", number - SIGRTMIN);
	else
		snprintf(room, 16, "%d", number);
	return room;
}

/* Codes that mean the same for all signals, and those of SIGCHLD. */
static const char *code_name(int number, int code)
{
	static const char *const child[] = {"CLD_EXITED",  "CLD_KILLED",  "CLD_DUMPED",
					    "CLD_TRAPPED", "CLD_STOPPED", "CLD_CONTINUED"};
	static const struct {
		int code;
		const char *name;
	} codes[] = {{SI_USER, "SI_USER"},   {SI_KERNEL, "SI_KERNEL"}, {SI_QUEUE, "SI_QUEUE"},
		     {SI_TIMER, "SI_TIMER"}, {SI_MESGQ, "SI_MESGQ"},   {SI_ASYNCIO, "SI_ASYNCIO"},
		     {SI_SIGIO, "SI_SIGIO"}, {SI_TKILL, "SI_TKILL"}};

	if (number == SIGCHLD && code >= CLD_EXITED && code <= CLD_CONTINUED)
		return child[code - CLD_EXITED];
	for (size_t i = 0; i < sizeof(codes) / sizeof(codes[0]); i++)
		if (codes[i].code == code)
			return codes[i].name;
	return NULL;
}

static json_t *json_thread(const struct options *options, pid_t pid, pid_t tid)
{
	json_t *object = json_object();

	choose_file(options, tid);
	json_object_set_new(object, "pid", json_integer(pid));
	json_object_set_new(object, "tid", json_integer(tid));
	if (options->stamp || options->relative)
		json_object_set_new(object, "time", json_real(realtime_ns() / 1e9));
	return object;
}

void output_signal(const struct options *options, pid_t pid, pid_t tid, int number, int code)
{
	const char *cause = code_name(number, code);
	char room[16], numeral[16];

	if (!cause) {
		snprintf(numeral, sizeof(numeral), "%d", code);
		cause = numeral;
	}
	if (options->json) {
		json_t *object = json_thread(options, pid, tid);

		json_object_set_new(object, "signal", json_string(signal_name(number, room)));
		json_object_set_new(object, "code", json_string(cause));
		json_line(object);
		return;
	}
	begin_line(options, tid, 0);
	signal_name(number, room);
	fprintf(out, "--- %s {si_signo=%s, si_code=%s} ---\n", room, room, cause);
}

void output_end(const struct options *options, pid_t pid, pid_t tid, int status)
{
	bool killed = WIFSIGNALED(status);
	char room[16];

	if (options->json) {
		json_t *object = json_thread(options, pid, tid);

		if (killed)
			json_object_set_new(object, "killed",
					    json_string(signal_name(WTERMSIG(status), room)));
		else
			json_object_set_new(object, "exited", json_integer(WEXITSTATUS(status)));
		json_line(object);
		return;
	}
	begin_line(options, tid, 0);
	if (killed)
		fprintf(out, "+++ killed by %s%s +++\n", signal_name(WTERMSIG(status), room),
			WCOREDUMP(status) ? " (core dumped)" : "");
	else
		fprintf(out, "+++ exited with %d +++\n", WEXITSTATUS(status));
}

void output_left(const struct options *options, pid_t pid, pid_t tid)
{
	if (options->json) {
		json_t *object = json_thread(options, pid, tid);

		json_object_set_new(object, "left", json_true());
		json_line(object);
		return;
	}
	begin_line(options, tid, 0);
	fputs("+++ no longer traced: the program gains privileges +++\n", out);
}

/* Write out what is left and close; false: some of it could not be written. */
static bool close_all(const struct options *options)
{
	bool written = !write_failed;

	if (options->separate) {
		for (unsigned int i = 0; i < FILES_OPEN; i++)
			if (thread_files[i].file)
				written &= close_file(thread_files[i].file);
		return written;
	}
	written &= !ferror(out);
	if (is_command)
		return (pclose(out) == 0) & written;
	return ((out == stderr ? fflush(out) : fclose(out)) == 0) & written;
}

int output_close(const struct options *options, const struct engine *engine)
{
	if (options->summary || options->bpf_count)
		counts_print(out, options->json, engine->results, options->histograms);
	if (!close_all(options)) {
		complain("could not write all of the trace to %s: %s",
			 options->output ? options->output : "standard error",
			 errno ? strerror(errno) : "the program that reads it failed");
		return -1;
	}
	return 0;
}
