// SPDX-License-Identifier: GPL-2.0-only
/* The device itself: the handshake, wrong commands, wrong answers. */
#include <errno.h>
#include <linux/bpf.h>
#include <sched.h>
#include <stdio.h>
#include <fcntl.h>
#include <string.h>
#include <sys/ioctl.h>
#include <sys/mman.h>
#include <sys/resource.h>
#include <sys/syscall.h>
#include <sys/wait.h>
#include <unistd.h>

#include "inside.h"

static int command(int fd, unsigned long number, void *argument)
{
	return ioctl(fd, number, argument) < 0 ? -errno : 0;
}

static const char *handshake(void)
{
	struct kmview_init init = {.major = KMVIEW_ABI_MAJOR + 1};
	struct kmview_stats stats;
	struct kmview_join join = {0};
	int fd = open(KMVIEW_DEVICE, O_RDWR | O_CLOEXEC);

	CHECK(fd >= 0);
	EXPECT(command(fd, KMVIEW_STATS, &stats), -ENOTCONN);
	EXPECT(command(fd, KMVIEW_JOIN, &join), -ENOTCONN);
	EXPECT(command(fd, KMVIEW_INIT, &init), -EPROTO);
	init = (struct kmview_init){.major = KMVIEW_ABI_MAJOR, .slots = 3};
	EXPECT(command(fd, KMVIEW_INIT, &init), -EINVAL);
	init = (struct kmview_init){.major = KMVIEW_ABI_MAJOR, .slots = 2048};
	EXPECT(command(fd, KMVIEW_INIT, &init), -EINVAL);
	init = (struct kmview_init){.major = KMVIEW_ABI_MAJOR, .slot_size = 512};
	EXPECT(command(fd, KMVIEW_INIT, &init), -EINVAL);
	init = (struct kmview_init){.major = KMVIEW_ABI_MAJOR, .flags = 1u << 31};
	EXPECT(command(fd, KMVIEW_INIT, &init), -EINVAL);
	init = (struct kmview_init){.major = KMVIEW_ABI_MAJOR, .reserved = 1};
	EXPECT(command(fd, KMVIEW_INIT, &init), -EINVAL);
	EXPECT(command(fd, KMVIEW_INIT, (void *)8), -EFAULT);
	init = (struct kmview_init){.major = KMVIEW_ABI_MAJOR};
	EXPECT(command(fd, KMVIEW_INIT, &init), 0);
	EXPECT(init.minor, KMVIEW_ABI_MINOR);
	EXPECT(init.slots, 64);
	EXPECT(init.slot_size, 4096);
	CHECK(init.session > 0);
	EXPECT(command(fd, KMVIEW_INIT, &init), -EBUSY);
	CHECK(mmap(NULL, init.ring_size + 4096, PROT_READ, MAP_SHARED, fd, 0) == MAP_FAILED);
	CHECK(mmap(NULL, 4096, PROT_READ, MAP_SHARED, fd, 4096) == MAP_FAILED);
	CHECK(mmap(NULL, init.ring_size, PROT_READ | PROT_WRITE, MAP_SHARED, fd, 0) != MAP_FAILED);
	return NULL;
}

/* Whose end would end the session, if not that of who opened it? */
static const char *others_handshake(void)
{
	struct kmview_init init = {.major = KMVIEW_ABI_MAJOR};
	int fd = open(KMVIEW_DEVICE, O_RDWR), status;
	pid_t child = fork();

	CHECK(fd >= 0 && child >= 0);
	if (child == 0)
		_exit(command(fd, KMVIEW_INIT, &init) == -EPERM ? 0 : 1);
	CHECK(waitpid(child, &status, 0) == child);
	EXPECT(status, 0);
	EXPECT(command(fd, KMVIEW_INIT, &init), 0);
	return NULL;
}

