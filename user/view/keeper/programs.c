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
 * The module lets nobody into a FUSE file system but who mounted it. There it is one directory with all the programs, an
 * overlay of that, which anybody may enter, as it asks with the rights of who mounted it, and each program is
 * bound from there. The overlay passes on what open(2) is for.
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
#include <sys/mman.h>
#include <sys/stat.h>
#include <sys/syscall.h>
#include <sys/uio.h>
#include <sys/wait.h>
#include <unistd.h>

#include "keeper.h"
#include "protocol.h"

#define REQUEST_ROOM (FUSE_MIN_READ_BUFFER + 4096)
#define DATA_ROOM    (128 << 10)
#define EXEC_BIT     0x20 /* __FMODE_EXEC of the kernel: execve(2) opens */
#define REMEMBERED   86400
#define DEATHS_MAX   8	 /* of servers over one request */
#define LINE_ROOM    256 /* what execve(2) looks at of a script */

static struct program {
	char *path;
	int channel; /* of /dev/fuse; -1: not served, or as a directory */
	int real;    /* the program itself */
	char name[32];
} programs[PROGRAMS_MAX];
static unsigned int count;
static bool directory;	  /* all are in one, which is served by the channel of the first */
static int stand_in = -1; /* descriptor */
static const char *stand_in_path;
static char data[DATA_ROOM];
static pid_t server;

/*
 * The request that is being served, in memory that outlives a server that is killed: the next one serves it first, and
 * refuses it if that killed too many. in.len 0: none.
 */
static struct served {
	unsigned int program, deaths;
	union {
		struct fuse_in_header in;
		char bytes[REQUEST_ROOM];
	};
} * served;

static void start_server(void);

/* ---- covering */

int programs_add(const char *path)
{
	struct program *program = &programs[count];

	if (count == PROGRAMS_MAX)
		return -E2BIG;
	program->real = open(path, O_RDONLY | O_CLOEXEC);
	program->path = strdup(path);
	if (program->real < 0 || !program->path)
		return -errno;
	snprintf(program->name, sizeof(program->name), "%s", strrchr(path, '/') + 1);
	program->channel = -1;
	count++;
	return 0;
}

static int mount_call(struct keeper *keeper, const char *source, const char *target,
		      const char *type, unsigned long flags, const char *options)
{
	return keeper_call(keeper, SYS_mount, (uintptr_t)source, (uintptr_t)target, (uintptr_t)type,
			   flags, (uintptr_t)options) < 0
		       ? -errno
		       : 0;
}

/* For all who are in the branch; or, where that is refused, for who mounts, which does if he is all there is. */
static int mount_fuse(struct keeper *keeper, struct program *program, const char *path, mode_t mode)
{
	char options[128];
	size_t length;
	int error;

	program->channel = open("/dev/fuse", O_RDWR | O_CLOEXEC | O_NONBLOCK);
	if (program->channel < 0)
		return -errno;
	length = snprintf(options, sizeof(options), "fd=%d,rootmode=%o,user_id=%u,group_id=%u",
			  program->channel, mode, getuid(), getgid());
	for (int others = 1; others >= 0; others--) {
		strcpy(options + length, others ? ",allow_other" : "");
		error = mount_call(keeper, VIEW_SOURCE, path, "fuse",
				   MS_NOSUID | MS_NODEV | MS_RDONLY, options);
		if (error != -EPERM || getuid() == 0)
			break;
	}
	if (error) {
		close(program->channel);
		program->channel = -1;
	}
	return error;
}

/* The overlay, by descriptors, as a path may have anything in it. It has two layers, as it must. */
static int mount_overlay(struct keeper *keeper, const char *lower, const char *none,
			 const char *target)
{
	int fds[] = {open(lower, O_PATH | O_CLOEXEC), open(none, O_PATH | O_CLOEXEC)};
	char options[128];
	int error;

	snprintf(options, sizeof(options), "lowerdir=/proc/self/fd/%d:/proc/self/fd/%d", fds[0],
		 fds[1]);
	error = mount_call(keeper, VIEW_SOURCE, target, "overlay", MS_NOSUID | MS_NODEV | MS_RDONLY,
			   options);
	for (int i = 0; i < 2; i++)
		if (fds[i] >= 0)
			close(fds[i]);
	return error;
}

