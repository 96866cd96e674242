/* SPDX-License-Identifier: GPL-2.0-or-later */
/*
 * kmtrace guard: what its files share.
 *
 *   guard_parse.c   a file of rules -> struct guard
 *   guard_calls.c   which system calls the rules need, and what the kernel can sort out by itself
 *   guard.c         one call: its objects -> the rules -> marks, verdict, report
 *   guard_object.c  what a call is about: files (guard_path.c), addresses
 *   guard_match.c   is an object, a program, a set of labels what a rule means?
 *   guard_state.c   the labels of processes
 *   guard_report.c  lines, JSON, commands
 *   guard_learn.c   rules from what was seen
 *   guard_main.c    the command line
 */
#ifndef KMTRACE_GUARD_H
#define KMTRACE_GUARD_H

#include <limits.h>
#include <netinet/in.h>

#include "kmtrace.h"

#define GUARD_LABELS 63		     /* that rules may use; a set of them is one number */
#define GUARD_TEXT   (PATH_MAX + 16) /* bytes of an object as text */

/* What rules are about. */
enum guard_event {
	GUARD_READ,  /* a file is opened to be read */
	GUARD_WRITE, /* is made, changed, renamed or removed, or opened to be written */
	GUARD_EXEC,
	GUARD_CONNECT, /* or data sent to an address */
	GUARD_BIND,
	GUARD_LISTEN,
	GUARD_ACCEPT,
	GUARD_CALL, /* any system call, by name */
	GUARD_EVENTS,
};

extern const char *const guard_event_names[GUARD_EVENTS];

/* Addresses of one family whose first bits are these; bits 0: all. */
struct guard_network {
	int family;
	unsigned int bits;
	unsigned char address[16];
	char port[8]; /* as text, or "*" */
};

struct guard_pattern {
	struct guard_pattern *next;
	char *text;
	char *resolved; /* of a path: with the links of its literal part followed; may be text itself */
	struct guard_network network; /* family 0: it is no network */
};

enum guard_verdict { GUARD_GO_ON, GUARD_ALLOW, GUARD_REFUSE, GUARD_DENY, GUARD_STOP, GUARD_KILL };

struct guard_rule {
	struct guard_rule *next;
	unsigned int line;
	enum guard_event event;
	struct guard_pattern *objects; /* NULL: any */
	bool objects_not, writable;
	struct call_set calls;		/* of GUARD_CALL */
	struct guard_pattern *programs; /* NULL: any */
	bool programs_not;
	uint64_t with, without; /* labels */
	/* actions */
	uint64_t mark, unmark;
	enum guard_verdict verdict; /* all but GO_ON are the last word about a call */
	int error;		    /* of DENY and REFUSE; of STOP and KILL, EPERM */
	bool log;
	char *message; /* NULL: none */
	char *run;     /* a command for sh(1), or NULL */
	int tell;      /* a descriptor, or -1 */
};

struct guard_learnt;

struct guard {
	const char *file; /* of the rules */
	struct guard_rule *rules;
	char *labels[GUARD_LABELS];
	unsigned int label_count;
	bool uses[GUARD_EVENTS];
	bool strict, json, quiet;
	FILE *out;
	uint64_t reports, denied, stopped, killed;
	struct guard_learnt *learnt; /* NULL: not learning */
	const char *learn_file;
	char **command;
};

/* What a call is about. */
struct guard_object {
	enum guard_event event;
	bool missing; /* a file to be read or executed that is not there */
	char text[GUARD_TEXT];
	struct sockaddr_in6
		inet; /* of an address; family 0: none. IPv4 as such, in a sockaddr_in */
};

#define GUARD_OBJECTS 8

/* ---- guard_parse.c */

/* Read the rules: 0, or -1 and *why is a sentence with file, line and column, to free(3). */
int guard_parse(struct guard *guard, const char *file, char **why);
void guard_free(struct guard *guard);

/* ---- guard_calls.c */

enum guard_kind {
	GUARD_NONE,
	GUARD_OPEN,
	GUARD_HANDLE, /* open_by_handle_at: a file without a name until it is open */
	GUARD_PATHS,  /* changes what its paths name */
	GUARD_LINK,   /* the same, and its first path can then be read by another name */
	GUARD_FD,     /* changes what a descriptor is open on */
	GUARD_EXECVE,
	GUARD_ADDRESS, /* has an address */
	GUARD_MESSAGE,
	GUARD_MESSAGES,
	GUARD_FORK,
};

