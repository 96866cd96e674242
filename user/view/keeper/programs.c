// SPDX-License-Identifier: GPL-2.0-or-later
/*
 * mount(8), umount(8) and busybox in a branch: the machine's bytes for who reads them, our stand-in
 * for who runs them.
 *
 * Each is covered by a FUSE file system that is one file. The kernel says of an open(2) whether it
 * is execve(2)'s: then the file is one line, "#!STAND-IN =NAME", which is read past the kernel's
 * pages. All others read the program itself, attributes and all, from the kernel's pages: that is
 * never out of date, as a program that is replaced gets another inode.
 *
 * One process serves all of them, by the kernel's own protocol, without a capability. It is a child
 * of the keeper of servers, and begins when somebody asks for the first time.
 */
#include <errno.h>
#include <fcntl.h>
#include <linux/capability.h>
#include <linux/fuse.h>
#include <poll.h>
#include <signal.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/mount.h>
#include <sys/prctl.h>
#include <sys/stat.h>
#include <sys/syscall.h>
#include <sys/uio.h>
#include <unistd.h>

#include "keeper.h"
#include "protocol.h"

#define REQUEST_ROOM (FUSE_MIN_READ_BUFFER + 4096)
#define DATA_ROOM    (128 << 10)
#define EXEC_BIT     0x20 /* __FMODE_EXEC of the kernel: execve(2) opens */
#define REMEMBERED   86400
#define LINE_ROOM    256 /* what execve(2) looks at of a script */

static struct program {
	int channel; /* of /dev/fuse */
	int real;    /* the program itself */
	char name[32];
} programs[PROGRAMS_MAX];
static unsigned int count;
static int stand_in = -1; /* descriptor */
static const char *stand_in_path;
static char data[DATA_ROOM];

/* ---- covering */

/*
 * For all who are in the branch; or, where the module leaves that to its administrator, for the
 * branch's own user, which does if that is all there is.
 */
static int mount_program(struct keeper *keeper, const struct program *program, const char *path)
{
	char options[128];
	size_t length =
		snprintf(options, sizeof(options), "fd=%d,rootmode=100000,user_id=%u,group_id=%u",
			 program->channel, getuid(), getgid());

	for (int others = 1; others >= 0; others--) {
		strcpy(options + length, others ? ",allow_other" : "");
		if (keeper_call(keeper, SYS_mount, (uintptr_t)VIEW_SOURCE, (uintptr_t)path,
				(uintptr_t) "fuse", MS_NOSUID | MS_NODEV | MS_RDONLY,
				(uintptr_t)options) == 0)
			return 0;
		if (errno != EPERM || getuid() == 0)
			break;
	}
	return -errno;
}

int programs_cover(struct keeper *keeper, const char *path)
{
	struct program *program = &programs[count];
	int error = 0;

	if (count == PROGRAMS_MAX)
		return -E2BIG;
	if (stand_in < 0)
		stand_in = open(keeper->mount_program, O_PATH | O_CLOEXEC);
	stand_in_path = keeper->mount_program;
	program->real = open(path, O_RDONLY | O_CLOEXEC);
	program->channel = open("/dev/fuse", O_RDWR | O_CLOEXEC | O_NONBLOCK);
	snprintf(program->name, sizeof(program->name), "%s", strrchr(path, '/') + 1);
	if (stand_in < 0 || program->real < 0 || program->channel < 0)
		error = -errno;
	if (!error)
		error = mount_program(keeper, program, path);
	if (!error) {
		count++;
		return 0;
	}
	if (program->real >= 0)
		close(program->real);
	if (program->channel >= 0)
		close(program->channel);
	return error;
}

/* ---- serving */

static void reply(const struct program *program, const struct fuse_in_header *in, int error,
		  const void *body, size_t length)
{
	struct fuse_out_header head = {
		.len = sizeof(head) + (error ? 0 : length), .error = error, .unique = in->unique};
	struct iovec parts[] = {{&head, sizeof(head)}, {(void *)body, error ? 0 : length}};

	/* Who asked may have died meanwhile. */
	while (writev(program->channel, parts, 2) < 0 && errno == EINTR)
		;
}

