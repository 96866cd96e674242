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
#include <linux/bpf.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/ioctl.h>
#include <sys/syscall.h>
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

const struct test program_tests[] = {
	{"programs that sleep, or call others that nobody has checked, are refused", refused},
	{"each helper that a program may call finds the frame that it needs", each_helper},
	{},
};
