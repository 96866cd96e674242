// SPDX-License-Identifier: GPL-2.0-only
/*
 * Executable formats of a session. The interpreters are scripts and programs of the system, so what they
 * are given shows in what they print.
 */
#include <errno.h>
#include <fcntl.h>
#include <linux/fuse.h>
#include <signal.h>
#include <spawn.h>
#include <stdint.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/ioctl.h>
#include <sys/mount.h>
#include <sys/prctl.h>
#include <sys/stat.h>
#include <sys/syscall.h>
#include <sys/uio.h>
#include <sys/wait.h>
#include <unistd.h>

#include "inside.h"

#define DIR "/tmp/formats"

static struct kmview *session;

static int set(const struct kmview_format *formats, unsigned int count)
{
	return kmview_formats(session, formats, count);
}

static struct kmview_format magic(const char *bytes, unsigned int offset, const char *interpreter)
{
	struct kmview_format format = {.flags = KMVIEW_FORMAT_MAGIC,
				       .offset = offset,
				       .length = strlen(bytes),
				       .interpreter = (uintptr_t)interpreter};

	memcpy(format.magic, bytes, format.length);
	memset(format.mask, 0xff, format.length);
	return format;
}

static struct kmview_format suffix(const char *text, const char *interpreter)
{
	struct kmview_format format = {.flags = KMVIEW_FORMAT_SUFFIX,
				       .interpreter = (uintptr_t)interpreter};

	snprintf(format.suffix, sizeof(format.suffix), "%s", text);
	return format;
}

static const char *make_file(const char *path, const char *text, mode_t mode)
{
	FILE *file = fopen(path, "w");

	CHECK(file && fputs(text, file) >= 0 && fclose(file) == 0);
	EXPECT(chmod(path, mode), 0);
	return NULL;
}

static const char *open_formats(void)
{
	CHECK(system("rm -rf " DIR "; mkdir -p " DIR "/below " DIR "/beside") == 0);
	TRY(make_file(DIR "/foreign", "KMV1 of a kind", 0755));
	TRY(make_file(DIR "/short", "KMV1", 0755));
	TRY(make_file(DIR "/later", "12345678LATER", 0755));
	TRY(make_file(DIR "/game.lua9", "no magic", 0755));
	TRY(make_file(DIR "/.lua9", "no magic", 0755));
	TRY(make_file(DIR "/below/any", "anything", 0755));
	TRY(make_file(DIR "/beside/any", "anything", 0755));
	TRY(make_file(DIR "/no-right", "KMV1", 0644));
	TRY(make_file(DIR "/script", "#!" DIR "/foreign of-script\n", 0755));
	TRY(make_file(DIR "/interpreter", "#!/bin/sh\necho script \"$@\"\n", 0755));
	TRY(make_file(DIR "/chained", "CHAIN", 0755));
	TRY(make_file(DIR "/loop", "LOOP", 0755));
	TRY(make_file(DIR "/lost", "LOST", 0755));
	TRY(make_file(DIR "/argv0", "ARGV0", 0755));
	TRY(make_file(DIR "/flags", "FLAGS", 0755));
	TRY(make_file(DIR "/no-flags", "NONE", 0755));
	/* AT_FLAGS of the auxiliary vector */
	TRY(make_file(DIR "/show-flags",
		      "#!/bin/sh\nod -An -tu8 -w16 /proc/$$/auxv | sed -n 's/^ *8  *//p'\n", 0755));
	EXPECT(kmview_open(&session, NULL), 0);
	CHECK(kmview_features(session) & KMVIEW_FEATURE_FORMATS);
	return NULL;
}

