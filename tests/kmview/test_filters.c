// SPDX-License-Identifier: GPL-2.0-only
/* Rules narrowed to marked descriptors and to path prefixes. */
#include <errno.h>
#include <fcntl.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/socket.h>
#include <sys/stat.h>
#include <sys/syscall.h>
#include <sys/wait.h>
#include <unistd.h>

#include "inside.h"

#define MARK 4

static struct kmview *session;

/* ---- descriptors */

static int marked, plain;

static const char *open_marked(const char *call)
{
	struct kmview_hook hook = {.action = KMVIEW_NOTIFY, .fd_marks = MARK};

	marked = open("/etc/passwd", O_RDONLY);
	plain = open("/etc/hostname", O_RDONLY);
	CHECK(marked >= 0 && plain >= 0);
	EXPECT(kmview_open(&session, NULL), 0);
	EXPECT(kmview_mark(session, marked, MARK), 0);
	EXPECT(kmview_mark(session, 999, MARK), -EBADF);
	EXPECT(kmview_hook(session, call, &hook), 0);
	return NULL;
}

static const char *seek_all(void *data)
{
	int copy = dup(marked), wide = fcntl(marked, F_DUPFD, 100), status;

	lseek(plain, 0, SEEK_CUR);			   /* not seen */
	lseek(open("/etc/passwd", O_RDONLY), 0, SEEK_CUR); /* another open file: not seen */
	lseek(marked, 0, SEEK_CUR);
	lseek(copy, 0, SEEK_CUR);
	lseek(wide, 0, SEEK_CUR);
	if (fork() == 0) {
		lseek(copy, 0, SEEK_CUR);
		_exit(0);
	}
	CHECK(wait(&status) > 0);
	return NULL;
}

static const char *fd_inherited(void)
{
	struct seen seen = {0};

	TRY(open_marked("lseek"));
	TRY(inside(session, seek_all, NULL, let_go, &seen));
	EXPECT(seen.requests, 4);
	return NULL;
}

static const char *send_fd(int socket, int fd)
{
	char control[CMSG_SPACE(sizeof(int))] = "", byte = 0;
	struct iovec data = {&byte, 1};
	struct msghdr message = {.msg_iov = &data,
				 .msg_iovlen = 1,
				 .msg_control = control,
				 .msg_controllen = sizeof(control)};
	struct cmsghdr *header = CMSG_FIRSTHDR(&message);

	header->cmsg_level = SOL_SOCKET;
	header->cmsg_type = SCM_RIGHTS;
	header->cmsg_len = CMSG_LEN(sizeof(int));
	memcpy(CMSG_DATA(header), &fd, sizeof(fd));
	CHECK(sendmsg(socket, &message, 0) == 1);
	return NULL;
}

static int receive_fd(int socket)
{
	char control[CMSG_SPACE(sizeof(int))], byte;
	struct iovec data = {&byte, 1};
	struct msghdr message = {.msg_iov = &data,
				 .msg_iovlen = 1,
				 .msg_control = control,
				 .msg_controllen = sizeof(control)};
	int fd = -1;

	if (recvmsg(socket, &message, 0) == 1 && CMSG_FIRSTHDR(&message))
		memcpy(&fd, CMSG_DATA(CMSG_FIRSTHDR(&message)), sizeof(fd));
	return fd;
}

static const char *pass_over(void *data)
{
	int pair[2], fd;

	CHECK(socketpair(AF_UNIX, SOCK_DGRAM, 0, pair) == 0);
	TRY(send_fd(pair[0], marked));
	fd = receive_fd(pair[1]);
	CHECK(fd >= 0 && fd != marked);
	close(marked);
	lseek(fd, 0, SEEK_CUR);
	return NULL;
}

static const char *fd_passed(void)
{
	struct seen seen = {0};

	TRY(open_marked("lseek"));
	TRY(inside(session, pass_over, NULL, let_go, &seen));
	EXPECT(seen.requests, 1);
	return NULL;
}

static const char *exec_reader(void *data)
{
	char path[32];

	snprintf(path, sizeof(path), "/proc/self/fd/%d", marked);
	dup2(marked, 0);
	execl("/bin/head", "head", "-c", "1", NULL); /* reads its descriptor 0 */
	return failed(__FILE__, __LINE__, "exec", errno);
}