/* A program that takes an argument more than it is given, or bytes behind the record. */
static int load_program(bool second_argument, int offset)
{
	struct bpf_insn code[] = {
		{.code = BPF_LDX | BPF_MEM | BPF_DW,
		 .dst_reg = 1,
		 .src_reg = 1,
		 .off = second_argument ? 8 : 0},
		{.code = second_argument ? BPF_ALU64 | BPF_MOV | BPF_K : BPF_LDX | BPF_MEM | BPF_DW,
		 .dst_reg = 0,
		 .src_reg = second_argument ? 0 : 1,
		 .off = second_argument ? 0 : offset},
		{.code = BPF_ALU64 | BPF_MOV | BPF_K, .dst_reg = 0},
		{.code = BPF_JMP | BPF_EXIT},
	};
	union bpf_attr attr = {
		.prog_type = BPF_PROG_TYPE_RAW_TRACEPOINT_WRITABLE,
		.insns = (uintptr_t)code,
		.insn_cnt = sizeof(code) / sizeof(code[0]),
		.license = (uintptr_t) "GPL",
	};

	return syscall(SYS_bpf, BPF_PROG_LOAD, &attr, sizeof(attr));
}

static const char *wrong_programs(void)
{
	struct kmview_prog prog = {.fd = load_program(false, sizeof(struct kmview_call) - 8)};
	struct kmview *session;
	int fd;

	EXPECT(kmview_open(&session, NULL), 0);
	fd = kmview_fd(session);
	CHECK(prog.fd >= 0);
	EXPECT(command(fd, KMVIEW_PROG, &prog), 0);
	prog.fd = load_program(false, sizeof(struct kmview_call));
	CHECK(prog.fd >= 0);
	EXPECT(command(fd, KMVIEW_PROG, &prog), -EINVAL);
	prog.fd = load_program(true, 0);
	CHECK(prog.fd >= 0);
	EXPECT(command(fd, KMVIEW_PROG, &prog), -EINVAL);
	return NULL;
}

static const char *wrong_commands(void)
{
	struct kmview_rule rule = {.abi = KMVIEW_ABIS};
	struct kmview_rules rules = {.rules = (uintptr_t)&rule, .count = 1};
	struct kmview_exchange exchange = {.flags = 1u << 30};
	struct kmview_mem mem = {.id = 1, .slot = 0, .length = 1};
	struct kmview_prog prog = {.prog = KMVIEW_PROGS, .fd = -1};
	struct kmview_attach attach = {.pidfd = -1};
	struct kmview_kill kill = {.signal = 1000};
	struct kmview_give give = {.slot = 1u << 30};
	struct kmview *session;
	int fd;

	EXPECT(kmview_open(&session, NULL), 0);
	fd = kmview_fd(session);
	EXPECT(command(fd, _IO(KMVIEW_MAGIC, 99), NULL), -ENOTTY);
	EXPECT(command(fd, KMVIEW_RULES, &rules), -EINVAL);
	rule = (struct kmview_rule){.nr = KMVIEW_CALLS, .action = KMVIEW_NOTIFY};
	EXPECT(command(fd, KMVIEW_RULES, &rules), -EINVAL);
	rule = (struct kmview_rule){.nr = 559, .action = KMVIEW_NOTIFY};
	EXPECT(command(fd, KMVIEW_RULES, &rules), -ENOENT);
	rule = (struct kmview_rule){.nr = 1, .action = 99};
	EXPECT(command(fd, KMVIEW_RULES, &rules), -EINVAL);
	rule = (struct kmview_rule){.nr = 1, .action = KMVIEW_NOTIFY, .flags = 1u << 31};
	EXPECT(command(fd, KMVIEW_RULES, &rules), -EINVAL);
	rules.rules = 8;
	EXPECT(command(fd, KMVIEW_RULES, &rules), -EFAULT);
	EXPECT(command(fd, KMVIEW_EXCHANGE, &exchange), -EINVAL);
	exchange = (struct kmview_exchange){.count = KMVIEW_SLOTS_MAX + 1};
	EXPECT(command(fd, KMVIEW_EXCHANGE, &exchange), -EINVAL);
	exchange = (struct kmview_exchange){.count = 2, .slots = 8};
	EXPECT(command(fd, KMVIEW_EXCHANGE, &exchange), -EFAULT);
	CHECK(command(fd, KMVIEW_MEM, &mem) == -ESTALE);
	CHECK(command(fd, KMVIEW_GIVE, &give) < 0);
	EXPECT(command(fd, KMVIEW_PROG, &prog), -EINVAL);
	CHECK(command(fd, KMVIEW_ATTACH, &attach) == -EBADF);
	EXPECT(command(fd, KMVIEW_KILL, &kill), -EINVAL);
	EXPECT(kmview_hook(session, "nosuchcall", NULL), -ENOENT);
	return NULL;
}