enum guard_kind guard_kind(const struct kmview_syscall *call);

/* What a GUARD_ADDRESS, _MESSAGE or _MESSAGES call does; listen(2) and accept(2) are of kind ADDRESS. */
enum guard_event guard_event_of(const struct kmview_syscall *call);

/* Must the call be seen? */
bool guard_wants(const struct guard *guard, const struct kmview_syscall *call);

/* By this call others could be made unseen; it is answered ENOSYS, as on a kernel without it. */
bool guard_hides(const struct kmview_syscall *call);

/* The cheapest rule of the kernel for it; bpf: a program can look at flags. False: none. */
bool guard_hook(const struct guard *guard, const struct kmview_syscall *call, bool bpf,
		struct kmview_hook *hook);

/* The prefixes that these rules need: 0, or a negative errno. */
int guard_prefixes(const struct guard *guard, struct kmview *session);

/* The argument and the bits of it without which a BPF program lets the call go on. False: it must be
 * seen whatever its arguments are. */
bool guard_flags(const struct guard *guard, const struct kmview_syscall *call, unsigned int *arg,
		 uint32_t *mask);

/* ---- guard.c */

/* Serve one call. */
void guard_call(struct guard *guard, struct traced *traced);

/* ---- guard_object.c, guard_path.c */

/* The objects of a call that waits to run; returns how many there are, up to GUARD_OBJECTS. */
unsigned int guard_objects(struct traced *traced, struct guard_object *objects);

/* What a call opened: the same for a descriptor that it gave. */
unsigned int guard_opened(struct traced *traced, int fd, struct guard_object *objects);

/*
 * The file that the name leads to as the task would find it: from its root and the directory dirfd
 * of it, links followed, of the last component only if follow says so. Parts that do not exist are
 * appended as text; *missing is then true. False: it leads nowhere.
 */
bool guard_resolve(struct traced *traced, const char *name, int dirfd, bool follow,
		   char text[GUARD_TEXT], bool *missing);

/* The process of the thread, as the kernel counts them. */
pid_t guard_process(const struct traced *traced);

/* The program that the process runs. */
void guard_program(const struct traced *traced, char text[GUARD_TEXT]);

/* ---- guard_match.c */

/* "*" and "?" match all but "/", "**" matches all. */
bool guard_glob(const char *pattern, const char *text);

bool guard_path_matches(const struct guard_pattern *patterns, const char *text);
bool guard_address_matches(const struct guard_pattern *patterns, const struct guard_object *object);

/* Parse "ADDRESS/BITS:PORT". False: it is another kind of pattern. */
bool guard_network_parse(const char *text, struct guard_network *network);

/* Could someone who is not root have put the file there, or have changed it? */
bool guard_writable(struct traced *traced, const char *path);

/* ---- guard_state.c */

uint64_t guard_labels(struct traced *traced);
void guard_labels_set(struct traced *traced, uint64_t labels);

/* The thread is about to make another one, which inherits what it has. */
void guard_labels_fork(struct traced *traced);

/* ---- guard_report.c */

struct guard_incident {
	const struct guard_rule *rule; /* NULL: no rule's own, see what */
	const struct guard_object *object;
	const char *what; /* what was done: "denied", "stopped", "killed", "logged" */
	int error;	  /* 0: none */
	uint64_t labels;
};

void guard_report(struct guard *guard, struct traced *traced,
		  const struct guard_incident *incident);

/* Wait for commands that run, and say how it was. */
void guard_report_end(struct guard *guard);

/* ---- guard_learn.c */

struct guard_learnt *guard_learn_new(void);
void guard_learn(struct guard_learnt *learnt, const char *program,
		 const struct guard_object *object);

/* Write the rules: 0, or -1 after saying why not. */
int guard_learn_write(struct guard_learnt *learnt, const char *file, char **command);

/* ---- guard_main.c */

/* Fills options for the engines, or ends the program with a sentence and STATUS_FAILED. */
void guard_options(struct options *options, int argc, char **argv);

/* After the run: 0, or -1 after saying what went wrong. */
int guard_finish(struct guard *guard);

#endif