static void serve_init(const struct program *program, const struct fuse_in_header *in,
		       const struct fuse_init_in *asked)
{
	struct fuse_init_out out = {
		.major = FUSE_KERNEL_VERSION,
		.minor = 31,
		.max_readahead = asked->max_readahead,
		.flags = asked->flags & (FUSE_ASYNC_READ | FUSE_PARALLEL_DIROPS),
		.max_background = 12,
		.congestion_threshold = 9,
		.max_write = 4096,
		.time_gran = 1,
	};

	reply(program, in, 0, &out, sizeof(out));
}

static void serve_attributes(const struct program *program, const struct fuse_in_header *in)
{
	struct fuse_attr_out out = {.attr_valid = REMEMBERED};
	struct stat about;

	if (fstat(program->real, &about) < 0) {
		reply(program, in, -errno, NULL, 0);
		return;
	}
	out.attr = (struct fuse_attr){
		.ino = about.st_ino,
		.size = about.st_size,
		.blocks = about.st_blocks,
		.atime = about.st_atim.tv_sec,
		.mtime = about.st_mtim.tv_sec,
		.ctime = about.st_ctim.tv_sec,
		.atimensec = about.st_atim.tv_nsec,
		.mtimensec = about.st_mtim.tv_nsec,
		.ctimensec = about.st_ctim.tv_nsec,
		.mode = about.st_mode,
		.nlink = about.st_nlink,
		.uid = about.st_uid,
		.gid = about.st_gid,
		.blksize = about.st_blksize,
	};
	reply(program, in, 0, &out, sizeof(out));
}

static void serve_open(const struct program *program, const struct fuse_in_header *in,
		       const struct fuse_open_in *asked)
{
	bool runs = asked->flags & EXEC_BIT;
	struct fuse_open_out out = {.fh = runs,
				    .open_flags = runs ? FOPEN_DIRECT_IO : FOPEN_KEEP_CACHE};

	reply(program, in, (asked->flags & O_ACCMODE) != O_RDONLY ? -EROFS : 0, &out, sizeof(out));
}

/* Does a path lead the task where it leads us? */
static bool same_root(pid_t pid)
{
	const int flags = AT_NO_AUTOMOUNT | AT_STATX_DONT_SYNC;
	struct statx ours, its;
	int fd = proc_open(O_PATH, "%d/root", pid);
	bool same = fd >= 0 && statx(fd, "", flags | AT_EMPTY_PATH, STATX_INO, &its) == 0 &&
		    statx(AT_FDCWD, "/", flags, STATX_INO, &ours) == 0 &&
		    its.stx_ino == ours.stx_ino && its.stx_mnt_id == ours.stx_mnt_id;

	if (fd >= 0)
		close(fd);
	return same;
}

/* By its path; or, where that leads elsewhere, because something is mounted over the installation,
 * by our descriptor. */
static int script_line(const struct program *program, pid_t pid, char *line)
{
	struct stat ours, there;
	int length = 0;

	if (same_root(pid) && !strpbrk(stand_in_path, " \t\n") && fstat(stand_in, &ours) == 0 &&
	    stat(stand_in_path, &there) == 0 && ours.st_ino == there.st_ino &&
	    ours.st_dev == there.st_dev)
		length = snprintf(line, LINE_ROOM, "#!%s =%s\n", stand_in_path, program->name);
	if (length <= 0 || length >= LINE_ROOM)
		length = snprintf(line, LINE_ROOM, "#!/proc/%d/fd/%d =%s\n", getpid(), stand_in,
				  program->name);
	return length;
}

static void serve_read(const struct program *program, const struct fuse_in_header *in,
		       const struct fuse_read_in *asked)
{
	char line[LINE_ROOM];
	ssize_t got;

	if (asked->fh) {
		got = script_line(program, in->pid, line);
		if (asked->offset >= (uint64_t)got)
			reply(program, in, 0, NULL, 0);
		else
			reply(program, in, 0, line + asked->offset,
			      asked->size < got - asked->offset ? asked->size
								: got - asked->offset);
		return;
	}
	got = pread(program->real, data, asked->size < DATA_ROOM ? asked->size : DATA_ROOM,
		    asked->offset);
	reply(program, in, got < 0 ? -errno : 0, data, got);
}

