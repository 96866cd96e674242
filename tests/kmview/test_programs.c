// SPDX-License-Identifier: GPL-2.0-only
/*
 * BPF programs of sessions: which are refused, and that each helper that one may call finds the frame
 * that it relies on.
 *
 * For each helper a program is looked for that the verifier takes: arguments are tried one after the
 * other, and the verifier's log says which one it did not like.
 */
#include <bpf/bpf.h>
#include <errno.h>
#include <fcntl.h>
#include <linux/bpf.h>
#include <linux/filter.h>
#include <linux/seccomp.h>
#include <stddef.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/ioctl.h>
#include <sys/prctl.h>
#include <sys/stat.h>
#include <sys/syscall.h>
#include <time.h>
#include <unistd.h>

#include "inside.h"

#define HELPERS_MAX 260

/* What may be passed as an argument. */
enum argument { ZERO, STACK, EIGHT, CONTEXT, MAP };
static const __u32 map_types[] = {
	BPF_MAP_TYPE_ARRAY,	   BPF_MAP_TYPE_HASH,	      BPF_MAP_TYPE_PERF_EVENT_ARRAY,
	BPF_MAP_TYPE_STACK_TRACE,  BPF_MAP_TYPE_RINGBUF,      BPF_MAP_TYPE_QUEUE,
	BPF_MAP_TYPE_CGROUP_ARRAY, BPF_MAP_TYPE_PERCPU_ARRAY, BPF_MAP_TYPE_BLOOM_FILTER};
#define MAPS	  (sizeof(map_types) / sizeof(map_types[0]))
#define ARGUMENTS (MAP + MAPS)
static int maps[MAPS];

static int make_map(__u32 type)
{
	__u32 key = 4, value = 4, entries = 4;

	if (type == BPF_MAP_TYPE_STACK_TRACE)
		value = 64;
	if (type == BPF_MAP_TYPE_RINGBUF)
		key = value = 0, entries = 4096;
	if (type == BPF_MAP_TYPE_QUEUE || type == BPF_MAP_TYPE_BLOOM_FILTER)
		key = 0;
	return bpf_map_create(type, NULL, key, value, entries, NULL);
}

struct code {
	struct bpf_insn insns[64];
	unsigned int count;
};

static void add(struct code *code, struct bpf_insn insn)
{
	code->insns[code->count++] = insn;
}

static void add_argument(struct code *code, int reg, unsigned int what)
{
	if (what == ZERO || what == EIGHT) {
		add(code, (struct bpf_insn){.code = BPF_ALU64 | BPF_MOV | BPF_K,
					    .dst_reg = reg,
					    .imm = what == EIGHT ? 8 : 0});
	} else if (what == STACK) {
		add(code, (struct bpf_insn){.code = BPF_ALU64 | BPF_MOV | BPF_X,
					    .dst_reg = reg,
					    .src_reg = 10});
		add(code, (struct bpf_insn){
				  .code = BPF_ALU64 | BPF_ADD | BPF_K, .dst_reg = reg, .imm = -64});
	} else if (what == CONTEXT) {
		add(code, (struct bpf_insn){.code = BPF_ALU64 | BPF_MOV | BPF_X,
					    .dst_reg = reg,
					    .src_reg = 6});
	} else {
		add(code, (struct bpf_insn){.code = BPF_LD | BPF_IMM | BPF_DW,
					    .dst_reg = reg,
					    .src_reg = BPF_PSEUDO_MAP_FD,
					    .imm = maps[what - MAP]});
		add(code, (struct bpf_insn){0});
	}
}