static const char *fd_over_exec(void)
{
	struct seen seen = {0};

	TRY(open_marked("read"));
	CHECK(dup2(open("/dev/null", O_WRONLY), 1) == 1);
	TRY(inside(session, exec_reader, NULL, let_go, &seen));
	CHECK(seen.requests >= 1);
	EXPECT(seen.last.args[0], 0);
	return NULL;
}

static const char *seek_once(void *data)
{
	lseek(marked, 0, SEEK_CUR);
	return NULL;
}

static const char *fd_unmarked(void)
{
	struct seen seen = {0};

	TRY(open_marked("lseek"));
	EXPECT(kmview_mark(session, marked, 0), 0);
	TRY(inside(session, seek_once, NULL, let_go, &seen));
	EXPECT(seen.requests, 0);
	return NULL;
}

/* The manager installs a marked file: calls on it are seen. */
static void install_marked(struct kmview_request *request, void *data)
{
	if (request->event.nr == SYS_openat)
		kmview_install(request, marked, -1, false);
	else
		kmview_continue(request);
}

static const char *open_and_seek(void *data)
{
	int fd = syscall(SYS_openat, AT_FDCWD, "/virtual", O_RDONLY);

	close(marked);
	CHECK(fd >= 0);
	lseek(fd, 0, SEEK_CUR);
	return NULL;
}

static const char *fd_installed(void)
{
	struct seen seen = {0};

	TRY(open_marked("lseek"));
	EXPECT(kmview_hook(session, "openat", NULL), 0);
	TRY(inside(session, open_and_seek, NULL, install_marked, &seen));
	EXPECT(seen.requests, 2);
	EXPECT(seen.last.nr, SYS_lseek);
	return NULL;
}

/* ---- paths */

static char top[64];

/* A mark has a number, of each session its own, which comes with the event. */
static void see_numbers(struct kmview_request *request, void *data)
{
	scratch->number[0] += kmview_mark_found(request);
	kmview_continue(request);
}

static const char *fd_numbered(void)
{
	struct kmview *other;

	TRY(open_marked("lseek"));
	EXPECT(kmview_open(&other, NULL), 0);
	EXPECT(kmview_mark_cookie(session, marked, MARK, 1000), 0);
	EXPECT(kmview_mark_cookie(other, marked, MARK, 5), 0);
	TRY(inside(session, seek_all, NULL, see_numbers, NULL));
	EXPECT(scratch->number[0], 4 * 1000);
	kmview_close(other);
	return NULL;
}

/* A task gets another cookie, and hands it on to those that it forks afterwards. */
static const char *fork_twice(void *data)
{
	for (int i = 0; i < 2; i++) {
		pid_t child = fork();

		if (child == 0) {
			syscall(SYS_getppid);
			_exit(0);
		}
		CHECK(waitpid(child, NULL, 0) == child);
		if (i == 0)
			syscall(SYS_getpgid, 0);
	}
	return NULL;
}

static void give_cookie(struct kmview_request *request, void *data)
{
	if (!strcmp(request->call->name, "getpgid"))
		scratch->number[1] = kmview_cookie(request, 99);
	else
		scratch->number[2] = 1000 * scratch->number[2] + request->event.cookie;
	kmview_continue(request);
}

static const char *cookie_changed(void)
{
	EXPECT(kmview_open(&session, NULL), 0);
	EXPECT(kmview_hook(session, "getppid", NULL), 0);
	EXPECT(kmview_hook(session, "getpgid", NULL), 0);
	TRY(inside(session, fork_twice, NULL, give_cookie, NULL));
	EXPECT(scratch->number[1], 0);
	EXPECT(scratch->number[2], 77 * 1000 + 99);
	return NULL;
}

static const char *make_tree(void)
{
	char command[1024];

	snprintf(top, sizeof(top), "/tmp/prefix.%d", getpid());
	snprintf(command, sizeof(command),
		 "mkdir -p %s/view/sub %s/other && echo x >%s/view/sub/file && echo x "
		 ">%s/other/file && "
		 "ln -s ../view/sub %s/other/in && ln -s /%s/view/nothing %s/other/dangling && "
		 "ln -s ../other/file %s/view/out",
		 top, top, top, top, top, top, top, top);
	EXPECT(system(command), 0);
	return NULL;
}

