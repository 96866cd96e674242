// SPDX-License-Identifier: GPL-2.0-only
/*
 * What a system call costs, layer by layer: native, beside a session, in one, answered by BPF, by
 * the manager; and the same by the kernel's other means. Runs in a guest, as root, with the module
 * not loaded: it loads and unloads it in each round, so that native and ours alternate.
 *
 * usage: bench ROUNDS
 *
 * Prints lines "ROW NANOSECONDS", as in "uname/notify 8123.4". In the layer "notify" the manager
 * says what uname returns, with its 390 bytes; for open it looks at the path and lets the call go
 * on. The peers do the same. "lseek/mark-miss" is a call on a descriptor without a mark, beside a rule
 * for marked ones.
 */
#include <errno.h>
#include <fcntl.h>
#include <sched.h>
#include <signal.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/mman.h>
#include <sys/syscall.h>
#include <sys/utsname.h>
#include <sys/wait.h>
#include <time.h>
#include <unistd.h>

#include "bench.h"
#include "bpf/kmview/loader.h"
#include "user/libkmview/libkmview.h"

#define FAST  5000  /* iterations where nobody is asked */
#define QUICK 40000 /* where the rest of the system must not show in some tens of instructions */
#define SLOW  600

const char *const work_names[] = {"uname", "open", "lseek"};

void die(const char *what)
{
	fprintf(stderr, "bench: %s: %s\n", what, strerror(errno));
	exit(1);
}

static void must(int result, const char *what)
{
	if (result >= 0)
		return;
	errno = -result;
	die(what);
}

static double now_ns(void)
{
	struct timespec now;

	clock_gettime(CLOCK_MONOTONIC, &now);
	return now.tv_sec * 1e9 + now.tv_nsec;
}

static void work_once(enum work work)
{
	struct utsname name;
	int fd;

	if (work == WORK_UNAME) {
		syscall(SYS_uname, &name);
		return;
	}
	if (work == WORK_LSEEK) {
		syscall(SYS_lseek, 0, 0, SEEK_CUR);
		return;
	}
	fd = syscall(SYS_openat, AT_FDCWD, BENCH_FILE, O_RDONLY);
	syscall(SYS_close, fd);
}

double work_measure(enum work work, unsigned int times)
{
	double start;

	for (unsigned int i = 0; i < times / 8; i++)
		work_once(work);
	start = now_ns();
	for (unsigned int i = 0; i < times; i++)
		work_once(work);
	return (now_ns() - start) / times;
}

double measured(int pipe_end, pid_t child)
{
	double ns;
	int status;

	if (read(pipe_end, &ns, sizeof(ns)) != sizeof(ns)) {
		errno = ENODATA;
		die("a measured process ended early");
	}
	close(pipe_end);
	while (waitpid(child, &status, 0) < 0 && errno == EINTR)
		;
	return ns;
}

void report(enum work work, const char *layer, double ns)
{
	printf("%s/%s %.1f\n", work_names[work], layer, ns);
	fflush(stdout);
}

/*
 * Two switches, to another process and back, as cheaply as the scheduler makes them: both have
 * nothing to do but to yield. No call that a process on the same processor answers can cost less
 * than this and the call itself.
 */
static double two_switches(void)
{
	unsigned int *turns = mmap(NULL, sizeof(*turns), PROT_READ | PROT_WRITE,
				   MAP_SHARED | MAP_ANONYMOUS, -1, 0),
		     before;
	pid_t child;
	double ns;

	if (turns == MAP_FAILED)
		die("mmap");
	child = fork();
	if (child == 0) {
		for (;;) {
			++*(volatile unsigned int *)turns;
			sched_yield();
		}
	}
	while (*(volatile unsigned int *)turns < 100)
		sched_yield();
	before = *turns;
	ns = now_ns();
	for (int i = 0; i < FAST; i++)
		sched_yield();
	ns = (now_ns() - ns) / (*(volatile unsigned int *)turns - before);
	kill(child, SIGKILL);
	waitpid(child, NULL, 0);
	munmap(turns, sizeof(*turns));
	return ns;
}

/* ---- our layers */

static struct kmview *new_session(void)
{
	struct kmview *session;

	must(kmview_open(&session, NULL), "open a session");
	return session;
}

static void hook(struct kmview *session, enum work work, const struct kmview_hook *how)
{
	must(kmview_hook(session, work == WORK_UNAME ? "uname" : "openat", how), "hook");
}

static void serve_call(struct kmview_request *request, void *data)
{
	const struct utsname *name = data;
	char path[256];

	if (request->call->nr[KMVIEW_ABI_X64] == SYS_uname) {
		kmview_return_bytes(request, 0, request->event.args[0], name, sizeof(*name));
		return;
	}
	if (kmview_string(request, 1, path, sizeof(path)) < 0 || strcmp(path, BENCH_FILE))
		kmview_return(request, -EACCES);
	else
		kmview_continue(request);
}