/* A program that calls one helper with these arguments. */
static int load(int helper, const unsigned int arguments[5], __u32 flags, char *log, __u32 size)
{
	LIBBPF_OPTS(bpf_prog_load_opts, options, .prog_flags = flags, .log_buf = log,
		    .log_size = log ? size : 0, .log_level = log ? 1 : 0);
	struct code code = {.count = 0};

	add(&code,
	    (struct bpf_insn){.code = BPF_ALU64 | BPF_MOV | BPF_X, .dst_reg = 6, .src_reg = 1});
	for (int i = -64; i < 0; i += 8)
		add(&code,
		    (struct bpf_insn){.code = BPF_ST | BPF_MEM | BPF_DW, .dst_reg = 10, .off = i});
	for (int i = 0; i < 5; i++)
		add_argument(&code, i + 1, arguments[i]);
	if (helper)
		add(&code, (struct bpf_insn){.code = BPF_JMP | BPF_CALL, .imm = helper});
	add_argument(&code, 0, ZERO);
	add(&code, (struct bpf_insn){.code = BPF_JMP | BPF_EXIT});
	if (log)
		log[0] = '\0';
	return bpf_prog_load(BPF_PROG_TYPE_RAW_TRACEPOINT_WRITABLE, NULL, "GPL", code.insns,
			     code.count, &options);
}

/* The last register that the verifier's last complaint names; 0: none. */
static int complaint(const char *log)
{
	int reg = 0;

	for (const char *at = log; (at = strchr(at, 'R')); at++)
		if (at[1] >= '1' && at[1] <= '5' &&
		    (at == log || at[-1] == '\n' || at[-1] == ' ') &&
		    (at[2] == ' ' || at[2] == '\0'))
			reg = at[1] - '0';
	return reg;
}

/* A program that calls the helper, or -1. */
static int program_of(int helper)
{
	static char log[65536];
	unsigned int arguments[5] = {0};

	for (unsigned int tries = 0; tries < 5 * ARGUMENTS; tries++) {
		int fd = load(helper, arguments, 0, log, sizeof(log)), reg;

		if (fd >= 0)
			return fd;
		if (strstr(log, "unknown func") || strstr(log, "invalid func") ||
		    strstr(log, "not allowed"))
			return -1;
		reg = complaint(log);
		if (strstr(log, "cannot pass map_type"))
			for (reg = 1; reg < 5 && arguments[reg - 1] < MAP; reg++)
				;
		if (!reg && !arguments[0])
			reg = 1; /* it speaks of a map, say */
		/* A pointer that is there needs a size that is not 0. */
		if (!reg || ++arguments[reg - 1] == ARGUMENTS)
			return -1;
	}
	return -1;
}

enum { ASKED = 0, DONE = 1, LAST = 2 }; /* of scratch->number */

static const char *call_when_asked(void *data)
{
	volatile int *number = scratch->number;

	while (!number[LAST]) {
		if (number[DONE] == number[ASKED]) {
			moment();
			continue;
		}
		syscall(SYS_getppid);
		number[DONE] = number[ASKED];
	}
	return NULL;
}

static int place(struct kmview *session, int fd)
{
	struct kmview_prog prog = {.prog = 0, .fd = fd};

	return ioctl(kmview_fd(session), KMVIEW_PROG, &prog) < 0 ? -errno : 0;
}

static const char *each_helper(void)
{
	struct kmview_hook options = {.action = KMVIEW_BPF, .prog = 0};
	volatile int *number = scratch->number;
	struct kmview *session;
	unsigned int ran = 0;
	bool cookie = false;
	pid_t child;

	for (size_t i = 0; i < MAPS; i++)
		maps[i] = make_map(map_types[i]);
	EXPECT(kmview_open(&session, NULL), 0);
	EXPECT(kmview_hook(session, "getppid", &options), 0);
	child = inside_start(session, call_when_asked, NULL);
	CHECK(child > 0);
	for (int helper = 1; helper < HELPERS_MAX; helper++) {
		int fd = program_of(helper);

		if (fd < 0)
			continue;
		EXPECT(place(session, fd), 0);
		number[ASKED]++;
		UNTIL(number[DONE] == number[ASKED]);
		ran++;
		cookie |= helper == BPF_FUNC_get_attach_cookie;
		EXPECT(place(session, -1), 0);
		close(fd);
	}
	number[LAST] = 1;
	TRY(inside_serve(session, child, let_go, NULL));
	kmview_close(session);
	printf("# %u helpers ran, bpf_get_attach_cookie() %s\n", ran,
	       cookie ? "among them" : "is none of this kernel's");
	if (ran < 30)
		return failed(__FILE__, __LINE__, "at least 30 helpers ran", ran);
	return NULL;
}

