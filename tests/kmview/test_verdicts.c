// SPDX-License-Identifier: GPL-2.0-only
/* What can happen at a call: values in the table, answers of the manager, data that goes along. */
#include <errno.h>
#include <fcntl.h>
#include <linux/filter.h>
#include <linux/seccomp.h>
#include <signal.h>
#include <stdlib.h>
#include <string.h>
#include <sys/mman.h>
#include <sys/prctl.h>
#include <sys/socket.h>
#include <sys/stat.h>
#include <sys/syscall.h>
#include <sys/un.h>
#include <sys/utsname.h>
#include <unistd.h>

#include "bpf/kmview/loader.h"
#include "inside.h"

static struct kmview *session;

static const char *open_with(const char *call, const struct kmview_hook *hook)
{
	EXPECT(kmview_open(&session, NULL), 0);
	EXPECT(kmview_hook(session, call, hook), 0);
	return NULL;
}

static const char *getppid_is(void *data)
{
	EXPECT(syscall(SYS_getppid), *(int *)data);
	return NULL;
}

static const char *value(void)
{
	struct kmview_hook hook = {.action = KMVIEW_VALUE, .value = 4242};
	struct seen seen = {0};
	int wanted = 4242;

	TRY(open_with("getppid", &hook));
	TRY(inside(session, getppid_is, &wanted, let_go, &seen));
	EXPECT(seen.requests, 0);
	return NULL;
}

static const char *mkdir_denied(void *data)
{
	EXPECT(syscall(SYS_mkdirat, AT_FDCWD, "/tmp/never", 0755), -1);
	EXPECT(errno, EACCES);
	return NULL;
}

static const char *error_value(void)
{
	struct kmview_hook hook = {.action = KMVIEW_VALUE, .value = -EACCES};

	TRY(open_with("mkdirat", &hook));
	return inside(session, mkdir_denied, NULL, let_go, NULL);
}

static const char *seek(void *data)
{
	int fd = open("/etc/hostname", O_RDONLY);

	CHECK(fd >= 0);
	EXPECT(syscall(SYS_lseek, fd, 5, SEEK_SET), 5);
	scratch->number[0] = getpid();
	scratch->number[1] = fd;
	return NULL;
}

static const char *event(void)
{
	struct seen seen = {0};

	TRY(open_with("lseek", NULL));
	TRY(inside(session, seek, NULL, let_go, &seen));
	EXPECT(seen.entries, 1);
	EXPECT(seen.exits, 0);
	EXPECT(seen.last.nr, SYS_lseek);
	EXPECT(seen.last.abi, KMVIEW_ABI_X64);
	EXPECT(seen.last.pid, scratch->number[0]);
	EXPECT(seen.last.tid, scratch->number[0]);
	EXPECT(seen.last.cookie, 77);
	EXPECT(seen.last.args[0], scratch->number[1]);
	EXPECT(seen.last.args[1], 5);
	return NULL;
}

static void fake_uname(struct kmview_request *request, void *data)
{
	struct utsname name = {.sysname = "PlanX"};

	kmview_return_bytes(request, 0, request->event.args[0], &name, sizeof(name));
}

static const char *uname_faked(void *data)
{
	struct utsname name;

	EXPECT(uname(&name), 0);
	CHECK(!strcmp(name.sysname, "PlanX"));
	EXPECT(syscall(SYS_uname, 8), -1);
	EXPECT(errno, EFAULT);
	return NULL;
}

static const char *return_bytes(void)
{
	TRY(open_with("uname", NULL));
	return inside(session, uname_faked, NULL, fake_uname, NULL);
}

static void seek_elsewhere(struct kmview_request *request, void *data)
{
	uint64_t args[6];

	if (request->event.args[2] == SEEK_CUR) {
		kmview_continue(request);
		return;
	}
	memcpy(args, request->event.args, sizeof(args));
	args[1] = 2;
	kmview_change(request, args, false);
}