static const char *open_prefixed(const char *call)
{
	struct kmview_hook hook = {.action = KMVIEW_NOTIFY, .path_marks = MARK};
	char prefix[128];

	TRY(make_tree());
	snprintf(prefix, sizeof(prefix), "%s/view", top);
	EXPECT(kmview_open(&session, NULL), 0);
	EXPECT(kmview_prefix(session, prefix, MARK), 0);
	EXPECT(kmview_prefix(session, "relative", MARK), -EINVAL);
	EXPECT(kmview_hook(session, call, &hook), 0);
	return NULL;
}

static const char *(*path_steps)(void);

static const char *run_steps(void *data)
{
	return path_steps();
}

/* How many of the steps' calls were seen. */
static const char *paths_seen(const char *call, const char *(*steps)(void), unsigned int wanted)
{
	struct seen seen = {0};
	char command[128];

	TRY(open_prefixed(call));
	path_steps = steps;
	TRY(inside(session, run_steps, NULL, let_go, &seen));
	snprintf(command, sizeof(command), "rm -rf %s", top);
	EXPECT(system(command), 0);
	EXPECT(seen.requests, wanted);
	return NULL;
}

static int open_below(const char *name)
{
	char path[256];

	snprintf(path, sizeof(path), "%s/%s", top, name);
	return syscall(SYS_openat, AT_FDCWD, path, O_RDONLY);
}

static const char *absolute_steps(void)
{
	CHECK(open_below("view/sub/file") >= 0);	    /* 1 */
	CHECK(open_below("view") >= 0);			    /* 2 */
	CHECK(open_below("other/../view/sub/./file") >= 0); /* 3 */
	CHECK(open_below("view/missing") < 0);		    /* 4 */
	CHECK(open_below("other/file") >= 0);
	CHECK(open_below("view/../other/file") >= 0);
	CHECK(open_below("viewer") < 0);
	return NULL;
}

static const char *path_absolute(void)
{
	return paths_seen("openat", absolute_steps, 4);
}

static const char *relative_steps(void)
{
	int dir = open_below("view"); /* 1 */
	int top_fd;

	CHECK(chdir(top) == 0);
	CHECK(syscall(SYS_openat, AT_FDCWD, "view/sub/file", O_RDONLY) >= 0); /* 2 */
	CHECK(syscall(SYS_openat, AT_FDCWD, "other/file", O_RDONLY) >= 0);
	CHECK(syscall(SYS_openat, dir, "sub/file", O_RDONLY) >= 0); /* 3 */
	CHECK(syscall(SYS_openat, dir, "../other/file", O_RDONLY) >= 0);
	top_fd = syscall(SYS_openat, AT_FDCWD, ".", O_RDONLY);
	CHECK(syscall(SYS_openat, top_fd, "view/new/deeper", O_RDONLY) < 0); /* 4 */
	CHECK(chdir("view/sub") == 0);
	CHECK(syscall(SYS_openat, AT_FDCWD, "file", O_RDONLY) >= 0); /* 5 */
	CHECK(syscall(SYS_openat, AT_FDCWD, "../../other/file", O_RDONLY) >= 0);
	return NULL;
}

static const char *path_relative(void)
{
	return paths_seen("openat", relative_steps, 5);
}

static const char *link_steps(void)
{
	char path[256];

	CHECK(open_below("other/in/file") >= 0); /* 1: through a link into the prefix */
	CHECK(open_below("other/dangling") < 0); /* 2: to where nothing is */
	CHECK(open_below("view/out") >= 0);	 /* a link out of it: not seen */
	snprintf(path, sizeof(path), "%s/view/out", top);
	CHECK(syscall(SYS_openat, AT_FDCWD, path, O_PATH | O_NOFOLLOW) >=
	      0); /* 3: the link itself */
	snprintf(path, sizeof(path), "%s/other/in", top);
	CHECK(syscall(SYS_openat, AT_FDCWD, path, O_PATH | O_NOFOLLOW) >= 0); /* not seen */
	return NULL;
}

static const char *path_links(void)
{
	return paths_seen("openat", link_steps, 3);
}