static const char *refused(void)
{
	static const unsigned int none[5];
	struct kmview *session;
	int tail, sleepable;

	EXPECT(kmview_open(&session, NULL), 0);
	maps[0] = bpf_map_create(BPF_MAP_TYPE_PROG_ARRAY, NULL, 4, 4, 1, NULL);
	CHECK(maps[0] >= 0);
	tail = load(BPF_FUNC_tail_call, (const unsigned int[]){CONTEXT, MAP, 0, 0, 0}, 0, NULL, 0);
	CHECK(tail >= 0);
	EXPECT(place(session, tail), -EINVAL);
	/* Most kernels do not even load it. */
	sleepable = load(0, none, BPF_F_SLEEPABLE, NULL, 0);
	if (sleepable >= 0)
		EXPECT(place(session, sleepable), -EINVAL);
	return NULL;
}

/* ---- the verdict CHANGE */

#define ARGUMENT(i) (offsetof(struct kmview_call, args) + 8 * (i))

/* A program that adds a number to an argument of each call. */
static int adder(int argument, int number)
{
	struct code code = {.count = 0};

	add(&code,
	    (struct bpf_insn){.code = BPF_LDX | BPF_MEM | BPF_DW, .dst_reg = 6, .src_reg = 1});
	add(&code, (struct bpf_insn){.code = BPF_LDX | BPF_MEM | BPF_DW,
				     .dst_reg = 2,
				     .src_reg = 6,
				     .off = ARGUMENT(argument)});
	add(&code,
	    (struct bpf_insn){.code = BPF_ALU64 | BPF_ADD | BPF_K, .dst_reg = 2, .imm = number});
	add(&code, (struct bpf_insn){.code = BPF_STX | BPF_MEM | BPF_DW,
				     .dst_reg = 6,
				     .src_reg = 2,
				     .off = ARGUMENT(argument)});
	add(&code, (struct bpf_insn){.code = BPF_ALU64 | BPF_MOV | BPF_K,
				     .dst_reg = 2,
				     .imm = KMVIEW_BPF_CHANGE});
	add(&code, (struct bpf_insn){.code = BPF_STX | BPF_MEM | BPF_W,
				     .dst_reg = 6,
				     .src_reg = 2,
				     .off = offsetof(struct kmview_call, verdict)});
	add_argument(&code, 0, ZERO);
	add(&code, (struct bpf_insn){.code = BPF_JMP | BPF_EXIT});
	return bpf_prog_load(BPF_PROG_TYPE_RAW_TRACEPOINT_WRITABLE, NULL, "GPL", code.insns,
			     code.count, NULL);
}

/* A session in which a program adds to an argument of a call. */
static const char *open_adder(struct kmview **session, const char *call, int argument, int number,
			      uint32_t flags)
{
	struct kmview_options options = {.flags = flags};
	struct kmview_hook hook = {.action = KMVIEW_BPF, .prog = 0};
	int fd = adder(argument, number);

	CHECK(fd >= 0);
	EXPECT(kmview_open(session, &options), 0);
	EXPECT(place(*session, fd), 0);
	EXPECT(kmview_hook(*session, call, &hook), 0);
	close(fd);
	return NULL;
}

static long milliseconds(void)
{
	struct timespec now;

	clock_gettime(CLOCK_MONOTONIC, &now);
	return now.tv_sec * 1000 + now.tv_nsec / 1000000;
}

/* poll(NULL, 0, 50), and what the register of the time says afterwards. */
static long poll_raw(unsigned long *time_after)
{
	register unsigned long time __asm__("rdx") = 50;
	long result = SYS_poll;

	__asm__ volatile("syscall"
			 : "+a"(result), "+r"(time)
			 : "D"(0), "S"(0)
			 : "rcx", "r11", "memory");
	*time_after = time;
	return result;
}

static const char *poll_longer(void *data)
{
	long begin = milliseconds();
	unsigned long after;

	EXPECT(poll_raw(&after), 0);
	CHECK(milliseconds() - begin >= 450);
	EXPECT(after, 50);
	return NULL;
}

