/* SPDX-License-Identifier: GPL-2.0-or-later */
/*
 * kmtrace: what its files share.
 *
 * An engine (engine_kmview.c, engine_seccomp.c) shows calls to trace_call() in trace.c, which asks
 * the rules (rules.c), prints (output.c, with the files of decode.h) and answers through the engine.
 * Calls that have begun and are not over are found by progress.c.
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
	uint64_t began_ns; /* CLOCK_REALTIME; 0: only the end was seen */
	uint64_t at_ns;	   /* when the kernel told it, CLOCK_MONOTONIC; 0: it did not say */
	uint64_t spent_ns; /* from entry to exit, as the tracer sees it; 0: not known */
	uint64_t cookie;   /* of the thread, where the engine has cookies */
	/* the engine's own */
	struct kmview_request request;
	struct seccomp_notif notif;
};

struct engine {
	const char *sentence; /* which one it is; %s: why it is not the other */
	bool results;	      /* it shows what calls give, and takes their time */
	bool cookies;	      /* a thread has a number of ours, which its children inherit */
	ssize_t (*read)(struct traced *traced, uint64_t address, void *buffer, size_t length);
	ssize_t (*write)(struct traced *traced, uint64_t address, const void *bytes, size_t length);
	ssize_t (*string)(struct traced *traced, unsigned int arg, char *buffer, size_t size);
	int (*proceed)(struct traced *traced, bool tell); /* tell: show it again when it is over */
	int (*answer)(struct traced *traced, int64_t result);
	int (*set_cookie)(struct traced *traced, uint64_t cookie);
};

extern const struct engine engine_kmview, engine_seccomp;

/* ---- what the command line asks for (options.c) */

#define CALLS_MAX 512

struct call_set {
	unsigned char has[CALLS_MAX]; /* by call_index */
};

unsigned int call_index(const struct kmview_syscall *call); /* of its family */

/*
 * Add "name,name,%class,/regex,?name,all,none", or all but these with "!" in front: 0, or -1 and
 * *unknown, to be freed, is the word at fault. A name after "?" may be unknown.
 */
int call_set_add(struct call_set *set, const char *list, char **unknown);

struct rule {
	struct rule *next;
	struct call_set calls;
	char *pattern; /* fnmatch(3) of the absolute path; NULL: every call */
	/* what is done */
	bool returns; /* the call is not made, and gives a value; deny: a negative errno */
	int64_t value;
	int64_t delay_us, delay_exit_us; /* microseconds; 0: none */
	int signal;			 /* 0: none */
	/* to which calls of a thread, counted from 1 on; first 0: all */
	struct {
		unsigned long first, last, step;
	} when;
};

/* The rules that one call meets: of each kind the first one; NULL: none. */
struct met {
	const struct rule *returns, *delay, *delay_exit, *signal;
};

#define UTS_FIELDS 6

enum stamp { STAMP_NONE, STAMP_SECONDS, STAMP_MICROSECONDS, STAMP_EPOCH };

#define TRACE_PATHS_MAX 16

struct guard;

