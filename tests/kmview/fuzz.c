// SPDX-License-Identifier: GPL-2.0-only
/*
 * A deterministic fuzzer of /dev/kmview: commands, fields and the shared ring, while tasks of the
 * session fork, call, exit and are killed, and the session is closed under them.
 *
 * usage: fuzz SECONDS [SEED]
 *
 * What is sent follows from the seed, which is printed; how threads interleave does not. Whatever a
 * manager does, the kernel must not complain (the guest's runner looks at its log), no process may
 * be left that SIGKILL does not end, and the module must be free in the end.
 */
#include <errno.h>
#include <fcntl.h>
#include <linux/bpf.h>
#include <pthread.h>
#include <sched.h>
#include <signal.h>
#include <stdbool.h>
#include <stddef.h>
#include <stdint.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/ioctl.h>
#include <sys/mman.h>
#include <sys/prctl.h>
#include <sys/syscall.h>
#include <sys/wait.h>
#include <time.h>
#include <unistd.h>

#include "tests/lib/tap.h"
#include "user/libkmview/kmview.h"

#define THREADS 3
#define TASKS	4
#define FILES	4 /* an image, a page for it, a network, a file that tasks have open */

/* ---- numbers */

struct random {
	uint64_t state;
};

static uint64_t draw(struct random *random)
{
	uint64_t x = random->state;

	x ^= x << 13;
	x ^= x >> 7;
	x ^= x << 17;
	random->state = x;
	return x * 0x2545f4914f6cdd1dULL;
}

static uint32_t below(struct random *random, uint32_t limit)
{
	return (draw(random) >> 32) % limit;
}

/* Numbers at the edges more often than others. */
static uint64_t edge(struct random *random)
{
	static const uint64_t edges[] = {0,
					 1,
					 2,
					 5,
					 63,
					 64,
					 255,
					 256,
					 559,
					 560,
					 1024,
					 4096,
					 65535,
					 65536,
					 0x7fffffff,
					 0x80000000,
					 0xffffffff,
					 0x7fffffffffffffff,
					 0x8000000000000000,
					 0xffffffffffffffff,
					 0xffffffff81000000};

	switch (below(random, 4)) {
	case 0:
		return edges[below(random, sizeof(edges) / sizeof(edges[0]))];
	case 1:
		return draw(random);
	default:
		return below(random, 8);
	}
}

/* ---- what the protocol has; fuzz_covers.sh sees to it that nothing is missing */

#define CHOOSE(random, list) ((list)[below(random, sizeof(list) / sizeof((list)[0]))])

static const unsigned long commands[] = {
	KMVIEW_INIT,	    KMVIEW_RULES, KMVIEW_JOIN,	    KMVIEW_EXCHANGE, KMVIEW_PREFIX,
	KMVIEW_MARK,	    KMVIEW_PROG,  KMVIEW_ATTACH,    KMVIEW_TASKS,    KMVIEW_KILL,
	KMVIEW_MEM,	    KMVIEW_GIVE,  KMVIEW_STATS,	    KMVIEW_ENTER,    KMVIEW_COOKIE,
	KMVIEW_MARK_COOKIE, KMVIEW_IMAGE, KMVIEW_ENTER_NET, KMVIEW_FORMATS};

static const uint32_t format_flags[] = {KMVIEW_FORMAT_MAGIC, KMVIEW_FORMAT_SUFFIX,
					KMVIEW_FORMAT_DIRECTORY, KMVIEW_FORMAT_ARGV0};

static const uint32_t init_flags[] = {0, 0, 0, KMVIEW_INIT_MOUNT, KMVIEW_INIT_WATCH};

static const uint32_t actions[] = {KMVIEW_PASS, KMVIEW_VALUE, KMVIEW_NOTIFY, KMVIEW_BPF};

static const uint32_t rule_flags[] = {
	KMVIEW_RULE_EXIT, KMVIEW_RULE_BOTH,	KMVIEW_RULE_INTERRUPTIBLE, KMVIEW_RULE_FD,
	KMVIEW_RULE_PATH, KMVIEW_RULE_NOFOLLOW, KMVIEW_RULE_PATH2,	   KMVIEW_RULE_WAIT};