/* Run a program directly, by posix_spawn, which is vfork and exec: its output's first line, or the error. */
static const char *expect_run(const char *path, const char *wanted, int error)
{
	char *argv[] = {"zero", "a", "b c", NULL}, line[256] = "";
	posix_spawn_file_actions_t actions;
	int ends[2], status, failed_with;
	pid_t pid;
	FILE *output;

	EXPECT(pipe2(ends, O_CLOEXEC), 0);
	posix_spawn_file_actions_init(&actions);
	posix_spawn_file_actions_adddup2(&actions, ends[1], 1);
	failed_with = posix_spawn(&pid, path, &actions, NULL, argv, environ);
	posix_spawn_file_actions_destroy(&actions);
	close(ends[1]);
	EXPECT(failed_with, error);
	if (error) {
		close(ends[0]);
		return NULL;
	}
	output = fdopen(ends[0], "r");
	CHECK(output);
	if (!fgets(line, sizeof(line), output))
		line[0] = '\0';
	fclose(output);
	CHECK(waitpid(pid, &status, 0) == pid);
	line[strcspn(line, "\n")] = '\0';
	if (strcmp(line, wanted))
		printf("# %s: \"%s\", not \"%s\"\n", path, line, wanted);
	CHECK(strcmp(line, wanted) == 0);
	return NULL;
}

static const char *run_all(void *data)
{
	TRY(expect_run(DIR "/foreign", DIR "/foreign a b c", 0));
	TRY(expect_run(DIR "/short", DIR "/short a b c", 0));
	TRY(expect_run(DIR "/later", DIR "/later a b c", 0));
	TRY(expect_run(DIR "/game.lua9", DIR "/game.lua9 a b c", 0));
	TRY(expect_run(DIR "/.lua9", "", ENOEXEC));
	TRY(expect_run(DIR "/below/any", DIR "/below/any a b c", 0));
	TRY(expect_run(DIR "/beside/any", "", ENOEXEC));
	TRY(expect_run(DIR "/script", DIR "/foreign of-script " DIR "/script a b c", 0));
	TRY(expect_run(DIR "/chained", "script " DIR "/chained a b c", 0));
	TRY(expect_run(DIR "/argv0", DIR "/argv0 zero a b c", 0));
	TRY(expect_run(DIR "/flags", "1", 0));
	TRY(expect_run(DIR "/no-flags", "0", 0));
	TRY(expect_run(DIR "/no-right", "", EACCES));
	TRY(expect_run(DIR "/loop", "", ELOOP));
	TRY(expect_run(DIR "/lost", "", ENOENT));
	/* Programs of the kernel's own formats. */
	TRY(expect_run("/bin/echo", "a b c", 0));
	TRY(expect_run(DIR "/interpreter", "script a b c", 0));
	return NULL;
}

static const char *set_all(void)
{
	struct kmview_format formats[] = {magic("KMV1", 0, "/bin/echo"),
					  suffix(".lua9", "/bin/echo"),
					  magic("LATER", 8, "/bin/echo"),
					  magic("CHAIN", 0, DIR "/interpreter"),
					  magic("LOOP", 0, DIR "/loop"),
					  magic("LOST", 0, DIR "/nothing"),
					  magic("ARGV0", 0, "/bin/echo"),
					  magic("FLAGS", 0, DIR "/show-flags"),
					  magic("NONE", 0, DIR "/show-flags"),
					  {.flags = KMVIEW_FORMAT_DIRECTORY,
					   .directory = (uintptr_t)DIR "/below",
					   .interpreter = (uintptr_t) "/bin/echo"}};

	/* A mask: the 1 may be any digit whose other bits are the same. */
	formats[0].mask[3] = 0xf0;
	formats[6].flags |= KMVIEW_FORMAT_ARGV0;
	formats[7].flags |= KMVIEW_FORMAT_ARGV0;
	EXPECT(set(formats, sizeof(formats) / sizeof(formats[0])), 0);
	return NULL;
}

static const char *files_run(void)
{
	TRY(open_formats());
	TRY(set_all());
	TRY(inside(session, run_all, NULL, let_go, NULL));
	/* Outside nothing has changed. */
	return expect_run(DIR "/foreign", "", ENOEXEC);
}