struct options {
	struct call_set trace;
	const char *paths[TRACE_PATHS_MAX]; /* only calls on these; absolute */
	unsigned int path_count;
	bool successful, failed; /* only calls that end so */
	enum stamp stamp;
	bool relative; /* the time since the line before */
	bool spent;    /* the time that a call took */
	bool fd_paths; /* what descriptors are open on */
	bool followed; /* -f was given once */
	bool separate; /* a file for each thread */
	size_t string_limit;
	unsigned char signals[65]; /* those that are shown, by number */
	struct rule *rules;
	const char *uname[UTS_FIELDS]; /* what to say instead; NULL: the truth */
	bool uname_faked;
	bool count;	 /* no line is printed */
	bool summary;	 /* a table of counts at the end */
	bool histograms; /* and one of the times of each call */
	bool json, quiet;
	bool watch; /* no rule changes anything, and the kernel can let us just watch */
	bool bpf_uname, bpf_count;
	const char *bpf_policy;
	struct guard *guard; /* the rules of "guard"; NULL: none */
	const char *output;
	const char *engine;
	pid_t pids[64];
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

/* An empty rule at the end of the list; NULL: no memory. */
struct rule *rule_new(struct options *options);

/* A number, or the name of an error as a negative one. */
bool rule_value(const char *text, int64_t *value);

/* The number of "SIGINT", "int" or "2"; 0: none. */
int signal_number(const char *word);

/* ---- inject.c */

/* What is behind "-e inject=", or "-e fault=". */
int rule_add_inject(struct options *options, const char *text, bool fault, char **why);

/* The thread makes a call that the rule is about: is it one of those that it is for? */
bool inject_now(const struct rule *rule, pid_t tid);

/* The thread is gone. */
void inject_forget(pid_t tid);

/* ---- rules (rules.c) */

/* Is there a rule for this call that must see it before it runs? */
bool rules_want(const struct options *options, const struct kmview_syscall *call);

/* A result that is the same whoever calls: NULL if the rules need to look at calls of this kind. */
const struct rule *rules_constant(const struct options *options, const struct kmview_syscall *call);

/* The rules that match this call; once for each call, as rules may count. */
void rules_match(const struct options *options, struct traced *traced, struct met *met);

/* Does one of them do something at the end of calls? */
bool rules_at_exit(const struct options *options);

/* Put the faked fields over what uname gave. Returns the call's result. */
int64_t uname_fake_over(const struct options *options, struct traced *traced);

/* Answer uname without running it. */
int64_t uname_fake_whole(const struct options *options, struct traced *traced);

/* The names of the fields, as of struct utsname. */
extern const char *const uts_field_names[UTS_FIELDS];

/* ---- paths (paths.c) */

/* The absolute path that argument arg names, links not followed. False: it cannot be read. */
bool absolute_path(struct traced *traced, unsigned int arg, char *path, size_t size);

/* Does the call name a path that matches the pattern of fnmatch(3)? */
bool names_path(struct traced *traced, const char *pattern);

/* Is the call about one of the paths of -P, by its name or by a descriptor that is open on it? */
bool on_traced_path(const struct options *options, struct traced *traced);

/* ---- printing */

/* How much is shown: bytes of strings and buffers, what descriptors are open on. */
void decode_style(size_t string_limit, bool fd_paths);

/*
 * Write the arguments, or one, as C would have them; of a call that is over, as they were if kept.
 * decode_args() begins with argument from; decode_args_known() ends before the first one that the
 * call has yet to write, and returns its index.
 */
void decode_args(FILE *out, struct traced *traced, unsigned int from);
unsigned int decode_args_known(FILE *out, struct traced *traced);
void decode_arg(FILE *out, struct traced *traced, unsigned int arg);
void decode_result(FILE *out, const struct traced *traced);

/* The name of a value or set of flags of a type, or its number. */
void name_print(FILE *out, enum kmview_type type, uint64_t value);

/* A number in decimal; what fprintf(3) does, faster. */
void print_number(FILE *out, long long value);

/* Bytes as a C string in quotes, "..." after it if cut. */
void string_print(FILE *out, const char *bytes, size_t length, bool cut);

/* Open the output, or say why not: 0 or -1. */
int output_open(const struct options *options);

/* Write out what was printed. */
void output_flush(void);

/* One sentence on standard error, unless -q. */
void output_say(const struct options *options, const char *format, ...)
	__attribute__((format(printf, 2, 3)));

/* A whole call. known: it has a result; ours: a rule gave it. */
void output_call(const struct options *options, struct traced *traced, bool known, bool ours);

/* The beginning of a call that is not over; returns the first argument that is not shown. */
unsigned int output_unfinished(const struct options *options, struct traced *traced);

/* The rest of it, from that argument. known false: its end was not seen. */
void output_resumed(const struct options *options, struct traced *traced, unsigned int from,
		    bool known, bool ours);

/* Lines about a thread that are no calls: a signal that it takes, its end with a status as of
 * wait(2), and that it is no longer traced. */
void output_signal(const struct options *options, pid_t pid, pid_t tid, int number, int code);
void output_end(const struct options *options, pid_t pid, pid_t tid, int status);
void output_left(const struct options *options, pid_t pid, pid_t tid);

/* Print the table of counts, if asked for, and close: 0, or -1 after saying what was not written.
 */
int output_close(const struct options *options, const struct engine *engine);

/* ---- counts.c; call NULL: one without a name */

/* ns: how long it took; 0: not known. */
void counts_call(const struct kmview_syscall *call, bool failed, uint64_t ns);

/* The sums of a program that counted. */
void counts_add(const struct kmview_syscall *call, uint64_t calls, uint64_t ns);

/* results: errors and times are known. */
void counts_print(FILE *out, bool json, bool results, bool histograms);

/* ---- tracing (trace.c) */

/* Serve one call. */
void trace_call(const struct options *options, struct traced *traced);

/* Must the call be seen when it begins, and not only when it is over? */
bool trace_wants_entry(const struct options *options, const struct kmview_syscall *call);

/* This thread is found in this call, which has lasted for a while: print it, once. */
void trace_in_progress(const struct options *options, struct traced *traced);

/* Of a call that is over: the text of an argument before it ran, if kept; NULL. */
const char *trace_seen_arg(const struct traced *traced, unsigned int arg);

/* A thread took a signal; ended with a status as of wait(2); or is no longer traced. */
void trace_signal(const struct options *options, pid_t pid, pid_t tid, int number, int code);
void trace_end(const struct options *options, pid_t pid, pid_t tid, int status);
void trace_left(const struct options *options, pid_t pid, pid_t tid);

/* The task of this id went away. */
void trace_cancelled(uint64_t id);

/* Answer the calls whose delay is over; milliseconds until the next, -1: none is delayed. */
int trace_delayed(const struct options *options);

/* ---- calls in progress (progress.c) */

/*
 * Look for threads of a session that have been in a call for a while and print these calls, if it
 * is time to look. Returns the milliseconds until it is time again.
 */
int progress_look(const struct options *options, struct kmview *session);

/* Something happened: look soon. */
void progress_reset(void);

/* ---- the engines: serve until all is over; the exit status */

int kmview_engine_run(const struct options *options, struct kmview *session);
int seccomp_engine_run(const struct options *options);

/* The status of the command, or 128 + signal, from wait(2). */
int command_status(int wait_status);

/* One sentence on standard error. */
void complain(const char *format, ...) __attribute__((format(printf, 1, 2)));

#endif
