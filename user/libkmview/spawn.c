// SPDX-License-Identifier: LGPL-2.1-or-later
/*
 * The first process of a session: fork, join, execute.
 *
 * Once it has joined, any system call of the child may wait for an answer of the very thread that waits
 * for the child. So the child says "joined" by a store into shared memory, and nothing until it executes
 * the program, which closes the pipe; only a failure to do that is written into the pipe.
 */
#include <errno.h>
#include <fcntl.h>
#include <poll.h>
#include <signal.h>
#include <sys/mman.h>
#include <sys/wait.h>
#include <unistd.h>

#include "session.h"

struct shared {
	int joined; /* 1, or a negative errno */
};

static _Noreturn void child_main(struct kmview *session, struct shared *shared, int error_fd,
				 char *const argv[], char *const envp[], uint64_t cookie)
{
	int error = kmview_join(session, cookie);

	__atomic_store_n(&shared->joined, error < 0 ? error : 1, __ATOMIC_RELEASE);
	if (error >= 0) {
		execvpe(argv[0], argv, envp);
		error = -errno;
		while (write(error_fd, &error, sizeof(error)) < 0 && errno == EINTR)
			;
	}
	_exit(127);
}

/* 1: joined; or why not. */
static int wait_joined(struct shared *shared, int error_fd)
{
	struct pollfd hangup = { .fd = error_fd };
	int joined;

	do {
		joined = __atomic_load_n(&shared->joined, __ATOMIC_ACQUIRE);
		if (!joined && poll(&hangup, 1, 1) == 1 && (hangup.revents & POLLHUP)) {
			joined = __atomic_load_n(&shared->joined, __ATOMIC_ACQUIRE);
			return joined ? joined : -ESRCH; /* killed before it could */
		}
	} while (!joined);
	return joined;
}

static int spawn(struct kmview *session, struct shared *shared, char *const argv[],
		 char *const envp[], uint64_t cookie, struct kmview_child *child)
{
	int ends[2], joined;

	if (pipe2(ends, O_CLOEXEC) < 0)
		return -errno;
	child->pid = fork();
	if (child->pid == 0)
		child_main(session, shared, ends[1], argv, envp ? envp : environ, cookie);
	close(ends[1]);
	if (child->pid < 0) {
		int error = -errno;

		close(ends[0]);
		return error;
	}
	child->error_fd = ends[0];
	joined = wait_joined(shared, ends[0]);
	if (joined == 1)
		return 0;
	while (waitpid(child->pid, NULL, 0) < 0 && errno == EINTR)
		;
	close(ends[0]);
	return joined;
}

int kmview_spawn(struct kmview *session, char *const argv[], char *const envp[], uint64_t cookie,
		 struct kmview_child *child)
{
	struct shared *shared = mmap(NULL, sizeof(*shared), PROT_READ | PROT_WRITE,
				     MAP_SHARED | MAP_ANONYMOUS, -1, 0);
	int error;

	if (shared == MAP_FAILED)
		return -errno;
	error = spawn(session, shared, argv, envp, cookie, child);
	munmap(shared, sizeof(*shared));
	return error;
}

int kmview_spawn_error(struct kmview_child *child)
{
	int error = 0;
	ssize_t length;

	do
		length = read(child->error_fd, &error, sizeof(error));
	while (length < 0 && errno == EINTR);
	if (length < 0)
		error = -errno;
	close(child->error_fd);
	child->error_fd = -1;
	return error;
}
