// SPDX-License-Identifier: LGPL-2.1-or-later
/*
 * Images are looked at by a process with no authority.
 *
 * What is in an image may be made to break whoever parses it. So libblkid runs in a child of the
 * manager's that can read the image's descriptor, compute, and write a text into a pipe: seccomp
 * refuses all else, and memory and processor time are limited. A child that breaks has found
 * nothing.
 */
#include <errno.h>
#include <fcntl.h>
#include <poll.h>
#include <signal.h>
#include <stdlib.h>
#include <string.h>
#include <sys/resource.h>
#include <sys/syscall.h>
#include <sys/wait.h>
#include <unistd.h>

#include "umfuse.h"
#include "user/view/client/confine.h"

#define MEMORY	(512UL << 20)
#define SECONDS 10
#define TEXT	65536

/* ---- the child */

#define ALLOW(nr) CONFINE_CALL(nr, SECCOMP_RET_ALLOW)

static int give_up_authority(void)
{
	struct sock_filter code[] = {
		CONFINE_BEGIN(SECCOMP_RET_KILL_PROCESS),
		ALLOW(SYS_read),
		ALLOW(SYS_pread64),
		ALLOW(SYS_lseek),
		ALLOW(SYS_fstat),
		ALLOW(SYS_newfstatat), /* fstat(2) of the C library */
		ALLOW(SYS_write),
		ALLOW(SYS_mmap),
		ALLOW(SYS_munmap),
		ALLOW(SYS_mremap),
		ALLOW(SYS_brk),
		ALLOW(SYS_futex),
		ALLOW(SYS_getrandom),
		ALLOW(SYS_exit_group),
		CONFINE_END(SECCOMP_RET_ERRNO | ENOSYS),
	};
	const struct rlimit memory = {MEMORY, MEMORY}, time = {SECONDS, SECONDS}, none = {0, 0};

	if (setrlimit(RLIMIT_AS, &memory) < 0 || setrlimit(RLIMIT_CPU, &time) < 0 ||
	    setrlimit(RLIMIT_CORE, &none) < 0 || setrlimit(RLIMIT_FSIZE, &none) < 0)
		return -errno;
	return confine(code, sizeof(code) / sizeof(*code));
}

static _Noreturn void probe_main(apart_probe *probe, int fd, const void *argument, int out)
{
	char *text = NULL;
	size_t length;

	signal(SIGXCPU, SIG_DFL);
	/* Of the manager's descriptors only these two. */
	if (dup2(fd, 0) < 0 || dup2(out, 1) < 0)
		_exit(1);
	close_range(2, ~0U, 0);
	if (give_up_authority() == 0)
		text = probe(0, argument);
	length = text ? strlen(text) : 0;
	while (length > 0) {
		ssize_t written = write(1, text, length);

		if (written <= 0)
			_exit(1);
		text += written;
		length -= written;
	}
	_exit(0);
}

/* ---- the manager */

char *apart(apart_probe *probe, int fd, const void *argument)
{
	char *text = malloc(TEXT);
	size_t length = 0;
	int pair[2];
	ssize_t got;
	pid_t pid;

	if (!text || pipe2(pair, O_CLOEXEC) < 0) {
		free(text);
		return NULL;
	}
	pid = fork();
	if (pid == 0)
		probe_main(probe, fd, argument, pair[1]);
	close(pair[1]);
	while (pid > 0 && length < TEXT - 1 &&
	       ((got = read(pair[0], text + length, TEXT - 1 - length)) > 0 ||
		(got < 0 && errno == EINTR)))
		length += got > 0 ? got : 0;
	close(pair[0]);
	text[length] = '\0';
	for (char *at = text; *at; at++)
		if ((unsigned char)*at < ' ' && *at != '\n')
			*at = ' ';
	if (length)
		return text;
	free(text);
	return NULL;
}