static void serve_size(const struct program *program, const struct fuse_in_header *in)
{
	struct fuse_statfs_out out = {.st = {.bsize = 4096, .namelen = 255, .frsize = 4096}};

	reply(program, in, 0, &out, sizeof(out));
}

/* False: it is mounted no more. */
static bool serve_one(const struct program *program)
{
	static char request[REQUEST_ROOM];
	const struct fuse_in_header *in = (const void *)request;
	const void *body = in + 1;
	ssize_t got = read(program->channel, request, sizeof(request));

	if (got < 0)
		return errno == EINTR || errno == EAGAIN || errno == ENOENT;
	if (got < (ssize_t)sizeof(*in))
		return false;
	memset(request + got, 0, sizeof(request) - got);
	switch (in->opcode) {
	case FUSE_INIT:
		serve_init(program, in, body);
		break;
	case FUSE_GETATTR:
		serve_attributes(program, in);
		break;
	case FUSE_OPEN:
		serve_open(program, in, body);
		break;
	case FUSE_READ:
		serve_read(program, in, body);
		break;
	case FUSE_STATFS:
		serve_size(program, in);
		break;
	case FUSE_RELEASE:
	case FUSE_DESTROY:
		reply(program, in, 0, NULL, 0);
		break;
	case FUSE_SETATTR:
		reply(program, in, -EROFS, NULL, 0);
		break;
	case FUSE_FORGET:
	case FUSE_BATCH_FORGET:
	case FUSE_INTERRUPT:
		break; /* no answer is expected, or what it is about is answered at once */
	default:
		reply(program, in, -ENOSYS, NULL, 0);
	}
	return true;
}

/* The rights of the keeper are not needed; and who is run by it may look at our descriptor. */
static void give_up_rights(void)
{
	struct __user_cap_header_struct header = {.version = _LINUX_CAPABILITY_VERSION_3};
	struct __user_cap_data_struct none[2] = {0};

	syscall(SYS_capset, &header, none);
	prctl(PR_SET_DUMPABLE, 1, 0, 0, 0);
}

static _Noreturn void serve(void)
{
	struct pollfd ready[PROGRAMS_MAX];
	unsigned int left = count;
	sigset_t none;

	prctl(PR_SET_NAME, "view-programs");
	prctl(PR_SET_PDEATHSIG, SIGKILL, 0, 0, 0);
	signal(SIGTERM, SIG_DFL);
	sigemptyset(&none);
	sigprocmask(SIG_SETMASK, &none, NULL);
	if (chdir("/") < 0)
		_exit(1);
	give_up_rights();
	for (unsigned int i = 0; i < count; i++)
		ready[i] = (struct pollfd){.fd = programs[i].channel, .events = POLLIN};
	while (left && (poll(ready, count, -1) >= 0 || errno == EINTR)) {
		for (unsigned int i = 0; i < count; i++) {
			if (!ready[i].revents || serve_one(&programs[i]))
				continue;
			ready[i].fd = -1;
			left--;
		}
	}
	_exit(0);
}

/* ---- for the keeper of servers */

static pid_t server;

unsigned int programs_wait(struct pollfd *ready)
{
	for (unsigned int i = 0; i < count; i++)
		ready[i] =
			(struct pollfd){.fd = server ? -1 : programs[i].channel, .events = POLLIN};
	return count;
}

void programs_serve(const struct pollfd *ready)
{
	bool asked = false;

	for (unsigned int i = 0; i < count; i++)
		asked = asked || ready[i].revents & POLLIN;
	if (!asked || server)
		return;
	server = fork();
	if (server == 0)
		serve();
	if (server < 0)
		server = 0;
}

void programs_ended(pid_t pid)
{
	if (pid == server)
		server = 0;
}

void programs_stop(void)
{
	if (server)
		kill(server, SIGKILL);
	for (unsigned int i = 0; i < count; i++)
		close(programs[i].channel);
	count = 0;
}
