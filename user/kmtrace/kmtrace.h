/* SPDX-License-Identifier: GPL-2.0-or-later */
/*
 * kmtrace: what its files share.
 *
 * An engine (engine_kmview.c, engine_seccomp.c) shows calls to trace_call() in trace.c, which asks
 * the rules (rules.c), prints (output.c, with decode.c and names.c) and answers through the engine.
 */
#ifndef KMTRACE_H
#define KMTRACE_H

#include <linux/seccomp.h>
#include <stdio.h>
#include <time.h>

#include "user/libkmview/libkmview.h"

#define PROGRAM "kmtrace"
#define STATUS_FAILED                                                                              \
	125 /* kmtrace itself could not do its work, as env(1) and timeout(1) say it */

/* ---- a call that an engine shows */

struct engine;

struct traced {
	const struct engine *engine;
	const struct kmview_syscall *call; /* NULL: unknown number */
	unsigned int abi, nr;
	pid_t pid, tid;
	uint64_t id;
	uint64_t args[6];
	bool exit; /* it is over: result is known and can be replaced */
	int64_t result;
	/* the engine's own */
	struct kmview_request request;
	struct seccomp_notif notif;
};

struct engine {
	const char *sentence; /* which one it is, for the user */
	bool results;	      /* it shows what calls give, and takes their time */
	ssize_t (*read)(struct traced *traced, uint64_t address, void *buffer, size_t length);
	ssize_t (*write)(struct traced *traced, uint64_t address, const void *bytes, size_t length);
	ssize_t (*string)(struct traced *traced, unsigned int arg, char *buffer, size_t size);
	int (*proceed)(struct traced *traced, bool tell); /* tell: show it again when it is over */
	int (*answer)(struct traced *traced, int64_t result);
};

extern const struct engine engine_kmview, engine_seccomp;

/* ---- what the command line asks for (options.c) */

#define CALLS_MAX 512

struct call_set {
	unsigned char has[CALLS_MAX]; /* by call_index */
};

unsigned int call_index(const struct kmview_syscall *call); /* of its family */

/* "name,name,%file,%network,%process,%desc,all,none": 0, or -1 and *unknown is the word at fault.
 */
int call_set_add(struct call_set *set, const char *list, char **unknown);

enum rule_kind {
	RULE_RETURN, /* give a value; deny: a negative errno */
	RULE_DELAY,
};

struct rule {
	struct rule *next;
	enum rule_kind kind;
	struct call_set calls;
	char *pattern; /* fnmatch(3) of the absolute path; NULL: every call */
	int64_t value; /* of the result; microseconds of a delay */
};

#define UTS_FIELDS 6

struct options {
	struct call_set trace;
	struct rule *rules;
	const char *uname[UTS_FIELDS]; /* what to say instead; NULL: the truth */
	bool uname_faked;
	bool count, json, quiet;
	bool bpf_uname, bpf_count;
	const char *bpf_policy;
	const char *output;
	const char *engine;
	pid_t pids[16];
	unsigned int pid_count;
	char **command;
};

/* Fills it, or ends the program with a sentence and STATUS_FAILED. */
void options_parse(struct options *options, int argc, char **argv);

/* Parse a rule: "CALL[,CALL][:PATTERN][=VALUE]". 0, or -1 and *why is a sentence to free. */
int rule_add_deny(struct options *options, const char *text, char **why);
int rule_add_return(struct options *options, const char *text, char **why);
int rule_add_delay(struct options *options, const char *text, char **why);
int rule_add_fake(struct options *options, const char *text, char **why);

/* ---- rules (rules.c) */

/* Is there a rule for this call that must see it before it runs? */
bool rules_want(const struct options *options, const struct kmview_syscall *call);

/* A result that is the same whoever calls: NULL if the rules need to look at calls of this kind. */
const struct rule *rules_constant(const struct options *options, const struct kmview_syscall *call);

/* The rules that match this call, each kind the first one; NULL: none. */
void rules_match(const struct options *options, struct traced *traced, const struct rule **result,
		 const struct rule **delay);

/* Put the faked fields over what uname gave. Returns the call's result. */
int64_t uname_fake_over(const struct options *options, struct traced *traced);

/* Answer uname without running it. */
int64_t uname_fake_whole(const struct options *options, struct traced *traced);

/* The names of the fields, as of struct utsname. */
extern const char *const uts_field_names[UTS_FIELDS];

/* ---- printing */

/* Write the arguments, or one, as C would have them; of a call that is over, as they were if kept.
 */
void decode_args(FILE *out, struct traced *traced);
void decode_arg(FILE *out, struct traced *traced, unsigned int arg);
void decode_result(FILE *out, const struct traced *traced);

/* The name of a value or set of flags of a type, or its number. */
void name_print(FILE *out, enum kmview_type type, uint64_t value);

/* Bytes as a C string in quotes, "..." after it if cut. */
void string_print(FILE *out, const char *bytes, size_t length, bool cut);

int output_open(const struct options *options);
void output_say(const struct options *options, const char *format, ...)
	__attribute__((format(printf, 2, 3)));
void output_call(const struct options *options, struct traced *traced, bool known, bool ours);
void output_count(const struct traced *traced, bool failed, uint64_t ns);
void output_count_add(const struct kmview_syscall *call, uint64_t calls, uint64_t ns);
int output_close(const struct options *options, const struct engine *engine);

/* ---- tracing (trace.c) */

/* Serve one call. */
void trace_call(const struct options *options, struct traced *traced);

/* Of a call that is over: the text of an argument before it ran, if kept; NULL. */
const char *trace_seen_arg(const struct traced *traced, unsigned int arg);

/* The task of this id went away. */
void trace_cancelled(uint64_t id);

/* Answer the calls whose delay is over; milliseconds until the next, -1: none is delayed. */
int trace_delayed(const struct options *options);

/* ---- the engines: serve until all is over; the exit status */

int kmview_engine_run(const struct options *options, struct kmview *session);
int seccomp_engine_run(const struct options *options);

/* The status of the command, or 128 + signal, from wait(2). */
int command_status(int wait_status);

/* One sentence on standard error. */
void complain(const char *format, ...) __attribute__((format(printf, 1, 2)));

#endif