/* Served meanwhile; what is between goes out of the tree when it is bound. */
static int cover_by_overlay(struct keeper *keeper)
{
	char lower[4096], none[4096], merged[4096], path[4200];
	unsigned int bound = 0;
	int error;

	snprintf(lower, sizeof(lower), "%s/programs", keeper->directory);
	snprintf(none, sizeof(none), "%s/none", keeper->directory);
	snprintf(merged, sizeof(merged), "%s/merged", keeper->directory);
	if (mkdir(lower, 0755) < 0 || mkdir(none, 0755) < 0 || mkdir(merged, 0755) < 0)
		return -errno;
	error = mount_fuse(keeper, &programs[0], lower,
			   S_IFDIR | 0755); /* an overlay asks no more */
	if (error)
		return error;
	directory = true;
	start_server();
	error = mount_overlay(keeper, lower, none, merged);
	while (!error && bound < count) {
		snprintf(path, sizeof(path), "%s/%s", merged, programs[bound].name);
		error = mount_call(keeper, path, programs[bound].path, NULL, MS_BIND, NULL);
		bound += !error;
	}
	keeper_call(keeper, SYS_umount2, (uintptr_t)merged, MNT_DETACH, 0, 0, 0);
	keeper_call(keeper, SYS_umount2, (uintptr_t)lower, MNT_DETACH, 0, 0, 0);
	if (server > 0) {
		kill(server, SIGKILL);
		waitpid(server, NULL, 0);
	}
	server = 0;
	rmdir(merged);
	rmdir(none);
	rmdir(lower);
	if (!error)
		return 0;
	/* What was bound goes as well. */
	while (bound > 0)
		keeper_call(keeper, SYS_umount2, (uintptr_t)programs[--bound].path, MNT_DETACH, 0,
			    0, 0);
	close(programs[0].channel);
	programs[0].channel = -1;
	directory = false;
	return error;
}

int programs_cover(struct keeper *keeper)
{
	int error = 0;

	stand_in = open(keeper->mount_program, O_PATH | O_CLOEXEC);
	stand_in_path = keeper->mount_program;
	served = mmap(NULL, sizeof(*served), PROT_READ | PROT_WRITE, MAP_SHARED | MAP_ANONYMOUS, -1,
		      0);
	if (stand_in < 0 || served == MAP_FAILED)
		return -errno;
	if (count && !keeper->filter && getuid() && cover_by_overlay(keeper) == 0)
		return 0;
	for (unsigned int i = 0; !error && i < count; i++)
		if (mount_fuse(keeper, &programs[i], programs[i].path, S_IFREG) < 0)
			/* Without FUSE, who reads the program gets the stand-in as well. */
			error = mount_call(keeper, keeper->mount_program, programs[i].path, NULL,
					   MS_BIND, NULL);
	return error;
}

/* ---- serving */

static void reply(int channel, const struct fuse_in_header *in, int error, const void *body,
		  size_t length)
{
	struct fuse_out_header head = {
		.len = sizeof(head) + (error ? 0 : length), .error = error, .unique = in->unique};
	struct iovec parts[] = {{&head, sizeof(head)}, {(void *)body, error ? 0 : length}};

	/* Who asked may have died meanwhile. */
	while (writev(channel, parts, 2) < 0 && errno == EINTR)
		;
}

static void serve_init(int channel, const struct fuse_in_header *in,
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

	reply(channel, in, 0, &out, sizeof(out));
}