static const char *seek_changed(void *data)
{
	int fd = open("/etc/hostname", O_RDONLY);
	register long rsi asm("rsi") = 5;
	long result;

	/* The call goes with other arguments, and the program's registers stay what they were. */
	asm volatile("syscall"
		     : "=a"(result), "+r"(rsi)
		     : "0"(SYS_lseek), "D"(fd), "d"(SEEK_SET)
		     : "rcx", "r11", "memory");
	EXPECT(result, 2);
	EXPECT(rsi, 5);
	EXPECT(lseek(fd, 0, SEEK_CUR), 2);
	return NULL;
}

static const char *change(void)
{
	TRY(open_with("lseek", NULL));
	return inside(session, seek_changed, NULL, seek_elsewhere, NULL);
}

/* Who is under a seccomp filter does not get other arguments past it, nor a process that is not
 * under it. */
static const char *seek_refused(void *data)
{
	EXPECT(lseek(open("/etc/hostname", O_RDONLY), 5, SEEK_SET), -1);
	EXPECT(errno, EIO);
	return NULL;
}

/* Also if the manager comes under the filter later, when the session is there and a process in it. */
static const char *wait_then_seek(void *data)
{
	UNTIL(((volatile int *)scratch->number)[0]);
	return seek_refused(data);
}

static const char *change_filtered_later(void)
{
	struct sock_filter allow = BPF_STMT(BPF_RET | BPF_K, SECCOMP_RET_ALLOW);
	struct sock_fprog filter = {.len = 1, .filter = &allow};
	pid_t outside = fork(), child;

	if (outside == 0) {
		prctl(PR_SET_PDEATHSIG, SIGKILL, 0, 0, 0);
		pause();
		_exit(0);
	}
	TRY(open_with("lseek", NULL));
	child = inside_start(session, wait_then_seek, NULL);
	CHECK(child > 0);
	EXPECT(prctl(PR_SET_NO_NEW_PRIVS, 1, 0, 0, 0), 0);
	EXPECT(prctl(PR_SET_SECCOMP, SECCOMP_MODE_FILTER, &filter), 0);
	EXPECT(kmview_attach(session, outside, 0), -EPERM);
	kill(outside, SIGKILL);
	scratch->number[0] = 1;
	return inside_serve(session, child, seek_elsewhere, NULL);
}

static const char *change_filtered(void)
{
	struct sock_filter allow = BPF_STMT(BPF_RET | BPF_K, SECCOMP_RET_ALLOW);
	struct sock_fprog filter = {.len = 1, .filter = &allow};
	pid_t outside = fork();

	if (outside == 0) {
		prctl(PR_SET_PDEATHSIG, SIGKILL, 0, 0, 0);
		pause();
		_exit(0);
	}
	EXPECT(prctl(PR_SET_NO_NEW_PRIVS, 1, 0, 0, 0), 0);
	EXPECT(prctl(PR_SET_SECCOMP, SECCOMP_MODE_FILTER, &filter), 0);
	TRY(open_with("lseek", NULL));
	EXPECT(kmview_attach(session, outside, 0), -EPERM);
	kill(outside, SIGKILL);
	return inside(session, seek_refused, NULL, seek_elsewhere, NULL);
}

static void tell_then_replace(struct kmview_request *request, void *data)
{
	struct seen *seen = data;

	if (request->event.kind == KMVIEW_KIND_ENTRY) {
		kmview_continue_tell(request);
		return;
	}
	seen->data = (void *)(long)request->event.result;
	kmview_return(request, 99);
}

static const char *tell(void)
{
	struct seen seen = {0};
	int wanted = 99;

	TRY(open_with("getppid", NULL));
	TRY(inside(session, getppid_is, &wanted, tell_then_replace, &seen));
	EXPECT(seen.entries, 1);
	EXPECT(seen.exits, 1);
	EXPECT((long)seen.data, getpid());
	return NULL;
}