/* ---- answers by hand */

static struct kmview *session;
static struct kmview_answer wrong;

static struct kmview_slot *slot_of(const struct kmview_request *request)
{
	static struct kmview_ring *ring;

	if (!ring)
		ring = mmap(NULL, 64 * 4096 * 2, PROT_READ | PROT_WRITE, MAP_SHARED,
			    kmview_fd(session), 0);
	if (ring == MAP_FAILED) /* the size is what INIT said: found by trying */
		for (size_t pages = 1; ring == MAP_FAILED && pages < 1024; pages++)
			ring = mmap(NULL, pages * 4096, PROT_READ | PROT_WRITE, MAP_SHARED,
				    kmview_fd(session), 0);
	return (void *)((char *)ring + ring->slots_offset +
			(size_t)request->slot * ring->slot_size);
}

static void answer_wrongly(struct kmview_request *request, void *data)
{
	struct kmview_slot *slot = slot_of(request);
	struct kmview_answer answer = wrong;

	answer.id += request->event.id;
	memcpy(&slot->answer, &answer, sizeof(answer));
	__atomic_store_n(&slot->state, KMVIEW_ANSWERED, __ATOMIC_SEQ_CST);
	if (slot->waiting) {
		struct kmview_exchange exchange = {.count = 1, .slot = request->slot};

		ioctl(kmview_fd(session), KMVIEW_EXCHANGE, &exchange);
	}
}

static const char *uname_fails(void *data)
{
	char buffer[512];

	EXPECT(syscall(SYS_uname, buffer), -1);
	EXPECT(errno, *(int *)data);
	return NULL;
}

static const char *wrongly(struct kmview_answer answer, int error)
{
	struct kmview_stats stats;

	wrong = answer;
	EXPECT(kmview_open(&session, NULL), 0);
	EXPECT(kmview_hook(session, "uname", NULL), 0);
	TRY(inside(session, uname_fails, &error, answer_wrongly, NULL));
	EXPECT(kmview_stats(session, &stats), 0);
	if (error == EIO)
		EXPECT(stats.bad_answers, 1);
	return NULL;
}

static const char *wrong_id(void)
{
	return wrongly((struct kmview_answer){.id = 1}, EIO);
}

static const char *wrong_verdict(void)
{
	return wrongly((struct kmview_answer){.verdict = 77}, EIO);
}

static const char *wrong_flags(void)
{
	return wrongly((struct kmview_answer){.flags = 1u << 20}, EIO);
}

static const char *wrong_range(void)
{
	return wrongly((struct kmview_answer){.verdict = KMVIEW_RETURN,
					      .flags = KMVIEW_ANSWER_COPY,
					      .copy_offset = 4000,
					      .copy_length = 0xffffffff},
		       EFAULT);
}

static const char *wrong_address(void)
{
	/* The upper half is the kernel's. */
	return wrongly((struct kmview_answer){.verdict = KMVIEW_RETURN,
					      .flags = KMVIEW_ANSWER_COPY,
					      .copy_to = 0xffffffff81000000,
					      .copy_length = 64},
		       EFAULT);
}

static const char *wrong_gift(void)
{
	return wrongly((struct kmview_answer){.verdict = KMVIEW_INSTALL, .value = -1}, EIO);
}

static void answer_twice(struct kmview_request *request, void *data)
{
	scratch->number[0] = kmview_return(request, -ENOLINK);
	scratch->number[1] = kmview_return(request, 0);
}

static const char *twice(void)
{
	int error = ENOLINK;

	EXPECT(kmview_open(&session, NULL), 0);
	EXPECT(kmview_hook(session, "uname", NULL), 0);
	TRY(inside(session, uname_fails, &error, answer_twice, NULL));
	EXPECT(scratch->number[0], 0);
	EXPECT(scratch->number[1], -ESTALE);
	return NULL;
}