static const char *arguments_changed(void)
{
	struct kmview *session;

	TRY(open_adder(&session, "poll", 2, 400, 0));
	return inside(session, poll_longer, NULL, let_go, NULL);
}

static const char *change_in_inner(void *data)
{
	struct kmview *session;

	TRY(open_adder(&session, "getpriority", 1, 7, 0));
	return inside(session, data, NULL, let_go, NULL);
}

static const char *get_priority(void *data)
{
	syscall(SYS_getpriority, 0, 0);
	return NULL;
}

static void note_second(struct kmview_request *request, void *data)
{
	scratch->number[0] = request->event.args[1];
	kmview_return(request, 3);
}

/* The outer session sees what the program of the inner one made of the call. */
static const char *change_seen_outside(void)
{
	struct kmview *outer;

	EXPECT(kmview_open(&outer, NULL), 0);
	EXPECT(kmview_hook(outer, "getpriority", NULL), 0);
	TRY(inside(outer, change_in_inner, get_priority, note_second, NULL));
	EXPECT(scratch->number[0], 7);
	return NULL;
}

static const char *dup_unchanged(void *data)
{
	struct stat a, b;
	int fd = open("/etc/passwd", O_RDONLY), copy = syscall(SYS_dup, fd);

	CHECK(copy >= 0 && fstat(copy, &a) == 0 && fstat(fd, &b) == 0);
	EXPECT(a.st_ino, b.st_ino);
	return NULL;
}

static const char *change_while_watching(void)
{
	struct kmview *session;

	TRY(open_adder(&session, "dup", 0, 1, KMVIEW_INIT_WATCH));
	return inside(session, dup_unchanged, NULL, let_go, NULL);
}

static const char *dup_refused(void *data)
{
	EXPECT(syscall(SYS_dup, 0), -1);
	EXPECT(errno, EIO);
	return NULL;
}

/* The filter has seen the program's arguments. */
static const char *change_under_filter(void)
{
	struct sock_filter code[] = {{BPF_RET | BPF_K, 0, 0, SECCOMP_RET_ALLOW}};
	struct sock_fprog filter = {1, code};
	struct kmview *session;

	EXPECT(prctl(PR_SET_NO_NEW_PRIVS, 1, 0, 0, 0), 0);
	EXPECT(prctl(PR_SET_SECCOMP, SECCOMP_MODE_FILTER, &filter), 0);
	TRY(open_adder(&session, "dup", 0, 1, 0));
	return inside(session, dup_refused, NULL, let_go, NULL);
}

/* Of a marked descriptor a copy is one of the descriptor behind it; of others as it should be. */
static const char *dup_marked(void *data)
{
	int marked = *(int *)data, copy = syscall(SYS_dup, marked);
	struct stat a, b;

	CHECK(copy >= 0 && fstat(copy, &a) == 0 && fstat(marked + 1, &b) == 0);
	EXPECT(a.st_ino, b.st_ino);
	return dup_unchanged(NULL);
}

static const char *change_with_filter(void)
{
	struct kmview_hook hook = {.action = KMVIEW_BPF, .prog = 0, .fd_marks = 1};
	int marked = open("/etc/passwd", O_RDONLY), next = open("/etc/hostname", O_RDONLY),
	    fd = adder(0, 1);
	struct kmview *session;

	CHECK(fd >= 0 && next == marked + 1);
	EXPECT(kmview_open(&session, NULL), 0);
	EXPECT(place(session, fd), 0);
	EXPECT(kmview_mark(session, marked, 1), 0);
	EXPECT(kmview_hook(session, "dup", &hook), 0);
	return inside(session, dup_marked, &marked, let_go, NULL);
}

const struct test program_tests[] = {
	{"programs that sleep, or call others that nobody has checked, are refused", refused},
	{"each helper that a program may call finds the frame that it needs", each_helper},
	{"a program changes arguments, and the caller's registers stay", arguments_changed},
	{"a program changes arguments of calls on marked descriptors", change_with_filter},
	{"the outer session sees the arguments that an inner one's program gave",
	 change_seen_outside},
	{"a program of a session that watches changes nothing", change_while_watching},
	{"a program changes nothing behind a seccomp filter of the manager", change_under_filter},
	{},
};