static const char *exits_with(uint32_t flags, unsigned int entries, unsigned int exits)
{
	struct kmview_hook hook = {.action = KMVIEW_NOTIFY, .flags = flags};
	struct seen seen = {0};
	int parent = getpid();

	TRY(open_with("getppid", &hook));
	TRY(inside(session, getppid_is, &parent, let_go, &seen));
	EXPECT(seen.entries, entries);
	EXPECT(seen.exits, exits);
	EXPECT(seen.last.result, getpid());
	return NULL;
}

static const char *exit_only(void)
{
	return exits_with(KMVIEW_RULE_EXIT, 0, 1);
}

static const char *both(void)
{
	return exits_with(KMVIEW_RULE_BOTH, 1, 1);
}

struct installs {
	int fd, wanted;
	bool cloexec;
};

static struct installs installs;

static void install_file(struct kmview_request *request, void *data)
{
	int fd = open("/etc/passwd", O_RDONLY);

	kmview_install(request, fd, installs.wanted, installs.cloexec);
	close(fd);
}

static const char *installed(void *data)
{
	struct stat file, passwd;
	int lowest = dup(0), fd;

	close(lowest);
	fd = syscall(SYS_openat, AT_FDCWD, "/etc/hostname", O_RDONLY);
	EXPECT(fd, installs.wanted < 0 ? lowest : installs.wanted);
	EXPECT(fcntl(fd, F_GETFD), installs.cloexec ? FD_CLOEXEC : 0);
	CHECK(fstat(fd, &file) == 0 && stat("/etc/passwd", &passwd) == 0);
	EXPECT(file.st_ino, passwd.st_ino);
	return NULL;
}

static const char *install_as(int wanted, bool cloexec)
{
	installs = (struct installs){.wanted = wanted, .cloexec = cloexec};
	TRY(open_with("openat", NULL));
	return inside(session, installed, NULL, install_file, NULL);
}

static const char *install_lowest(void)
{
	return install_as(-1, false);
}

static const char *install_cloexec(void)
{
	return install_as(-1, true);
}

static const char *install_given(void)
{
	return install_as(55, true);
}

static const char *install_over_open(void)
{
	return install_as(0, false);
}

static const char *open_long(void *data)
{
	char path[3001];

	memset(path, '/', sizeof(path) - 1);
	strcpy(path + sizeof(path) - 5, "/tmp");
	CHECK(syscall(SYS_openat, AT_FDCWD, path, O_RDONLY | O_DIRECTORY) >= 0);
	return NULL;
}

static const char *string_cut(void)
{
	struct kmview_options small = {.slot_size = 1024};
	struct seen seen = {0};

	EXPECT(kmview_open(&session, &small), 0);
	EXPECT(kmview_hook(session, "openat", NULL), 0);
	TRY(inside(session, open_long, NULL, let_go, &seen));
	CHECK(seen.last.copied[1].flags & KMVIEW_COPIED_CUT);
	EXPECT(strlen(seen.path), 3000);
	CHECK(!strcmp(seen.path + 2996, "/tmp"));
	return NULL;
}

/* ---- BPF */

static struct kmview_bpf *bpf;

static const char *see_names(void *data)
{
	struct utsname name;

	for (int i = 0; i < 3; i++) {
		EXPECT(syscall(SYS_uname, &name), 0);
		CHECK(!strcmp(name.sysname, "One"));
	}
	EXPECT(syscall(SYS_getppid), 4242); /* now the manager changes the table */
	EXPECT(syscall(SYS_uname, &name), 0);
	CHECK(!strcmp(name.sysname, "Two"));
	CHECK(strcmp(name.release, "One"));
	EXPECT(syscall(SYS_uname, 16), -1);
	EXPECT(errno, EFAULT);
	return NULL;
}

static void change_names(struct kmview_request *request, void *data)
{
	static const char *const two[6] = {"Two"};
	char *why;

	kmview_return(request, kmview_bpf_set_uname(bpf, two, &why) < 0 ? -EIO : 4242);
}

