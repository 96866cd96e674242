// SPDX-License-Identifier: LGPL-2.1-or-later
/*
 * The first process of a session: fork, join, execute.
 *
 * Once it has joined, any system call of the child may wait for an answer of the very thread that
 * waits for the child. So the child speaks by stores into shared memory only: "joined", and why it
 * could not execute the program. A pipe that nothing is written to is closed by the exec, or by the
 * exit.
 */
#include <errno.h>
#include <fcntl.h>
#include <poll.h>
#include <sys/mman.h>
#include <sys/wait.h>
#include <unistd.h>

#include "session.h"

struct kmview_spawned {
	int joined; /* 1, or a negative errno */
	int error;  /* why it was not executed */
};

static _Noreturn void child_main(struct kmview *session, struct kmview_spawned *shared,
				 char *const argv[], char *const envp[], uint64_t cookie)
{
	int error = kmview_join(session, cookie);

	__atomic_store_n(&shared->joined, error < 0 ? error : 1, __ATOMIC_RELEASE);
	if (error >= 0) {
		execvpe(argv[0], argv, envp);
		shared->error = -errno;
	}
	_exit(127);
}

/* 1: joined; or why not. */
static int wait_joined(struct kmview_spawned *shared, int closed_fd)
{
	struct pollfd hangup = {.fd = closed_fd};
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

static int spawn(struct kmview *session, char *const argv[], char *const envp[], uint64_t cookie,
		 struct kmview_child *child)
{
	int ends[2], joined;

	if (pipe2(ends, O_CLOEXEC) < 0)
		return -errno;
	child->pid = fork();
	if (child->pid == 0)
		child_main(session, child->shared, argv, envp ? envp : environ, cookie);
	close(ends[1]);
	if (child->pid < 0) {
		int error = -errno;

		close(ends[0]);
		return error;
	}
	child->closed_fd = ends[0];
	joined = wait_joined(child->shared, ends[0]);
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
	int error;

	child->shared = mmap(NULL, sizeof(*child->shared), PROT_READ | PROT_WRITE,
			     MAP_SHARED | MAP_ANONYMOUS, -1, 0);
	if (child->shared == MAP_FAILED)
		return -errno;
	error = spawn(session, argv, envp, cookie, child);
	if (error < 0)
		munmap(child->shared, sizeof(*child->shared));
	return error;
}

int kmview_spawn_error(struct kmview_child *child)
{
	struct pollfd hangup = {.fd = child->closed_fd};
	int error;

	while (poll(&hangup, 1, -1) < 0 && errno == EINTR)
		;
	error = child->shared->error;
	munmap(child->shared, sizeof(*child->shared));
	close(child->closed_fd);
	return error;
}