static const uint8_t copies[] = {KMVIEW_COPY_NONE, KMVIEW_COPY_STRING, KMVIEW_COPY_SOCKADDR,
				 KMVIEW_COPY_BYTES, KMVIEW_COPY_BUFFER};

static const uint32_t verdicts[] = {KMVIEW_CONTINUE, KMVIEW_RETURN, KMVIEW_CHANGE, KMVIEW_INSTALL};

static const uint32_t answer_flags[] = {KMVIEW_ANSWER_EXIT, KMVIEW_ANSWER_COPY,
					KMVIEW_ANSWER_CLOEXEC};

/* Of programs: each is loaded once, at the start. */
static const int bpf_verdicts[] = {KMVIEW_BPF_PASS, KMVIEW_BPF_ANSWER, KMVIEW_BPF_NOTIFY,
				   KMVIEW_BPF_CHANGE, 4};
#define PROGRAMS (sizeof(bpf_verdicts) / sizeof(bpf_verdicts[0]))
static int programs[PROGRAMS];

/* Any of these flags, each as likely as not. */
static uint32_t some_of(struct random *random, const uint32_t *flags, size_t count)
{
	uint32_t some = 0;

	for (size_t i = 0; i < count; i++)
		some |= below(random, 2) ? flags[i] : 0;
	return some;
}
#define SOME(random, list) some_of(random, list, sizeof(list) / sizeof((list)[0]))

