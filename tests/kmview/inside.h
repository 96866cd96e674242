/* SPDX-License-Identifier: GPL-2.0-only */
/*
 * Tests of the device. Each runs in a process of its own, is one line of TAP, and returns NULL or
 * why it failed. What runs inside a session is a function, called in a child that has joined; the
 * test is the manager and serves it.
 */
#ifndef TESTS_KMVIEW_INSIDE_H
#define TESTS_KMVIEW_INSIDE_H

#include <stdbool.h>
#include <sys/types.h>

#include "user/libkmview/libkmview.h"

typedef const char *test_fn(void);

struct test {
	const char *name;
	test_fn *run;
};

extern const struct test verdict_tests[], filter_tests[], task_tests[], signal_tests[],
	device_tests[], death_tests[], mount_tests[], enter_tests[], mount_limit_tests[],
	mount_cover_tests[], mount_owner_tests[], mount_link_tests[], program_tests[],
	machine_tests[], watch_tests[], image_tests[], enter_net_tests[], format_tests[];

/* Answer a request of the kernel's that was read from /dev/fuse; who asked may be gone. error: 0 or negative. */
struct fuse_in_header;
void fuse_answer(int device, const struct fuse_in_header *in, int error, const void *data,
		 size_t size);

/* "file:line: text", kept in memory that parent and child share. */
const char *failed(const char *file, int line, const char *what, long got);

#define CHECK(condition)                                                                           \
	do {                                                                                       \
		if (!(condition))                                                                  \
			return failed(__FILE__, __LINE__, #condition, errno);                      \
	} while (0)

/* EXPECT(got, wanted): equal numbers */
#define EXPECT(got, wanted)                                                                        \
	do {                                                                                       \
		long got_ = (got);                                                                 \
		if (got_ != (long)(wanted))                                                        \
			return failed(__FILE__, __LINE__, #got " is " #wanted, got_);              \
	} while (0)

/* Run a function that fails like a test. */
#define TRY(call)                                                                                  \
	do {                                                                                       \
		const char *why_ = (call);                                                         \
		if (why_)                                                                          \
			return why_;                                                               \
	} while (0)

typedef const char *body_fn(void *data);
typedef void serve_fn(struct kmview_request *request, void *data);

/* What the serving of one run saw. */
struct seen {
	unsigned int requests, entries, exits, cancels;
	struct kmview_event last;
	char path[4096]; /* the first string that came along, of the last request */
	void *data;	 /* of the test */
};

/*
 * Start body(data) in a child that has joined; it waits until the parent served its first call or
 * goes on. Returns its pid, or a negative errno.
 */
pid_t inside_start(struct kmview *session, body_fn *body, void *data);

/* Serve until the session is empty; then the child's failure, NULL if it had none. */
const char *inside_serve(struct kmview *session, pid_t child, serve_fn *serve, struct seen *seen);

/* Both. */
const char *inside(struct kmview *session, body_fn *body, void *data, serve_fn *serve,
		   struct seen *seen);

/* An answer for those who only watch. */
void let_go(struct kmview_request *request, void *data);

/* Wait for a condition, up to 20 s. */
#define UNTIL(condition)                                                                           \
	do {                                                                                       \
		int tries_ = 4000;                                                                 \
		while (!(condition) && tries_--)                                                   \
			moment();                                                                  \
		if (tries_ < 0)                                                                    \
			return failed(__FILE__, __LINE__, "in time: " #condition, 0);              \
	} while (0)
void moment(void); /* 5 ms */

/* The state letter of a process in /proc, 0: there is none. */
char process_state(pid_t pid);

/* Descriptors or counts that a parent and its child share. */
extern struct scratch {
	char why[512];
	int number[16];
} * scratch;

#endif