static void give_badly(struct kmview_request *request, void *data)
{
	scratch->number[0] = kmview_install(request, 12345, -1, false);
	kmview_return(request, -ENOLINK);
}

static const char *bad_gift(void)
{
	int error = ENOLINK;

	EXPECT(kmview_open(&session, NULL), 0);
	EXPECT(kmview_hook(session, "uname", NULL), 0);
	TRY(inside(session, uname_fails, &error, give_badly, NULL));
	EXPECT(scratch->number[0], -EBADF);
	return NULL;
}

static const char *two_sessions(void)
{
	struct kmview *one, *two;
	struct kmview_stats stats;

	EXPECT(kmview_open(&one, NULL), 0);
	EXPECT(kmview_open(&two, NULL), 0);
	CHECK(kmview_session(one) != kmview_session(two));
	kmview_close(one);
	EXPECT(kmview_stats(two, &stats), 0);
	kmview_close(two);
	return NULL;
}

/* ---- answers without a context switch */

#define WARM_UP 100
#define AWAKE	500

struct switches {
	long task, manager, slept;
};

static void pin(int processor)
{
	cpu_set_t set;

	CPU_ZERO(&set);
	CPU_SET(processor, &set);
	sched_setaffinity(0, sizeof(set), &set);
}

static long voluntary(void)
{
	struct rusage usage;

	return getrusage(RUSAGE_THREAD, &usage) == 0 ? usage.ru_nvcsw : -1;
}

static const char *call_busily(void *data)
{
	long before;

	pin(1);
	for (int i = 0; i < WARM_UP; i++)
		EXPECT(syscall(SYS_getppid), 4242);
	before = voluntary();
	for (int i = 0; i < AWAKE; i++)
		EXPECT(syscall(SYS_getppid), 4242);
	scratch->number[8] = voluntary() - before;
	return NULL;
}

static void count_switches(struct kmview_request *request, void *data)
{
	struct seen *seen = data;
	struct switches *switches = seen->data;
	struct kmview_stats stats;

	if (seen->requests == WARM_UP || seen->requests == WARM_UP + AWAKE) {
		kmview_stats(request->session, &stats);
		switches->manager = voluntary() - switches->manager;
		switches->slept = stats.slept - switches->slept;
	}
	kmview_return(request, 4242);
}

static const char *awake(void)
{
	struct switches switches = {0};
	struct seen seen = {.data = &switches};
	struct kmview *session;

	EXPECT(kmview_open(&session, NULL), 0);
	EXPECT(kmview_hook(session, "getppid", NULL), 0);
	pin(0);
	TRY(inside(session, call_busily, NULL, count_switches, &seen));
	if (sysconf(_SC_NPROCESSORS_ONLN) < 2)
		return NULL; /* the debug kernel: the two have to take turns, and all calls were
				answered */
	/* Not none: an interrupt may take the processor while the other side waits. */
	if (scratch->number[8] > AWAKE / 20 || switches.manager > AWAKE / 20 ||
	    switches.slept > AWAKE / 20) {
		snprintf(scratch->why, sizeof(scratch->why),
			 "of %d calls: %d switches of the task, %ld of the manager, %ld sleeps",
			 AWAKE, scratch->number[8], switches.manager, switches.slept);
		return scratch->why;
	}
	return NULL;
}

const struct test device_tests[] = {
	{"the handshake refuses what it does not know", handshake},
	{"the handshake is only for who opened the device", others_handshake},
	{"wrong commands have the errors of the header", wrong_commands},
	{"programs that reach beyond the record are refused", wrong_programs},
	{"sessions are independent", two_sessions},
	{"an answer with a wrong id is EIO", wrong_id},
	{"an answer with an unknown verdict is EIO", wrong_verdict},
	{"an answer with an unknown flag is EIO", wrong_flags},
	{"an answer with bytes from outside the slot is EFAULT", wrong_range},
	{"an answer cannot write to the kernel", wrong_address},
	{"a descriptor that was not given is EIO", wrong_gift},
	{"a descriptor that is none is refused", bad_gift},
	{"a second answer is refused", twice},
	{"a manager that is awake answers without a context switch", awake},
	{},
};