/* Through /proc/self/fd, whose links jump: the directory is there, what is below it not. */
static const char *magic_steps(void)
{
	int in = open_below("view"), out = open_below("other"),
	    file = open_below("view/sub/file"); /* 1, 2 */
	char path[64];

	CHECK(in >= 0 && out >= 0 && file >= 0);
	snprintf(path, sizeof(path), "/proc/self/fd/%d/sub/file", in);
	CHECK(syscall(SYS_openat, AT_FDCWD, path, O_RDONLY) >= 0); /* 3 */
	snprintf(path, sizeof(path), "/proc/self/fd/%d/missing", in);
	CHECK(syscall(SYS_openat, AT_FDCWD, path, O_RDONLY) < 0 && errno == ENOENT); /* 4 */
	snprintf(path, sizeof(path), "/proc/self/fd/%d/no/where", out);
	CHECK(syscall(SYS_openat, AT_FDCWD, path, O_RDONLY) < 0 && errno == ENOENT);
	snprintf(path, sizeof(path), "/proc/self/fd/%d/x", file);
	CHECK(syscall(SYS_openat, AT_FDCWD, path, O_RDONLY) < 0 && errno == ENOTDIR); /* 5 */
	CHECK(syscall(SYS_openat, AT_FDCWD, "/proc/self/exe/x", O_RDONLY) < 0 && errno == ENOTDIR);
	return NULL;
}

static const char *path_magic(void)
{
	return paths_seen("openat", magic_steps, 5);
}

static const char *stat_steps(void)
{
	char path[256];
	struct stat st;

	snprintf(path, sizeof(path), "%s/view/out", top);
	CHECK(syscall(SYS_lstat, path, &st) == 0); /* 1 */
	snprintf(path, sizeof(path), "%s/other/in", top);
	CHECK(syscall(SYS_lstat, path, &st) == 0); /* not seen */
	return NULL;
}

static const char *path_lstat(void)
{
	return paths_seen("lstat", stat_steps, 1);
}

static const char *rename_steps(void)
{
	char from[256], to[256];

	snprintf(from, sizeof(from), "%s/other/file", top);
	snprintf(to, sizeof(to), "%s/view/moved", top);
	CHECK(syscall(SYS_rename, from, to) == 0); /* 1: the second path */
	snprintf(from, sizeof(from), "%s/other/x", top);
	CHECK(syscall(SYS_rename, to, from) == 0); /* 2: the first */
	snprintf(to, sizeof(to), "%s/other/y", top);
	CHECK(syscall(SYS_rename, from, to) == 0);
	return NULL;
}

static const char *path_two(void)
{
	return paths_seen("rename", rename_steps, 2);
}

/* A prefix is as the task sees it from its root. */
static const char *chroot_steps(void)
{
	CHECK(chroot(top) == 0 && chdir("/") == 0);
	CHECK(syscall(SYS_openat, AT_FDCWD, "/view/sub/file", O_RDONLY) >= 0);
	return NULL;
}

static const char *path_chroot(void)
{
	struct seen seen = {0};
	char command[128];

	TRY(open_prefixed("openat"));
	EXPECT(kmview_prefix(session, "/view", MARK), 0);
	path_steps = chroot_steps;
	TRY(inside(session, run_steps, NULL, let_go, &seen));
	snprintf(command, sizeof(command), "rm -rf %s", top);
	EXPECT(system(command), 0);
	EXPECT(seen.requests, 1);
	return NULL;
}

static const char *prefix_table(void)
{
	char path[32];

	EXPECT(kmview_open(&session, NULL), 0);
	for (int i = 0; i < KMVIEW_PREFIXES; i++) {
		snprintf(path, sizeof(path), "/p%d", i);
		EXPECT(kmview_prefix(session, path, MARK), 0);
	}
	EXPECT(kmview_prefix(session, "/more", MARK), -ENOSPC);
	EXPECT(kmview_prefix(session, "/p7", 0), 0);
	EXPECT(kmview_prefix(session, "/more", MARK), 0);
	EXPECT(kmview_prefix(session, "/a/../b", MARK), -EINVAL);
	return NULL;
}

/* ---- rules that follow each other at one call */