/* A program that gives a verdict, with another first argument and 8 bytes for where the second one points. */
static int load_program(int verdict)
{
	const int to = offsetof(struct kmview_call, out_address);
	const struct bpf_insn code[] = {
		{.code = BPF_LDX | BPF_MEM | BPF_DW, .dst_reg = 6, .src_reg = 1},
		{.code = BPF_ST | BPF_MEM | BPF_W,
		 .dst_reg = 6,
		 .off = offsetof(struct kmview_call, verdict),
		 .imm = verdict},
		{.code = BPF_LDX | BPF_MEM | BPF_DW,
		 .dst_reg = 2,
		 .src_reg = 6,
		 .off = offsetof(struct kmview_call, args) + 8},
		{.code = BPF_STX | BPF_MEM | BPF_DW, .dst_reg = 6, .src_reg = 2, .off = to},
		{.code = BPF_ST | BPF_MEM | BPF_W,
		 .dst_reg = 6,
		 .off = offsetof(struct kmview_call, out_length),
		 .imm = 8},
		{.code = BPF_ST | BPF_MEM | BPF_DW,
		 .dst_reg = 6,
		 .off = offsetof(struct kmview_call, args),
		 .imm = -1},
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

/* ---- one session */

struct session {
	int fd;
	struct kmview_init init;
	struct kmview_ring *ring;
	volatile bool stop;
	struct random randoms[THREADS];
	int pidfds[TASKS];
	int files[FILES];
	int next;
};

static const unsigned short hooked[] = {
	SYS_getppid, SYS_getpid, SYS_read,	SYS_openat,	SYS_uname, SYS_dup,	SYS_close,
	SYS_wait4,   SYS_clone,	 SYS_nanosleep, SYS_exit_group, SYS_lseek, SYS_mkdirat, SYS_pipe2};

static void set_rules(struct session *session, struct random *random)
{
	struct kmview_rule rule[4];
	struct kmview_rules rules = {.rules = (uintptr_t)rule, .count = 1 + below(random, 4)};

	for (unsigned int i = 0; i < rules.count; i++) {
		rule[i] = (struct kmview_rule){
			.abi = below(random, 3),
			.nr = hooked[below(random, sizeof(hooked) / sizeof(hooked[0]))],
			.action = CHOOSE(random, actions),
			.flags = below(random, 2) ? 0 : SOME(random, rule_flags),
			.value = edge(random),
			.prog = below(random, 4),
			.fd_arg = below(random, 6),
			.path_arg = below(random, 6),
			.dirfd_arg = below(random, 2) ? KMVIEW_NO_ARGUMENT : below(random, 6),
			.path2_arg = below(random, 6),
			.dirfd2_arg = below(random, 2) ? KMVIEW_NO_ARGUMENT : below(random, 6),
			.nofollow_arg = KMVIEW_NO_ARGUMENT,
			.fd_marks = edge(random),
			.path_marks = edge(random),
		};
		for (int j = 0; j < 6; j++) {
			rule[i].copy[j] = CHOOSE(random, copies);
			rule[i].copy_bytes[j] = edge(random);
		}
		if (below(random, 8) == 0) /* one byte of it is anything */
			((uint8_t *)&rule[i])[below(random, sizeof(rule[i]))] = draw(random);
	}
	if (below(random, 32) == 0)
		rules.count = edge(random);
	ioctl(session->fd, KMVIEW_RULES, &rules);
}

static struct kmview_slot *slot_at(struct session *session, uint32_t index)
{
	return (void *)((char *)session->ring + session->ring->slots_offset +
			(size_t)(index & (session->init.slots - 1)) * session->init.slot_size);
}

static void exchange(struct session *session, struct random *random, uint32_t slot)
{
	uint32_t slots[4] = {slot, below(random, 64), edge(random), 0};
	struct kmview_exchange request = {
		.flags = below(random, 8) ? KMVIEW_EXCHANGE_WAIT : edge(random),
		.timeout_ms = below(random, 5),
		.count = below(random, 8) ? 1 : below(random, 5),
		.slot = slot,
		.slots = below(random, 16) ? (uintptr_t)slots : edge(random),
	};

	ioctl(session->fd, KMVIEW_EXCHANGE, &request);
}

/* Answer one slot, most often as one should. */
static void answer(struct session *session, struct random *random, uint32_t index)
{
	struct kmview_slot *slot = slot_at(session, index);
	struct kmview_answer reply = {
		.id = slot->event.id,
		.verdict = below(random, 16) ? CHOOSE(random, verdicts) : edge(random),
		.flags = below(random, 4)   ? 0
			 : below(random, 8) ? SOME(random, answer_flags)
					    : edge(random),
		.value = edge(random),
		.copy_to = slot->event.args[below(random, 6)],
		.copy_offset = edge(random),
		.copy_length = edge(random),
	};

	memcpy(reply.args, slot->event.args, sizeof(reply.args));
	if (below(random, 4) == 0)
		reply.args[below(random, 6)] = edge(random);
	if (reply.verdict == KMVIEW_INSTALL && below(random, 2)) {
		struct kmview_give give = {
			.id = reply.id, .slot = index, .fd = below(random, 6) - 1};

		ioctl(session->fd, KMVIEW_GIVE, &give);
		reply.value = below(random, 2) ? -1 : (int)below(random, 40);
	}
	if (below(random, 32) == 0)
		reply.id += edge(random);
	slot->answer = reply;
	__atomic_store_n(&slot->state, below(random, 64) ? KMVIEW_ANSWERED : edge(random),
			 __ATOMIC_SEQ_CST);
	exchange(session, random, index);
}

static void serve(struct session *session, struct random *random)
{
	struct kmview_ring *ring = session->ring;

	while (__atomic_load_n(&ring->head, __ATOMIC_ACQUIRE) != ring->tail) {
		uint32_t tail = __atomic_fetch_add(&ring->tail, 1, __ATOMIC_SEQ_CST);
		struct kmview_entry entry = ring->entry[tail & (2 * session->init.slots - 1)];

		if (below(random, 64) == 0)
			return; /* never answered */
		answer(session, random, entry.slot);
	}
	exchange(session, random, 0);
}

static void scribble(struct session *session, struct random *random)
{
	uint32_t *words = (uint32_t *)session->ring;
	size_t count = session->init.ring_size / 4, at;

	for (unsigned int n = below(random, 8); n; n--) {
		at = below(random, 2) ? below(random, 64) : below(random, count);
		__atomic_store_n(&words[at], (uint32_t)edge(random), __ATOMIC_RELAXED);
	}
	/* What we ourselves need to go on. */
	session->ring->slots_offset =
		session->init.ring_size - (uint64_t)session->init.slots * session->init.slot_size;
}

/* Most often for what tasks execute. */
#define FORMATS 4
static struct kmview_format some_format(struct random *random)
{
	static const char *const paths[] = {"/bin/true", "/bin", "/", "/nothing", "relative"};
	struct kmview_format format = {
		.flags = SOME(random, format_flags),
		.offset = below(random, 4) ? 0 : edge(random),
		.length = below(random, 4) ? 1 + below(random, 4) : edge(random),
		.magic = "\177ELF",
		.mask = {255, below(random, 256), 255},
		.suffix = "ue",
		.directory = (uintptr_t)CHOOSE(random, paths),
		.interpreter = (uintptr_t)CHOOSE(random, paths),
	};

	if (below(random, 16) == 0)
		((uint8_t *)&format)[below(random, sizeof(format))] = draw(random);
	return format;
}

static void command(struct session *session, struct random *random)
{
	static const char *const paths[] = {"/tmp", "/", "/a/b/c", "relative", "/a/../b", ""};
	char buffer[4096] __attribute__((aligned(8)));
	union {
		uint64_t words[16];
		struct kmview_prefix prefix;
		struct kmview_exchange exchange;
		struct kmview_mem mem;
		struct kmview_tasks tasks;
		struct kmview_enter enter;
		struct kmview_enter_net enter_net;
		struct kmview_image image;
		struct kmview_cookie cookie;
		struct kmview_mark_cookie mark;
		struct kmview_prog prog;
		struct kmview_kill kill;
		struct kmview_formats formats;
	} argument;
	unsigned long number = CHOOSE(random, commands);

	for (int i = 0; i < 16; i++)
		argument.words[i] = below(random, 2) ? edge(random) : (uintptr_t)buffer;
	if (number == KMVIEW_PREFIX && below(random, 4))
		argument.prefix = (struct kmview_prefix){.path = (uintptr_t)paths[below(random, 6)],
							 .marks = edge(random)};
	if (number == KMVIEW_EXCHANGE)
		argument.exchange.timeout_ms = below(random, 5);
	if (number == KMVIEW_MEM && below(random, 4)) {
		uint32_t slot = below(random, session->init.slots);

		argument.mem = (struct kmview_mem){
			.id = slot_at(session, slot)->event.id,
			.slot = slot,
			.write = below(random, 2),
			.address = slot_at(session, slot)->event.args[below(random, 6)],
			.buffer = (uintptr_t)buffer,
			.length = below(random, 2) ? below(random, 4096) : edge(random),
		};
		/* Our own buffer is as large as that. */
		if (argument.mem.length > sizeof(buffer) && !argument.mem.write)
			argument.mem.buffer = edge(random) & ~0x7ffffffff000ULL;
	}
	if (number == KMVIEW_ENTER && below(random, 4)) {
		argument.enter.pidfd = session->pidfds[below(random, TASKS)];
		argument.enter.like = session->pidfds[below(random, TASKS)];
	}
	if (number == KMVIEW_ENTER_NET && below(random, 4)) {
		argument.enter_net.pidfd = session->pidfds[below(random, TASKS)];
		argument.enter_net.net = session->files[below(random, FILES)];
	}
	if (number == KMVIEW_IMAGE && below(random, 4))
		argument.image = (struct kmview_image){
			.image = below(random, 4) ? session->files[below(random, FILES)] : -1,
			.page = below(random, 2) ? session->files[below(random, FILES)] : -1,
		};
	if (number == KMVIEW_COOKIE && below(random, 4)) {
		argument.cookie.slot = below(random, session->init.slots);
		argument.cookie.id = slot_at(session, argument.cookie.slot)->event.id;
		argument.cookie.reserved = 0;
	}
	if (number == KMVIEW_MARK_COOKIE && below(random, 4))
		argument.mark.fd = session->files[below(random, FILES)];
	if (number == KMVIEW_PROG && below(random, 4))
		argument.prog = (struct kmview_prog){
			.prog = below(random, KMVIEW_PROGS),
			.fd = below(random, 4) ? CHOOSE(random, programs) : -1,
		};
	if (number == KMVIEW_FORMATS && below(random, 8)) {
		argument.formats = (struct kmview_formats){.formats = (uintptr_t)buffer,
							   .count = below(random, FORMATS + 1)};
		for (unsigned int i = 0; i < FORMATS; i++)
			((struct kmview_format *)buffer)[i] = some_format(random);
	}
	/* Not so often one that ends them all. */
	if (number == KMVIEW_KILL && below(random, 8))
		argument.kill = (struct kmview_kill){.signal = below(random, 2) ? SIGCONT : 0};
	if (number == KMVIEW_TASKS && argument.tasks.tasks == (uintptr_t)buffer)
		argument.tasks.count =
			below(random, sizeof(buffer) / sizeof(struct kmview_task_info));
	ioctl(session->fd, number, below(random, 32) ? &argument : (void *)edge(random));
}

static void *fuzz_thread(void *data)
{
	struct session *session = data;
	struct random *random =
		&session->randoms[__atomic_fetch_add(&session->next, 1, __ATOMIC_SEQ_CST)];

	while (!session->stop) {
		switch (below(random, 16)) {
		case 0:
			set_rules(session, random);
			break;
		case 1:
			scribble(session, random);
			break;
		case 2:
		case 3:
			command(session, random);
			break;
		default:
			serve(session, random);
		}
	}
	return NULL;
}

/* ---- tasks */

static void *task_thread(void *data)
{
	for (int i = 0; i < 20; i++)
		syscall(SYS_getppid);
	return NULL;
}

static void task_main(struct session *session, struct random *random)
{
	struct kmview_join join = {.cookie = draw(random)};
	char path[] = "/tmp/fuzz-never/../fuzz-never", buffer[512];
	pthread_t thread;

	if (ioctl(session->fd, KMVIEW_JOIN, &join) < 0)
		_exit(1);
	if (below(random, 2))
		unshare(CLONE_NEWNS);
	for (unsigned int n = 40; n; n--) {
		switch (below(random, 10)) {
		case 0:
			if (fork() == 0)
				_exit(0);
			break;
		case 1:
			if (pthread_create(&thread, NULL, task_thread, NULL) == 0)
				pthread_detach(thread);
			break;
		case 2:
			syscall(SYS_openat, below(random, 4) ? AT_FDCWD : (int)below(random, 8),
				path, 0);
			break;
		case 3:
			syscall(SYS_uname, buffer);
			break;
		case 4:
			syscall(SYS_mkdirat, AT_FDCWD, edge(random), 0);
			break;
		case 5:
			syscall(SYS_lseek, below(random, 8), edge(random), below(random, 3));
			break;
		case 6:
			while (waitpid(-1, NULL, WNOHANG) > 0)
				;
			break;
		case 7:
			if (below(random, 8) == 0)
				execl("/bin/true", "true", NULL);
			break;
		default:
			syscall(SYS_getppid);
		}
	}
	_exit(0);
}

static bool open_session(struct session *session, struct random *random)
{
	session->fd = open(KMVIEW_DEVICE, O_RDWR | O_CLOEXEC);
	if (session->fd < 0)
		return false;
	session->init = (struct kmview_init){
		.major = KMVIEW_ABI_MAJOR,
		.slots = 1u << below(random, 7),
		.slot_size = 1024u << below(random, 3),
		.flags = CHOOSE(random, init_flags),
	};
	if (ioctl(session->fd, KMVIEW_INIT, &session->init) < 0)
		return false;
	session->ring = mmap(NULL, session->init.ring_size, PROT_READ | PROT_WRITE, MAP_SHARED,
			     session->fd, 0);
	if (session->ring == MAP_FAILED)
		return false;
	madvise(session->ring, session->init.ring_size, MADV_DONTFORK);
	for (int i = 0; i < THREADS; i++)
		session->randoms[i].state = draw(random) | 1;
	return true;
}

/* Files that commands take; tasks inherit them. */
static void open_files(int files[FILES])
{
	char path[64];
	int page = memfd_create("page", 0);

	if (page < 0 || ftruncate(page, 4096) < 0)
		_exit(2);
	snprintf(path, sizeof(path), "/proc/self/fd/%d", page);
	files[0] = open("build/tests/kmview/clock_image.so", O_RDONLY);
	files[1] = open(path, O_RDONLY);
	files[2] = open("/proc/self/ns/net", O_RDONLY);
	files[3] = page;
}

/* A manager, in a process of its own, for a moment. */
static void manage(struct random *random)
{
	static struct session session;
	pid_t tasks[TASKS];
	pthread_t threads[THREADS];
	struct timespec moment = {.tv_nsec = 20000000 + below(random, 60000000)};

	if (!open_session(&session, random))
		_exit(2);
	open_files(session.files);
	for (int i = 0; i < 3; i++)
		set_rules(&session, random);
	for (int i = 0; i < TASKS; i++) {
		struct random own = {draw(random) | 1};

		tasks[i] = fork();
		if (tasks[i] == 0)
			task_main(&session, &own);
		session.pidfds[i] = syscall(SYS_pidfd_open, tasks[i], 0);
	}
	for (int i = 0; i < THREADS; i++)
		pthread_create(&threads[i], NULL, fuzz_thread, &session);
	nanosleep(&moment, NULL);
	kill(tasks[below(random, TASKS)], below(random, 2) ? SIGKILL : SIGUSR1);
	nanosleep(&moment, NULL);
	if (below(random, 2))
		_exit(0); /* the session goes with us, threads and all */
	session.stop = true;
	if (below(random, 2))
		close(session.fd);
	for (int i = 0; i < THREADS; i++)
		pthread_join(threads[i], NULL);
	munmap(session.ring, session.init.ring_size);
	close(session.fd);
	_exit(0);
}

/*
 * The manager's end. One of its threads may wait for an event for ever, with all tasks blocked and
 * nobody to answer them: then it is killed, which must free them all.
 */
static int end_of(pid_t manager)
{
	struct timespec pause = {.tv_nsec = 10000000};
	int status;

	for (int i = 0; i < 500; i++) {
		if (waitpid(manager, &status, WNOHANG) == manager)
			return status;
		nanosleep(&pause, NULL);
	}
	kill(manager, SIGKILL);
	waitpid(manager, &status, 0);
	return status;
}

/* All children are gone: no task that stays although its session is dead. */
static bool all_gone(void)
{
	struct timespec pause = {.tv_nsec = 10000000};

	for (int i = 0; i < 3000; i++) {
		if (waitpid(-1, NULL, WNOHANG) < 0 && errno == ECHILD)
			return true;
		nanosleep(&pause, NULL);
	}
	return false;
}

static bool module_free(void)
{
	struct timespec pause = {.tv_nsec = 10000000};

	for (int i = 0; i < 3000; i++) {
		FILE *file = fopen("/sys/module/kmview/refcnt", "r");
		int count = -1;

		if (file && fscanf(file, "%d", &count) != 1)
			count = -1;
		if (file)
			fclose(file);
		if (count == 0)
			return true;
		nanosleep(&pause, NULL);
	}
	return false;
}

int main(int argc, char **argv)
{
	time_t end = time(NULL) + (argc > 1 ? atoi(argv[1]) : 10);
	uint64_t seed =
		argc > 2 ? strtoull(argv[2], NULL, 0) : (uint64_t)time(NULL) << 16 | getpid();
	struct random random = {seed | 1};
	unsigned int rounds = 0, broken = 0;
	time_t told = time(NULL);
	bool gone = true;

	for (size_t i = 0; i < PROGRAMS; i++)
		programs[i] = load_program(bpf_verdicts[i]);
	printf("# seed %#llx\n", (unsigned long long)seed);
	fflush(stdout);
	/* Orphans of sessions come to us, so that we see whether they go. */
	prctl(PR_SET_CHILD_SUBREAPER, 1, 0, 0, 0);
	while (gone && (time(NULL) < end || rounds < 3)) {
		struct random own = {draw(&random) | 1};
		int status;
		pid_t manager = fork();

		if (manager == 0)
			manage(&own);
		status = end_of(manager);
		broken += WIFEXITED(status) && WEXITSTATUS(status) == 2;
		gone = all_gone();
		rounds++;
		if (time(NULL) >= told + 60) {
			told = time(NULL);
			printf("# %u rounds, %ld s to go\n", rounds, (long)(end - told));
			fflush(stdout);
		}
	}
	printf("# %u rounds\n", rounds);
	ok(gone, "no process is left of sessions that ended");
	ok(!broken, "every session could be opened");
	ok(module_free(), "the module is free");
	return done_testing();
}