/* program: NULL is the directory. */
static int attributes(const struct program *program, struct fuse_attr *attr)
{
	struct stat about = {.st_ino = FUSE_ROOT_ID, .st_mode = S_IFDIR | 0755, .st_nlink = 2};

	if (program && fstat(program->real, &about) < 0)
		return -errno;
	*attr = (struct fuse_attr){
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
	return 0;
}

static void serve_attributes(int channel, const struct program *program,
			     const struct fuse_in_header *in)
{
	struct fuse_attr_out out = {.attr_valid = REMEMBERED};
	int error = attributes(program, &out.attr);

	reply(channel, in, error, &out, sizeof(out));
}

static void serve_lookup(int channel, const struct fuse_in_header *in, const char *name)
{
	struct fuse_entry_out out = {.entry_valid = REMEMBERED, .attr_valid = REMEMBERED};
	int error = -ENOENT;

	for (unsigned int i = 0; i < count && error == -ENOENT; i++) {
		if (strcmp(name, programs[i].name) != 0)
			continue;
		out.nodeid = FUSE_ROOT_ID + 1 + i;
		error = attributes(&programs[i], &out.attr);
	}
	reply(channel, in, error, &out, sizeof(out));
}

static void serve_open(int channel, const struct fuse_in_header *in,
		       const struct fuse_open_in *asked)
{
	bool runs = asked->flags & EXEC_BIT;
	struct fuse_open_out out = {.fh = runs,
				    .open_flags = runs ? FOPEN_DIRECT_IO : FOPEN_KEEP_CACHE};

	reply(channel, in, (asked->flags & O_ACCMODE) != O_RDONLY ? -EROFS : 0, &out, sizeof(out));
}

/* Has the task another root, from where a path leads elsewhere? Of another user's it is not known. */
static bool other_root(pid_t pid)
{
	const int flags = AT_NO_AUTOMOUNT | AT_STATX_DONT_SYNC;
	struct statx ours, its;
	int fd = proc_open(O_PATH, "%d/root", pid);
	bool other = fd >= 0 && statx(fd, "", flags | AT_EMPTY_PATH, STATX_INO, &its) == 0 &&
		     statx(AT_FDCWD, "/", flags, STATX_INO, &ours) == 0 &&
		     (its.stx_ino != ours.stx_ino || its.stx_dev_major != ours.stx_dev_major ||
		      its.stx_dev_minor != ours.stx_dev_minor);

	if (fd >= 0)
		close(fd);
	return other;
}

/* By its path; or, where that leads elsewhere, because something is mounted over the installation,
 * by our descriptor. */
static int script_line(const struct program *program, pid_t pid, char *line)
{
	struct stat ours, there;
	int length = 0;

	if (!other_root(pid) && !strpbrk(stand_in_path, " \t\n") && fstat(stand_in, &ours) == 0 &&
	    stat(stand_in_path, &there) == 0 && ours.st_ino == there.st_ino &&
	    ours.st_dev == there.st_dev)
		length = snprintf(line, LINE_ROOM, "#!%s =%s\n", stand_in_path, program->name);
	if (length <= 0 || length >= LINE_ROOM)
		length = snprintf(line, LINE_ROOM, "#!/proc/%d/fd/%d =%s\n", getpid(), stand_in,
				  program->name);
	return length;
}

static void serve_read(int channel, const struct program *program, const struct fuse_in_header *in,
		       const struct fuse_read_in *asked)
{
	char line[LINE_ROOM];
	ssize_t got;

	if (asked->fh) {
		got = script_line(program, in->pid, line);
		if (asked->offset >= (uint64_t)got)
			reply(channel, in, 0, NULL, 0);
		else
			reply(channel, in, 0, line + asked->offset,
			      asked->size < got - asked->offset ? asked->size
								: got - asked->offset);
		return;
	}
	got = pread(program->real, data, asked->size < DATA_ROOM ? asked->size : DATA_ROOM,
		    asked->offset);
	reply(channel, in, got < 0 ? -errno : 0, data, got);
}

static void serve_size(int channel, const struct fuse_in_header *in)
{
	struct fuse_statfs_out out = {.st = {.bsize = 4096, .namelen = 255, .frsize = 4096}};

	reply(channel, in, 0, &out, sizeof(out));
}

/* What a request is about: a program, or NULL, the directory, of which no others are asked. */
static const struct program *of_node(unsigned int index, uint64_t node)
{
	if (!directory)
		return &programs[index];
	return node > FUSE_ROOT_ID && node - FUSE_ROOT_ID <= count
		       ? &programs[node - FUSE_ROOT_ID - 1]
		       : NULL;
}

static void serve_request(unsigned int index)
{
	const struct fuse_in_header *in = &served->in;
	const struct program *program = of_node(index, in->nodeid);
	const int channel = programs[index].channel;
	uint32_t operation = in->opcode;
	const void *body = in + 1;

	if (!program && (operation == FUSE_OPEN || operation == FUSE_READ))
		operation = 0; /* not of the directory */
	switch (operation) {
	case FUSE_INIT:
		serve_init(channel, in, body);
		break;
	case FUSE_LOOKUP:
		serve_lookup(channel, in, body);
		break;
	case FUSE_GETATTR:
		serve_attributes(channel, program, in);
		break;
	case FUSE_OPEN:
		serve_open(channel, in, body);
		break;
	case FUSE_READ:
		serve_read(channel, program, in, body);
		break;
	case FUSE_STATFS:
		serve_size(channel, in);
		break;
	case FUSE_RELEASE:
	case FUSE_DESTROY:
		reply(channel, in, 0, NULL, 0);
		break;
	case FUSE_SETATTR:
		reply(channel, in, -EROFS, NULL, 0);
		break;
	case FUSE_FORGET:
	case FUSE_BATCH_FORGET:
	case FUSE_INTERRUPT:
		break; /* no answer is expected, or what it is about is answered at once */
	default:
		reply(channel, in, -ENOSYS, NULL, 0);
	}
	served->in.len = 0;
}

/* False: it is mounted no more. */
static bool serve_one(unsigned int index)
{
	ssize_t got;

	served->program = index;
	served->deaths = 0;
	got = read(programs[index].channel, served->bytes, sizeof(served->bytes));
	if (got < 0)
		return errno == EINTR || errno == EAGAIN || errno == ENOENT;
	if (got < (ssize_t)sizeof(served->in))
		return false;
	memset(served->bytes + got, 0, sizeof(served->bytes) - got);
	serve_request(index);
	return true;
}

/* What the server before was killed over. */
static void serve_left(void)
{
	if (!served->in.len)
		return;
	if (served->deaths++ > DEATHS_MAX)
		reply(programs[served->program].channel, &served->in, -EIO, NULL, 0);
	else
		serve_request(served->program);
	served->in.len = 0;
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
	unsigned int left = 0;
	sigset_t none;

	prctl(PR_SET_NAME, "view-programs");
	prctl(PR_SET_PDEATHSIG, SIGKILL, 0, 0, 0);
	signal(SIGTERM, SIG_DFL);
	sigemptyset(&none);
	sigprocmask(SIG_SETMASK, &none, NULL);
	if (chdir("/") < 0)
		_exit(1);
	give_up_rights();
	serve_left();
	for (unsigned int i = 0; i < count; i++) {
		ready[i] = (struct pollfd){.fd = programs[i].channel, .events = POLLIN};
		left += programs[i].channel >= 0;
	}
	while (left && (poll(ready, count, -1) >= 0 || errno == EINTR)) {
		for (unsigned int i = 0; i < count; i++) {
			if (!ready[i].revents || serve_one(i))
				continue;
			ready[i].fd = -1;
			left--;
		}
	}
	_exit(0);
}

static void start_server(void)
{
	server = fork();
	if (server == 0)
		serve();
	if (server < 0)
		server = 0;
}

/* ---- for the keeper of servers */

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
	if (asked && !server)
		start_server();
}

void programs_ended(pid_t pid)
{
	if (pid != server)
		return;
	server = 0;
	if (count && served->in.len)
		start_server();
}

void programs_stop(void)
{
	if (server)
		kill(server, SIGKILL);
	for (unsigned int i = 0; i < count; i++)
		if (programs[i].channel >= 0)
			close(programs[i].channel);
	count = 0;
}