static const char *names_change(void)
{
	static const char *const one[6] = {"One"};
	struct kmview_bpf_wanted wanted = {.uname = one};
	struct kmview_hook program = {.action = KMVIEW_BPF, .prog = KMVIEW_BPF_PLACE_UNAME};
	char *why;

	EXPECT(kmview_open(&session, NULL), 0);
	bpf = kmview_bpf_load(session, &wanted, &why);
	CHECK(bpf);
	EXPECT(kmview_hook(session, "uname", &program), 0);
	EXPECT(kmview_hook(session, "getppid", NULL), 0);
	TRY(inside(session, see_names, NULL, change_names, NULL));
	kmview_bpf_free(bpf);
	return NULL;
}

#define EDGES 40

/* Strings of each length at each distance from the end of memory; then one that has no end. */
static const char *open_at_edges(void *data)
{
	long page = sysconf(_SC_PAGESIZE);
	char *memory = mmap(NULL, 2 * page, PROT_READ | PROT_WRITE, MAP_PRIVATE | MAP_ANONYMOUS, -1,
			    0),
	     *path;

	CHECK(memory != MAP_FAILED);
	EXPECT(munmap(memory + page, page), 0);
	for (int i = 0; i < EDGES; i++) {
		for (int gap = 0; gap < 9; gap++) {
			path = memory + page - gap - i - 2;
			memset(path, 'x', memory + page - path);
			path[0] = '/';
			path[i + 1] = '\0';
			syscall(SYS_openat, AT_FDCWD, path, O_RDONLY);
		}
	}
	path = memory + page - 11;
	memset(path, 'x', 11);
	EXPECT(syscall(SYS_openat, AT_FDCWD, path, O_RDONLY), -1);
	EXPECT(errno, EFAULT);
	return NULL;
}

static void serve_edges(struct kmview_request *request, void *data)
{
	struct seen *seen = data;
	unsigned int length = (seen->requests - 1) / 9 + 1;
	bool good = seen->path[0] == '/' && strspn(seen->path + 1, "x") == length - 1 &&
		    strlen(seen->path) == length;

	if (seen->requests > EDGES * 9)
		good = request->event.copied[1].flags & KMVIEW_COPIED_FAULT;
	scratch->number[8] += good;
	kmview_continue(request);
}

static const char *string_edges(void)
{
	TRY(open_with("openat", NULL));
	TRY(inside(session, open_at_edges, NULL, serve_edges, NULL));
	EXPECT(scratch->number[8], EDGES * 9 + 1);
	return NULL;
}

static const char *open_fault(void *data)
{
	EXPECT(syscall(SYS_openat, AT_FDCWD, 16, O_RDONLY), -1);
	EXPECT(errno, EFAULT);
	return NULL;
}

static const char *string_fault(void)
{
	struct seen seen = {0};

	TRY(open_with("openat", NULL));
	TRY(inside(session, open_fault, NULL, let_go, &seen));
	CHECK(seen.last.copied[1].flags & KMVIEW_COPIED_FAULT);
	return NULL;
}

static const char *connect_somewhere(void *data)
{
	struct sockaddr_un address = {.sun_family = AF_UNIX, .sun_path = "/nowhere"};
	int fd = socket(AF_UNIX, SOCK_STREAM, 0);

	EXPECT(connect(fd, (struct sockaddr *)&address, sizeof(address)), -1);
	EXPECT(errno, ENOENT);
	return NULL;
}

static void read_sockaddr(struct kmview_request *request, void *data)
{
	struct sockaddr_un address = {0};

	kmview_bytes(request, 1, &address, sizeof(address));
	kmview_return(request,
		      address.sun_family == AF_UNIX && !strcmp(address.sun_path, "/nowhere")
			      ? -ENOENT
			      : -EIO);
}

static const char *sockaddr(void)
{
	struct seen seen = {0};

	TRY(open_with("connect", NULL));
	TRY(inside(session, connect_somewhere, NULL, read_sockaddr, &seen));
	EXPECT(seen.last.copied[1].length, sizeof(struct sockaddr_un));
	return NULL;
}