/* Measure in a process of the session, which we serve. */
static double in_session(struct kmview *session, enum work work, unsigned int times)
{
	struct kmview_operations operations = {.request = serve_call};
	struct utsname name;
	double ns;
	int ends[2], gate[2];
	pid_t child;
	char byte = 0;

	uname(&name);
	if (pipe2(ends, O_CLOEXEC) < 0 || pipe2(gate, O_CLOEXEC) < 0)
		die("pipe");
	child = fork();
	if (child == 0) {
		must(kmview_join(session, 0), "join");
		if (write(gate[1], &byte, 1) != 1)
			_exit(1);
		ns = work_measure(work, times);
		_exit(write(ends[1], &ns, sizeof(ns)) != sizeof(ns));
	}
	close(gate[1]);
	if (read(gate[0], &byte, 1) != 1)
		die("wait for the join");
	close(gate[0]);
	close(ends[1]);
	must(kmview_run(session, &operations, &name, 1), "serve");
	return measured(ends[0], child);
}

static void outside(enum work work)
{
	struct kmview *session = new_session();

	hook(session, work, NULL);
	report(work, "outside", work_measure(work, FAST));
	kmview_close(session);
}

static void unhooked(enum work work)
{
	struct kmview *session = new_session();

	report(work, "unhooked", in_session(session, work, FAST));
	kmview_close(session);
}

/* Another session hooks the call; in this one the table says pass. */
static void table_pass(enum work work)
{
	struct kmview *other = new_session(), *session = new_session();
	struct kmview_hook pass = {.action = KMVIEW_PASS};

	hook(other, work, NULL);
	hook(session, work, NULL);
	hook(session, work, &pass);
	report(work, "table-pass", in_session(session, work, FAST));
	kmview_close(session);
	kmview_close(other);
}

static void write_policy(const char *file)
{
	FILE *out = fopen(file, "w");

	if (!out || fprintf(out, "openat 1000\nclose 0\n") < 0 || fclose(out))
		die(file);
}

static void bpf_answer(enum work work)
{
	static const char *const names[6] = {"PlanX"};
	const char *policy = "/tmp/bench.policy";
	struct kmview_bpf_wanted wanted = {.uname = work == WORK_UNAME ? names : NULL,
					   .policy_file = work == WORK_OPEN ? policy : NULL};
	struct kmview_hook program = {
		.action = KMVIEW_BPF,
		.prog = work == WORK_UNAME ? KMVIEW_BPF_PLACE_UNAME : KMVIEW_BPF_PLACE_POLICY,
	};
	struct kmview *session = new_session();
	struct kmview_bpf *bpf;
	char *why;

	write_policy(policy);
	bpf = kmview_bpf_load(session, &wanted, &why);
	if (!bpf) {
		fprintf(stderr, "bench: %s\n", why ? why : "no memory");
		exit(1);
	}
	hook(session, work, &program);
	if (work == WORK_OPEN)
		must(kmview_hook(session, "close", &program), "hook");
	report(work, "bpf-answer", in_session(session, work, FAST));
	kmview_bpf_free(bpf);
	kmview_close(session);
	unlink(policy);
}

static void notify(enum work work)
{
	struct kmview *session = new_session();

	hook(session, work, NULL);
	report(work, "notify", in_session(session, work, SLOW));
	kmview_close(session);
}

/* A rule for marked descriptors, and a call on one that carries no mark. */
static void mark_miss(void)
{
	struct kmview_hook marked = {.action = KMVIEW_NOTIFY, .fd_marks = 1};
	struct kmview *session = new_session();
	int fd = open(BENCH_FILE, O_RDONLY | O_CLOEXEC);

	if (fd < 0)
		die(BENCH_FILE);
	must(kmview_hook(session, "lseek", &marked), "hook");
	must(kmview_mark(session, fd, 1), "mark");
	report(WORK_LSEEK, "mark-miss", in_session(session, WORK_LSEEK, QUICK));
	close(fd);
	kmview_close(session);
}

static void shell(const char *command)
{
	if (system(command)) {
		fprintf(stderr, "bench: \"%s\" failed\n", command);
		exit(1);
	}
}

/* Sessions are taken down in the background: that work must not be measured. */
static void settle(void)
{
	struct timespec moment = {.tv_nsec = 20000000};
	char count[16] = "";

	do {
		FILE *file = fopen("/sys/module/kmview/refcnt", "r");

		nanosleep(&moment, NULL);
		if (!file || !fgets(count, sizeof(count), file))
			die("/sys/module/kmview/refcnt");
		fclose(file);
	} while (atoi(count));
}

int main(int argc, char **argv)
{
	static void (*const layers[])(enum work) = {outside, unhooked, table_pass, bpf_answer,
						    notify};

	int rounds = argc == 2 ? atoi(argv[1]) : 0;

	if (rounds < 1) {
		fprintf(stderr, "usage: bench ROUNDS\n");
		return 2;
	}
	while (rounds--) {
		for (enum work work = 0; work < WORKS; work++) {
			double native = work_measure(work, FAST);

			report(work, "native", native);
			report(work, "floor", native + two_switches());
			peer_seccomp_notify(work, SLOW);
			peer_ptrace(work, SLOW);
			peer_ptrace_event(work, SLOW);
		}
		report(WORK_LSEEK, "native", work_measure(WORK_LSEEK, QUICK));
		shell("modprobe kmview");
		for (enum work work = 0; work < WORKS; work++) {
			for (size_t i = 0; i < sizeof(layers) / sizeof(layers[0]); i++) {
				settle();
				layers[i](work);
			}
		}
		settle();
		mark_miss();
		settle();
		shell("rmmod kmview");
	}
	return 0;
}