static const char *run_by_descriptor(void *data)
{
	char *argv[] = {"zero", NULL}, line[64];
	int fd = open(DIR "/foreign", O_RDONLY), ends[2], status;
	ssize_t length;
	pid_t pid;

	EXPECT(pipe2(ends, O_CLOEXEC), 0);
	pid = fork();
	if (pid == 0) {
		dup2(ends[1], 1);
		syscall(SYS_execveat, fd, "", argv, environ, AT_EMPTY_PATH);
		_exit(1);
	}
	CHECK(waitpid(pid, &status, 0) == pid);
	EXPECT(status, 0);
	length = read(ends[0], line, sizeof(line) - 1);
	CHECK(length > 0);
	line[length] = '\0';
	CHECK(strncmp(line, "/dev/fd/", 8) == 0);
	EXPECT(fcntl(fd, F_SETFD, FD_CLOEXEC), 0);
	EXPECT(syscall(SYS_execveat, fd, "", argv, environ, AT_EMPTY_PATH), -1);
	EXPECT(errno, ENOENT);
	return NULL;
}

static const char *by_descriptor(void)
{
	TRY(open_formats());
	TRY(set_all());
	return inside(session, run_by_descriptor, NULL, let_go, NULL);
}

enum { READY, GO };

static const char *run_before_and_after(void *data)
{
	pid_t pid;
	int status;

	TRY(expect_run(DIR "/foreign", DIR "/foreign a b c", 0));
	/* One that runs by a rule while the rule goes. */
	pid = fork();
	if (pid == 0) {
		execl(DIR "/waits", "waits", NULL);
		_exit(1);
	}
	UNTIL(access(DIR "/waiting", F_OK) == 0);
	scratch->number[READY] = 1;
	UNTIL(((volatile int *)scratch->number)[GO]);
	TRY(expect_run(DIR "/foreign", "", ENOEXEC));
	TRY(make_file(DIR "/go", "", 0644));
	CHECK(waitpid(pid, &status, 0) == pid);
	EXPECT(status, 0);
	return NULL;
}

static const char *taken_back(void)
{
	struct kmview_format formats[2];
	pid_t child;

	TRY(open_formats());
	TRY(make_file(DIR "/waits", "WAIT", 0755));
	TRY(make_file(DIR "/wait",
		      "#!/bin/sh\n: >" DIR "/waiting\nuntil [ -e " DIR
		      "/go ]; do sleep .1; done\nexit 0\n",
		      0755));
	formats[0] = magic("KMV1", 0, "/bin/echo");
	formats[1] = magic("WAIT", 0, DIR "/wait");
	EXPECT(set(formats, 2), 0);
	child = inside_start(session, run_before_and_after, NULL);
	CHECK(child > 0);
	UNTIL(((volatile int *)scratch->number)[READY]);
	EXPECT(set(NULL, 0), 0);
	scratch->number[GO] = 1;
	return inside_serve(session, child, let_go, NULL);
}

static const char *run_nested(void *data)
{
	/* The inner session has a rule for this, the outer one for that. */
	TRY(expect_run(DIR "/foreign", "script " DIR "/foreign a b c", 0));
	TRY(expect_run(DIR "/later", DIR "/later a b c", 0));
	return NULL;
}

static const char *manage_inner(void *data)
{
	struct kmview_format format = magic("KMV1", 0, DIR "/interpreter");

	EXPECT(kmview_open(&session, NULL), 0);
	EXPECT(set(&format, 1), 0);
	return inside(session, run_nested, NULL, let_go, NULL);
}

static const char *nested(void)
{
	TRY(open_formats());
	TRY(set_all());
	return inside(session, manage_inner, NULL, let_go, NULL);
}

/* The host's binfmt_misc, loaded after the session's rules and with one for the same files. */
static const char *run_beside_host(void *data)
{
	TRY(expect_run(DIR "/foreign", DIR "/foreign a b c", 0));
	return expect_run(DIR "/chained", "hosted " DIR "/chained a b c", 0);
}