/* Each stage's rule, and what lseek then gives by a plain descriptor and by a marked one. */
static const struct stage {
	struct kmview_hook hook;
	long plain, marked;
} stages[] = {
	{{.action = KMVIEW_VALUE, .value = 33, .fd_marks = MARK}, 0, 33},
	{{.action = KMVIEW_VALUE, .value = 77}, 77, 77},
	{{.action = KMVIEW_PASS}, 0, 0},
	{{.action = KMVIEW_NOTIFY, .fd_marks = MARK}, 0, 55},
	{{.action = KMVIEW_NOTIFY}, 55, 55},
	{{.action = KMVIEW_VALUE, .value = 33, .fd_marks = MARK << 1}, 0, 0},
	{{.action = KMVIEW_PASS}, 0, 0},
	{{.action = KMVIEW_VALUE, .value = 33, .fd_marks = MARK}, 0, 33},
};

/* outer: what an outer session says where this one says nothing. */
static const char *walk_stages(long outer)
{
	for (size_t i = 0; i < sizeof(stages) / sizeof(stages[0]); i++) {
		EXPECT(syscall(SYS_getppid), i);
		EXPECT(lseek(plain, 0, SEEK_CUR), stages[i].plain ?: outer);
		EXPECT(lseek(marked, 0, SEEK_CUR), stages[i].marked ?: outer);
		EXPECT(syscall(SYS_lseek, 999, 0, SEEK_CUR) < 0,
		       stages[i].plain == 0 && outer == 0);
	}
	return NULL;
}

static const char *walk_alone(void *data)
{
	return walk_stages(0);
}

/* getppid asks for the next stage. */
static void next_stage(struct kmview_request *request, void *data)
{
	struct seen *seen = data;
	unsigned int *stage = seen->data;

	if (request->call->nr[KMVIEW_ABI_X64] != SYS_getppid) {
		kmview_return(request, 55);
		return;
	}
	if (kmview_hook(session, "lseek", &stages[*stage].hook) < 0)
		kmview_return(request, -EIO);
	else
		kmview_return(request, (*stage)++);
}

static const char *open_stages(void)
{
	marked = open("/etc/passwd", O_RDONLY);
	plain = open("/etc/hostname", O_RDONLY);
	EXPECT(kmview_open(&session, NULL), 0);
	EXPECT(kmview_mark(session, marked, MARK), 0);
	EXPECT(kmview_hook(session, "getppid", NULL), 0);
	return NULL;
}

static const char *rules_follow(void)
{
	unsigned int stage = 0;
	struct seen seen = {.data = &stage};

	TRY(open_stages());
	return inside(session, walk_alone, NULL, next_stage, &seen);
}

static const char *walk_nested(void *data)
{
	return walk_stages(11);
}

/* The manager of the inner session is a task of the outer one. */
static const char *manage_inner(void *data)
{
	unsigned int stage = 0;
	struct seen seen = {.data = &stage};

	TRY(open_stages());
	return inside(session, walk_nested, NULL, next_stage, &seen);
}

static const char *rules_follow_nested(void)
{
	struct kmview_hook value = {.action = KMVIEW_VALUE, .value = 11};
	struct kmview *outer;

	EXPECT(kmview_open(&outer, NULL), 0);
	EXPECT(kmview_hook(outer, "lseek", &value), 0);
	return inside(outer, manage_inner, NULL, let_go, NULL);
}

const struct test filter_tests[] = {
	{"a marked descriptor is known after dup and fork", fd_inherited},
	{"a mark goes along with SCM_RIGHTS", fd_passed},
	{"a mark stays over execve", fd_over_exec},
	{"a descriptor is unmarked", fd_unmarked},
	{"an installed descriptor keeps its mark", fd_installed},
	{"a mark's number comes with the event", fd_numbered},
	{"a task gets another cookie, which its children inherit", cookie_changed},
	{"each rule at a call takes the place of the one before", rules_follow},
	{"and in a session inside another, which has a rule, too", rules_follow_nested},
	{"an absolute path below a prefix is seen, others are not", path_absolute},
	{"relative paths start at the working directory or descriptor", path_relative},
	{"symbolic links are followed, dangling ones too", path_links},
	{"links of /proc that jump are followed", path_magic},
	{"lstat does not follow the last link", path_lstat},
	{"either path of rename is enough", path_two},
	{"prefixes are seen from the root of the task", path_chroot},
	{"the table of prefixes fills and empties", prefix_table},
	{},
};