static struct kmview_request answered;

static void move_memory(struct kmview_request *request, void *data)
{
	uint64_t page = request->event.args[0];
	char bytes[64] = "";

	/* The second half of what is asked for is not mapped. */
	if (kmview_read(request, page + 4096 - 32, bytes, 64) != 32 || memcmp(bytes, "here", 4) ||
	    kmview_read(request, 4096, bytes, 8) != -EFAULT ||
	    kmview_write(request, page, "there", 6) != 6) {
		kmview_return(request, -EIO);
		return;
	}
	kmview_return(request, 0);
	answered = *request;
}

static const char *offer_memory(void *data)
{
	char *pages = mmap(NULL, 8192, PROT_READ | PROT_WRITE, MAP_PRIVATE | MAP_ANONYMOUS, -1, 0);

	munmap(pages + 4096, 4096);
	strcpy(pages + 4096 - 32, "here");
	EXPECT(syscall(SYS_uname, pages), 0);
	CHECK(!strcmp(pages, "there"));
	return NULL;
}

static const char *memory(void)
{
	char byte;

	TRY(open_with("uname", NULL));
	TRY(inside(session, offer_memory, NULL, move_memory, NULL));
	EXPECT(kmview_read(&answered, answered.event.args[0], &byte, 1), -ESTALE);
	return NULL;
}

static void unhook(struct kmview_request *request, void *data)
{
	struct kmview_hook pass = {.action = KMVIEW_PASS};

	kmview_hook(session, "getppid", &pass);
	kmview_continue(request);
}

static const char *twice(void *data)
{
	syscall(SYS_getppid);
	syscall(SYS_getppid);
	return NULL;
}

static const char *change_rules(void)
{
	struct seen seen = {0};

	TRY(open_with("getppid", NULL));
	TRY(inside(session, twice, NULL, unhook, &seen));
	EXPECT(seen.requests, 1);
	return NULL;
}

static const char *many(void *data)
{
	for (int i = 0; i < 300; i++)
		syscall(SYS_getppid);
	return NULL;
}

static unsigned int served;

static void count_atomic(struct kmview_request *request, void *data)
{
	__atomic_add_fetch(&served, 1, __ATOMIC_SEQ_CST);
	kmview_continue(request);
}

static const char *several_threads(void)
{
	struct kmview_operations operations = {.request = count_atomic};
	pid_t children[4];

	TRY(open_with("getppid", NULL));
	for (int i = 0; i < 4; i++)
		children[i] = inside_start(session, many, NULL);
	CHECK(children[3] > 0);
	EXPECT(kmview_run(session, &operations, NULL, 3), 0);
	EXPECT(served, 1200);
	return NULL;
}

const struct test verdict_tests[] = {
	{"a value of the table is the result", value},
	{"an error of the table is the result", error_value},
	{"an event names call, task and arguments", event},
	{"an answer brings bytes, or EFAULT", return_bytes},
	{"an answer changes arguments and leaves the registers", change},
	{"arguments do not change behind a seccomp filter of the manager", change_filtered},
	{"nor behind one that it got later", change_filtered_later},
	{"the manager is told the result and replaces it", tell},
	{"a rule asks for exits only", exit_only},
	{"a rule asks for entries and exits", both},
	{"a descriptor is installed at the lowest number", install_lowest},
	{"a descriptor is installed close-on-exec", install_cloexec},
	{"a descriptor is installed at a given number", install_given},
	{"a descriptor is installed over an open one", install_over_open},
	{"a long string comes cut and is fetched", string_cut},
	{"a bad pointer is said to be one", string_fault},
	{"a BPF program's table of names changes at once", names_change},
	{"strings are copied up to the end of the memory they are in", string_edges},
	{"a socket address comes along", sockaddr},
	{"memory of a blocked task is read and written", memory},
	{"rules change while a task runs", change_rules},
	{"three threads serve four tasks", several_threads},
	{},
};