static const char *beside_host(void)
{
	struct kmview_format format = magic("KMV1", 0, "/bin/echo");

	TRY(open_formats());
	TRY(make_file(DIR "/host", "#!/bin/sh\necho hosted \"$@\"\n", 0755));
	CHECK(system("umount /proc/sys/fs/binfmt_misc 2>/dev/null; rmmod binfmt_misc 2>/dev/null; "
		     "exit 0") == 0);
	EXPECT(set(&format, 1), 0);
	/* Where it is part of the kernel it has come before. */
	CHECK(system("modprobe binfmt_misc && "
		     "mount -t binfmt_misc binfmt_misc /proc/sys/fs/binfmt_misc") == 0);
	CHECK(system("cd /proc/sys/fs/binfmt_misc && echo ':one:M::KMV1::" DIR
		     "/host:' >register && "
		     "echo ':two:M::CHAIN::" DIR "/host:' >register") == 0);
	TRY(inside(session, run_beside_host, NULL, let_go, NULL));
	TRY(expect_run(DIR "/foreign", "hosted " DIR "/foreign a b c", 0));
	CHECK(system("umount /proc/sys/fs/binfmt_misc && "
		     "{ rmmod binfmt_misc || ! grep -q '^binfmt_misc ' /proc/modules; }") == 0);
	return NULL;
}

/* ---- an interpreter on a FUSE file system that refuses each open with ENOEXEC */

static void serve_refusing(int device, const struct fuse_in_header *in)
{
	const struct fuse_init_out init = {.major = FUSE_KERNEL_VERSION,
					   .minor = 31,
					   .max_readahead = 4096,
					   .max_write = 4096};
	const struct fuse_attr_out root = {.attr = {.ino = 1, .nlink = 1, .mode = S_IFDIR | 0755}};
	const struct fuse_attr attr = {.ino = 2, .nlink = 1, .size = 8, .mode = S_IFREG | 0755};
	const struct fuse_attr_out file = {.attr = attr};
	const struct fuse_entry_out entry = {.nodeid = 2, .attr = attr};

	switch (in->opcode) {
	case FUSE_INIT:
		fuse_answer(device, in, 0, &init, sizeof(init));
		break;
	case FUSE_GETATTR:
		fuse_answer(device, in, 0, in->nodeid == 1 ? &root : &file, sizeof(file));
		break;
	case FUSE_LOOKUP:
		fuse_answer(device, in, 0, &entry, sizeof(entry));
		break;
	case FUSE_OPEN:
		fuse_answer(device, in, -ENOEXEC, NULL, 0);
		break;
	case FUSE_FORGET:
	case FUSE_BATCH_FORGET:
		break;
	default:
		fuse_answer(device, in, -ENOSYS, NULL, 0);
	}
}

static const char *mount_refusing(void)
{
	static char buffer[65536];
	int device = open("/dev/fuse", O_RDWR | O_CLOEXEC);
	char options[128];

	CHECK(device >= 0 && mkdir(DIR "/fuse", 0755) == 0);
	snprintf(options, sizeof(options), "fd=%d,rootmode=40000,user_id=0,group_id=0", device);
	EXPECT(mount("refusing", DIR "/fuse", "fuse", 0, options), 0);
	if (fork()) {
		close(device);
		return NULL;
	}
	prctl(PR_SET_PDEATHSIG, SIGKILL);
	while (read(device, buffer, sizeof(buffer)) > 0 || errno == EINTR || errno == ENOENT)
		serve_refusing(device, (struct fuse_in_header *)buffer);
	_exit(0);
}

static const char *run_refused(void *data)
{
	return expect_run(DIR "/script-too", "", ELIBBAD);
}

/* The kernel's format for scripts is not to see the arguments that a rule has changed. */
static const char *refused_open(void)
{
	struct kmview_format format = magic("#!/bin/echo", 0, DIR "/fuse/interpreter");
	const char *why;

	TRY(open_formats());
	TRY(make_file(DIR "/script-too", "#!/bin/echo\n", 0755));
	TRY(mount_refusing());
	EXPECT(set(&format, 1), 0);
	why = inside(session, run_refused, NULL, let_go, NULL);
	umount2(DIR "/fuse", MNT_DETACH);
	return why;
}

static const char *run_as_user(void *data)
{
	EXPECT(setresuid(1000, 1000, 1000), 0);
	TRY(expect_run(DIR "/foreign", "1000", 0));
	TRY(expect_run(DIR "/later", "", EACCES));
	return NULL;
}

/* An interpreter is opened and run with the rights of who executes the file. */
static const char *rights(void)
{
	struct kmview_format formats[2];

	TRY(open_formats());
	TRY(make_file(DIR "/foreign", "KMV1", 0755));
	CHECK(system("cp /usr/bin/id " DIR "/id && chmod 4755 " DIR "/id") == 0);
	TRY(make_file(DIR "/show", "#!/bin/sh\n" DIR "/id -u\n", 0755));
	TRY(make_file(DIR "/secret", "#!/bin/sh\necho secret\n", 0700));
	formats[0] = magic("KMV1", 0, DIR "/show");
	formats[1] = magic("LATER", 8, DIR "/secret");
	EXPECT(set(formats, 2), 0);
	return inside(session, run_as_user, NULL, let_go, NULL);
}

static const char *refused(void)
{
	struct kmview_options watching = {.flags = KMVIEW_INIT_WATCH};
	struct kmview_format good = magic("KMV1", 0, "/bin/echo"), many[65], bad;
	struct kmview_formats reserved = {.formats = (uintptr_t)&good, .count = 1, .reserved = 1};

	TRY(open_formats());
	EXPECT(set(&good, 1), 0);
	for (int i = 0; i < 65; i++)
		many[i] = good;
	EXPECT(set(many, 65), -EINVAL);
	EXPECT(set(many, ~0u), -EINVAL);
	EXPECT(set(NULL, 1), -EFAULT);
	EXPECT(ioctl(kmview_fd(session), KMVIEW_FORMATS, &reserved), -1);
	EXPECT(errno, EINVAL);
#define BAD(field, value, error)                                                                   \
	do {                                                                                       \
		bad = good;                                                                        \
		bad.field = value;                                                                 \
		many[1] = bad;                                                                     \
		EXPECT(set(many, 2), error);                                                       \
	} while (0)
	BAD(flags, 0, -EINVAL);
	BAD(flags, KMVIEW_FORMAT_ARGV0, -EINVAL);
	BAD(flags, 1u << 4 | KMVIEW_FORMAT_MAGIC, -EINVAL);
	BAD(reserved, 1, -EINVAL);
	BAD(length, 0, -EINVAL);
	BAD(length, KMVIEW_FORMAT_BYTES + 1, -EINVAL);
	BAD(offset, KMVIEW_FORMAT_REACH - 3, -EINVAL);
	BAD(offset, 65535, -EINVAL);
	BAD(interpreter, 0, -EFAULT);
	BAD(interpreter, (uintptr_t) "bin/echo", -EINVAL);
	BAD(interpreter, (uintptr_t) "/bin/../echo", -EINVAL);
	BAD(flags, KMVIEW_FORMAT_DIRECTORY, -EFAULT);
	BAD(flags, KMVIEW_FORMAT_SUFFIX, -EINVAL);
	bad = suffix("/x", "/bin/echo");
	EXPECT(set(&bad, 1), -EINVAL);
	memset(bad.suffix, 'x', sizeof(bad.suffix));
	EXPECT(set(&bad, 1), -EINVAL);
	/* What was set stays. */
	TRY(inside(session, run_by_descriptor, NULL, let_go, NULL));
	EXPECT(kmview_open(&session, &watching), 0);
	EXPECT(set(&good, 1), -EINVAL);
	return NULL;
}

const struct test format_tests[] = {
	{"formats: files are run by their interpreters, and by scripts", files_run},
	{"formats: a file is executed by a descriptor", by_descriptor},
	{"formats: rules go while a program runs", taken_back},
	{"formats: rules of the inner session come first", nested},
	{"formats: rules come before the host's, also if those are loaded later", beside_host},
	{"formats: no other format goes on with changed arguments", refused_open},
	{"formats: an interpreter has the rights of who executes the file", rights},
	{"formats: rules that are none are refused", refused},
	{},
};
